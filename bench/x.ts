import { createAccounting, fill } from '../backends/accounting.ts';
import { loadTarget } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { checkNetwork } from '../compiler/check.ts';
import { estimateCores } from '../compiler/estimate.ts';
import { tileProblem } from '../compiler/mapping/core-load.ts';
import { createDemandModel } from '../compiler/mapping/demand.ts';
import { feedsOf } from '../compiler/mapping/feeds.ts';
import { binsOf } from '../compiler/mapping/packing.ts';
import { scheduleOf } from '../compiler/mapping/schedule.ts';
import { placedTiles } from '../compiler/mapping/tables.ts';
import { tilingOfTiles } from '../compiler/mapping/tiling.ts';
import { coreUsage, partition } from '../compiler/passes/partition.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';

const [model, spec, bits, moves, strategy, cores] = process.argv.slice(2);
const d = createDiagnostics();
const t0 = performance.now();
const el = () => ((performance.now() - t0) / 1000).toFixed(1);
const target = await loadTarget(spec!);
const net = checkNetwork(
  openModelFile(model!),
  { steps: 1, terms: 3, keepUnread: false, scanBytes: 0 } as never,
  { diagnostics: d, step: () => {} },
);
console.log('outline', el());
const accounting = createAccounting(target);
const weightBits = Number(bits ?? 8);
const est = estimateCores(net.outline!, accounting, weightBits);
console.log('estimate', est.cores, est.leastCores, est.neurons, el());
const needs = {
  accounting,
  weightBits,
  target: target.name,
  board: '',
  chips: target.chips,
  cores: cores === undefined ? target.cores : Number(cores),
  mode: 'pipelined',
  rates: new Map(),
  durations: { synop: 0.7, update: 4.2 },
  strategy: (strategy ?? 'auto') as 'auto',
  seed: 1,
  moves: Number(moves ?? 0),
} as const;
const chip = partition.run(net.outline!, needs, d.report);
for (const x of d.list.slice(0, 5)) console.log(x.code, x.message);
console.log('tiles', chip.tables.tiles.rows, 'cores', chip.tables.cores.rows, el());
{
  const ctx = {
    accounting,
    weightBits,
    cutsRows: process.env.MODE !== 'streaming',
    demand: createDemandModel(
      net.outline!,
      accounting,
      weightBits,
      scheduleOf(net.outline!, (process.env.MODE ?? 'pipelined') as 'pipelined'),
    ),
    rates: new Map(),
  };
  const tiling = tilingOfTiles(net.outline!, placedTiles(chip));
  const pr = tileProblem(tiling, feedsOf(tiling), ctx);
  console.log(
    'messages',
    binsOf(pr, { binOf: chip.tables.tiles.columns.core!, bins: chip.tables.cores.rows }).messages,
    'nets',
    pr.netWeight.length,
    'pins',
    pr.itemsOf.list.length,
  );
}
const usage = coreUsage(chip, accounting, weightBits);
const binding = new Map<string, [number, number]>();
for (const u of usage) {
  const b = binding.get(u.binding) ?? [0, 0];
  binding.set(u.binding, [b[0] + 1, b[1] + fill(accounting.capacity, u.used)[u.binding]]);
}
console.log(
  [...binding].map(([k, [n, f]]) => `${k} ${n} ${(f / n).toFixed(3)}`).join('; '),
  el(),
  process.resourceUsage().maxRSS / 1e6,
);
