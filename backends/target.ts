/**
 * A target: a chip with its core, on so many boards, as plain readonly data that can be sent to a worker or
 * written to a file. Every figure keeps its status and source to the end, so that a report can say what a
 * mapping rests on. What is unknown is absent.
 */
import { resolve as resolvePath } from 'node:path';
import {
  createDiagnostics,
  type Diagnostics,
  defect,
  fail,
  throwIfErrors,
} from '../ir/diagnostics/diagnostic.ts';
import type {
  CheckedBoard,
  CheckedChip,
  CheckedCore,
  Encodings,
  Figures,
  Kind,
} from './descriptor/document.ts';
import { type Figure, formatVlnv } from './descriptor/figure.ts';
import { type Library, openLibrary } from './descriptor/library.ts';
import type * as rules from './descriptor/rules.ts';
import { findBackendsFolder, listShippedTargets } from './descriptor/shipped.ts';
import { parseTargetSpec, type TargetSpec } from './descriptor/spec.ts';

type FiguresOf<T> = rules.FiguresOf<T>;
/** What one core holds. */
export interface CoreLimits
  extends FiguresOf<typeof rules.CORE_LIMITS>,
    FiguresOf<typeof rules.CORE_MEMORIES> {}
/** pJ per event; staticPower and hostPower in mW per chip. */
export interface Costs extends FiguresOf<typeof rules.CORE_COSTS>, FiguresOf<typeof rules.CHIP_COSTS> {}
/** ns per event; interchipBandwidth in GB/s per chip. */
export interface Timing
  extends FiguresOf<typeof rules.CORE_TIMING>,
    FiguresOf<typeof rules.CHIP_TIMING>,
    FiguresOf<typeof rules.BOARD_TIMING> {}
/** A chip's mesh and a board's arrangement of chips; usableCores is per chip. */
export interface Topology
  extends FiguresOf<typeof rules.CHIP_TOPOLOGY>,
    FiguresOf<Omit<typeof rules.BOARD_TOPOLOGY, 'usableCores'>> {}

export interface CostSet {
  readonly name: string;
  readonly costs: Costs;
}

export interface Target {
  /** `loihi2`, or the name in a user's own descriptor. */
  readonly name: string;
  /** In full: `loihi2:kapoho-point*2`. */
  readonly spec: string;
  readonly title: string;
  /** Absent: one chip alone, from a chip descriptor of the user's own. */
  readonly board?: { readonly name: string; readonly title: string };
  readonly copies: number;
  /** Chips of all copies. */
  readonly chips: number;
  /** Usable cores of all chips. */
  readonly cores: number;
  readonly limits: CoreLimits;
  readonly encodings: Encodings;
  readonly arithmetic: FiguresOf<typeof rules.CORE_ARITHMETIC>;
  readonly capabilities: rules.Capabilities;
  /** The default one first. */
  readonly costSets: readonly CostSet[];
  readonly timing: Timing;
  readonly topology: Topology;
  readonly extensions: { readonly [K in Kind]?: Figures };
  /** The descriptors it was made of. */
  readonly files: readonly { readonly vlnv: string; readonly origin: string; readonly sha256: string }[];
}

/** What no timestep is shorter than: the tick of a clocked chip, else the barrier over the chips in use. */
export function stepFloor(
  { tick, barrierAllTiles, barrierAllChips }: Timing,
  chips: number,
): { readonly name: 'tick' | 'barrier'; readonly figure: Figure | undefined } {
  if (tick !== undefined) return { name: 'tick', figure: tick };
  const isOne = chips <= 1 || barrierAllChips === undefined;
  return { name: 'barrier', figure: isOne ? barrierAllTiles : barrierAllChips };
}

/** What a timestep ends with; undefined nanoseconds: the descriptor does not know. */
export interface StepEnd {
  readonly name: 'tick' | 'barrier';
  readonly ns: number | undefined;
}

/**
 * A clocked chip keeps its tick. Others wait at a barrier: over several chips that of the board, where it is known; else it grows
 * linearly from one router in use to all, on the chip that has most of them in use.
 */
