/** The numerics report: what each source of error is, what turns an answer, what is printed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeNpz } from '../cli/npz.ts';
import { createReplayRunner, findFlip, recordKey } from '../compiler/numerics/flips.ts';
import { createNumerics } from '../compiler/numerics/measure.ts';
import { numericsReport } from '../compiler/numerics/report.ts';
import { compare, createFidelity, createSpread, sqnr } from '../compiler/numerics/spread.ts';
import { createVariant, type Lowered, payloadFraction, VARIANTS } from '../compiler/numerics/variants.ts';
import { correctBias, replacedBiases } from '../compiler/passes/correct-bias.ts';
import { quantize } from '../compiler/passes/quantize.ts';
import { splitFanIn } from '../compiler/passes/split-fan-in.ts';
import { measureRanges } from '../compiler/ranges.ts';
import { proveWidths, type Quantity } from '../compiler/widths/prove.ts';
import { imageRange, reportOpenWidths, widthReport } from '../compiler/widths/summary.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { argMax } from '../ir/logits.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { descend, furthest, logitsOf, randomImages } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-numerics-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const UNTIDY = { tokens: 5, dim: 21, heads: 3, mlp: 30, depth: 2, classes: 4, patch: 6 } as const;
const { report } = createDiagnostics();
const WIDTHS = { weightBits: 8, accumulatorBits: 24, stateBits: 24, inputFraction: 12 } as const;

/** A network whose biases are corrected whether that helps or not, with its images. */
function lower(seed: number, shift: number, steps = 1, coding: 'sum' | 'rate' = 'sum') {
  const ann = randomAnn(seed, UNTIDY);
  const images = randomImages(ann, 12, seed);
  const { folded, snn: plain } = descend(ann, images, { coding, steps, shift, terms: 2 });
  const snn =
    correctBias(
      plain,
      images,
      images.map(image => logitsOf(folded, image)),
    ) ?? plain;
  const int = quantize.run(snn, { ranges: measureRanges(snn, images), ...WIDTHS }, report);
  const lowered: Lowered = { snn, int, biases: replacedBiases(plain, snn) };
  return { ann, images, plain, lowered };
}

test('the reference is the float network, whatever bias correction did', () => {
  let corrected = 0;
  for (let seed = 0; seed < 6; seed++) {
    for (const coding of ['sum', 'rate'] as const) {
      const { ann, images, lowered } = lower(seed, 2, 3, coding);
      corrected += lowered.biases.size;
      const got = createVariant(lowered, VARIANTS.reference).run(images[0]!);
      for (const logits of got) assert.ok(furthest(logits, logitsOf(ann, images[0]!)) < 1e-9);
    }
  }
  assert.ok(corrected > 10);
});

test('thresholds alone are stage snn as it was compiled, bit for bit', () => {
  const { images, lowered } = lower(3, 2);
  const want = createSnnRunner(lowered.snn).run(images[1]!);
  assert.deepEqual(createVariant(lowered, VARIANTS.thresholds).run(images[1]!), want);
});

test('weights alone: a fan-in split has the weights of the linear that it was', () => {
  const { images, lowered } = lower(4, 4);
  const split = splitFanIn.run(lowered.int, { piecesOf: () => 3 }, report);
  assert.ok(split.nodes.length > lowered.int.nodes.length);
  const one = createVariant(lowered, VARIANTS.weights).run(images[0]!);
  assert.deepEqual(createVariant({ ...lowered, int: split }, VARIANTS.weights).run(images[0]!), one);
  const exact = createVariant(lowered, VARIANTS.reference).run(images[0]!);
  const off = furthest(one[0]!, exact[0]!);
  assert.ok(off > 0 && off < 0.2 * Math.max(...exact[0]!.map(Math.abs)), `${off}`);
});

