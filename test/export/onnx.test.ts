/** The annotated model: the user's bytes and more, whose meaning is the same; and what is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readNirFile } from '../../cli/nir-file.ts';
import { numbersOf, readNirGraph } from '../../compiler/nir/graph.ts';
import { annotateModel } from '../../compiler/onnx/annotate.ts';
import { memorySource } from '../../compiler/onnx/source.ts';
import { Malformed } from '../../compiler/onnx/wire.ts';
import { DIGITS, readDigits } from '../digits.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-annotate-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const MODEL = `${DIGITS}/vit-digits.onnx`;
const bytes = readFileSync(MODEL);
const join_ = (parts: Iterable<Uint8Array>) => Buffer.concat([...parts]);

test('without annotations the bytes are those of the model', () => {
  const { parts, annotated } = annotateModel(memorySource(bytes), () => undefined, []);
  assert.equal(annotated, 0);
  assert.ok(join_(parts).equals(bytes));
});

test('what is added to every node is found, and nothing else changes', () => {
  const entries = [['key', 'value €']] as const;
  const seen: string[] = [];
  const { parts, annotated } = annotateModel(
    memorySource(bytes),
    name => {
      seen.push(name);
      return { entries, text: 'a text' };
    },
    [['whole', 'model']],
  );
  const once = join_(parts);
  assert.ok(annotated > 100 && new Set(seen).size === seen.length);
  const added = (text: string) =>
    once.toString('latin1').split(Buffer.from(text).toString('latin1')).length - 1;
  assert.equal(added('value €'), annotated);
  assert.equal(added('model'), 1 + bytes.toString('latin1').split('model').length - 1);
  // A second round finds the same nodes, and their descriptions.
  const again = annotateModel(
    memorySource(once),
    name => (name === seen[0] ? { entries, text: 'more' } : undefined),
    [],
  );
  const twice = join_(again.parts);
  assert.match(twice.toString('latin1'), /a text\nmore/);
  assert.ok(twice.length > once.length);
});

test('a cut or damaged model is malformed, or another model', () => {
  for (let at = 1; at < 4000; at += 37) {
    const damaged = Buffer.from(bytes.subarray(0, at % 2 === 0 ? at : bytes.length));
    damaged[at >> 1] = (damaged[at >> 1]! + at) % 256;
    try {
      join_(annotateModel(memorySource(damaged), () => ({ entries: [], text: 'x' }), []).parts);
    } catch (error) {
      assert.ok(error instanceof Malformed, `${error}`);
    }
  }
});

test('tables, weights as NIR and the annotated model of a deployment', async () => {
  const out = join(folder, 'd.snnc');
  const quick = ['--quiet', '--no-bias-correction', '--effort', 'fast', '--no-compare', '--simulate', '0'];
  const made = snnc('compile', MODEL, '--calibrate', `${DIGITS}/digits-calib.npz`, ...quick, '--out', out);
  assert.equal(made.code, 0, made.err);
  const model = join(folder, 'annotated.onnx');
  const annotated = snnc('export', out, '--to', 'onnx', '--model', MODEL, '-o', model, '--json');
  assert.equal(annotated.code, 0, annotated.err);
  const { populations } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  const text = readFileSync(model, 'latin1');
  const origins = new Set(populations.map((p: { origin: string }) => p.origin));
  origins.delete('input');
  assert.ok(JSON.parse(annotated.out).annotated >= origins.size);
  for (const { name, origin } of populations)
    if (origin !== 'input') assert.ok(text.includes(`snnc.population.${name}.cores`), name);
  const tables = snnc('export', out, '--to', 'csv', '-o', join(folder, 'csv'), '--json');
  assert.equal(tables.code, 0, tables.err);
  const { rows } = JSON.parse(tables.out);
  assert.equal(rows['populations.csv'], populations.length);
  const lines = readFileSync(join(folder, 'csv', 'routes.csv'), 'utf8')
    .trim()
    .split('\n');
  assert.equal(lines.length, rows['routes.csv'] + 1);
  for (const line of lines) assert.equal(line.split(',').length, lines[0]!.split(',').length);
  const weights = join(folder, 'weights.nir');
  const chosen = ['--population', 'blocks.0.fc1', 'blocks.0.res2'];
  const written = snnc('export', out, '--to', 'nir', '-o', weights, '--json', ...chosen);
  assert.equal(written.code, 0, written.err);
  assert.ok(JSON.parse(written.out).lost.some((text: string) => text.includes('NIR has no node for')));
  const graph = readNirGraph(await readNirFile(weights), weights);
  assert.deepEqual(graph.nodes.map(({ type }) => type).sort(), [
    'Affine',
    'Affine',
    'Input',
    'Input',
    'Output',
    'Output',
  ]);
  // 8 bits of a row whose largest weight is below 1/2: within 1/256 of the user's own.
  const { data, shape } = numbersOf(graph.nodes.find(({ name }) => name === 'blocks.0.res2')!, 'weight')!;
  assert.deepEqual(shape, [64, 256]);
  const { ann } = readDigits(1);
  const near = ann.nodes.some(node => {
    if (node.kind !== 'linear') return false;
    const own = ann.constants.get(node.attrs.weight);
    if (own.shape.join() !== '256,64') return false;
    return own.data.every((x, i) => Math.abs(x - data[(i % 64) * 256 + Math.floor(i / 64)]!) < 1 / 256);
  });
  assert.ok(near, 'no weights of the model are near');
  assert.match(snnc('export', out, '--to', 'nir', '-o', weights, '--population', 'x').err, /E0755/);
  assert.match(snnc('export', out, '--to', 'onnx', '-o', model).err, /E0764.*--model/s);
  assert.match(snnc('export', out, '--to', 'sanafe', '-o', folder).err, /E0764.*--input/s);
  const other = join(folder, 'other.onnx');
  writeFileSync(other, bytes.subarray(0, 100));
  assert.match(snnc('export', out, '--to', 'onnx', '--model', other, '-o', model).err, /E0765/);
});
