/**
 * How a network sits on a board in each mode, and what its cores and links will have to do: the partitioner of compile, run
 * on an outline, with expected activity where compile has measured one.
 *
 * Cost  one mapping for `pipelined` and `layerwise` together, one for `streaming`; a board too small costs a partition more
 */
import { type Accounting, createAccounting } from '../../backends/accounting.ts';
import type { Target } from '../../backends/target.ts';
import { type ChipGraph, chip, MODES, type Mode, networkOf } from '../../ir/chip.ts';
import {
  createDiagnostics,
  type Diagnostic,
  type Report,
  UserError,
} from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { CompileOptions } from '../compile.ts';
import { type Partitioned, partitionNetwork, splitNetwork } from '../map-network.ts';
import { coreUsage } from '../mapping/core-usage.ts';
import { meshOf } from '../mapping/mesh.ts';
import { delayOf, findDepths, scheduleOf } from '../mapping/schedule.ts';
import { makeTable } from '../mapping/tables.ts';
import { refuseTarget } from '../refuse-target.ts';
import { leastCoresIn } from './least-cores.ts';
import { peaksOf, type WorkPeaks } from './peaks.ts';
import { type Activity, type EventTotals, tileWork, totalsOf } from './tile-work.ts';

export interface ModeEstimate {
  readonly mode: Mode;
  /** The smallest board that holds it; where none does, as many of the largest as it would take. */
  readonly target: Target;
  readonly fits: boolean;
  /** No mapping takes fewer. */
  readonly least: number;
  readonly cores: number;
  readonly chips: number;
  /** Timesteps of an image, and from one image to the next. */
  readonly depth: number;
  readonly interval: number;
  readonly peaks: WorkPeaks;
  /** Per image. */
  readonly totals: EventTotals;
  readonly usage: ReturnType<typeof coreUsage>;
  readonly chip: ChipGraph;
  readonly accounting: Accounting;
}

/** Why a network cannot be mapped in a mode at all. */
export interface Refused {
  readonly mode: Mode;
  readonly because: readonly Diagnostic[];
}

export const isRefused = (found: ModeEstimate | Refused): found is Refused => 'because' in found;

export interface EstimateOptions extends Pick<CompileOptions, 'weightBits' | 'seed' | 'strategy' | 'favour'> {
  /** Every neuron sends where it says nothing of a population. */
  readonly activity: ReadonlyMap<ValueId, Activity>;
}

/** Of modes in the order of their speed: the first that fits. */
export const fastest = (found: readonly (ModeEstimate | Refused)[]): ModeEstimate | undefined =>
  found.find((each): each is ModeEstimate => !isRefused(each) && each.fits);

/** Boards of one chip, fewest chips first. */
export function estimateModes(
  network: IntGraph,
  boards: readonly Target[],
  options: EstimateOptions,
  modes: readonly Mode[] = MODES,
): readonly (ModeEstimate | Refused)[] {
  const unrolled = modes.some(mode => mode !== 'streaming')
    ? estimateMode(network, boards, options, 'pipelined')
    : undefined;
  return modes.map(mode => {
    if (mode === 'streaming') return estimateMode(network, boards, options, mode);
    if (isRefused(unrolled!)) return { ...unrolled, mode };
    return mode === 'pipelined' ? unrolled! : onSameCores(unrolled!, options, { mode });
  });
}

/** The same cores under another mode, with other activity or steps, rows unrolled in space as before. */
export function onSameCores(
  found: ModeEstimate,
  options: EstimateOptions,
  { mode = found.mode, steps = found.chip.attrs.steps }: { readonly mode?: Mode; readonly steps?: number },
): ModeEstimate {
  const network = networkOf(found.chip);
  const stepped: IntGraph = { ...network, attrs: { ...network.attrs, steps } };
  const { depth, interval } = scheduleOf(stepped, mode, found.accounting);
  const attrs = { ...found.chip.attrs, mode, steps, depth, interval };
  const chip: ChipGraph = { ...found.chip, attrs };
  const work = tileWork(chip, options.activity, options.weightBits);
  return { ...found, mode, depth, interval, chip, peaks: peaksOf(chip, work), totals: totalsOf(work, steps) };
}