test('weights that integers hold exactly cost nothing', () => {
  const { images, lowered } = lower(5, 4);
  const pool = lowered.snn.constants;
  const nodes = lowered.snn.nodes.map(node => {
    if (node.kind !== 'linear') return node;
    const { shape, data } = pool.get(node.attrs.weight);
    const powers = Float64Array.from(data, w => Math.sign(w) * 2 ** Math.round(Math.log2(Math.abs(w) || 1)));
    const largest = powers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const kept = powers.map(w => (Math.abs(w) < largest / 32 ? 0 : w));
    const weight = pool.add({ dtype: 'f64', shape, data: kept });
    return { ...node, attrs: { ...node.attrs, weight, bias: undefined } };
  });
  const snn = { ...lowered.snn, nodes };
  const int = quantize.run(snn, { ranges: measureRanges(snn, images), ...WIDTHS }, report);
  const numerics = createNumerics({ snn, int, biases: new Map() });
  numerics.add(images[0]!);
  for (const { fidelity, node } of numerics.tally.populations) {
    // Position embeddings are constants of 12 fraction bits, which stay.
    assert.ok(fidelity.weights.noise <= 1e-6 * fidelity.weights.signal, node.id);
    if (node.attrs.emit.kind === 'mt') assert.ok(fidelity.tables.noise > 0 || fidelity.thresholds.noise > 0);
  }
});

test('the replayed network goes from the float answer to the integer one, and the flip is where it turns', () => {
  let turned = 0;
  for (let seed = 0; seed < 6; seed++) {
    const { images, lowered } = lower(seed, 0, 2);
    const replay = createReplayRunner(lowered);
    const reference = createVariant(lowered, VARIANTS.reference);
    const ids = lowered.snn.nodes.flatMap(n => (n.kind === 'population' ? [n.id] : []));
    for (const image of images) {
      const recording = new Map();
      const whole = createIntRunner(lowered.int).run(image, (step, node, { values, terms, sums }) => {
        const unit = 2 ** -payloadFraction(node);
        const real = (data: Int32Array) => Float64Array.from(data, x => x * unit);
        recording.set(recordKey(step, node.id), {
          values: real(values),
          terms: terms.slice(),
          sums: real(sums),
        });
      });
      const float = reference.run(image).at(-1)!;
      assert.deepEqual(replay(image, recording, 0), float);
      assert.deepEqual(replay(image, recording, ids.length), whole.at(-1));
      if (argMax(float) === argMax(whole.at(-1)!)) continue;
      turned += 1;
      const at = ids.indexOf(findFlip(replay, ids, recording, image, argMax(float)));
      assert.equal(argMax(replay(image, recording, at)), argMax(float));
      assert.notEqual(argMax(replay(image, recording, at + 1)), argMax(float));
    }
  }
  assert.ok(turned > 3);
});

test('a report adds up: errors that were injected are the errors that are found', () => {
  const { images, lowered } = lower(2, 1);
  const numerics = createNumerics(lowered);
  for (const image of images) numerics.add(image);
  const { tally } = numerics;
  const widths = widthReport(
    imageRange(images, null),
    proveWidths(lowered.int, imageRange(images, null), tally.meter.met),
  );
  const result = numericsReport(tally, { ...lowered.int.attrs, widths });
  const quality = result.populations.map(p => p.sqnrDb.integer ?? Number.POSITIVE_INFINITY);
  assert.deepEqual(
    quality,
    [...quality].sort((a, b) => a - b),
  );
  const readout = result.populations.find(p => p.emit === 'readout')!;
  const reference = createVariant(lowered, VARIANTS.reference);
  const runner = createIntRunner(lowered.int);
  const wanted = images.map(image => reference.run(image).at(-1)!);
  const got = images.map(image => runner.run(image).at(-1)!);
  const noise = wanted.reduce((sum, x, i) => sum + x.reduce((s, v, c) => s + (v - got[i]![c]!) ** 2, 0), 0);
  assert.ok(Math.abs(readout.squaredError.integer / (noise / images.length) - 1) < 1e-9);
  const flips = images.filter((_, i) => argMax(wanted[i]!) !== argMax(got[i]!)).length;
  assert.equal(
    result.flips.reduce((n, f) => n + f.images.length, 0),
    flips,
  );
  assert.ok(Math.abs(result.answers.integer.agreement - (1 - flips / images.length)) < 1e-12);
  // Thresholds this coarse drown what rounding does.
  const { thresholds, weights, tables } = readout.squaredError;
  assert.ok(thresholds > 10 * weights && thresholds > 10 * tables);
  assert.ok(result.tables.length > 4 && result.tables.every(t => t.sqnrDb !== null && t.sqnrDb > 20));
});

