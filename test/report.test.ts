/** report.json: nothing of the manifest is missing, every number has one figure, all modes keep to the schema. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openFolder } from '../backends/folder.ts';
import { writeNpz } from '../cli/npz.ts';
import { readStages } from '../cli/stages.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { isAt, numberPlaces } from '../report/figures.ts';
import { printJson } from '../report/print.ts';
import type { Report } from '../report/schema.ts';
import { LINES, renderSummary, WIDTH } from '../report/summary.ts';
import { DIGITS } from './digits.ts';
import { writeMlp } from './mlp.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-report-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

function snnc(...argv: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['build/test/cli-entry.js', ...argv], {
    encoding: 'utf8',
  });
  assert.ok(status === 0 || status === 1, `${argv.join(' ')}: ${stderr}`);
  return stdout;
}

const SCHEMA = JSON.parse(readFileSync('backends/schema/report.schema.json', 'utf8'));
const isValid = new Ajv2020({ strict: false }).compile(SCHEMA);
const FAST = ['--effort', 'fast', '--no-bias-correction'];

/** A Vision Transformer of 1,719 neurons, and pictures of noise for it with labels that mean nothing. */
const TINY = 'test/onnx/exporters/vit--ts17.onnx';
function writeNoise(path: string, count: number): void {
  const random = createRandom(count);
  const data = Float64Array.from({ length: count * 3 * 16 * 16 }, () => random.normal());
  const labels = Float64Array.from({ length: count }, (_, i) => i % 5);
  writeFileSync(
    path,
    writeNpz([
      { name: 'images', shape: [count, 3, 16, 16], data },
      { name: 'labels', shape: [count], data: labels },
    ]),
  );
}

/** What holds of every report. */
function check(name: string): Report {
  const report = JSON.parse(readFileSync(at(`${name}/report.json`), 'utf8')) as Report;
  assert.ok(isValid(report), `${name}: ${JSON.stringify(isValid.errors?.slice(0, 3))}`);
  checkFigures(report);
  checkCounts(name, report);
  const lines = readFileSync(at(`${name}/summary.txt`), 'utf8')
    .trimEnd()
    .split('\n');
  assert.ok(lines.length <= LINES, `${lines.length} lines`);
  for (const line of lines) assert.ok([...line].length <= WIDTH, line);
  return report;
}

function checkFigures(report: Report): void {
  const { figures, ...rest } = report;
  const met = new Set<string>();
  for (const keys of numberPlaces(rest).values()) {
    const found = figures.flatMap(figure => figure.paths.filter(path => isAt(path, keys)));
    assert.equal(found.length, 1, `${keys.join('.')}: ${found.join(' and ') || 'no figure'}`);
    met.add(found[0]!);
  }
  const constants = new Set([...report.energy.constants, ...report.provenance.constants].map(c => c.name));
  for (const { constants: names, formula, source } of figures) {
    assert.ok(formula !== '' && source !== '');
    for (const constant of names) assert.ok(constants.has(constant), constant);
  }
}

