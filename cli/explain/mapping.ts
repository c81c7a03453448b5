/** A deployment as its mapper saw it: the placed network of stage `chip`, and what each tile asks of a core, in the target's own accounting. */
import { type Accounting, createAccounting, LIMITS, type Resource } from '../../backends/accounting.ts';
import type { Deployment } from '../../backends/folder.ts';
import type { Manifest } from '../../backends/manifest.ts';
import type { Target } from '../../backends/target.ts';
import { tilingOfChip } from '../../compiler/mapping/arrivals.ts';
import { loadsOf, tileProblem } from '../../compiler/mapping/core-load.ts';
import type { CutContext } from '../../compiler/mapping/cuts.ts';
import { createDemandModel } from '../../compiler/mapping/demand.ts';
import { feedsOf } from '../../compiler/mapping/feeds.ts';
import { scheduleOf } from '../../compiler/mapping/schedule.ts';
import type { Tiling } from '../../compiler/mapping/tiling.ts';
import type { ChipGraph } from '../../ir/chip.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { readChipStage } from '../stages.ts';

/** Share of every limit of a core. */
export type Amounts = Readonly<Partial<Record<Resource, number>>>;

export interface Mapping {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly chip: ChipGraph;
  readonly accounting: Accounting;
  readonly tiling: Tiling;
  readonly context: CutContext;
  /** Limits that the target has. */
  readonly resources: readonly Resource[];
  /** Core of each tile; and as people name a core, CHIP:NUMBER. */
  readonly coreOf: Int32Array;
  readonly coreNames: readonly string[];
  /** What a tile would take of a core that it had for itself, weights and tables included. */
  alone(tile: number): Amounts;
}

/** Errors: E0611, E0621–E0623 */
export function readMapping(folder: Deployment): Mapping {
  const { dir, manifest } = folder;
  const chip = readChipStage(folder);
  const accounting = accountingOf(manifest, dir);
  const { bits } = manifest.options;
  if (typeof bits !== 'number')
    return fail('E0611', { origin: dir }, { path: 'options.bits', reason: 'no number' });
  if (chip.tables.cores.rows !== manifest.cores.length)
    return fail('E0623', { origin: dir }, { file: 'stages/chip.snnir', problem: 'it has other cores' });
  const tiling = tilingOfChip(chip);
  const { network } = tiling;
  const schedule = scheduleOf(network, chip.attrs.mode, accounting);
  const demand = createDemandModel(network, accounting, bits, schedule);
  const rates = new Map(manifest.populations.map(p => [`%${p.name}` as ValueId, p.rate]));
  const { synop, updateActive } = (manifest.target as unknown as Pick<Target, 'timing'>).timing;
  const context: CutContext = {
    ...{ graph: network, accounting, weightBits: bits, demand, rates },
    cutsRows: schedule.rows === undefined,
    durations: { synop: synop?.value ?? 1, update: updateActive?.value ?? 1 },
  };
  const problem = tileProblem(tiling, feedsOf(tiling), context, true);
  const each = Int32Array.from({ length: problem.items }, (_, i) => i);
  const loads = loadsOf(problem, each, problem.items);
  const resources = LIMITS.filter(resource => Number.isFinite(accounting.capacity[resource]));
  return {
    ...{ dir, manifest, chip, accounting, tiling, context, resources },
    coreOf: chip.tables.tiles.columns.core!,
    coreNames: namesOf(chip.tables.cores.columns.chip!),
    alone: tile =>
      Object.fromEntries(resources.map(r => [r, loads[tile * LIMITS.length + LIMITS.indexOf(r)]!])),
  };
}

/** The descriptor that the manifest carries, which anybody can edit. */
function accountingOf({ target }: Manifest, origin: string): Accounting {
  try {
    return createAccounting(target as unknown as Target);
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    return fail('E0611', { origin }, { path: 'target', reason });
  }
}

/** Cores of a chip are numbered in the order of its program. */
function namesOf(chips: Int32Array): readonly string[] {
  const seen = new Map<number, number>();
  return Array.from(chips, chip => {
    const number = seen.get(chip) ?? 0;
    seen.set(chip, number + 1);
    return `${chip}:${number}`;
  });
}

/** The fullest of some amounts. */
export function fullestOf(
  amounts: Amounts,
  { accounting, resources }: Pick<Mapping, 'accounting' | 'resources'>,
) {
  const shares = resources.map(resource => ({
    resource,
    used: amounts[resource] ?? 0,
    share: (amounts[resource] ?? 0) / accounting.capacity[resource],
  }));
  return shares.reduce((a, b) => (b.share > a.share ? b : a));
}
