/** The integer network → tiles on cores → places → routes → programs: every stage of the mapping is one line here. */
import { type Accounting, createAccounting } from '../backends/accounting.ts';
import type { Target } from '../backends/target.ts';
import type { ChipGraph } from '../ir/chip.ts';
import { fail, type Report, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { assemble, type Programs } from './assemble.ts';
import type { CompileOptions, Context } from './compile.ts';
import { meshOf } from './mapping/mesh.ts';
import { partition } from './passes/partition.ts';
import { type PlacementSummary, placeCores } from './passes/place.ts';
import { route } from './passes/route.ts';
import { type SplitNeeds, splitFanIn } from './passes/split-fan-in.ts';
import { refuseTarget } from './refuse-target.ts';

export interface Mapped {
  /** The integer network that was mapped, fan-in splits included. */
  readonly int: IntGraph;
  readonly chip: ChipGraph;
  /** Made one at a time, when asked for. */
  readonly programs: Programs;
  readonly accounting: Accounting;
  readonly placement: PlacementSummary;
}

/** A network cut into tiles on cores that have no place yet. */
export interface Partitioned {
  /** Fan-in splits included. */
  readonly int: IntGraph;
  readonly tiled: ChipGraph;
  readonly accounting: Accounting;
}

type MappingOptions = Pick<
  CompileOptions,
  'weightBits' | 'seed' | 'effort' | 'pins' | 'anytime' | 'mode' | 'strategy' | 'favour'
>;

/** With every linear cut over its inputs where one core cannot hold a row of its weights. */
export function splitNetwork(
  network: IntGraph,
  accounting: Accounting,
  weightBits: number,
  report: Report,
): IntGraph {
  const weights = accounting.weights.get('')!;
  const piecesOf: SplitNeeds['piecesOf'] = ({ attrs }) => {
    const inputs = network.constants.get(attrs.weight).shape[0]!;
    return Math.ceil((inputs * weights.rowWords(1, weightBits)) / accounting.capacity.synapseWords);
  };
  return splitFanIn.run(network, { piecesOf }, report);
}

/** `int` → tiles on cores; an outline without numbers will do. Errors E05xx. */
export function partitionNetwork(
  network: IntGraph,
  target: Target,
  rates: ReadonlyMap<ValueId, number>,
  options: Omit<MappingOptions, 'effort' | 'pins'>,
  { diagnostics, step, found }: Context,
): Partitioned {
  const { report } = diagnostics;
  const { weightBits, seed, anytime, mode = anytime === undefined ? 'pipelined' : 'layerwise' } = options;
  const { steps } = network.attrs;
  if (mode === 'streaming' && steps > 1) fail('E0530', { origin: '--mode' }, { steps });
  const accounting = createAccounting(target);
  step('partition');
  const int = splitNetwork(network, accounting, weightBits, report);
  refuseTarget(int, target, accounting, weightBits, report);
  throwIfErrors(diagnostics);
  const board = target.board?.name ?? '';
  const { name, chips, cores } = target;
  const { synop, updateActive } = target.timing;
  // Without known durations an update counts as one accumulation.
  const durations = { synop: synop?.value ?? 1, update: updateActive?.value ?? 1 };
  const { strategy = 'auto', favour = 'balance' } = options;
  const packing = { rates: roundRates(rates), durations, strategy, favour, seed };
  const needs = { accounting, weightBits, target: name, board, chips, cores, mode, ...packing } as const;
  const tiled = partition.run(int, needs, report);
  throwIfErrors(diagnostics);
  const { tiles, cores: taken } = tiled.tables;
  found?.(`${big(tiles.rows)} tiles on ${big(taken.rows)} cores`);
  return { int, tiled, accounting };
}

const LEAST_RATE = 2 ** -6;

/** The nearest powers of two: calibrations that differ a little cut the network alike, as a check expects them to. */
const roundRates = (rates: ReadonlyMap<ValueId, number>): ReadonlyMap<ValueId, number> =>
  new Map(
    [...rates].map(([id, rate]) => {
      const below = 2 ** Math.floor(Math.log2(Math.max(LEAST_RATE, rate)));
      return [id, rate >= 1.5 * below ? 2 * below : below];
    }),
  );

const big = (n: number): string => Math.round(n).toLocaleString('en-US');

/** `int` → `chip` → programs. Errors E05xx. */
export function mapNetwork(
  network: IntGraph,
  target: Target,
  rates: ReadonlyMap<ValueId, number>,
  options: MappingOptions,
  context: Context,
): Mapped {
  const { diagnostics, step, found } = context;
  const { report } = diagnostics;
  const { int, tiled, accounting } = partitionNetwork(network, target, rates, options, context);
  step('place');
  const { effort, pins, seed } = options;
  const { graph: placed, placement } = placeCores(
    tiled,
    { mesh: meshOf(target), rates, seed, effort, pins },
    report,
  );
  throwIfErrors(diagnostics);
  const { cost, gap, baselines } = placement;
  found?.(`cost ${big(baselines.sequential.cost)} → ${big(cost)}, gap ≤ ${Math.round(100 * gap)} %`);
  step('route');
  const routed = route.run(
    placed,
    { accounting, delayMax: target.limits.delayMax.value, target: target.name },
    diagnostics.report,
  );
  throwIfErrors(diagnostics);
  found?.(`${big(routed.tables.routes.rows)} routes`);
  step('assemble');
  const programs = assemble(routed, { weightBits: options.weightBits, spiking: spikingOf(accounting) });
  return { int, chip: routed, programs, accounting, placement };
}

export const spikingOf = ({ isBinary, softResetNeurons }: Accounting) => ({
  binary: isBinary,
  resetNeurons: softResetNeurons,
});
