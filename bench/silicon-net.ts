/**
 * The networks of published rows, built of plain neurons and run on the simulated chip until every neuron and every input
 * has fired once: what one such pass counts. Weights move no spike here: each neuron has a drive that is larger than all
 * that it can receive.
 */
import type { Target } from '../backends/target.ts';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import type { PlainEdge, PlainNetwork, Synapses } from '../compiler/plain-neurons/network.ts';
import { type PlainMapping, sliceGroups } from '../compiler/plain-neurons/slices.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { sumOf } from '../runtime-sim/lif/events.ts';
import type { SiliconRow } from './silicon-rows.ts';
import type { Stage, StageEdge } from './silicon-stages.ts';

/** Of one pass. */
export interface Pass {
  readonly neurons: number;
  readonly cores: number;
  readonly fired: number;
  readonly synops: number;
  readonly messages: number;
  readonly hopsEastWest: number;
  readonly hopsNorthSouth: number;
  readonly chipMessages: number;
}

const STEPS = 8;
const DRIVE = 2 ** 18;

/** Undefined where the source does not say which synapses there are. Cost: linear in the synapses */
export function runOnePass({ stages, cores, chips }: SiliconRow, target: Target): Pass | undefined {
  if (stages.some(stage => stage.edges === undefined)) return undefined;
  const random = createRandom(1);
  const network = networkOf(stages, random);
  const mapping = mappingOf(network, coresOf(stages, cores), Math.ceil(cores / chips), target);
  const machine = createLifMachine(buildPrograms(network, mapping));
  const sending = Array.from({ length: STEPS }, (): number[] => []);
  for (let element = 0; element < network.hostSize; element++)
    sending[random.int(0, STEPS - 1)]!.push(element);
  machine.run(STEPS, undefined, step => Int32Array.from(sending[step] ?? []));
  const { fired, synops, messagesOut, hopsEastWest, hopsNorthSouth, chipMessages } = machine.totals;
  return {
    ...{ neurons: network.groups.reduce((n, group) => n + group.size, 0), cores: mapping.cores.length },
    ...{ fired: sumOf(fired), synops: sumOf(synops), messages: sumOf(messagesOut) },
    ...{ hopsEastWest: sumOf(hopsEastWest), hopsNorthSouth: sumOf(hopsNorthSouth) },
    chipMessages: sumOf(chipMessages),
  };
}

function networkOf(stages: readonly Stage[], random: ReturnType<typeof createRandom>): PlainNetwork {
  const one = (value: number) => Int32Array.of(value);
  const groups = stages.map(({ neurons }, number) => ({
    name: `s${number}`,
    size: neurons,
    neurons: {
      ...{ bias: one(DRIVE), threshold: one(STEPS * DRIVE - DRIVE / 2), leak: one(0), resetTo: one(0) },
      initial: Int32Array.from({ length: neurons }, () => random.int(0, STEPS - 1) * DRIVE),
      reset: 'hard' as const,
    },
  }));
  const edges = stages.flatMap((stage, to) => (stage.edges ?? []).map(edge => edgeOf(edge, to, groups)));
  const fromHost = stages[0]!.edges?.find(edge => edge.from === 'before');
  return { hostSize: fromHost?.sources ?? 0, groups, edges };
}

function edgeOf(edge: StageEdge, to: number, groups: readonly { readonly size: number }[]): PlainEdge {
  const from = edge.from === 'self' ? to : to === 0 ? 'host' : to - 1;
  const sources = from === 'host' ? edge.sources : groups[from]!.size;
  const targets = groups[to]!.size;
  const isAll = edge.sources === sources && edge.targetsOf(0).length === targets;
  const synapses =
    isAll && isEveryOne(edge) ? new Int8Array(sources * targets).fill(1) : listed(edge, sources);
  return { from, to, delay: 0, synapses };
}

/** One list for every source is a dense edge. */
const isEveryOne = ({ targetsOf, sources }: StageEdge): boolean => targetsOf(0) === targetsOf(sources - 1);

function listed({ sources: given, targetsOf }: StageEdge, sources: number): Synapses {
  const starts = new Int32Array(sources + 1);
  for (let i = 0; i < sources; i++) starts[i + 1] = starts[i]! + (i < given ? targetsOf(i).length : 0);
  const targets = new Int32Array(starts[sources]!);
  for (let i = 0; i < given; i++) targets.set(targetsOf(i), starts[i]!);
  return { starts, targets, weights: new Int16Array(targets.length).fill(1) };
}

/** Of each stage: what its source says, else one, and of the rest one by one where a core holds most neurons. */
export function coresOf(stages: readonly Stage[], cores: number): readonly number[] {
  const taken = stages.map(stage => stage.cores ?? 1);
  if (stages.every(stage => stage.cores !== undefined)) return taken;
  for (let left = cores - taken.reduce((a, b) => a + b, 0); left > 0; left--) {
    const load = stages.map(({ neurons }, i) => neurons / taken[i]!);
    taken[load.indexOf(Math.max(...load))]! += 1;
  }
  return taken;
}

/** Groups in order, cores in order down the columns of one chip's mesh after the other. */
function mappingOf(
  network: PlainNetwork,
  coresOfGroup: readonly number[],
  coresOfChip: number,
  { topology }: Target,
): PlainMapping {
  const mesh = { height: topology.routersY.value, slots: topology.coresPerRouter.value };
  const { slices, cores } = sliceGroups(network, coresOfGroup, mesh);
  const chip = (core: number) => Math.floor(core / coresOfChip);
  const placed = cores.map((_, core) => {
    const { x, y, slot } = cores[core % coresOfChip]!;
    return { chip: chip(core), x, y, slot };
  });
  return { slices, cores: placed };
}
