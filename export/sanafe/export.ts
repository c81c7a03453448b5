/** A deployment as files of SANA-FE, with what it must count on them. */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { CostSet, Target } from '../../backends/target.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { HostSpikes } from '../../runtime-sim/lif/machine.ts';
import { boot, boxSizes } from '../../runtime-sim/state.ts';
import { architectureParts } from './architecture.ts';
import { type Board, seatCores } from './board.ts';
import { type Expected, expectedOf, fractionsOf, sumsOf } from './expected.ts';
import { recordFree } from './free-run.ts';
import { networkParts } from './network.ts';
import { type Plan, planExport, sumGroup } from './plan.ts';
import { pricesOf } from './prices.ts';
import { recordSpikes } from './replay.ts';
import { RUNNER } from './runner.ts';
import { lostOf } from './synapses.ts';

export interface ExportRequest {
  readonly programs: readonly ChipProgram[];
  readonly target: Pick<Target, 'timing' | 'topology'>;
  readonly costSet: CostSet;
  readonly images: readonly Float64Array[];
  /** Names; empty: all. */
  readonly populations: readonly string[];
  readonly mostSynapses: number;
  /** Of plain neurons, which take no images: timesteps, and what the host sends in each. */
  readonly free?: { readonly timesteps: number; readonly host?: HostSpikes };
  readonly origin: string;
}

export interface Exported {
  readonly files: readonly { readonly name: string; readonly parts: Iterable<string> }[];
  readonly summary: Summary;
}
export interface Summary {
  readonly populations: number;
  readonly neurons: number;
  readonly replayed: number;
  readonly synapses: number;
  readonly timesteps: number;
  readonly spikes: number;
  readonly packets: number;
  readonly hops: number;
  readonly synops: number;
  readonly energyJoules: number;
  readonly seconds: number;
  readonly lost: readonly string[];
  readonly unknown: readonly string[];
}

/** Bytes of a list of spikes, one number a timestep, over all that replay. */
const MOST_LISTED = 2 ** 28;

/** Errors: E0755 no such population · E0756 more synapses than asked for · E0757 spike lists too long ·
 * E0758 nothing to export · E0760 delays between plain neurons · E0761 currents. */
export function exportSanafe(request: ExportRequest): Exported {
  const { programs, target, costSet, images, populations, origin } = request;
  const header = programs[0]?.header ?? fail('E0703', { origin }, { problem: 'no chip' });
  checkNames(populations, header.populations, origin);
  const booted = boot(programs, gather => gather);
  const sizes = booted.tiles.map(({ size }) => size);
  const { replay, free } =
    header.mode === 'free'
      ? recordFree(programs, sizes, request.free?.timesteps ?? 1, request.free?.host)
      : { replay: recordSpikes(programs, booted.tiles, images), free: undefined };
  const chosen = new Set(populations.length > 0 ? populations : header.populations.map(({ name }) => name));
  const plan = planExport(booted, programs[0]!, replay, name => chosen.has(name), free);
  checkSize(plan, request);
  const isStreaming = header.mode === 'streaming';
  const used = new Set([
    ...plan.tiles.map(tile => tile.core.number),
    ...plan.sources.map(source => source.core),
  ]);
  const board = seatCores(booted.cores, used, target.topology);
  const prices = pricesOf(target, costSet, board.routersInUse);
  const expected = expectedOf(plan, board, prices, isStreaming);
  const lost = lostIn(plan, request);
  const summary = summarise(plan, expected, chosen.size, lost, prices.unknown);
  const name = 'snnc';
  return {
    summary,
    files: [
      { name: 'architecture.yaml', parts: architectureParts(name, plan, board, prices, isStreaming) },
      { name: 'network.yaml', parts: networkParts(name, plan, board, isStreaming) },
      { name: 'expected.json', parts: expectedParts(plan, expected) },
      {
        name: 'export.json',
        parts: [`${JSON.stringify(describe(request, plan, board, summary), null, 2)}\n`],
      },
      { name: 'run_sanafe.py', parts: [RUNNER] },
    ],
  };
}

function checkNames(
  wanted: readonly string[],
  known: readonly { readonly name: string }[],
  origin: string,
): void {
  const missing = wanted.find(name => known.every(population => population.name !== name));
  if (missing !== undefined)
    fail('E0755', { origin }, { name: missing, known: known.map(({ name }) => name).join(', ') });
}

const axonsOf = (sources: Plan['sources']) =>
  sources.flatMap(({ feeds }) => feeds.flatMap(feed => feed.axons));

function checkSize(plan: Plan, { mostSynapses, origin, images }: ExportRequest): void {
  const delayed = plan.free === undefined ? undefined : axonsOf(plan.sources).find(({ delay }) => delay > 0);
  if (delayed !== undefined) fail('E0760', { origin }, { delay: delayed.delay });
  checkNeurons(plan, origin);
  const { synapses, replayed, timesteps } = plan;
  if (plan.tiles.length === 0 || synapses === 0) fail('E0758', { origin }, {});
  if (synapses > mostSynapses)
    fail('E0756', { origin }, { synapses, most: mostSynapses, images: images.length });
  if (replayed * timesteps > MOST_LISTED)
    fail('E0757', { origin }, { neurons: replayed, timesteps, most: MOST_LISTED });
}

