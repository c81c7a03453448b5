/** Ladders of a fixed length, what they cut off, and that the same compile writes the same bytes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { writeNpz } from '../cli/npz.ts';
import { calibrate } from '../compiler/calibrate.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { findSites } from '../compiler/sites.ts';
import { emitsOf } from '../compiler/thresholds.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { renderReport } from '../report/html/render.ts';
import type { Report } from '../report/schema.ts';
import { DIGITS } from './digits.ts';
import { randomImages } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-levels-'));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

test('levels are those that are asked for, of both rules; else they reach the calibration maximum', () => {
  const ann = randomAnn(5);
  const sites = findSites(ann);
  const calibration = calibrate(ann, sites, randomImages(ann, 3, 5));
  const { report } = createDiagnostics();
  const ladders = (rule: 'pow2' | 'paper', levels?: number) => {
    const options = { rule, profile: defaultProfile(3), levels, maxLevels: 16 };
    return [...emitsOf(sites, calibration, options, report)].map(([site, emit]) => {
      assert.ok(emit.kind === 'mt');
      return { site, emit };
    });
  };
  for (const rule of ['pow2', 'paper'] as const) {
    for (const n of [1, 4, 6, 16]) {
      for (const { emit } of ladders(rule, n)) assert.equal(emit.levels, n);
    }
  }
  for (const { emit } of ladders('paper')) assert.equal(emit.levels, 8);
  for (const { site, emit } of ladders('pow2')) {
    const { max } = calibration.get(site)!;
    const highest = emit.theta1 * 2 ** (emit.levels - 1);
    assert.ok(highest >= max && (emit.levels === 1 || highest < 2 * max), `${site}: ${highest} for ${max}`);
  }
});

const run = promisify(execFile);
/** A process of its own, which says its result as JSON. */
const runJson = async (...argv: readonly string[]) =>
  JSON.parse((await run('node', ['build/test/cli-entry.js', ...argv, '--json'])).stdout);

/** Few images, so that a compile is quick. */
const FEW = 12;
before(() => {
  const path = `${DIGITS}/digits-calib.npz`;
  const { shape, data } = readNpz(readFileSync(path), path).get('images')!;
  const few = Float64Array.from({ length: FEW * (data.length / shape[0]!) }, (_, i) => Number(data[i]));
  writeFileSync(at('few.npz'), writeNpz([{ name: 'images', shape: [FEW, ...shape.slice(1)], data: few }]));
});

const compile = (out: string, ...more: readonly string[]) =>
  runJson(
    ...['compile', `${DIGITS}/vit-digits.onnx`, '--calibrate', at('few.npz')],
    ...['--effort', 'fast', '--out', at(out), ...more],
  );

/** Every file of a folder, by its path. */
function bytesOf(name: string): ReadonlyMap<string, Buffer> {
  const entries = readdirSync(at(name), { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return new Map(files.map(path => [path.slice(at(name).length + 1), readFileSync(path)]));
}

/** What a report says of the machine that compiled is no part of what was compiled. */
const withoutBuild = (bytes: Buffer): string =>
  bytes.toString().replace(/^ {4}"build": \{$[\s\S]*?^ {4}\},$/m, '');

test('the same compile writes the same bytes: every file but build.json, and what the report takes from it', async () => {
  await Promise.all(['one', 'two'].map(name => compile(name, '--shift', '3')));
  const [one, two] = [bytesOf('one'), bytesOf('two')];
  assert.deepEqual([...one.keys()].toSorted(), [...two.keys()].toSorted());
  for (const path of ['manifest.json', 'report.json', 'stages/int.bin', 'program/chip-000.bin'])
    assert.ok(one.has(path), path);
  for (const [path, bytes] of one) {
    if (path === 'build.json') continue;
    const other = two.get(path)!;
    if (path === 'report.json') assert.equal(withoutBuild(bytes), withoutBuild(other));
    else if (path === 'report.html') {
      const report = JSON.parse(one.get('report.json')!.toString()) as Report;
      assert.equal(bytes.toString(), renderReport(report));
    } else assert.ok(bytes.equals(other), path);
  }
});

test('W0422: what short ladders cut off is counted, by compile and validate', async () => {
  const long = JSON.parse(readFileSync(at('one/manifest.json'), 'utf8'));
  assert.deepEqual(long.calibration.saturations, {
    ...{ accumulator: 0, state: 0, threshold: 0 },
    ...{ worst: null, images: FEW },
  });
  assert.equal(long.options.levels, null);
  const { diagnostics } = await compile('short', '--shift', '3', '--levels', '4');
  assert.ok(diagnostics.some((d: { code: string }) => d.code === 'W0422'));
  const short = JSON.parse(readFileSync(at('short/manifest.json'), 'utf8'));
  assert.equal(short.options.levels, 4);
  const spiking = short.populations.filter((p: { emit: string }) => p.emit === 'mt');
  assert.ok(spiking.length > 0 && spiking.every((p: { levels: number }) => p.levels === 4));
  const { threshold, worst } = short.calibration.saturations;
  assert.ok(worst.count > 0 && worst.count < threshold);
  const test_ = ['--data', `${DIGITS}/digits-test.npz`, '--limit', '2', '--identity', '1'];
  const { saturations } = await runJson('validate', at('short'), ...test_, '--tolerance', '100');
  assert.ok(saturations.threshold > 0);
  assert.ok(short.populations.some((p: { name: string }) => p.name === saturations.worst.population));
  assert.match(readFileSync(at('short/summary.txt'), 'utf8'), /saturated [\d,]+ times in calibration/);
  const { layers } = JSON.parse(readFileSync(at('short/report.json'), 'utf8')) as Report;
  const cut = layers.map(layer => layer.saturations?.threshold ?? 0);
  assert.equal(
    cut.reduce((a, b) => a + b, 0),
    threshold,
  );
});
