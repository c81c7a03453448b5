/** Canonical forms that the files of exporters made necessary, and what must stay as it is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textWithoutNames } from '../../bench/zoo.ts';
import { canonicalize } from '../../compiler/passes/canonicalize.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { buildModel, type ModelBuilder } from '../onnx/build.ts';
import { assertNear, imported, outputsOf } from '../onnx/run.ts';

const [ROWS, WIDTH] = [5, 6];

/** A network of one image [5, 6]: canonical, and of the values that it had. */
function canonical(write: (m: ModelBuilder, x: string) => string, tolerance = 1e-6): AnnGraph {
  const m = buildModel(17);
  const raw = imported(m.bytes(['batch', ROWS, WIDTH], [write(m, 'input')]));
  const result = canonicalize.run(raw, undefined, createDiagnostics().report);
  assert.deepEqual(verifyGraph(result), []);
  const x = numbers(ROWS * WIDTH, 1);
  assertNear(outputsOf(result, x), outputsOf(raw, x), tolerance);
  return result;
}

function numbers(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.normal());
}

const weight = (m: ModelBuilder, seed: number, rows = WIDTH, columns = WIDTH) =>
  m.weight([rows, columns], numbers(rows * columns, seed));
const kindsOf = (graph: AnnGraph) => graph.nodes.map(node => node.kind).filter(kind => kind !== 'view');
const find = <K extends AnnGraph['nodes'][number]['kind']>(graph: AnnGraph, kind: K) =>
  graph.nodes.find(node => node.kind === kind);
const mean = (m: ModelBuilder, x: string, axis = -1) => m.op('ReduceMean', [x], { axes: [axis] });

test('a norm whose variance is the mean of squares less the square of the mean', () => {
  const graph = canonical((m, x) => {
    const square = m.op('Mul', [mean(m, x), mean(m, x)]);
    const variance = m.op('Sub', [mean(m, m.op('Mul', [x, x])), square]);
    const root = m.op('Sqrt', [m.op('Add', [variance, m.scalar(1e-5)])]);
    return m.op('Div', [m.op('Sub', [x, mean(m, x)]), root]);
  });
  const norm = find(graph, 'layernorm');
  assert.ok(norm?.kind === 'layernorm');
  assert.equal(norm.attrs.epsilon, Math.fround(1e-5));
  assert.equal(norm.attrs.gamma, undefined);
});

