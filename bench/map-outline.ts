/**
 * Maps a model without its numbers, as far as tables and the proof of delivery, once for each reading of the neurons that
 * a core may hold. What is mapped fits; where nothing was, the fewest cores that its neurons could take say whether
 * anything can. `node build/bench/map-outline.js MODEL TARGET MODE BITS EFFORT READING` prints one JSON object.
 */
import { createAccounting } from '../backends/accounting.ts';
import { loadTarget } from '../backends/target.ts';
import { openModelFile } from '../cli/model-files.ts';
import { assemble, type Programs } from '../compiler/assemble.ts';
import { checkNetwork } from '../compiler/check.ts';
import { checkDelivery } from '../compiler/check-delivery.ts';
import { checkTiming } from '../compiler/check-timing.ts';
import { EFFORTS } from '../compiler/choices.ts';
import { neuronCount } from '../compiler/compile.ts';
import { leastCoresIn } from '../compiler/estimate/least-cores.ts';
import { withoutNeuronCap } from '../compiler/estimate/verdict.ts';
import { type Mapped, mapNetwork, spikingOf } from '../compiler/map-network.ts';
import { coreUsage } from '../compiler/mapping/core-usage.ts';
import { MODES } from '../ir/chip.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';

const [model = '', spec = '', modeName, bitsText, effortName, reading] = process.argv.slice(2);
const mode = MODES.find(name => name === modeName) ?? 'pipelined';
const effort = EFFORTS.find(name => name === effortName) ?? 'fast';
const weightBits = Number(bitsText ?? 8);

const steps: Record<string, number> = {};
let current = '';
let since = 0;
const cpuSeconds = () => process.cpuUsage().user / 1e6;
const step = (name: string) => {
  if (current !== '') steps[current] = (steps[current] ?? 0) + cpuSeconds() - since;
  [current, since] = [name, cpuSeconds()];
  if (name !== '') console.error(name);
};

function* tablesOf({ chips, program }: Programs) {
  for (const chip of chips) yield program(chip);
}

function prove({ chip, int, accounting }: Mapped) {
  const programs = assemble(chip, { weightBits, isOutline: true, spiking: spikingOf(accounting) });
  if (mode === 'streaming') checkTiming([...tablesOf(programs)]);
  return checkDelivery(tablesOf(programs), int);
}

function describe(mapped: Mapped) {
  const { chip, accounting, placement } = mapped;
  const { cores, tiles, targets } = chip.tables;
  const bound: Record<string, number> = {};
  for (const { binding } of coreUsage(chip, accounting, weightBits))
    bound[binding] = (bound[binding] ?? 0) + 1;
  const chips = new Set(cores.columns.chip).size;
  const { cost, lowerBound } = placement;
  const found = {
    cores: cores.rows,
    chips,
    tiles: tiles.rows,
    targets: targets.rows,
    bound,
    cost,
    lowerBound,
  };
  console.error(JSON.stringify(found));
  step('prove');
  const proof = prove(mapped);
  step('');
  return { ...found, ...proof };
}

const diagnostics = createDiagnostics();
const context = { diagnostics, step };
const options = { steps: 1, terms: 3, keepUnread: false, scanBytes: 0 };
const { facts, outline: outlined } = checkNetwork(openModelFile(model), options, context);
const outline = outlined?.network;
if (facts === undefined || outline === undefined) throw new UserError(diagnostics.list);
const whole = await loadTarget(spec);
const target = reading === 'stateWords' ? withoutNeuronCap(whole) : whole;
const about = {
  model,
  target: target.spec,
  mode,
  reading: reading ?? 'neurons',
  parameters: facts.parameters,
  available: target.cores,
  fewestCores: leastCoresIn(outline, createAccounting(target), weightBits, mode),
  neurons: neuronCount(outline),
};
try {
  const mapped = mapNetwork(outline, target, new Map(), { weightBits, seed: 1, effort, mode }, context);
  const result = describe(mapped);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  console.log(
    JSON.stringify({ ...about, fits: true, ...result, cpuSeconds: cpuSeconds(), peakBytes, steps }),
  );
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  const why = error.diagnostics.map(({ code, message }) => `${code} ${message}`);
  console.log(JSON.stringify({ ...about, fits: false, why, cpuSeconds: cpuSeconds(), steps }));
}
