/**
 * Measures, one function each: prints a table for people and, as its last line, one JSON object.
 * `npm run --silent bench -- NAME`. A peer or a limit is measured in the same run; no test asserts a time.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadTarget } from '../backends/target.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import {
  exponentsOf,
  generateModels,
  measureGrowth,
  modelsOf,
  pointsOf,
  printGrowth,
  SIZES,
  saveGrowth,
} from './compile-scale.ts';
import { CONVERSION_MEASURES } from './conversion-measures.ts';
import { measureEstimate, printEstimate } from './estimate.ts';
import { HIL_MEASURES } from './hil-measures.ts';
import { measureScale, printScale } from './import-scale.ts';
import { compareLogits } from './logits.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { measureModes } from './modes.ts';
import { nodePassRate, printNodeReport, runNodeTests } from './onnx-node.ts';
import { measurePackage } from './package.ts';
import { anchorMeasure, measureAnchors, printAnchors } from './partition-anchors.ts';
import { measureHypergraph, printHypergraph } from './partition-hypergraph.ts';
import { measureSlices, printSlices } from './partition-slices.ts';
import { measurePlacement } from './place.ts';
import { takeScreenshots } from './report-screenshots.ts';
import { annSpeed, intSpeed, printSpeed, type Speed } from './run-speed.ts';
import { measureSearch } from './search-time.ts';
import { measureShards } from './shards.ts';
import { SIMULATION_MEASURES } from './simulation-measures.ts';
import { printZoo, readZoo } from './zoo.ts';

const MODEL = 'examples/digits/vit-digits.onnx';
const REPEATS = 5;
const OPTIONS = {
  coding: 'sum',
  steps: 1,
  thresholds: 'pow2',
  profile: defaultProfile(4),
  weightBits: 8,
  seed: 1,
  effort: 'fast',
  biasCorrection: false,
  keepUnread: false,
} as const;

/** Shortest of several runs, in seconds. */
function fastest(run: () => void): number {
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1000;
  });
  return Math.min(...times);
}

async function digits() {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const target = await loadTarget('loihi2');
  const { ann } = readNetwork(readFileSync(MODEL), MODEL, context);
  const images = syntheticImages([1, 8, 8], 8);
  const { snn } = convertNetwork(ann, images, OPTIONS, context);
  const int = quantizeNetwork(snn, images, target, 8, context);
  return { images, mapped: mapNetwork(int, target, new Map(), OPTIONS, context) };
}

function speedOf(speed: Speed): Measure {
  console.log(printSpeed(speed));
  return {
    value: 1 / speed.fast,
    unit: 'images/s',
    anchor: `interpreter (${(speed.kernels / speed.fast).toFixed(2)}x the kernels alone)`,
    ratio: speed.slow / speed.fast,
  };
}

