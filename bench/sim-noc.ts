/**
 * The network between cores in time, beside SANA-FE's flit-level timing model `cycle` on the same spikes: R(4, 1024, 10),
 * whose ten steps repeat, so that every step is run as often as wished and the shortest run counts.
 */
import { execFileSync } from 'node:child_process';
import { createStepEngine } from '../runtime-sim/noc/engine.ts';
import type { StepTimes } from '../runtime-sim/noc/step.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import {
  barrierOf,
  fanoutsOfNet,
  meshOfNet,
  type ReferenceNet,
  referenceNet,
  stepOfNet,
} from './noc-traffic.ts';

const SCRIPT = 'bench/sim-noc-sanafe.py';
const TICKS_PER_SECOND = 1e12;
/** Ours is so short that more runs cost nothing; as many for the peer would take an hour. */
const WARM_UP = 200;

interface Step {
  readonly seconds: number;
  readonly chipSeconds: number;
  readonly packets: number;
}
interface Ours extends Step {
  readonly hops: number;
  readonly events: number;
}
interface Peer {
  readonly version: string;
  readonly steps: readonly (Step & { readonly fired: number })[];
}

/** 32 cores at 8 routers of the mesh, and 128 at all of its 32; how often the peer runs each step of the second. */
const CORES_PER_LAYER = [8, 32] as const;
const REPEATS_OF_SECOND = 1;

/** --python PYTHON with sanafe; --only N runs of every step of the first net instead of 5. */
export async function measureNoc({ python, only = '5' }: MeasureOptions): Promise<Measure> {
  const [first] = CORES_PER_LAYER.map((coresPerLayer, i) => {
    const net = referenceNet(4, 1024, 10, coresPerLayer, 1);
    const repeats = i === 0 ? Number(only) : REPEATS_OF_SECOND;
    const peer = python === undefined ? undefined : runPeer(python, net, repeats);
    const ours = runOurs(net, repeats + WARM_UP);
    const theirs = peer && shortestOf(peer, net);
    console.log(describe(net, ours));
    if (peer !== undefined) console.log(compare(ours, theirs!, peer.version));
    return { ours, theirs };
  });
  const { ours, theirs } = first!;
  const seconds = total(ours, 'seconds');
  if (theirs === undefined) {
    const nanoseconds = (1e9 * seconds) / total(ours, 'events');
    return {
      value: nanoseconds,
      unit: 'ns an event',
      anchor: '60 ns that it may take',
      ratio: 60 / nanoseconds,
    };
  }
  return {
    value: (1e3 * seconds) / ours.length,
    unit: 'ms a step',
    anchor: 'speed of SANA-FE cycle',
    ratio: total(theirs, 'seconds') / seconds,
  };
}

const total = <K extends string>(steps: readonly Readonly<Record<K, number>>[], what: K): number =>
  steps.reduce((sum, step) => sum + step[what], 0);

function describe({ coresPerLayer, layers, neurons, period }: ReferenceNet, ours: readonly Ours[]): string {
  const seconds = total(ours, 'seconds');
  const [hops, events] = [total(ours, 'hops'), total(ours, 'events')];
  return [
    `R(${layers}, ${neurons}, ${period}) on ${layers * coresPerLayer} cores: ${ours.length} steps, ` +
      `${total(ours, 'packets')} packets, ${hops} hops, ${events} events`,
    `  ours: ${((1e3 * seconds) / ours.length).toFixed(3)} ms a step, ${((1e9 * seconds) / hops).toFixed(1)} ns a packet-hop, ` +
      `${((1e9 * seconds) / events).toFixed(1)} ns an event, ${(events / seconds / 1e6).toFixed(1)} M events/s; ` +
      `mean step ${((1e6 * total(ours, 'chipSeconds')) / ours.length).toFixed(3)} µs of the chip`,
  ].join('\n');
}

function compare(ours: readonly Ours[], theirs: readonly Step[], version: string): string {
  const off = (a: number, b: number) => `${(100 * (a / b - 1)).toFixed(2)} %`;
  const isSame = theirs.every((step, k) => step.packets === ours[k]!.packets);
  return [
    `  SANA-FE ${version} cycle: ${((1e3 * total(theirs, 'seconds')) / theirs.length).toFixed(0)} ms a step; ` +
      `mean step ${((1e6 * total(theirs, 'chipSeconds')) / theirs.length).toFixed(3)} µs of the chip`,
    `  packets ${isSame ? 'equal in every step' : 'DIFFER'}; mean step ${off(total(ours, 'chipSeconds'), total(theirs, 'chipSeconds'))} off; ` +
      `by step: ${theirs.map((step, k) => off(ours[k]!.chipSeconds, step.chipSeconds)).join(' ')}`,
  ].join('\n');
}

function runOurs(net: ReferenceNet, runs: number): readonly Ours[] {
  const mesh = meshOfNet(net);
  const fanouts = fanoutsOfNet(net);
  const engine = createStepEngine(mesh);
  const traffic = Array.from({ length: net.period }, (_, k) => stepOfNet(net, k + 1));
  return traffic.map(step => {
    let seconds = Number.POSITIVE_INFINITY;
    let times: StepTimes | undefined;
    const before = engine.events();
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      times = engine.run(fanouts, step);
      seconds = Math.min(seconds, (performance.now() - start) / 1e3);
    }
    const { messages } = times!.perLink;
    const ports = messages.length / (mesh.size[0] * mesh.size[1] * mesh.size[2]);
    const packets = messages.reduce((n, count, i) => n + (i % ports < mesh.slots ? count : 0), 0);
    const events = (engine.events() - before) / runs;
    const chipSeconds = (times!.ticks + barrierOf(net)) / TICKS_PER_SECOND;
    return { seconds, chipSeconds, packets, events, hops: events - packets };
  });
}

function runPeer(python: string, net: ReferenceNet, repeats: number): Peer {
  const input = JSON.stringify({ ...net, phases: [...net.phases], steps: net.period * repeats });
  const out = execFileSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  // Written by our own script.
  return JSON.parse(out.slice(out.lastIndexOf('{"version"'))) as Peer;
}

const shortestOf = ({ steps }: Peer, { period }: ReferenceNet): readonly Step[] =>
  steps.slice(0, period).map((step, k) => ({
    ...step,
    seconds: Math.min(...steps.filter((_, i) => i % period === k).map(({ seconds }) => seconds)),
  }));