function estimateMode(
  given: IntGraph,
  boards: readonly Target[],
  options: EstimateOptions,
  mode: Mode,
): ModeEstimate | Refused {
  const { steps } = given.attrs;
  if (mode === 'streaming' && steps > 1) return { mode, because: said(r => r('E0530', ORIGIN, { steps })) };
  const accounting = createAccounting(boards[0]!);
  const network = splitNetwork(given, accounting, options.weightBits, () => undefined);
  const refusal = said(r => void refuseTarget(network, boards[0]!, accounting, options.weightBits, r));
  if (refusal.some(({ severity }) => severity === 'error')) return { mode, because: refusal };
  const waits = mode === 'streaming' ? [] : tooLong(network, boards[0]!);
  if (waits.length > 0) return { mode, because: waits };
  const least = leastCoresIn(network, accounting, options.weightBits, mode);
  const rates = new Map([...options.activity].map(([id, { rate }]) => [id, rate]));
  let needed = least;
  let tried: Target | undefined;
  while (true) {
    const target = smallestOf(boards, needed);
    if (target.spec === tried?.spec) throw new Error('a board with cores enough has too few');
    tried = target;
    const found = attempt(() => partitionNetwork(network, target, rates, { ...options, mode }, quiet()));
    if ('int' in found) return estimateOf(found, { target, least, boards }, options);
    const missing = coresMissing(found);
    if (missing === undefined) return { mode, because: found };
    needed = missing;
  }
}

/** Operands that would wait longer than an axon can hold them. */
function tooLong(network: IntGraph, { name, limits }: Target): readonly Diagnostic[] {
  const starts = findDepths(network);
  const byId = nodeMap(network.nodes);
  const limit = limits.delayMax.value;
  return said(report => {
    for (const node of network.nodes) {
      if (node.kind !== 'population') continue;
      const sources = node.operands.flatMap(id => byId.get(id)!.operands);
      const delay = Math.max(0, ...sources.map(id => delayOf(starts.get(id)!, starts.get(node.id)!)));
      const facts = { population: node.id, delay, target: name, limit };
      if (delay > limit) report('E0504', { origin: node.origin, pass: 'route' }, facts);
    }
  });
}

const ORIGIN = { origin: '--mode' };
const quiet = () => ({ diagnostics: createDiagnostics(), step: () => undefined });

function said(tell: (report: Report) => void): readonly Diagnostic[] {
  const { report, list } = createDiagnostics();
  tell(report);
  return list;
}

function attempt(run: () => Partitioned): Partitioned | readonly Diagnostic[] {
  try {
    return run();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics;
    throw error;
  }
}

/** Where cores are all that is missing: how many there must be. */
function coresMissing(list: readonly Diagnostic[]): number | undefined {
  const errors = list.filter(({ severity }) => severity === 'error');
  const needed = errors.map(({ code, facts }) => (code === 'E0502' ? facts.needed : undefined));
  // Boards with fewer than the least are never tried, so that it is a number, not a bound.
  return needed.length > 0 && needed.every(n => typeof n === 'number') ? Math.max(...needed) : undefined;
}

/** What a mapping may take above the least: boards that exist only on paper cost nothing. */
const SLACK = 1.25;

/** The first board with so many cores, else as many of the last as have them, and some more. */
const smallestOf = (boards: readonly Target[], cores: number): Target =>
  boards.find(board => board.cores >= cores) ?? severalOf(boards.at(-1)!, SLACK * cores);

/** So many of a board that is too small by itself. */
function severalOf(board: Target, cores: number): Target {
  const times = Math.max(2, Math.ceil(cores / board.cores));
  const copies = board.copies * times;
  const spec = `${board.spec.replace(/\*\d+$/, '')}*${copies}`;
  return { ...board, spec, copies, chips: board.chips * times, cores: board.cores * times };
}

function estimateOf(
  { tiled, accounting }: Partitioned,
  about: Pick<ModeEstimate, 'target' | 'least'> & { readonly boards: readonly Target[] },
  options: EstimateOptions,
): ModeEstimate {
  const { least, boards } = about;
  const cores = tiled.tables.cores.rows;
  const fits = boards.includes(about.target);
  // Boards that exist only on paper were more than enough.
  const target = fits ? about.target : severalOf(boards.at(-1)!, cores);
  // Where cores sit decides hops, which are a small part of all; the order of the partition is place enough.
  const seats = meshOf(target).positions.slice(0, cores);
  const tables = { ...tiled.tables, cores: makeTable(chip.tables.cores, seats) };
  return { ...estimatePlaced({ ...tiled, tables }, target, accounting, options), least, fits };
}

/** What the cores of a placed network have to do. It fits: it has been mapped. */
export function estimatePlaced(
  placed: ChipGraph,
  target: Target,
  accounting: Accounting,
  { activity, weightBits }: Pick<EstimateOptions, 'activity' | 'weightBits'>,
  work = tileWork(placed, activity, weightBits),
): ModeEstimate {
  const { depth, interval, steps, mode } = placed.attrs;
  const cores = placed.tables.cores.rows;
  return {
    ...{ mode, target, depth, interval, accounting, cores, fits: true },
    least: leastCoresIn(networkOf(placed), accounting, weightBits, mode),
    chips: new Set(placed.tables.cores.columns.chip).size,
    peaks: peaksOf(placed, work),
    totals: totalsOf(work, steps),
    usage: coreUsage(placed, accounting, weightBits),
    chip: placed,
  };
}