export function stepEndOf(
  { timing, topology }: Pick<Target, 'timing' | 'topology'>,
  routersInUse: readonly number[],
): StepEnd {
  const { tick, barrierOneTile, barrierAllTiles, barrierAllChips } = timing;
  if (tick !== undefined) return { name: 'tick', ns: tick.value };
  if (routersInUse.length > 1 && barrierAllChips !== undefined)
    return { name: 'barrier', ns: barrierAllChips.value };
  const all = barrierAllTiles?.value;
  const one = barrierOneTile?.value ?? all;
  const others = topology.routersX.value * topology.routersY.value - 1;
  if (all === undefined || one === undefined || others === 0) return { name: 'barrier', ns: all ?? one };
  const used = Math.min(others, Math.max(1, ...routersInUse) - 1);
  return { name: 'barrier', ns: one + ((all - one) * used) / others };
}

export interface TargetSummary {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly coresPerChip: number;
  /** Those that its cores claim. */
  readonly capabilities: readonly string[];
  readonly boards: readonly {
    readonly name: string;
    readonly spec: string;
    readonly title: string;
    readonly chips: number;
    readonly cores: number;
  }[];
}

/**
 * `loihi2`, `loihi2:kapoho-point*2`, `my/board.xml`, `my/chip.xml*4`. Without a board: the smallest one.
 * Errors: E0101, E0550–E0570, all of the files' faults at once.
 */
export async function loadTarget(spec: string): Promise<Target> {
  const [target] = await loadCandidates(spec);
  return target ?? defect(`no candidate for ${spec}`);
}

/** Every board that the spec leaves open, fewest chips first: the mapper takes the first that fits. */
export async function loadCandidates(spec: string): Promise<readonly Target[]> {
  const parsed = parseTargetSpec(spec);
  const diagnostics = createDiagnostics();
  const library = await openShipped(diagnostics);
  const targets = parsed.kind === 'file' ? fromFile(parsed, library) : fromName(parsed, library, diagnostics);
  const whole = targets.filter(parts => parts !== undefined).map(parts => assemble(parts, diagnostics));
  throwIfErrors(diagnostics);
  return whole;
}

/** What ships, for `snnc targets`. Errors: none in a sound package. */
export async function listTargets(): Promise<readonly TargetSummary[]> {
  const diagnostics = createDiagnostics();
  const library = await openShipped(diagnostics);
  const summaries = listShippedTargets(library.backends).map(({ name, chipPath }) => {
    const chip = library.open(chipPath);
    throwIfErrors(diagnostics);
    if (chip?.kind !== 'chip') return defect(`${chipPath} is not a chip`);
    const core = library.coreOf(chip);
    throwIfErrors(diagnostics);
    const claims = Object.entries(core?.capabilities ?? {});
    const capabilities = claims.flatMap(([claim, { value }]) => (value ? [claim] : []));
    const usable = chip.topology.usableCores.value;
    const boards = library.boardsOf(chip).map(board => {
      const chips = board.topology.chips.value;
      const cores = chips * (board.topology.usableCores?.value ?? usable);
      return { name: board.vlnv.name, spec: `${name}:${board.vlnv.name}`, title: board.title, chips, cores };
    });
    const { title, description } = chip;
    return { name, title, description, coresPerChip: usable, capabilities, boards };
  });
  throwIfErrors(diagnostics);
  return summaries;
}

async function openShipped(diagnostics: Diagnostics): Promise<Library> {
  const { createFormulaParser } = await import('./descriptor/mathjs.ts');
  return openLibrary(findBackendsFolder(), createFormulaParser(), diagnostics.report);
}

interface Parts {
  readonly name: string;
  readonly spec: string;
  readonly copies: number;
  readonly core: CheckedCore;
  readonly chip: CheckedChip;
  readonly board?: CheckedBoard;
}

function fromName(
  spec: Extract<TargetSpec, { kind: 'name' }>,
  library: Library,
  diagnostics: Diagnostics,
): readonly (Parts | undefined)[] {
  const shipped = listShippedTargets(library.backends);
  const { name } = spec;
  const entry = shipped.find(target => target.name === name);
  if (entry === undefined) {
    const known = shipped.map(target => target.name).join(', ');
    return fail('E0569', { origin: '--target' }, { what: 'target', name, known });
  }
  const chip = library.open(entry.chipPath);
  throwIfErrors(diagnostics);
  if (chip?.kind !== 'chip') return defect(`${entry.chipPath} is not a chip`);
  const core = library.coreOf(chip);
  const all = library.boardsOf(chip);
  const boards = spec.board === undefined ? all : all.filter(board => board.vlnv.name === spec.board);
  if (spec.board !== undefined && boards.length === 0) {
    const known = all.map(board => `${name}:${board.vlnv.name}`).join(', ');
    return fail('E0569', { origin: '--target' }, { what: 'board', name: spec.board, known });
  }
  const { copies } = spec;
  if (boards.length === 0) return [core && { name, spec: name, copies, core, chip }];
  return boards.map(board => core && { name, spec: specOf(name, board, copies), copies, core, chip, board });
}

