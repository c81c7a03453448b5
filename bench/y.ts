import { createAccounting } from '../backends/accounting.ts';
import { loadTarget } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { checkNetwork } from '../compiler/check.ts';
import { estimateCores } from '../compiler/estimate.ts';
import { cutClasses, everyCut } from '../compiler/mapping/cuts.ts';
import { createDemandModel } from '../compiler/mapping/demand.ts';
import { chooseJointly, packKinds } from '../compiler/mapping/joint.ts';
import { scheduleOf } from '../compiler/mapping/schedule.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';

const [model, spec, bits, weight] = process.argv.slice(2);
const d = createDiagnostics();
const t0 = performance.now();
const el = () => ((performance.now() - t0) / 1000).toFixed(1);
const target = await loadTarget(spec!);
const net = checkNetwork(
  openModelFile(model!),
  { steps: 1, terms: 3, keepUnread: false, scanBytes: 0 } as never,
  { diagnostics: d, step: () => {} },
);
const full = createAccounting(target);
const accounting = process.env.LOOSE ? { ...full, capacity: { ...full.capacity, neurons: 1e9 } } : full;
const weightBits = Number(bits ?? 8);
const graph = net.outline!;
const demand = createDemandModel(
  graph,
  accounting,
  weightBits,
  scheduleOf(graph, (process.env.MODE ?? 'pipelined') as 'pipelined'),
);
console.log('outline', el());
const classes = cutClasses(
  {
    graph,
    accounting,
    weightBits,
    demand,
    cutsRows: process.env.MODE !== 'streaming',
    rates: new Map(),
    durations: { synop: 0.7, update: 4.2 },
  },
  p => everyCut(p, process.env.MODE !== 'streaming'),
);
console.log('least', 0);
console.log('classes', classes.length, el());
const chosen = chooseJointly(classes, accounting, Number(weight ?? target.cores));
console.log('chosen', el());
const kinds = chosen.map((offer, i) => ({ offer, count: offer.tiles * classes[i]!.members.length }));
const { cores, busiest } = packKinds(kinds, accounting);
chosen.forEach((o, i) =>
  console.log(
    classes[i]!.members.length,
    classes[i]!.members[0]!.id,
    classes[i]!.members[0]!.type.shape.join('x'),
    classes[i]!.offers.length,
    Object.values(o.cut).join('/'),
    o.tiles,
    o.share.toFixed(3),
    Object.values(o.own).join(' '),
    Object.values(o.once).join(' '),
    'msg',
    o.messages,
    'time',
    o.time.toFixed(0),
  ),
);
console.log(
  'cores',
  cores,
  'busiest',
  busiest,
  'messages',
  chosen.reduce((s, o, i) => s + o.messages * classes[i]!.members.length, 0),
  el(),
);
