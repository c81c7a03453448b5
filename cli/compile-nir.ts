/**
 * `snnc compile NET.nir`: a network that spikes already → deployment folder of mode `free`. Before anything is written the chip is
 * simulated from its bytes, equal to the network without cores spike by spike, and compared with the network in real numbers.
 */
import { basename } from 'node:path';
import { namedLimits, usedOfAll } from '../backends/accounting.ts';
import { checkPlace, createFolder, createHashes, type FolderWriter } from '../backends/folder.ts';
import { type Manifest, printManifest } from '../backends/manifest.ts';
import { decodeChip } from '../backends/program/decode.ts';
import { encodeChip } from '../backends/program/encode.ts';
import { restsOn } from '../backends/rests-on.ts';
import { loadCandidates, type Target } from '../backends/target.ts';
import { importNir } from '../compiler/nir/import.ts';
import type { RealNetwork } from '../compiler/nir/network.ts';
import type { TimeOptions } from '../compiler/nir/neurons.ts';
import { type Quantized, quantizeNetwork } from '../compiler/nir/quantize.ts';
import { type Schedule, scheduleGroups } from '../compiler/nir/schedule.ts';
import { mapPlain } from '../compiler/plain-neurons/map.ts';
import { sha256 } from '../ir/constants.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import type { CompileArguments } from './compile.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { readBytes } from './data.ts';
import { chipPath } from './deployment-files.ts';
import { mapOnSmallest } from './fitting.ts';
import { readNirFile } from './nir-file.ts';
import { type Agreement, compareRuns, type MeasuredRun, measureReal } from './nir-runs.ts';
import { writeNpz } from './npz.ts';
import { drawSpikes, readSpikes, type SpikeSet } from './spike-data.ts';
import { VERSION } from './version.ts';

/** Options that change a network of ONNX; given with NIR they would do nothing. Errors: E0138 */
const FOR_ONNX = [
  'steps',
  'anytime',
  'inputShape',
  'output',
  'maxDrop',
  'maxDivergence',
  'levels',
  'pin',
  'coarse',
] as const;
const FLAGS: { readonly [name: string]: string } = {
  inputShape: 'input-shape',
  maxDrop: 'max-drop',
  maxDivergence: 'max-divergence',
};

/** Below this share of equal spikes the user is told. */
const GOOD = 0.99;

const PLAN = ['read', 'float run', 'quantize', 'map', 'encode', 'simulate', 'write'];

export async function compileNir(args: CompileArguments): Promise<number> {
  const { model, seed, effort, bits } = args;
  const given = FOR_ONNX.find(name => args[name] !== undefined);
  if (given !== undefined)
    fail('E0138', { origin: model }, { option: `--${FLAGS[given] ?? given}`, path: model });
  const out = args.out ?? `${model.replace(/\.(nir|h5|hdf5)$/, '')}.snnc`;
  const console_ = createConsole(args, PLAN);
  const { diagnostics, step } = console_;
  const start = performance.now();
  if (!args.dryRun) checkPlace(out);
  const candidates = await loadCandidates(args.target);
  const { limits, arithmetic, name } = candidates[0]!;
  const [least, most] = [limits.weightBitsMin.value, limits.weightBitsMax.value];
  if (bits < least || bits > most) fail('E0511', { origin: '--bits' }, { bits, target: name, least, most });
  step('read');
  const time = { dt: args.dt, decay: args.decay, reset: args.reset };
  const network = importNir(await readNirFile(model), time, model);
  const schedule = scheduleGroups(network, model, diagnostics.report);
  step('float run');
  const set =
    args.calibrate === undefined ? drawn(network, seed) : readSpikes(args.calibrate, network.inputs);
  const measured = measureReal(network, schedule, set);
  step('quantize');
  const quantized = quantizeNetwork(network, schedule, measured.largest, {
    weightBits: bits,
    accumulatorBits: arithmetic.accumulatorBits.value,
    stateBits: arithmetic.stateBits.value,
  });
  step('map');
  const { rates } = measured;
  const options = { weightBits: bits, seed, effort, rates };
  const { target, mapped, said } = mapOnSmallest(candidates, board =>
    mapPlain(quantized.network, board, quantized.widths, options),
  );
  diagnostics.take(said);
  const folder = args.dryRun ? createHashes() : createFolder(out);
  try {
    step('encode');
    const encoded = mapped.programs.map(program => ({
      path: chipPath(program.chip),
      bytes: encodeChip(program),
    }));
    for (const { path, bytes } of encoded) folder.add(path, bytes);
    step('simulate');
    const machine = createLifMachine(encoded.map(({ path, bytes }) => decodeChip(bytes, path)));
    const compared = compareRuns({ network, schedule, quantized, measured }, set, machine);
    const source = args.calibrate === undefined ? 'random' : basename(args.calibrate);
    const share = warnOf(compared.agreement, set.timesteps, source, args, diagnostics.report);
    step('write');
    folder.add('golden.npz', golden(network, set, compared.outputs));
    const manifest = manifestOf(args, {
      network,
      schedule,
      quantized,
      measured,
      target,
      mapped,
      folder,
      compared,
      source,
      set,
      time,
    });
    const summary = summaryOf(manifest, mapped.usage.length, target, share);
    folder.add('manifest.json', printManifest(manifest));
    folder.add('summary.txt', summary);
    const seconds = (performance.now() - start) / 1000;
    const build = {
      seconds,
      steps: console_.seconds(),
      peakBytes: process.resourceUsage().maxRSS * 1024,
      node: process.version,
    };
    folder.add('build.json', `${JSON.stringify(build, null, 2)}\n`);
    folder.commit();
    console_.line(summary.trimEnd());
    const where = args.dryRun ? 'nothing written, as asked;' : `written to ${out} in`;
    console_.line(`\n${where} ${seconds.toFixed(1)} s`);
    console_.result({
      ...{
        fits: true,
        target: target.name,
        board: target.spec,
        mode: 'free',
        neurons: manifest.network.neurons,
      },
      cores: { used: mapped.usage.length, available: target.cores },
      chips: { used: mapped.programs.length, available: target.chips },
      ...{ free: manifest.free, out: args.dryRun ? null : out, seconds, diagnostics: diagnostics.list },
    });
    return reportDiagnostics(diagnostics.list, args.json);
  } catch (error) {
    folder.discard();
    throw error;
  }
}