const measures: Readonly<Record<string, (options: MeasureOptions) => Promise<Measure>>> = {
  /** Functional simulation of the digits model against the slow integer interpreter. */
  async 'sim-digits'() {
    const { images, mapped } = await digits();
    const simulator = createSimulator(allPrograms(mapped.programs), { workers: 1 });
    const runner = createIntRunner(mapped.int);
    const chip = fastest(() => void simulator.run(images)) / images.length;
    const slow = fastest(() => images.forEach(image => void runner.run(image))) / images.length;
    return { value: 1 / chip, unit: 'images/s', anchor: 'integer interpreter', ratio: slow / chip };
  },
  /** What is published: size, and time to start. */
  async package() {
    return measurePackage();
  },
  /** 16 shards of a validation by 1, 2 and 4 processes, and the undivided one; --data DEPLOYMENT, --only IMAGES. */
  shards: measureShards,
  /** Whole compile of the digits model against the 15 s that it may take. */
  async 'compile-digits'() {
    const start = performance.now();
    await digits();
    const seconds = (performance.now() - start) / 1000;
    return { value: seconds, unit: 's', anchor: 'limit of 15 s', ratio: 15 / seconds };
  },
  /** Node tests of the onnx package, from the folder that bench/onnx-node-data.py has written; --only PART of a name. */
  async 'onnx-node'({ data = 'build/onnx-node', only = '' }) {
    const report = runNodeTests(data, only);
    console.log(printNodeReport(report));
    const value = nodePassRate(report);
    return { value, unit: '% of what is read', anchor: '100 % that are asked for', ratio: value / 100 };
  },
  /** Checking and importing models of growing size, those of --data DIR; each in a process of its own. */
  async 'import-scale'({ data = 'build/import-scale' }) {
    const rows = measureScale(data);
    console.log(printScale(rows));
    const largest = rows.at(-1);
    const seconds = largest?.check.seconds ?? Number.NaN;
    return {
      value: seconds,
      unit: `s to check ${largest?.file ?? 'nothing'}`,
      anchor: 'limit of 10 s',
      ratio: 10 / seconds,
    };
  },
  /** Float networks of --data DIR against onnxruntime's logits, 200 images each. */
  async logits({ data = 'examples/digits' }) {
    const rows = compareLogits(data, 200);
    for (const { file, images, error } of rows)
      console.log(`${file.padEnd(40)} ${images} images, largest relative error ${error.toExponential(1)}`);
    const value = rows.reduce((max, row) => Math.max(max, row.error), 0);
    return { value, unit: 'of the largest logit', anchor: '1e-3 that may be lost', ratio: 1e-3 / value };
  },
  /** The fast float runner on --data MODEL.onnx with noise images. */
  async 'run-ann'({ data = MODEL }) {
    return speedOf(annSpeed(data));
  },
  /** The fast integer runner on --data MODEL.onnx, converted by the default profile at T = 1. */
  async 'run-int'({ data = MODEL }) {
    return speedOf(await intSpeed(data, OPTIONS));
  },
  /** Cores with rows in space and in time, models of --data DIR on a board of thousands of chips. */
  async modes({ data = 'examples/digits' }) {
    const rows = measureModes(data, await loadTarget('loihi2:hala-point'));
    const [stream, space] = ['streaming', 'pipelined'].map(mode =>
      rows.findLast(row => row.mode === mode && row.weightBits === 8),
    );
    const anchor = `cores pipelined of ${space?.file ?? 'nothing'}`;
    const [value, other] = [stream?.cores ?? Number.NaN, space?.cores ?? Number.NaN];
    return { value, unit: 'cores streaming', anchor, ratio: other / value };
  },
  /** Exported models of a folder (--data DIR) against the answers stored beside them. */
  async zoo({ data = 'test/onnx/exporters', save }) {
    const entries = readZoo(data);
    printZoo(entries, save);
    const right = entries.filter(entry => entry.state === 'ok').length;
    return { value: right, unit: 'files right', anchor: 'files', ratio: right / entries.length };
  },
  /** The search on --data MODEL.onnx with 64 synthetic images, from the images to the integer network. */
  async 'search-time'({ data = MODEL }) {
    const { seconds, search, peakBytes, steps, eq30 } = await measureSearch(data);
    for (const step of steps) console.log(`${step.name.padEnd(32)} ${step.seconds.toFixed(1)} s`);
    console.log(
      `to the choice ${search.toFixed(1)} s, in all ${seconds.toFixed(1)} s, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
    );
    console.log(`Eq. 30 of the choice ${eq30?.toFixed(4) ?? 'none'}`);
    return { value: seconds, unit: 's', anchor: 'limit of 300 s', ratio: 300 / seconds };
  },
  /** Placement of core graphs: --graph FILE.csv or --data DIR, --effort, --seed. */
  async place(options) {
    return measurePlacement(options);
  },
  /** Beside published core counts, Mt-KaHyPar (--peer PYTHON runs it too) and equal slices of --data MODEL.onnx. */
  async partition({ data, peer }) {
    const anchors = measureAnchors();
    console.log(printAnchors(anchors));
    console.log(printHypergraph(measureHypergraph(peer)));
    if (data !== undefined) console.log(printSlices(data, await measureSlices(data)));
    return anchorMeasure(anchors);
  },
  /** Cores, chips, step and energy that check gives --data MODEL.onnx, beside compile's; --only N images for its rates. */
  async estimate({ data = MODEL, only = '8' }) {
    const worst = printEstimate(await measureEstimate(data, Number(only)));
    return { value: 100 * worst, unit: '% off at most', anchor: '10 % that are allowed', ratio: 0.1 / worst };
  },
  /**
   * The whole compile of models of growing size: files or sizes after the name, or all of --data FOLDER; --tool SCRIPT
   * generates sizes into that folder; --reading neurons|stateWords maps outlines alone; --save FOLDER.
   */
  async 'compile-scale'({
    data = 'build/compile-scale',
    save,
    tool,
    python = 'python3',
    rest = [],
    ...wishes
  }) {
    const sizes = rest.filter(name => !name.endsWith('.onnx'));
    if (tool !== undefined) generateModels(tool, python, data, sizes.length > 0 ? sizes : SIZES);
    const files = rest.filter(name => name.endsWith('.onnx'));
    const { target = 'loihi2:hala-point', mode = 'pipelined', reading } = wishes;
    const rows = measureGrowth(files.length > 0 ? files : modelsOf(data), { target, mode, reading });
    console.log(printGrowth(rows));
    if (save !== undefined) saveGrowth(save, rows);
    const worst = Math.max(...exponentsOf(pointsOf(rows)).map(({ exponent }) => exponent));
    return { value: worst, unit: 'largest exponent', anchor: 'limit of 1.2', ratio: 1.2 / worst };
  },
  'report-screenshots': takeScreenshots,
  ...CONVERSION_MEASURES,
  ...SIMULATION_MEASURES,
  ...HIL_MEASURES,
};

const { values, positionals } = parseArgs({
  options: {
    data: { type: 'string' },
    save: { type: 'string' },
    only: { type: 'string' },
    tool: { type: 'string' },
    python: { type: 'string' },
    target: { type: 'string' },
    mode: { type: 'string' },
    reading: { type: 'string' },
    ...{ graph: { type: 'string' }, effort: { type: 'string' }, seed: { type: 'string' } },
    peer: { type: 'string' },
  },
  allowPositionals: true,
});
const [name, ...rest] = positionals;
const measure = name === undefined ? undefined : measures[name];
if (name === undefined || measure === undefined) {
  console.error(`which measure? ${Object.keys(measures).join(', ')}`);
  process.exitCode = 2;
} else {
  const result = await measure({ ...values, rest });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  console.log(
    `${name}: ${result.value.toPrecision(4)} ${result.unit}, ${result.ratio.toFixed(2)}x the ${result.anchor}`,
  );
  console.log(JSON.stringify({ name, ...result, command: `npm run --silent bench -- ${name}`, commit }));
}
