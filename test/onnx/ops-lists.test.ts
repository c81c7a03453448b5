import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildModel } from './build.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

test('a list of equal pieces is taken apart and put together again', () => {
  const m = buildModel(17);
  const list = m.op('SplitToSequence', ['input', m.index(2)], { axis: 2 });
  const [first, last] = [m.op('SequenceAt', [list, m.index(0)]), m.op('SequenceAt', [list, m.index(-1)])];
  const turned = m.op('SequenceConstruct', [last, first]);
  const y = m.op('ConcatFromSequence', [turned], { axis: 1 });
  const stacked = m.op('ConcatFromSequence', [turned], { axis: -1, new_axis: 1 });
  const graph = imported(m.bytes(['b', 2, 4], [y, stacked]));
  const image = [1, 2, 3, 4, 5, 6, 7, 8];
  assertNear(outputsOf(graph, image), [3, 4, 7, 8, 1, 2, 5, 6, ...[3, 1, 4, 2, 7, 5, 8, 6]], 0);
});

test('single entries with and without their axis, and the length of the list', () => {
  const m = buildModel(17);
  const bare = m.op('SplitToSequence', ['input'], { axis: 1, keepdims: 0 });
  const kept = m.op('SplitToSequence', ['input'], { axis: 1 });
  const length = m.op('Cast', [m.op('SequenceLength', [kept])], { to: 1 });
  const one = m.op('SequenceAt', [bare, m.index(1)]);
  const two = m.op('Squeeze', [m.op('SequenceAt', [kept, m.index(2)]), m.ints(1)]);
  const graph = imported(m.bytes(['b', 3], [m.op('Add', [m.op('Mul', [one, length]), two])]));
  assertNear(outputsOf(graph, [1, 2, 5]), [11], 0);
});

test('pieces of different shapes are refused', () => {
  const m = buildModel(17);
  const list = m.op('SplitToSequence', ['input', m.ints(1, 3)], { axis: 1 });
  const found = refused(m.bytes(['b', 4], [m.op('SequenceAt', [list, m.index(0)])]));
  assert.deepEqual(codesOf(found), ['E0106']);
  assert.match(found[0]?.message ?? '', /their shapes differ/);
});

test('the guard against rows that are masked whole says nothing of finite numbers', () => {
  const m = buildModel(18);
  const weights = m.op('Softmax', ['input'], { axis: -1 });
  const guarded = m.op('Where', [m.op('IsNaN', [weights]), m.scalar(0), weights]);
  const plain = buildModel(18);
  const bare = plain.op('Softmax', ['input'], { axis: -1 });
  const image = [0.5, -1, 2];
  assertNear(
    outputsOf(imported(m.bytes(['b', 3], [guarded])), image),
    outputsOf(imported(plain.bytes(['b', 3], [bare])), image),
    0,
  );
});
