/**
 * Rows in space against rows in time: models of a folder, cut and packed in both modes under all limits of the target.
 * Weights are not read (checking-by-outline.md), so that rates are unknown: every neuron counts as sending.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Accounting, createAccounting, RESOURCES } from '../backends/accounting.ts';
import type { Target } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { checkNetwork } from '../compiler/check.ts';
import { type CoreUsage, coreUsage } from '../compiler/mapping/core-usage.ts';
import { createDemandModel } from '../compiler/mapping/demand.ts';
import { scheduleOf } from '../compiler/mapping/schedule.ts';
import { partition } from '../compiler/passes/partition.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics, type Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph, IntOf } from '../ir/int.ts';

type Resource = (typeof RESOURCES)[number];

export interface ModeRow {
  readonly file: string;
  readonly weightBits: number;
  readonly mode: Mode;
  readonly cores: number;
  readonly chips: number;
  /** Cores that the sum of each resource fills, uncut: no cut and no packing takes fewer. */
  readonly sums: ReadonlyMap<Resource, number>;
  /** How many cores each resource is nearest to its limit on. */
  readonly binding: Readonly<Record<string, number>>;
  readonly interval: number;
  readonly depth: number;
  readonly seconds: number;
  readonly problem: string | undefined;
}

const MODES = ['streaming', 'pipelined'] as const;
const BITS = [8, 4] as const;

export function measureModes(folder: string, target: Target): readonly ModeRow[] {
  const files = readdirSync(folder).filter(name => name.endsWith('.onnx'));
  const accounting = createAccounting(target);
  return files.sort().flatMap(file => {
    const diagnostics = createDiagnostics();
    const options = { steps: 1, terms: 3, keepUnread: false, scanBytes: 0 };
    const model = openModelFile(join(folder, file));
    const { outline } = checkNetwork(model, options, { diagnostics, step: () => {} });
    if (outline === undefined) return [];
    return MODES.flatMap(mode =>
      (mode === 'pipelined' ? BITS.slice(0, 1) : BITS).map((weightBits): ModeRow => {
        const row = partitionRow(outline.network, target, accounting, weightBits, mode);
        console.log(printRow({ file, ...row }));
        return { file, ...row };
      }),
    );
  });
}

function partitionRow(
  graph: IntGraph,
  target: Target,
  accounting: Accounting,
  weightBits: number,
  mode: Mode,
): Omit<ModeRow, 'file'> {
  const { name, chips, cores, timing } = target;
  const start = performance.now();
  const { report, list } = createDiagnostics();
  const durations = { synop: timing.synop?.value ?? 1, update: timing.updateActive?.value ?? 1 };
  const packing = {
    ...{ rates: new Map(), durations, seed: 1 },
    ...({ strategy: 'auto', favour: 'balance' } as const),
  };
  const needs = { accounting, weightBits, target: name, board: '', chips, cores, mode, ...packing };
  const mapped = partition.run(graph, needs, report);
  const used = mapped.tables.cores.rows;
  return {
    ...{ weightBits, mode, cores: used },
    chips: Math.ceil(used / (cores / chips)),
    sums: sumsOf(graph, accounting, weightBits, mode),
    binding: used === 0 ? {} : countBinding(coreUsage(mapped, accounting, weightBits)),
    interval: mapped.attrs.interval,
    depth: mapped.attrs.depth,
    seconds: (performance.now() - start) / 1000,
    problem: list.find((d: Diagnostic) => d.severity === 'error')?.message,
  };
}

function sumsOf(graph: IntGraph, accounting: Accounting, weightBits: number, mode: Mode): ModeRow['sums'] {
  const demand = createDemandModel(graph, accounting, weightBits, scheduleOf(graph, mode, accounting));
  const populations = graph.nodes.filter((node): node is IntOf<'population'> => node.kind === 'population');
  const costs = populations.map(node => {
    const [groups, rows, channels] = node.type.shape as [number, number, number];
    const box = { group: [0, groups], row: [0, rows], channel: [0, channels] } as const;
    return demand.cost(node, box, { sources: [], destinations: 1 });
  });
  const share = (resource: Resource): number =>
    costs.reduce((sum, cost) => sum + cost[resource], 0) / accounting.capacity[resource];
  return new Map(RESOURCES.map(resource => [resource, share(resource)]));
}

function countBinding(usage: readonly CoreUsage[]): ModeRow['binding'] {
  const counts: Record<string, number> = {};
  for (const { binding } of usage) counts[binding] = (counts[binding] ?? 0) + 1;
  return counts;
}

function printRow(row: ModeRow): string {
  const { file, weightBits, mode, cores, chips, interval, depth, seconds, problem } = row;
  if (problem !== undefined) return `${file} ${weightBits} bit ${mode}: ${problem}`;
  const sums = (['stateWords', 'synapseWords', 'neurons', 'groups'] as const)
    .map(resource => `${resource} ${row.sums.get(resource)!.toFixed(1)}`)
    .join(', ');
  const binding = Object.entries(row.binding).map(([resource, n]) => `${resource} ${n}`);
  return [
    `${file.padEnd(28)}${weightBits} bit  ${mode.padEnd(10)}${String(cores).padStart(6)} cores, ${chips} chip(s), an image every ${interval} of ${depth} timesteps, ${seconds.toFixed(1)} s`,
    `    least: ${sums} cores; binds: ${binding.join(', ')}`,
  ].join('\n');
}
