/** Operators that move numbers as constants say, and Einstein sums. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attributes, buildModel, type ModelBuilder } from './build.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

const iota = (length: number) => Float64Array.from({ length }, (_, i) => i);
const index = (m: ModelBuilder, dims: readonly number[], values: readonly number[]) =>
  m.op('Reshape', [m.ints(...values), m.ints(...dims)]);

interface Case {
  readonly opset?: number;
  readonly shape: readonly number[];
  readonly attributes?: Attributes;
  readonly more?: (m: ModelBuilder) => readonly string[];
  readonly wanted: readonly number[];
}

/** The image is 0, 1, 2, …; its batch axis is axis 0. */
const CASES: readonly (readonly [string, Case])[] = [
  ['Tile', { shape: [2], more: m => [m.ints(1, 2)], wanted: [0, 1, 0, 1] }],
  [
    'Pad',
    {
      shape: [3],
      attributes: { mode: 'reflect' },
      more: m => [m.ints(0, 2, 0, 1)],
      wanted: [2, 1, 0, 1, 2, 1],
    },
  ],
  [
    'Pad',
    { shape: [3], attributes: { mode: 'edge' }, more: m => [m.ints(0, 1, 0, 2)], wanted: [0, 0, 1, 2, 2, 2] },
  ],
  [
    'Pad',
    {
      opset: 19,
      shape: [3],
      attributes: { mode: 'wrap' },
      more: m => [m.ints(0, 2, 0, 1)],
      wanted: [1, 2, 0, 1, 2, 0],
    },
  ],
  ['Pad', { shape: [2], more: m => [m.ints(0, 1, 0, 0), m.scalar(7)], wanted: [7, 0, 1] }],
  [
    'GatherElements',
    {
      shape: [2, 2],
      attributes: { axis: 2 },
      more: m => [index(m, [1, 2, 2], [1, 1, -1, 0])],
      wanted: [1, 1, 3, 2],
    },
  ],
  ['GatherND', { shape: [2, 3], more: m => [index(m, [2, 3], [0, 1, 2, 0, 0, -1])], wanted: [5, 2] }],
  [
    'GatherND',
    {
      opset: 12,
      shape: [2, 3],
      attributes: { batch_dims: 1 },
      more: m => [index(m, [1, 1], [1])],
      wanted: [3, 4, 5],
    },
  ],
  [
    'ScatterND',
    {
      shape: [4],
      more: m => [index(m, [2, 2], [0, 3, 0, 1]), m.weight([2], [70, 80])],
      wanted: [0, 80, 2, 70],
    },
  ],
  [
    'ScatterElements',
    {
      shape: [3],
      attributes: { axis: 1 },
      more: m => [index(m, [1, 2], [0, 0]), m.weight([1, 2], [5, 6])],
      wanted: [6, 1, 2],
    },
  ],
  [
    'ScatterElements',
    {
      shape: [3],
      attributes: { axis: 1, reduction: 'add' },
      more: m => [index(m, [1, 2], [1, 1]), m.weight([1, 2], [5, 6])],
      wanted: [0, 12, 2],
    },
  ],
  [
    'ScatterElements',
    {
      shape: [3],
      attributes: { axis: 1, reduction: 'max' },
      more: m => [index(m, [1, 2], [2, 2]), m.weight([1, 2], [1, 6])],
      wanted: [0, 1, 6],
    },
  ],
  ['DepthToSpace', { shape: [4, 1, 2], attributes: { blocksize: 2 }, wanted: [0, 2, 1, 3, 4, 6, 5, 7] }],
  ['SpaceToDepth', { shape: [1, 2, 4], attributes: { blocksize: 2 }, wanted: [0, 2, 1, 3, 4, 6, 5, 7] }],
  ['Trilu', { shape: [2, 2], more: m => [m.index(1)], wanted: [0, 1, 0, 0] }],
  [
    'Compress',
    {
      shape: [4],
      attributes: { axis: 1 },
      more: m => [m.op('Cast', [m.ints(1, 0, 1)], { to: 9 })],
      wanted: [0, 2],
    },
  ],
  [
    'ReverseSequence',
    { shape: [3], attributes: { time_axis: 1, batch_axis: 0 }, more: m => [m.ints(2)], wanted: [1, 0, 2] },
  ],
  ['CenterCropPad', { shape: [4], attributes: { axes: [1] }, more: m => [m.ints(2)], wanted: [1, 2] }],
  ['CumSum', { shape: [4], more: m => [m.index(1)], wanted: [0, 1, 3, 6] }],
  [
    'LRN',
    { shape: [2, 1], attributes: { size: 1, alpha: { float: 1 }, beta: { float: 1 } }, wanted: [0, 0.5] },
  ],
  ['ReduceL1', { shape: [3], attributes: { axes: [1] }, opset: 13, wanted: [3] }],
  ['ReduceL2', { shape: [3], more: m => [m.ints(1)], wanted: [Math.sqrt(5)] }],
  ['ReduceMin', { shape: [3], more: m => [m.ints(1)], wanted: [0] }],
  ['ReduceLogSumExp', { shape: [3], more: m => [m.ints(1)], wanted: [Math.log(1 + Math.E + Math.E ** 2)] }],
  [
    'Softmax',
    { opset: 11, shape: [2, 1], attributes: { axis: 1 }, wanted: [1 / (1 + Math.E), Math.E / (1 + Math.E)] },
  ],
  ['MatMul', { shape: [2, 1, 2], more: m => [m.weight([2, 2, 1], [1, 2, 3, 4])], wanted: [2, 18] }],
  ['LpNormalization', { shape: [2], attributes: { axis: 1 }, wanted: [0, 1] }],
  [
    'InstanceNormalization',
    {
      shape: [1, 2],
      attributes: { epsilon: { float: 0 } },
      more: m => [m.weight([1], [3]), m.weight([1], [1])],
      wanted: [-2, 4],
    },
  ],
  [
    'GroupNormalization',
    {
      opset: 18,
      shape: [4],
      attributes: { num_groups: 2, epsilon: { float: 0 } },
      more: m => [m.weight([2], [1, 2]), m.weight([2], [0, 0])],
      wanted: [-1, 1, -2, 2],
    },
  ],
];