test('a norm over axis 1 is a norm over channels that lie the other way', () => {
  const graph = canonical((m, x) => {
    const y = m.op('Transpose', [m.op('MatMul', [x, weight(m, 2)])], { perm: [0, 2, 1] });
    const centred = m.op('Sub', [y, mean(m, y, 1)]);
    const variance = mean(m, m.op('Mul', [centred, centred]), 1);
    return m.op('Div', [centred, m.op('Sqrt', [m.op('Add', [variance, m.scalar(1e-6)])])]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'linear', 'layernorm', 'output']);
});

test('a root mean square of something centred is a layernorm', () => {
  const graph = canonical((m, x) => {
    const centred = m.op('Sub', [x, mean(m, x)]);
    const square = mean(m, m.op('Pow', [centred, m.scalar(2)]));
    return m.op('Mul', [centred, m.op('Pow', [m.op('Add', [square, m.scalar(1e-6)]), m.scalar(-0.5)])]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'layernorm', 'output']);
});

test('what only subtracts the mean is no norm', () => {
  const graph = canonical((m, x) => m.op('Sub', [x, mean(m, x)]));
  assert.ok(!kindsOf(graph).some(kind => kind === 'layernorm' || kind === 'rmsnorm'));
});

test('a row that is divided by another row’s root is no norm', () => {
  const graph = canonical((m, x) => {
    const other = m.op('MatMul', [x, weight(m, 4)]);
    const root = m.op('Sqrt', [m.op('Add', [mean(m, m.op('Mul', [other, other])), m.scalar(1e-6)])]);
    return m.op('Div', [x, root]);
  });
  assert.ok(!kindsOf(graph).includes('rmsnorm'));
});

for (const [name, write] of Object.entries({
  'without maximum': (m: ModelBuilder, x: string) => m.op('Exp', [x]),
  'the maximum subtracted': (m: ModelBuilder, x: string) =>
    m.op('Exp', [m.op('Sub', [x, m.op('ReduceMax', [x], { axes: [-1] })])]),
})) {
  test(`softmax in primitives: ${name}`, () => {
    const graph = canonical((m, x) => {
      const powers = write(m, m.op('Mul', [x, m.scalar(0.5)]));
      return m.op('Div', [powers, m.op('ReduceSum', [powers, m.ints(-1)])]);
    });
    assert.deepEqual(kindsOf(graph), ['input', 'softmax', 'output']);
    const softmax = find(graph, 'softmax');
    assert.ok(softmax?.kind === 'softmax' && softmax.attrs.scale === 0.5);
  });
}

test('exponentials over another sum are no softmax', () => {
  const graph = canonical((m, x) => {
    const powers = m.op('Exp', [x]);
    return m.op('Div', [powers, m.op('ReduceSum', [m.op('Mul', [powers, powers]), m.ints(-1)])]);
  });
  assert.ok(!kindsOf(graph).includes('softmax'));
});

test('keys times queries are queries times keys', () => {
  const scores = (isSwapped: boolean) =>
    canonical((m, x) => {
      const [q, k] = [m.op('MatMul', [x, weight(m, 5)]), m.op('MatMul', [x, weight(m, 6)])];
      const turned = (y: string) => m.op('Transpose', [y], { perm: [0, 2, 1] });
      const product = isSwapped ? turned(m.op('MatMul', [k, turned(q)])) : m.op('MatMul', [q, turned(k)]);
      return m.op('Softmax', [product]);
    });
  assert.equal(textWithoutNames(scores(true)), textWithoutNames(scores(false)));
});

test('a factor beside a constant that is added to the scores: one affine', () => {
  const graph = canonical((m, x) => {
    const [q, k] = [m.op('MatMul', [x, weight(m, 5)]), m.op('MatMul', [x, weight(m, 6)])];
    const scaled = m.op('Mul', [q, m.scalar(WIDTH ** -0.5)]);
    const product = m.op('MatMul', [scaled, m.op('Transpose', [k], { perm: [0, 2, 1] })]);
    return m.op('Softmax', [m.op('Add', [product, m.weight([ROWS, ROWS], numbers(ROWS * ROWS, 7))])]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'linear', 'linear', 'matmul', 'affine', 'softmax', 'output']);
  const affine = find(graph, 'affine');
  assert.ok(
    affine?.kind === 'affine' && affine.attrs.scale !== undefined && affine.attrs.shift !== undefined,
  );
  assert.equal(graph.constants.get(affine.attrs.scale).data[0], 1 / Math.sqrt(WIDTH));
});

test('an offset of the query stays where a factor goes', () => {
  const graph = canonical((m, x) => {
    const moved = m.op('Add', [m.op('Tanh', [x]), m.weight([WIDTH], numbers(WIDTH, 8))]);
    const q = m.op('Mul', [moved, m.scalar(0.25)]);
    return m.op('Softmax', [m.op('MatMul', [q, m.op('Transpose', [x], { perm: [0, 2, 1] })])]);
  });
  const softmax = find(graph, 'softmax');
  assert.ok(softmax?.kind === 'softmax' && softmax.attrs.scale === 0.25);
});

test('layer scale goes into the columns of a linear, a gain before it into the rows', () => {
  const graph = canonical((m, x) => {
    const gain = m.op('Mul', [m.op('Tanh', [x]), m.weight([WIDTH], numbers(WIDTH, 9))]);
    const y = m.op('Add', [m.op('MatMul', [gain, weight(m, 10)]), m.weight([WIDTH], numbers(WIDTH, 11))]);
    return m.op('Mul', [y, m.weight([WIDTH], numbers(WIDTH, 12))]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'pointwise', 'linear', 'output']);
});

test('an offset behind a residual sum is the bias of the linear that is added', () => {
  const graph = canonical((m, x) => {
    const sum = m.op('Add', [x, m.op('MatMul', [x, weight(m, 13)])]);
    return m.op('Add', [sum, m.weight([WIDTH], numbers(WIDTH, 14))]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'linear', 'add', 'output']);
});

test('query, key and value out of one product without bias, biases behind', () => {
  const graph = canonical((m, x) => {
    const fused = m.op('MatMul', [x, weight(m, 15, WIDTH, 3 * WIDTH)]);
    const [q, k, v] = m.ops('Split', [fused, m.ints(WIDTH, WIDTH, WIDTH)], 3, { axis: 2 });
    const biased = (y: string, seed: number) => m.op('Add', [y, m.weight([WIDTH], numbers(WIDTH, seed))]);
    const keys = m.op('Transpose', [biased(k!, 17)], { perm: [0, 2, 1] });
    const p = m.op('Softmax', [m.op('MatMul', [biased(q!, 16), keys])]);
    return m.op('MatMul', [p, biased(v!, 18)]);
  });
  const linears = graph.nodes.filter(node => node.kind === 'linear');
  assert.deepEqual(
    linears.map(node => node.attrs.bias !== undefined),
    [true, true, true],
  );
});

test('columns that are read twice, whole and in part, are one thing', () => {
  const graph = canonical((m, x) => {
    const fused = m.op('MatMul', [x, weight(m, 19, WIDTH, 2 * WIDTH)]);
    const part = (first: number, end: number) =>
      m.op('Slice', [fused, m.ints(first), m.ints(end), m.ints(2)]);
    const key = m.op('Tanh', [part(0, WIDTH)]);
    const half = m.op('Tanh', [m.op('Concat', [part(3, WIDTH), part(0, 3)], { axis: 2 })]);
    const rest = m.op('Erf', [part(WIDTH, 2 * WIDTH)]);
    return m.op('Add', [m.op('Add', [key, half]), rest]);
  });
  assert.equal(graph.nodes.filter(node => node.kind === 'linear').length, 2);
});

test('a sum over n divided by n is a mean', () => {
  const graph = canonical((m, x) =>
    m.op('Div', [m.op('ReduceSum', [x, m.ints(-1)], { keepdims: 1 }), m.scalar(WIDTH)]),
  );
  const reduce = find(graph, 'reduce');
  assert.ok(reduce?.kind === 'reduce' && reduce.attrs.op === 'mean');
});

test('a rotation in pairs is one view and gains', () => {
  const graph = canonical((m, x) => {
    const y = m.op('MatMul', [x, weight(m, 20)]);
    const every = (first: number) => m.op('Slice', [y, m.ints(first), m.ints(WIDTH), m.ints(2), m.ints(2)]);
    const column = (z: string) => m.op('Unsqueeze', [z, m.ints(3)]);
    const pairs = m.op('Concat', [column(m.op('Neg', [every(1)])), column(every(0))], { axis: 3 });
    const turned = m.op('Reshape', [pairs, m.ints(0, 0, WIDTH)]);
    const [cosine, sine] = [21, 22].map(seed => m.weight([ROWS, WIDTH], numbers(ROWS * WIDTH, seed)));
    return m.op('Add', [m.op('Mul', [y, cosine!]), m.op('Mul', [turned, sine!])]);
  });
  assert.deepEqual(kindsOf(graph), ['input', 'linear', 'affine', 'affine', 'add', 'output']);
});
