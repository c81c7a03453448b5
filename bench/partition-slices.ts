/** Our partition of a whole network against equal slices of it, all limits charged, every neuron sending once. */
import { createAccounting } from '../backends/accounting.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { checkNetwork } from '../compiler/check.ts';
import { tilingOfChip } from '../compiler/mapping/arrivals.ts';
import { tileProblem } from '../compiler/mapping/core-load.ts';
import { coreUsage } from '../compiler/mapping/core-usage.ts';
import { createDemandModel } from '../compiler/mapping/demand.ts';
import { feedsOf } from '../compiler/mapping/feeds.ts';
import { binsOf } from '../compiler/mapping/packing.ts';
import { scheduleOf } from '../compiler/mapping/schedule.ts';
import { type PartitionNeeds, partition } from '../compiler/passes/partition.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';

export interface SlicesRow {
  readonly method: string;
  readonly cores: number;
  readonly tiles: number;
  readonly messages: number;
  /** How many cores each limit binds. */
  readonly bound: string;
  readonly seconds: number;
}

const WEIGHT_BITS = 8;
const TARGET = 'loihi2:hala-point';

/** The network's outline, without its numbers. */
function readOutline(model: string): IntGraph {
  const diagnostics = createDiagnostics();
  const options = { steps: 1, terms: 3, keepUnread: false, scanBytes: 0 };
  const { outline } = checkNetwork(openModelFile(model), options, { diagnostics, step: () => {} });
  if (outline === undefined) throw new Error(diagnostics.list.map(d => d.message).join('\n'));
  return outline.network;
}

export async function measureSlices(model: string): Promise<readonly SlicesRow[]> {
  const target = await loadTarget(TARGET);
  const outline = readOutline(model);
  const row = (method: string, wishes: Pick<PartitionNeeds, 'strategy' | 'favour' | 'cores'>) =>
    measureOne(outline, target, method, wishes);
  const { cores } = target;
  const slices = (['token-major', 'channel-major', 'lava'] as const).map(strategy =>
    row(strategy, { strategy, favour: 'balance', cores }),
  );
  const equal = slices[0]!.cores;
  return [
    ...slices,
    row('ours', { strategy: 'auto', favour: 'balance', cores }),
    row('ours, as many cores as token-major', { strategy: 'auto', favour: 'messages', cores: equal }),
    row('ours, fewest cores', { strategy: 'auto', favour: 'cores', cores }),
  ];
}

function measureOne(
  outline: IntGraph,
  target: Target,
  method: string,
  wishes: Pick<PartitionNeeds, 'strategy' | 'favour' | 'cores'>,
): SlicesRow {
  const diagnostics = createDiagnostics();
  const accounting = createAccounting(target);
  const { synop, updateActive } = target.timing;
  const durations = { synop: synop?.value ?? 1, update: updateActive?.value ?? 1 };
  const about = { target: target.name, board: '', chips: target.chips, mode: 'pipelined' } as const;
  const rates = new Map();
  const needs = { accounting, weightBits: WEIGHT_BITS, durations, rates, seed: 1, ...about, ...wishes };
  const start = performance.now();
  const chip = partition.run(outline, needs, diagnostics.report);
  const seconds = (performance.now() - start) / 1000;
  if (diagnostics.hasErrors()) throw new Error(diagnostics.list.map(d => d.message).join('\n'));
  const tiling = tilingOfChip(chip);
  const schedule = scheduleOf(outline, 'pipelined', accounting);
  const demand = createDemandModel(outline, accounting, WEIGHT_BITS, schedule);
  const context = { accounting, weightBits: WEIGHT_BITS, demand, cutsRows: true, rates };
  const problem = tileProblem(tiling, feedsOf(tiling), context);
  const { rows: cores } = chip.tables.cores;
  const { messages } = binsOf(problem, { binOf: chip.tables.tiles.columns.core!, bins: cores });
  const bound = new Map<string, number>();
  for (const { binding } of coreUsage(chip, accounting, WEIGHT_BITS))
    bound.set(binding, (bound.get(binding) ?? 0) + 1);
  const tiles = chip.tables.tiles.rows;
  return {
    method,
    cores,
    tiles,
    messages,
    bound: [...bound].map(([name, n]) => `${name} ${n}`).join(', '),
    seconds,
  };
}

export const printSlices = (model: string, rows: readonly SlicesRow[]): string =>
  [
    `${model} on ${TARGET}, ${WEIGHT_BITS} bit, messages of a step in which every neuron sends`,
    ...rows.map(
      ({ method, cores, tiles, messages, bound, seconds }) =>
        `  ${method.padEnd(36)} ${cores} cores ${tiles} tiles ${(messages / 1e6).toFixed(2).padStart(8)} M messages ${seconds.toFixed(1)} s  ${bound}`,
    ),
  ].join('\n');