/** Errors: E0761 */
function checkNeurons({ tiles, booted }: Plan, origin: string): void {
  const { header } = booted.programs[0]!;
  if (header.mode !== 'free') return;
  for (const { program } of tiles) {
    const population = header.populations[program.population]!.name;
    if (program.emit.kind === 'cuba') fail('E0761', { origin }, { what: 'currents', population });
    if (program.depth > 0) fail('E0761', { origin }, { what: 'a first timestep of their own', population });
  }
}

/** What SANA-FE does not compute, or counts otherwise, of what is exported. */
function lostIn({ tiles, sources, booted }: Plan, { programs }: ExportRequest): readonly string[] {
  const { header } = programs[0]!;
  const lost = new Map<string, Set<string>>();
  const lose = (what: string, population: number) =>
    lost.set(what, (lost.get(what) ?? new Set()).add(header.populations[population]!.name));
  for (const { program } of tiles) {
    for (const gather of program.gathers) {
      const what = lostOf(gather);
      if (what !== undefined) lose(what, program.population);
    }
    if (program.emit.kind !== 'lif')
      lose('functions and thresholds, so that spikes are replayed', program.population);
  }
  const axons = axonsOf(sources);
  const delayed = axons.filter(axon => axon.delay > 0).length;
  const isShared = new Set(booted.cores.map(core => core.chip)).size > 1;
  const others: readonly (readonly [boolean, string])[] = [
    [delayed > 0, `delays of ${delayed} axons: what they carry is added up one step after it is sent`],
    [
      sources.some(({ kind }) => kind === 'host'),
      'the host: its spikes start on the core that they go to, which sends them without a hop',
    ],
    [isShared, 'borders between chips: one mesh holds them all'],
    [header.mode === 'streaming', 'rows in time: a neuron for each row, of which one at a time is paid for'],
  ];
  return [
    ...[...lost].map(([what, names]) => `${what}: ${[...names].join(', ')}`),
    ...others.flatMap(([isLost, what]) => (isLost ? [what] : [])),
  ];
}

function summarise(
  plan: Plan,
  expected: Expected,
  populations: number,
  lost: readonly string[],
  unknown: readonly string[],
): Summary {
  const { neurons, replayed, synapses, timesteps } = plan;
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  const { synapseEnergy, somaEnergy, networkEnergy } = expected;
  return {
    ...{ populations, neurons, replayed, synapses, timesteps },
    spikes: sum(expected.fired),
    packets: sum(expected.packets),
    hops: sum(expected.hops),
    synops: sum(expected.synops),
    energyJoules: sum(synapseEnergy) + sum(somaEnergy) + sum(networkEnergy),
    seconds: sum(expected.seconds),
    lost,
    unknown,
  };
}

function* expectedParts(plan: Plan, expected: Expected): Generator<string> {
  const { timesteps, sources, tiles } = plan;
  const steps = Object.entries(expected).map(([name, values]) => `"${name}": [${[...values].join()}]`);
  yield `{"timesteps": ${timesteps},\n${steps.join(',\n')},\n"spikes": [`;
  const fired: Map<string, number[]>[] = Array.from({ length: timesteps }, () => new Map());
  for (const { groups, firsts, senders } of sources) {
    for (const [g, group] of groups.entries()) {
      for (let b = firsts[g]!; b < firsts[g + 1]!; b++) {
        for (const time of senders.times.subarray(senders.starts[b], senders.starts[b + 1])) {
          const own = fired[time]!.get(group) ?? [];
          fired[time]!.set(group, own);
          own.push(b - firsts[g]!);
        }
      }
    }
  }
  yield fired.map(step => JSON.stringify(Object.fromEntries(step))).join(',\n');
  yield '],\n"sums": {';
  const sums = sumsOf(plan);
  let before = '';
  for (const { number, size, program } of tiles) {
    const [, , channels] = boxSizes(program.box);
    for (let line = 0; line < size / channels; line++) {
      const own = sums.get(number)!.subarray(line * channels, (line + 1) * channels);
      yield `${before}"${sumGroup(number, line)}": [${own.join()}]`;
      before = ',\n';
    }
  }
  yield '}}\n';
}

/** What each group is, so that a reader finds the network's own neurons again. */
function describe({ programs, images, costSet }: ExportRequest, plan: Plan, board: Board, summary: Summary) {
  const { populations } = programs[0]!.header;
  return {
    format: 'sanafe',
    images: images.length,
    costSet: costSet.name,
    ...summary,
    mesh: { width: board.width, height: board.height },
    sums: plan.tiles.map(tile => {
      const { box, population } = tile.program;
      const [groups, rows] = boxSizes(box);
      const { chip, number } = tile.core;
      return {
        groups: [sumGroup(tile.number, 0), sumGroup(tile.number, groups * rows - 1)],
        population: populations[population]!.name,
        box,
        core: { chip, number, ...board.seats.get(number) },
        fractionBits: fractionsOf(tile),
      };
    }),
    spikes: plan.sources.map(({ kind, groups, population, core, senders }) => ({
      groups: [groups[0], groups.at(-1)],
      kind,
      population,
      core,
      binaryNeurons: senders.neuron.length,
    })),
  };
}