for (const [operator, { opset = 18, shape, attributes, more, wanted }] of CASES) {
  test(`${operator} ${JSON.stringify(attributes ?? {})} of [1,${shape}] is [${wanted.map(x => Number(x.toFixed(3)))}]`, () => {
    const m = buildModel(opset);
    const y = m.op(operator, ['input', ...(more?.(m) ?? [])], attributes);
    const graph = imported(m.bytes([1, ...shape], [y]));
    assertNear(outputsOf(graph, iota(shape.reduce((a, b) => a * b, 1))), wanted, 1e-7);
  });
}

const EQUATIONS: readonly (readonly [string, readonly number[], readonly number[], readonly number[]])[] = [
  ['bij,...jk->bik', [2, 2], [2, 2], [2, 3, 6, 11]],
  ['...ij,jk->...ik', [2, 2], [2, 1], [1, 3]],
  ['bii,i->bi', [2, 2], [2], [0, 3]],
  ['bij,j->b', [2, 2], [2], [4]],
  ['bi,j->bij', [2], [3], [0, 0, 0, 0, 1, 2]],
  ['bij,bij->', [2, 2], [1, 2, 2], [14]],
];

for (const [equation, shape, other, wanted] of EQUATIONS) {
  test(`Einsum ${equation} of [1,${shape}] and [${other}]`, () => {
    const m = buildModel();
    const size = other.reduce((a, b) => a * b, 1);
    const y = m.op('Einsum', ['input', m.weight(other, iota(size))], { equation });
    const flat = m.op('Reshape', [y, m.ints(1, -1)]);
    const graph = imported(m.bytes([1, ...shape], [flat]));
    assertNear(outputsOf(graph, iota(shape.reduce((a, b) => a * b, 1))), wanted, 1e-9);
  });
}