function specOf(name: string, board: CheckedBoard, copies: number): string {
  return `${name}:${board.vlnv.name}${copies === 1 ? '' : `*${copies}`}`;
}

/** Errors: E0567 where the file is a core. */
function fromFile(
  spec: Extract<TargetSpec, { kind: 'file' }>,
  library: Library,
): readonly (Parts | undefined)[] {
  const found = library.open(resolvePath(spec.path), spec.path);
  if (found === undefined) return [];
  if (found.kind === 'core') {
    fail(
      'E0567',
      { origin: found.origin },
      { found: `a core ${formatVlnv(found.vlnv)}`, expected: 'a board or a chip' },
    );
  }
  const chip = found.kind === 'board' ? library.chipOf(found) : found;
  const core = chip && library.coreOf(chip);
  if (chip === undefined || core === undefined) return [];
  const { copies } = spec;
  const name = chip.vlnv.name;
  const parts = { name, spec: `${spec.path}${copies === 1 ? '' : `*${copies}`}`, copies, core, chip };
  return [found.kind === 'board' ? { ...parts, board: found } : parts];
}

/** What one figure includes has none of its own beside it, or it would count twice. Errors: E0750 */
function checkIncluded(
  figures: { readonly [name: string]: Figure | undefined },
  origin: string,
  diagnostics: Diagnostics,
): void {
  for (const [name, figure] of Object.entries(figures)) {
    for (const included of figure?.includes ?? []) {
      if (figures[included] !== undefined) diagnostics.report('E0750', { origin }, { name, included });
    }
  }
}

/** Errors: E0568, E0750. */
function assemble(parts: Parts, diagnostics: Diagnostics): Target {
  const { name, spec, copies, core, chip, board } = parts;
  const single: Figure = {
    value: 1,
    unit: 'chip',
    status: 'assumed',
    source: 'no board given: one chip alone',
  };
  const { usableCores: boardCores, ...arrangement } = board?.topology ?? {
    chips: single,
    chipsX: single,
    chipsY: single,
    chipsZ: single,
  };
  const usableCores = boardCores ?? chip.topology.usableCores;
  if (usableCores.value > chip.topology.cores.value) {
    const rule = `${chip.vlnv.name} has ${chip.topology.cores.value} cores`;
    const facts = { name: 'usableCores', value: usableCores.value, rule };
    diagnostics.report('E0561', { origin: `${board?.origin ?? chip.origin} topology` }, facts);
  }
  const chips = arrangement.chips.value * copies;
  const files = [core, chip, board].filter(document => document !== undefined);
  const timing = { ...core.timing, ...chip.timing, ...board?.timing };
  checkIncluded(timing, `${chip.origin} timing`, diagnostics);
  return {
    name,
    spec,
    title: board?.title ?? chip.title,
    ...(board === undefined ? {} : { board: { name: board.vlnv.name, title: board.title } }),
    copies,
    chips,
    cores: chips * usableCores.value,
    limits: { ...core.limits, ...core.memories },
    encodings: core.encodings,
    arithmetic: core.arithmetic,
    capabilities: core.capabilities,
    costSets: mergeCostSets(core, chip, diagnostics),
    timing,
    topology: { ...chip.topology, ...arrangement, usableCores },
    extensions: Object.fromEntries(files.map(document => [document.kind, document.extensions])),
    files: files.map(({ vlnv, origin, sha256 }) => ({ vlnv: formatVlnv(vlnv), origin, sha256 })),
  };
}

function mergeCostSets(core: CheckedCore, chip: CheckedChip, diagnostics: Diagnostics): readonly CostSet[] {
  for (const set of chip.costSets) {
    if (core.costSets.some(other => other.name === set.name)) continue;
    diagnostics.report('E0568', { origin: set.origin }, { name: set.name, present: 'chip', absent: 'core' });
  }
  return core.costSets.flatMap(set => {
    const other = chip.costSets.find(candidate => candidate.name === set.name);
    if (other !== undefined) {
      const costs = { ...set.costs, ...other.costs };
      checkIncluded(costs, other.origin, diagnostics);
      return [{ name: set.name, costs }];
    }
    diagnostics.report('E0568', { origin: set.origin }, { name: set.name, present: 'core', absent: 'chip' });
    return [];
  });
}