/** Timesteps of random input: fewer where a network is large. */
const drawn = ({ hostSize, edges }: RealNetwork, seed: number): SpikeSet => {
  const synapses = edges.reduce((n, edge) => n + edge.synapses.targets.length, 0);
  return drawSpikes(hostSize, Math.min(100, Math.max(16, Math.floor(2e9 / (synapses + 1)))), seed);
};

function warnOf(
  { spikes }: Agreement,
  timesteps: number,
  source: string,
  { model }: CompileArguments,
  report: ReturnType<typeof createConsole>['diagnostics']['report'],
): number {
  const all = spikes.float + spikes.chip;
  const share = all === 0 ? 1 : (2 * spikes.both) / all;
  const percent = Math.floor(1000 * share) / 10;
  if (share < GOOD) report('W0139', { origin: model }, { timesteps, source, percent });
  return share;
}

/** Input of the first sample, and what came out of each output in its own time. */
function golden(
  { hostSize }: RealNetwork,
  set: SpikeSet,
  outputs: ReadonlyMap<string, Float64Array>,
): Uint8Array {
  const input = new Float64Array(set.timesteps * hostSize);
  set.sample(0).forEach((sent, t) => {
    for (const element of sent) input[t * hostSize + element] = 1;
  });
  return writeNpz([
    { name: 'inputs', shape: [1, set.timesteps, hostSize], data: input },
    ...[...outputs].map(([name, data]) => ({
      name: `output:${name}`,
      shape: [1, set.timesteps, data.length / set.timesteps],
      data,
    })),
  ]);
}

interface Made {
  readonly network: RealNetwork;
  readonly schedule: Schedule;
  readonly quantized: Quantized;
  readonly measured: MeasuredRun;
  readonly target: Target;
  readonly mapped: ReturnType<typeof mapPlain>;
  readonly folder: FolderWriter;
  readonly compared: ReturnType<typeof compareRuns>;
  readonly source: string;
  readonly set: SpikeSet;
  readonly time: TimeOptions;
}

/** What takes no images has none of what belongs to them. */
const NO_PREPROCESS: Manifest['preprocess'] = {
  ...{ resize: null, interpolation: 'nearest', crop: null, cropRule: 'torchvision', order: 'rgb' },
  ...{ scale: 1, mean: [0], std: [1], folded: null },
  sources: {
    ...{ resize: 'none', interpolation: 'none', crop: 'none', cropRule: 'none' },
    ...{ order: 'none', scale: 'none', mean: 'none', std: 'none' },
  },
};