test('three operands of an Einstein sum are taken from the left', () => {
  const m = buildModel();
  const w = m.weight([2, 2], [1, 2, 3, 4]);
  const y = m.op('Einsum', ['input', w, w], { equation: 'bi,ij,jk->bk' });
  assertNear(outputsOf(imported(m.bytes([1, 2], [y])), [1, 1]), [22, 32], 1e-9);
});

test('a place outside is refused by every operator that takes places', () => {
  const bad: readonly ((m: ModelBuilder) => string)[] = [
    m => m.op('GatherElements', ['input', index(m, [1, 1], [4])], { axis: 1 }),
    m => m.op('GatherND', ['input', index(m, [1, 2], [0, -5])]),
    m => m.op('ScatterND', ['input', index(m, [1, 2], [1, 0]), m.weight([1], [0])]),
    m => m.op('ScatterElements', ['input', index(m, [1, 1], [9]), m.weight([1, 1], [0])], { axis: 1 }),
    m => m.op('Tile', ['input', m.ints(1)]),
    m => m.op('Tile', ['input', m.ints(1, 2 ** 40)]),
    m => m.op('Einsum', ['input'], { equation: 'bij->b' }),
  ];
  for (const write of bad) {
    const m = buildModel();
    assert.deepEqual(codesOf(refused(m.bytes([1, 4], [write(m)]))), ['E0106'], write.toString());
  }
});

test('what has no place in a network says what would do instead', () => {
  const m = buildModel();
  const [found] = refused(m.bytes([1, 4], [m.op('LSTM', [m.op('RandomNormalLike', ['input'])])]));
  assert.deepEqual([found?.code, found?.facts.operator], ['E0103', 'RandomNormalLike']);
  assert.match(found?.help ?? '', /inference/);
});

test('work without end and numbers out of range are refused at once', () => {
  const zeros = (m: ModelBuilder, ...dims: readonly number[]) => m.op('ConstantOfShape', [m.ints(...dims)]);
  const bad: readonly ((m: ModelBuilder) => string)[] = [
    m => m.op('MatMul', [zeros(m, 4096, 4096), zeros(m, 4096, 4096)]),
    m => m.op('Conv', [zeros(m, 1, 2 ** 20, 1), zeros(m, 2 ** 20, 1, 1)], { group: 2 ** 20 }),
    m => m.op('CumProd', [zeros(m, 2 ** 20), m.index(0)]),
    m => m.op('Pad', ['input', m.ints(0, 2 ** 40, 0, -(2 ** 40))]),
    m => m.op('MaxPool', ['input'], { kernel_shape: [2 ** 30], pads: [2 ** 30, 0] }),
    m => m.op('AveragePool', ['input'], { kernel_shape: [1], strides: [2 ** 40] }),
    m => m.op('ConvTranspose', ['input', m.weight([2, 1, 1], [1, 2])], { pads: [2 ** 40, -(2 ** 40)] }),
    m =>
      m.op('ScatterElements', [zeros(m, 2 ** 16), zerosOf(m, 2 ** 13), zeros(m, 2 ** 13)], {
        reduction: 'add',
      }),
    m => m.op('Resize', ['input', '', m.weight([3], [1, 1, 1e30])], { mode: 'linear' }),
    m => m.op('Range', [m.index(0), m.index(2 ** 50), m.index(1)]),
  ];
  for (const write of bad) {
    const m = buildModel(17);
    const codes = codesOf(refused(m.bytes([1, 2, 4], [m.op('Add', ['input', write(m)])])));
    assert.deepEqual(codes.slice(0, 1), ['E0106'], write.toString());
  }
});

/** So many places, all of them the first. */
const zerosOf = (m: ModelBuilder, count: number) =>
  m.op('Cast', [m.op('ConstantOfShape', [m.ints(count)])], { to: 7 });
