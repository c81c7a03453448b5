/** Agreement with SANA-FE, timestep by timestep: the reference net, the DVS tutorial and random networks. */
import { writeFileSync } from 'node:fs';
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../compiler/plain-neurons/slices.ts';
import { dvsTotals, loadDvsNet } from './dvs-net.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { randomPlainNet, referenceMapping, referenceNet } from './plain-nets.ts';
import { type Comparison, compareWithPeer, type PeerTrace, traceOf } from './sanafe-compare.ts';
import { runPeer } from './sanafe-peer.ts';

const RANDOM_NETS = 10;
/** Relative differences of energy and time that are allowed. */
const TOLERANCE = 1e-9;

export interface Case {
  readonly name: string;
  readonly steps: number;
  readonly network: PlainNetwork;
  readonly mapping: PlainMapping;
}

export interface Golden {
  readonly command: string;
  readonly traces: readonly ({ readonly name: string } & PeerTrace)[];
}

/** Networks that are compared without a SANA-FE at hand, with what it gave once. */
export function goldenCases(): readonly Case[] {
  const reference = referenceNet(3, 48, 5);
  const randoms = [2, 4, 7, 9, 12, 13].map(seed => ({
    name: `random ${seed}`,
    steps: 12,
    ...randomPlainNet(seed),
  }));
  return [
    { name: 'R(3,48,5)', steps: 12, network: reference, mapping: referenceMapping(reference, 3) },
    ...randoms,
  ];
}

function saveGolden(python: string, file: string): void {
  const traces = goldenCases().map(({ name, steps, network, mapping }) => ({
    name,
    ...traceOf(runPeer(python, network, mapping, { trace: steps })),
  }));
  const command = 'npm run bench -- sim-sanafe --python PYTHON --save test/lif/sanafe-golden.json';
  writeFileSync(file, `${JSON.stringify({ command, traces } satisfies Golden, null, 1)}\n`);
}

/** `only`: part of the names of the cases; `save`: file of goldens that is written anew. */
export async function measureAgreement({
  python = 'python3',
  only = '',
  save,
}: MeasureOptions): Promise<Measure> {
  if (save !== undefined) saveGolden(python, save);
  const results = casesOf(python)
    .filter(({ name }) => name.includes(only))
    .map(({ name, steps, network, mapping }) => {
      const peer = traceOf(runPeer(python, network, mapping, { trace: steps }));
      const found = compareWithPeer(network, mapping, peer);
      console.log(printComparison(name, found, peer.sanafe));
      return found;
    });
  const equal = results.filter(isEqual).length;
  return {
    value: equal,
    unit: `of ${results.length} networks equal in every timestep`,
    anchor: `networks compared, energy and time within ${TOLERANCE}`,
    ratio: equal / results.length,
  };
}

function casesOf(python: string): readonly Case[] {
  const references = [20, 10, 5, 3].map(period => {
    const network = referenceNet(4, 256, period);
    return { name: `R(4,256,${period})`, steps: 40, network, mapping: referenceMapping(network, 8) };
  });
  const whole = referenceNet(4, 1024, 10);
  const randoms = Array.from({ length: RANDOM_NETS }, (_, i) => ({
    ...{ name: `random ${i + 1}`, steps: 60 },
    ...randomPlainNet(i + 1),
  }));
  const dvs = loadDvsNet(python);
  console.log(dvsTotals(dvs));
  return [
    { name: 'R(4,1024,10)', steps: 20, network: whole, mapping: referenceMapping(whole, 8) },
    ...references,
    ...randoms,
    { name: 'DVS tutorial', steps: 100, ...dvs },
  ];
}

const isEqual = ({ different, energy, time }: Comparison): boolean =>
  different.length === 0 && energy <= TOLERANCE && time <= TOLERANCE;

const printComparison = (name: string, found: Comparison, version: string): string =>
  [
    `${name.padEnd(13)} ${found.steps} steps against SANA-FE ${version}: ${found.fired} fired, ${found.synops} synops`,
    found.different.length === 0
      ? 'who fires, updates, packets, hops, synops equal'
      : found.different.slice(0, 3).join('; '),
    `energy ${found.energy.toExponential(1)}, time ${found.time.toExponential(1)} off`,
  ].join('; ');