test('spread: ends exactly, the percentile within a sixteenth of an octave; SQNR by hand', () => {
  const random = createRandom(1);
  const values = Float64Array.from({ length: 5000 }, () => random.normal() * 3);
  const spread = createSpread();
  spread.add(values.subarray(0, 2000), 2);
  spread.add(values.subarray(2000), 2);
  const { min, max, p99 } = spread.result();
  const sorted = values.map(x => Math.abs(2 * x)).sort();
  const exact = sorted[Math.ceil(0.99 * 5000) - 1]!;
  assert.deepEqual([min, max], [2 * Math.min(...values), 2 * Math.max(...values)]);
  assert.ok(p99 >= exact && p99 <= exact * 2 ** (1 / 16), `${p99}, ${exact}`);
  const fidelity = createFidelity();
  compare(fidelity, Float64Array.of(3, 4), [2.5, 4], 1);
  assert.equal(sqnr(fidelity), 10 * Math.log10(25 / 0.25));
  assert.equal(sqnr(createFidelity()), null);
});

test('W0430: a width that neither weights nor calibration vouch for is named once a population', () => {
  const { images, lowered } = lower(1, 3);
  const int = { ...lowered.int, attrs: { ...lowered.int.attrs, accumulatorBits: 9, stateBits: 9 } };
  const range = imageRange(images, null);
  const met = (_: string, quantity: Quantity) => (quantity === 'accumulator' ? 100 : 200);
  const widths = widthReport(range, proveWidths(int, range, met));
  assert.ok(widths.count.open > 0 && widths.count.calibrated > 0);
  const diagnostics = createDiagnostics();
  reportOpenWidths(widths, diagnostics.report);
  const named = diagnostics.list.map(d => d.facts.population);
  assert.deepEqual(named, [
    ...new Set(widths.widths.filter(w => w.status === 'open').map(w => w.population)),
  ]);
  assert.ok(diagnostics.list.every(d => d.code === 'W0430' && d.facts.available === 9));
});

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

test('snnc numerics: a table of 100 columns, complete JSON, a CSV; compile says what is proved', () => {
  const random = createRandom(4);
  const data = Float64Array.from({ length: 6 * 3 * 16 * 16 }, () =>
    Math.max(-2, Math.min(2, random.normal())),
  );
  const images = join(folder, 'images.npz');
  writeFileSync(images, writeNpz([{ name: 'x', shape: [6, 3, 16, 16], data }]));
  const out = join(folder, 'vit.snnc');
  const model = 'test/onnx/exporters/vit--dynamo18.onnx';
  const compiled = snnc(
    'compile',
    model,
    '--calibrate',
    images,
    '--out',
    out,
    '--shift',
    '2',
    '--effort',
    'fast',
  );
  assert.equal(compiled.code, 0, compiled.err);
  assert.match(compiled.out, /^widths +\d+ of \d+ proved for any image of numbers from -4 to 4/m);
  const kept = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  const { proved, calibrated, says } = kept.quality.widths;
  assert.ok(proved > 0 && says.startsWith(`${proved} of ${proved + calibrated} proved`), says);

  const csv = join(folder, 'numerics.csv');
  const text = snnc('numerics', out, '--data', images, '--csv', csv);
  assert.equal(text.code, 0, text.err);
  const lines = text.out.split('\n');
  assert.ok(
    lines.every(line => line.length <= 100 || line.includes('(')),
    text.out,
  );
  assert.ok(lines.some(line => /^population +SQNR +thr +wgt +tab +own/.test(line)));

  const { code, out: json } = snnc('numerics', out, '--data', images, '--limit', '3', '--json');
  assert.equal(code, 0);
  const result = JSON.parse(json);
  assert.equal(result.images, 3);
  const rows = readFileSync(csv, 'utf8').trimEnd().split('\n');
  assert.equal(rows.length, result.populations.length + 1);
  assert.ok(rows.every(row => row.split(',').length === rows[0]!.split(',').length));

  const refused = snnc(
    'numerics',
    out,
    '--data',
    images,
    '--limit',
    '1',
    '--csv',
    join(csv, 'below-a-file.csv'),
  );
  assert.equal(refused.code, 4);
  assert.match(refused.err, /E0725/);
});
