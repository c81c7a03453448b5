/** Does the fuzzer see what it looks for, and does it do what it says? */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFile } from '../../compiler/onnx/source.ts';
import { createDiagnostics, type Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { differenceOf, drawImage, outputsOf, steadyOutputs } from './compare.ts';
import { collectCorpus, createReader } from './corpus.ts';
import { exercise } from './exercise.ts';
import { createGenerator, KINDS } from './generate.ts';
import { faultOf } from './messages.ts';
import { encodeModel } from './model.ts';
import { byteMutators } from './mutate/bytes.ts';
import { structural } from './mutators.ts';
import { createTally } from './tally.ts';

test('the same seed and number give the same file, others another', () => {
  const [a, b, other] = [createGenerator(3), createGenerator(3), createGenerator(4)];
  assert.deepEqual(a(17), b(17));
  b(2);
  assert.deepEqual(a(18), b(18));
  assert.notDeepEqual(a(17).bytes, other(17).bytes);
  for (const kind of KINDS) {
    assert.ok(createGenerator(1, kind)(5).mutators.every(name => name.startsWith(`${kind}: `)));
  }
});

test('every specimen is sound before it is damaged', () => {
  const outcomes = new Map(
    collectCorpus().map(({ name, read }) => [name, exercise(memoryFile(read(), 'model.onnx'))]),
  );
  for (const [name, { kind, detail }] of outcomes)
    assert.ok(kind === 'accepted' || kind === 'refused', `${name}: ${detail}`);
  const refused = [...outcomes].filter(([, { kind }]) => kind === 'refused').map(([name]) => name);
  assert.ok(refused.length <= 2, `${refused}`);
});

test('every mutator changes something', () => {
  const corpus = collectCorpus();
  const read = createReader();
  const changes = (apply: (at: number) => boolean) => Array.from({ length: 60 }, (_, at) => at).some(apply);
  for (const mutator of Object.values(structural).flat()) {
    assert.ok(
      changes(at => {
        const model = read(corpus[at % corpus.length]!);
        const before = encodeModel(model);
        mutator.apply(model, createRandom(at));
        return !Buffer.from(before).equals(encodeModel(model));
      }),
      mutator.name,
    );
  }
  const bytes = corpus[0]!.read();
  for (const { name, apply } of byteMutators) {
    assert.ok(
      changes(at => !Buffer.from(bytes).equals(apply(bytes, createRandom(at)))),
      name,
    );
  }
});

test('messages that are not fit to be read are seen', () => {
  const said = (reason: string, origin = 'model.onnx'): Diagnostic => {
    const { report, list } = createDiagnostics();
    report('E0102', { origin }, { reason });
    return list[0]!;
  };
  assert.equal(faultOf(said('it is empty')), undefined);
  assert.equal(faultOf(said('a name with \u001b[31m and\ntwo lines')), undefined);
  for (const reason of ['size undefined', '[object Object]', 'NaN numbers', 'TypeError: x', 'at read.js:12'])
    assert.notEqual(faultOf(said(reason)), undefined, reason);
  assert.notEqual(faultOf(said('it is empty', '')), undefined);
  assert.notEqual(faultOf({ ...said('it is empty'), message: 'x'.repeat(9000) }), undefined);
  assert.notEqual(faultOf({ ...said('it is empty'), message: 'red \u001b[31m' }), undefined);
});

test('another value is another network; rounding is not', () => {
  const graph = randomAnn(4);
  const image = drawImage(graph);
  const outputs = outputsOf(graph, image);
  assert.deepEqual(steadyOutputs(graph, image), outputs);
  const moved = outputs.map(values => values.map(x => x * (1 + 1e-9)));
  assert.equal(differenceOf(outputs, moved, 1e-4), undefined);
  const wrong = outputs.map(values => values.map((x, i) => (i === 0 ? x + 1 : x)));
  assert.match(differenceOf(outputs, wrong, 1e-4) ?? '', /element 0/);
  assert.match(differenceOf(outputs, [], 1e-4) ?? '', /became 0/);
  const silent = outputs.map(values => values.map(() => Number.NaN));
  assert.notEqual(differenceOf(outputs, silent, 1e-4), undefined);
});

test('only what was accepted or refused has passed', () => {
  const tally = createTally();
  const result = { codes: [], run: 0, specimen: 'vit', mutators: ['bytes: noise'], seconds: 1 };
  assert.equal(tally.add({ ...result, kind: 'accepted' }), false);
  assert.equal(tally.add({ ...result, kind: 'refused', codes: ['E0102'] }), false);
  for (const kind of ['crash', 'hang', 'memory', 'wrong', 'message'] as const)
    assert.equal(tally.add({ ...result, kind }), true, kind);
  assert.match(tally.render('again', 2), /\n2 passed, 5 failed$/);
});