/** Every population, core, tensor, constant and file of the deployment. */
function checkCounts(name: string, report: Report): void {
  const deployed = openFolder(at(name));
  const { manifest } = deployed;
  const { int } = readStages(deployed);
  assert.deepEqual(
    report.layers.map(layer => layer.name),
    manifest.populations.map(population => population.name),
  );
  const { cores, tiles } = report.chipMap;
  for (const key of ['chip', 'x', 'y', 'slot', 'tiles'] as const)
    assert.deepEqual(
      cores[key],
      manifest.cores.map(core => core[key]),
    );
  for (const column of [cores.fill, cores.synops, cores.messagesIn, cores.workSeconds, ...cores.used])
    assert.equal(column.length, manifest.cores.length);
  assert.equal(tiles.start.at(-1), report.verdict.tiles);
  assert.deepEqual(
    cores.tiles,
    tiles.start.slice(1).map((end, i) => end - tiles.start[i]!),
  );
  const names = new Set(report.tensors.map(tensor => tensor.name));
  assert.equal(names.size, report.tensors.length);
  const constants = int.nodes.flatMap(({ id, attrs }) =>
    [...JSON.stringify(attrs).matchAll(/"(\w+)":"@/g)].map(([, key]) => [id.slice(1), key] as const),
  );
  for (const { id } of int.nodes) assert.ok(names.has(id.slice(1)), `${id} is missing`);
  for (const [node, key] of constants)
    assert.ok(
      [...names].some(tensor => tensor.startsWith(`${node}.`) && tensor.endsWith(`.${key}`)),
      `${node}.${key} is missing`,
    );
  assert.equal(report.tensors.length, int.nodes.length + constants.length);
  assert.deepEqual(report.provenance.files, manifest.files);
  assert.deepEqual(report.unsupported, []);
}

const near = (a: number, b: number, share: number) =>
  assert.ok(Math.abs(a - b) <= share * Math.abs(b), `${a} and ${b}`);
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

test('a simulated pipeline: everything is in it, adds up, and takes in what validate finds', () => {
  writeNoise(at('noise.npz'), 40);
  snnc('compile', TINY, '--calibrate', at('noise.npz'), ...FAST, '--out', at('pipelined'));
  const report = check('pipelined');
  const { layers, energy, chipMap, traffic, verdict, accuracy, eq30, alternatives, time } = report;
  assert.equal(report.header.images, 4);
  const [set] = energy.costSets;
  near(sum(layers.map(layer => layer.energyPj[set!.name]!)), set!.totalPj, 1e-5);
  near(sum(layers.map(layer => layer.energyShare!)), 1, 1e-4);
  assert.ok(layers.every(layer => layer.trafficShare === null));
  near(sum(chipMap.cores.energyPj[0]!), set!.totalPj, 1e-3);
  near(sum(layers.map(layer => layer.counts.messages)), traffic.messages, 1e-5);
  near(sum(chipMap.cores.messagesOut), sum(chipMap.cores.messagesIn), 1e-3);
  near(sum(time.steps.seconds), time.bound.layerwiseSeconds, 1e-3);
  assert.equal(layers[time.criticalPath.at(-1)!.layer]!.emit, 'readout');
  assert.deepEqual(
    time.criticalPath.map(({ step }) => step),
    time.criticalPath.map(({ step }) => step).toSorted((a, b) => a - b),
  );
  // Curve: the paper's method comes close with T, ours is there from the beginning.
  assert.deepEqual(
    accuracy.curve.map(({ method, steps }) => [method, ...steps]),
    [
      ['ours', 1, 2, 4, 8],
      ['paper', 1, 2, 4, 8],
    ],
  );
  const [ours, paper] = accuracy.curve;
  assert.ok(paper!.logitMse[3]! < paper!.logitMse[0]! && paper!.agreement[3]! > paper!.agreement[0]!);
  for (const { eq30: ratios } of accuracy.curve) assert.ok(ratios[3]! > ratios[0]!);
  assert.ok(ours!.logitMse[0]! < paper!.logitMse[1]!);
  near(ours!.eq30[0]!, eq30.predicted.paper, 0.05);
  assert.ok(accuracy.firing!.length > 5);
  for (const { layer, positive, negative } of accuracy.firing!) {
    near(sum([...positive, ...negative]), layers[layer]!.termsPerNeuron, 0.1);
    assert.equal(positive.length, layers[layer]!.levels);
  }
  assert.ok(layers.every(layer => layer.sqnrDb === null || layer.sqnrDb > 10));
  assert.ok(alternatives.changes.length === 3 && alternatives.tried >= 3);
  // Nothing passes a link here.
  assert.deepEqual(
    alternatives.bottlenecks.map(({ of }) => of),
    ['cores', 'time', 'energy', 'latency'],
  );
  assert.equal(verdict.accuracy.isCalibration, true);
  assert.equal(verdict.accuracy.images, 40);
  assert.ok(verdict.accuracy.float! < 0.6 && verdict.accuracy.agreement! > 0.8);

  snnc('validate', at('pipelined'), '--data', at('noise.npz'), '--limit', '12', '--quiet');
  const merged = check('pipelined');
  assert.equal(merged.verdict.accuracy.isCalibration, false);
  assert.equal(merged.accuracy.validation!.samples, 12);
  assert.equal(merged.eq30.measured!.identity, true);
  near(merged.eq30.measured!.paper, merged.eq30.predicted.paper, 0.05);
  assert.equal(merged.accuracy.chain.at(-1)!.holds, true);
  assert.match(readFileSync(at('pipelined/summary.txt'), 'utf8'), /12 images of noise\.npz/);
  assert.deepEqual(JSON.parse(snnc('report', at('pipelined'), '--json')), merged);
  assert.ok(snnc('report', at('pipelined')).startsWith(renderSummary(merged)));
  snnc('report', at('pipelined'), '--curve', at('noise.npz'), '--limit', '9', '--quiet');
  const { curve, images, isLabelled } = check('pipelined').accuracy;
  assert.deepEqual([curve.map(row => row.method), images, isLabelled], [['ours', 'paper'], 9, true]);
  for (const { accuracy: right } of curve)
    for (const share of right) near(9 * share!, Math.round(9 * share!), 1e-9);
});

test('tokens that pass through time, nothing simulated: expected figures, and null where nobody looked', () => {
  snnc(
    'compile',
    TINY,
    '--mode',
    'streaming',
    '--simulate',
    '0',
    '--no-compare',
    ...FAST,
    '--out',
    at('streaming'),
  );
  const { header, figures, accuracy, time, verdict, alternatives } = check('streaming');
  assert.equal(header.images, 0);
  const statusOf = (path: string) => figures.find(({ paths }) => paths.includes(path))!.status;
  assert.equal(statusOf('traffic.links.messages'), 'estimated');
  assert.equal(time.timed, null);
  assert.equal(verdict.latency.timedSeconds, null);
  assert.equal(verdict.accuracy.simulated, null);
  assert.equal(accuracy.chain.at(-1)!.holds, null);
  assert.deepEqual(accuracy.curve, []);
  assert.match(accuracy.missing!.command, /^snnc /);
  assert.match(alternatives.missing!.command, /^snnc check /);
  assert.ok(time.pipeline.end.some((end, i) => end - time.pipeline.start[i]! > 1));
});

test('links carry what is counted on them, and flows, expected of each tile, tell the same', () => {
  snnc(
    ...['compile', `${DIGITS}/vit-digits.onnx`, '--calibrate', `${DIGITS}/digits-calib.npz`, '--shift', '3'],
    ...['--simulate', '2', '--no-compare', ...FAST, '--out', at('digits')],
  );
  const { traffic, chipMap, layers, time } = check('digits');
  near(sum(traffic.links.messages), traffic.hops, 1e-3);
  near(sum(traffic.hopsHistogram.map((n, hops) => n * hops)), traffic.hops, 0.02);
  near(sum(chipMap.cores.messagesOut), sum(chipMap.cores.messagesIn), 1e-3);
  assert.equal(traffic.hottest.length, Math.min(10, traffic.links.chip.length));
  near(sum(layers.map(layer => layer.trafficShare!)), 1, 1e-4);
  const [hottest] = traffic.hottest;
  assert.equal(hottest!.messages, Math.max(...traffic.hottest.map(link => link.messages)));
  near(Math.max(...traffic.links.messages), hottest!.messages, 1e-3);
  for (const { users, messages } of traffic.hottest)
    near(sum(users.map(user => user.messages)), messages, 0.1);
  for (const { from, to, hops } of traffic.flows.top)
    assert.equal(
      hops,
      Math.abs(chipMap.cores.x[from]! - chipMap.cores.x[to]!) +
        Math.abs(chipMap.cores.y[from]! - chipMap.cores.y[to]!),
    );
  near(sum(layers.map(layer => layer.counts.hops)), traffic.hops, 1e-5);
  assert.equal(time.criticalPath[0]!.step, Math.min(...layers.map(layer => layer.depth)));
});

test('several steps, and chips of other kinds', () => {
  const data = Float64Array.from({ length: 240 }, (_, i) => Math.sin(i));
  writeFileSync(at('images.npz'), writeNpz([{ name: 'images', shape: [40, 6], data }]));
  writeFileSync(at('mlp.onnx'), writeMlp([6, 9, 4], 3));
  const compile = (out: string, ...more: readonly string[]) =>
    snnc('compile', at('mlp.onnx'), '--calibrate', at('images.npz'), '--out', at(out), ...more);
  compile('layerwise', '--mode', 'layerwise', '--steps', '2', '--target', 'loihi1');
  const layerwise = check('layerwise');
  assert.equal(layerwise.header.mode, 'layerwise');
  assert.equal(layerwise.accuracy.isLabelled, false);
  assert.equal(layerwise.verdict.accuracy.integer, null);
  assert.ok(layerwise.verdict.accuracy.agreement! > 0);
  compile('paper', '--coding', 'rate', '--thresholds', 'paper', '--steps', '4', '--target', 'spinnaker2');
  const paper = check('paper');
  assert.deepEqual(
    paper.accuracy.curve.map(({ method }) => method),
    ['paper'],
  );
  assert.equal(paper.time.floor, 'tick');
});

test('JSON of a report is read back as it was, lists of numbers on a line', () => {
  const value = { a: [1, 2, null], b: { c: 'x', d: [] }, e: [{ f: 1 }, { g: [[1], [2]] }], h: {} };
  assert.deepEqual(JSON.parse(printJson(value)), value);
  assert.match(printJson(value), /"a": \[1,2,null\]/);
});