function manifestOf(args: CompileArguments, made: Made): Manifest {
  const { network, schedule, quantized, measured, target, mapped, folder, compared, source, set, time } =
    made;
  const { groups, inputs, outputs, hostSize } = network;
  const { slices, cores } = mapped.mapping;
  const populations = groups.map(({ name, origin, size }, g) => {
    const own = slices.filter(({ group }) => group === g);
    return {
      ...{ name, origin, shape: [1, 1, size], function: 'identity', emit: 'cuba' },
      ...{ theta: null, levels: null, terms: null, fraction: quantized.fractions[g]!, outFraction: 0 },
      ...{ depth: schedule.depths[g]!, tiles: own.length },
      split: { heads: 1, tokens: 1, channels: own.length },
      cores: new Set(own.map(({ core }) => core)).size,
      ...{ rate: measured.rates[g]!, termsPerNeuron: measured.rates[g]! },
    };
  });
  const routes = mapped.programs.flatMap(({ cores: own, input }) => [
    ...own.flatMap(({ tiles }) => tiles.flatMap(tile => tile.routes)),
    ...(input?.routes ?? []),
  ]);
  return {
    ...{ schema: 'snnc-manifest', schemaVersion: 0, tool: { name: 'snnc', version: VERSION } },
    model: {
      file: basename(args.model),
      sha256: sha256(readBytes(args.model)),
      name: basename(args.model),
      data: [],
    },
    preprocess: NO_PREPROCESS,
    options: {
      ...{ target: args.target, bits: args.bits, effort: args.effort, seed: args.seed },
      ...{ dt: time.dt ?? null, decay: time.decay, reset: time.reset },
      calibrate: args.calibrate === undefined ? null : basename(args.calibrate),
    },
    target: JSON.parse(JSON.stringify(target)) as Manifest['target'],
    network: {
      ...{ coding: 'sum', steps: 1, mode: 'free', depth: Math.max(0, ...schedule.depths), interval: 1 },
      neurons: groups.reduce((n, { size }) => n + size, 0),
      ...{ unread: 0, biasCorrected: false, annMacs: { paper: 0, performed: 0 } },
    },
    ...{ stages: [], populations },
    cores: cores.map(({ chip, x, y, slot }, i) => {
      const { used, binding, tiles } = mapped.usage[i]!;
      return { chip, x, y, slot, tiles, used: usedOfAll(mapped.accounting.capacity, used), binding };
    }),
    capacity: { ...namedLimits(mapped.accounting.capacity) },
    placement: { ...mapped.placement, routes: routes.length, deliveries: routes.length },
    input: { name: inputs.map(({ name }) => name).join(', '), shape: [hostSize], fraction: 0 },
    output: { name: outputs[0]!.name, classes: groups[outputs[0]!.group]!.size },
    calibration: {
      ...{ images: set.samples, source, logitMse: 0, tried: [] },
      saturations: { accumulator: 0, state: 0, threshold: 0, worst: null, images: 0 },
    },
    ...{ settings: [], search: null, prediction: { paperAcs: 0 } },
    free: {
      ...{ dt: time.dt ?? null, decay: time.decay, reset: time.reset },
      inputs: inputs.map(({ name, shape }) => ({ name, shape: [...shape] })),
      outputs: outputs.map(({ name, shape, group }) => ({
        ...{ name, shape: [...shape], population: groups[group]!.name },
        kind: isRead(groups[group]!.neurons.threshold) ? ('potentials' as const) : ('spikes' as const),
      })),
      agreement: { timesteps: set.timesteps, source, ...compared.agreement },
    },
    rests: restsOn(target).map(({ name, value, unit, status, source: from }) => ({
      name,
      value,
      unit,
      status,
      source: from,
    })),
    files: [...folder.files],
  };
}

export const isRead = (threshold: Float64Array): boolean =>
  threshold.every(value => value === Number.POSITIVE_INFINITY);

function summaryOf(manifest: Manifest, cores: number, target: Target, share: number): string {
  const { populations, free, network, placement } = manifest;
  const { spikes, timesteps, source, potentialError } = free!.agreement;
  const fullest = manifest.cores.map(({ used, binding }) => used[binding]! / manifest.capacity[binding]!);
  const most = fullest.indexOf(Math.max(...fullest));
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const rows = populations.map(
    ({ name, shape, tiles, cores: own, depth, fraction, rate }) =>
      `  ${name.padEnd(24)} ${String(shape.at(-1)).padStart(8)} neurons  ${String(tiles).padStart(3)} tiles on ${String(own).padStart(3)} cores  depth ${depth}  unit 2^${-fraction}  rate ${rate.toFixed(4)}`,
  );
  const chips = new Set(manifest.cores.map(({ chip }) => chip)).size;
  return [
    `network     ${network.neurons.toLocaleString('en-US')} plain neurons in ${populations.length} groups, mode free`,
    ...rows,
    `mapping     ${cores} of ${target.cores} cores, ${chips} of ${target.chips} chips of ${target.spec}; ${manifest.cores[most]!.binding} binds, ${percent(fullest[most]!)} full`,
    `placement   cost ${placement.cost.toPrecision(4)}, at most ${percent(placement.gap)} above the best`,
    `timestep    ${free!.dt === null ? 'of any length' : `${free!.dt} s`}, ${free!.decay}, reset ${free!.reset}`,
    `float       ${spikes.float.toLocaleString('en-US')} spikes in ${timesteps} timesteps of ${source} input; chip ${spikes.chip.toLocaleString('en-US')}, equal ${spikes.both.toLocaleString('en-US')} (${percent(share)})`,
    ...(potentialError === null
      ? []
      : [`read        potentials at most ${percent(potentialError)} of the largest off`]),
    'checked     the chip equals the network without cores, spike by spike and potential by potential',
    '',
  ].join('\n');
}
