import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullName, supportedOperators } from '../../compiler/onnx/ops/table.ts';
import { type Attributes, buildModel, floats, integers, type ModelBuilder } from './build.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

/** The image is [1, 2, 3, 4] = 0, 1, … 23 unless a shape is given. */
const iota = (length: number) => Float64Array.from({ length }, (_, i) => i);

interface Case {
  readonly opset?: number;
  readonly shape?: readonly number[];
  readonly attributes?: Attributes;
  /** Inputs behind the image. */
  readonly more?: (m: ModelBuilder) => readonly string[];
  readonly wanted: readonly number[];
}

const VIEWS: readonly (readonly [string, Case])[] = [
  ['Transpose', { shape: [2, 3], attributes: { perm: [0, 2, 1] }, wanted: [0, 3, 1, 4, 2, 5] }],
  ['Transpose', { shape: [2, 2], wanted: [0, 2, 1, 3] }],
  ['Reshape', { shape: [2, 3], more: m => [m.ints(0, -1)], wanted: [0, 1, 2, 3, 4, 5] }],
  ['Flatten', { shape: [2, 3], wanted: [0, 1, 2, 3, 4, 5] }],
  ['Slice', { shape: [6], more: m => [m.ints(-1), m.ints(-100), m.ints(1), m.ints(-2)], wanted: [5, 3, 1] }],
  ['Slice', { shape: [6], more: m => [m.ints(2), m.ints(2 ** 62), m.ints(1)], wanted: [2, 3, 4, 5] }],
  ['Slice', { opset: 9, shape: [6], attributes: { starts: [1], ends: [3], axes: [1] }, wanted: [1, 2] }],
  ['Gather', { shape: [4], attributes: { axis: 1 }, more: m => [m.ints(-1, 0)], wanted: [3, 0] }],
  ['Gather', { shape: [2, 2], attributes: { axis: 2 }, more: m => [m.index(1)], wanted: [1, 3] }],
  ['Unsqueeze', { opset: 11, shape: [2], attributes: { axes: [0, 3] }, wanted: [0, 1] }],
  ['Squeeze', { shape: [1, 2], more: m => [m.ints(1)], wanted: [0, 1] }],
  ['Expand', { shape: [1, 2], more: m => [m.ints(1, 3, 1)], wanted: [0, 1, 0, 1, 0, 1] }],
  ['Pad', { shape: [2], more: m => [m.ints(0, 1, 0, 2)], wanted: [0, 0, 1, 0, 0] }],
  ['Pad', { opset: 10, shape: [3], attributes: { pads: [0, -1, 0, 1] }, wanted: [1, 2, 0] }],
  [
    'Concat',
    {
      shape: [2],
      attributes: { axis: 1 },
      more: m => ['input', m.weight([1, 1], [9])],
      wanted: [0, 1, 0, 1, 9],
    },
  ],
  [
    'Concat',
    {
      shape: [2, 2],
      attributes: { axis: -1 },
      more: m => [m.weight([1, 2, 1], [7, 8])],
      wanted: [0, 1, 7, 2, 3, 8],
    },
  ],
  ['Identity', { shape: [2], wanted: [0, 1] }],
  ['Dropout', { shape: [2], wanted: [0, 1] }],
  ['Cast', { shape: [2], attributes: { to: 10 }, wanted: [0, 1] }],
];

const ARITHMETIC: readonly (readonly [string, Case])[] = [
  ['Add', { shape: [2, 2], more: m => [m.weight([2, 1], [10, 20])], wanted: [10, 11, 22, 23] }],
  ['Add', { shape: [1, 2], more: m => [m.weight([2, 1], [10, 20])], wanted: [10, 11, 20, 21] }],
  ['Sub', { shape: [2], more: m => [m.scalar(1)], wanted: [-1, 0] }],
  ['Mul', { shape: [3], more: () => ['input'], wanted: [0, 1, 4] }],
  ['Div', { shape: [3], more: m => [m.weight([3], [1, 2, 4])], wanted: [0, 0.5, 0.5] }],
  ['Pow', { shape: [3], more: m => [m.scalar(3)], wanted: [0, 1, 8] }],
  ['Pow', { shape: [3], more: m => [m.scalar(0.5)], wanted: [0, 1, Math.SQRT2] }],
  ['Max', { shape: [2], more: m => [m.scalar(0)], wanted: [0, 1] }],
  ['Clip', { shape: [2], more: m => [m.scalar(0)], wanted: [0, 1] }],
  ['Sum', { shape: [2], more: m => ['input', m.scalar(1)], wanted: [1, 3] }],
  ['Neg', { shape: [2], wanted: [-0, -1] }],
  ['Tanh', { shape: [2], wanted: [0, Math.tanh(1)] }],
  ['Exp', { shape: [2], wanted: [1, Math.E] }],
  ['Abs', { shape: [2], wanted: [0, 1] }],
  ['Gelu', { opset: 20, shape: [2], wanted: [0, 0.8413447460685429] }],
  ['Gelu', { opset: 20, shape: [2], attributes: { approximate: 'tanh' }, wanted: [0, 0.8411919906082768] }],
  ['ReduceMean', { opset: 13, shape: [2, 2], attributes: { axes: [1], keepdims: 0 }, wanted: [1, 2] }],
  ['ReduceMean', { opset: 18, shape: [2, 2], more: m => [m.ints(2)], wanted: [0.5, 2.5] }],
  ['ReduceSum', { opset: 13, shape: [2, 2], wanted: [6] }],
  ['ReduceMax', { opset: 13, shape: [2, 2], attributes: { axes: [-2] }, wanted: [2, 3] }],
  ['GlobalAveragePool', { shape: [2, 2, 2], wanted: [1.5, 5.5] }],
  ['Softmax', { shape: [2, 1], attributes: { axis: 1 }, wanted: [1 / (1 + Math.E), Math.E / (1 + Math.E)] }],
  ['Softmax', { opset: 11, shape: [2], wanted: [1 / (1 + Math.E), Math.E / (1 + Math.E)] }],
  [
    'LayerNormalization',
    {
      shape: [2],
      attributes: { epsilon: { float: 0 } },
      more: m => [m.weight([2], [3, 5]), m.weight([2], [1, 2])],
      wanted: [-2, 7],
    },
  ],
  [
    'RMSNormalization',
    {
      opset: 23,
      shape: [2],
      attributes: { epsilon: { float: 0 } },
      more: m => [m.weight([2], [1, 2])],
      wanted: [0, 2 * Math.SQRT2],
    },
  ],
  ['MatMul', { shape: [1, 2], more: m => [m.weight([2, 2], [1, 2, 3, 4])], wanted: [3, 4] }],
  ['MatMul', { shape: [2, 2], more: () => ['input'], wanted: [2, 3, 6, 11] }],
  ['MatMul', { shape: [2], more: m => [m.weight([2], [3, 5])], wanted: [5] }],
  [
    'Gemm',
    {
      shape: [2],
      attributes: { alpha: 0.5, beta: { float: 2 }, transB: 1 },
      more: m => [m.weight([1, 2], [3, 5]), m.weight([1], [10])],
      wanted: [22.5],
    },
  ],
  [
    'Einsum',
    {
      shape: [2, 2],
      attributes: { equation: 'bij,jk->bki' },
      more: m => [m.weight([2, 1], [3, 5])],
      wanted: [5, 21],
    },
  ],
];

for (const [operator, { opset = 17, shape = [2, 3, 4], attributes, more, wanted }] of [
  ...VIEWS,
  ...ARITHMETIC,
]) {
  test(`${operator} (opset ${opset}) of [1,${shape}] is [${wanted.map(x => Number(x.toFixed(3)))}]`, () => {
    const m = buildModel(opset);
    const y = m.op(operator, ['input', ...(more?.(m) ?? [])], attributes);
    const graph = imported(m.bytes([1, ...shape], [y]));
    assertNear(outputsOf(graph, iota(shape.reduce((a, b) => a * b, 1))), wanted, 1e-7);
  });
}

test('a constant matrix may stand on the left', () => {
  const m = buildModel();
  const graph = imported(m.bytes([1, 2, 2], [m.op('MatMul', [m.weight([1, 2], [3, 5]), 'input'])]));
  assertNear(outputsOf(graph, iota(4)), [10, 18], 0);
});

/** The definition of a convolution, one number at a time. */
function convolve(
  x: Float64Array,
  [channels, height, width]: readonly [number, number, number],
  weight: Float32Array,
  { outputs, kernel, stride, pad, dilation, group }: ConvCase,
): number[] {
  const per = channels / group;
  const size = (n: number) => Math.floor((n + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  const y: number[] = [];
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / (outputs / group)) * per;
    for (let r = 0; r < size(height); r++) {
      for (let c = 0; c < size(width); c++) {
        let sum = 0;
        for (let i = 0; i < per * kernel * kernel; i++) {
          const [k, p, q] = [Math.floor(i / kernel ** 2), Math.floor(i / kernel) % kernel, i % kernel];
          const [row, column] = [r * stride - pad + p * dilation, c * stride - pad + q * dilation];
          const isInside = row >= 0 && row < height && column >= 0 && column < width;
          if (isInside)
            sum += x[((first + k) * height + row) * width + column]! * weight[o * per * kernel ** 2 + i]!;
        }
        y.push(sum);
      }
    }
  }
  return y;
}

interface ConvCase {
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
  readonly group: number;
}

for (const c of [
  { outputs: 3, kernel: 2, stride: 2, pad: 0, dilation: 1, group: 1 },
  { outputs: 4, kernel: 3, stride: 1, pad: 1, dilation: 1, group: 1 },
  { outputs: 2, kernel: 3, stride: 2, pad: 2, dilation: 2, group: 1 },
  { outputs: 4, kernel: 3, stride: 1, pad: 0, dilation: 1, group: 2 },
]) {
  test(`Conv, kernel ${c.kernel}, stride ${c.stride}, pad ${c.pad}, dilation ${c.dilation}, ${c.group} group(s)`, () => {
    const [channels, height, width] = [2, 6, 7];
    const length = (c.outputs * channels * c.kernel ** 2) / c.group;
    const weight = Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i)));
    const m = buildModel();
    const dims = [c.outputs, channels / c.group, c.kernel, c.kernel];
    const y = m.op('Conv', ['input', m.weight(dims, weight)], {
      strides: [c.stride, c.stride],
      pads: [c.pad, c.pad, c.pad, c.pad],
      dilations: [c.dilation, c.dilation],
      group: c.group,
    });
    const x = iota(channels * height * width);
    const graph = imported(m.bytes([1, channels, height, width], [y]));
    assertNear(outputsOf(graph, x), convolve(x, [channels, height, width], weight, c), 1e-9);
  });
}

test('Split: sizes as attribute, as input, and even', () => {
  for (const [opset, sizes] of [
    [11, 'attribute'],
    [13, 'input'],
    [18, 'even'],
  ] as const) {
    const m = buildModel(opset);
    const inputs = sizes === 'input' ? ['input', m.ints(1, 2)] : ['input'];
    const attributes = sizes === 'attribute' ? { axis: 1, split: [1, 2] } : { axis: 1 };
    const [, second = ''] = m.ops('Split', inputs, 2, attributes);
    assertNear(outputsOf(imported(m.bytes([1, 3], [second])), [5, 6, 7]), sizes === 'even' ? [7] : [6, 7], 0);
  }
});

/** Everything constant: adds the result to an image of zeros and reads it back. */
function constantOf(write: (m: ModelBuilder) => string, size: number): readonly number[] {
  const m = buildModel(18);
  const value = m.op('Reshape', [m.op('Cast', [write(m)], { to: 1 }), m.ints(1, -1)]);
  return outputsOf(imported(m.bytes([1, size], [m.op('Add', ['input', value])])), new Float64Array(size));
}

const CONSTANTS: readonly (readonly [string, (m: ModelBuilder) => string, readonly number[]])[] = [
  ['Shape of data', m => m.op('Shape', ['input']), [1, 2]],
  [
    'Shape, start and end',
    m => m.op('Shape', [m.weight([2, 3, 4], new Float32Array(24))], { start: 1, end: -1 }),
    [3],
  ],
  ['Size', m => m.op('Size', ['input']), [1]],
  ['Range', m => m.op('Range', [m.index(5), m.index(0), m.index(-2)]), [5, 3, 1]],
  ['integer division towards 0', m => m.op('Div', [m.ints(-7, 7), m.index(2)]), [-3, 3]],
  ['Mod', m => m.op('Mod', [m.ints(-7, 7), m.index(3)]), [2, 1]],
  [
    'Where and Greater',
    m => m.op('Where', [m.op('Greater', [m.ints(1, 5), m.ints(3)]), m.ints(9), m.ints(8, 7)]),
    [8, 9],
  ],
  ['ReduceProd', m => m.op('ReduceProd', [m.ints(2, 3, 4)]), [24]],
  ['Floor', m => m.op('Floor', [m.weight([2], [1.7, -1.2])]), [1, -2]],
  ['Round half to even', m => m.op('Round', [m.weight([3], [0.5, 1.5, -2.5])]), [0, 2, -2]],
  ['Cast cuts off', m => m.op('Cast', [m.weight([2], [1.9, -1.9])], { to: 7 }), [1, -1]],
  ['MatMul', m => m.op('MatMul', [m.weight([2, 2], [1, 2, 3, 4]), m.weight([2, 1], [5, 6])]), [17, 39]],
  ['ConstantOfShape without value', m => m.op('ConstantOfShape', [m.ints(2)]), [0, 0]],
  ['Constant', m => m.op('Constant', [], { value_float: 2.5 }), [2.5]],
  ['Constant, integers', m => m.op('Constant', [], { value_ints: [4, 5] }), [4, 5]],
  ['Not and Equal', m => m.op('Not', [m.op('Equal', [m.ints(1, 2), m.ints(1)])]), [0, 1]],
];

for (const [name, write, wanted] of CONSTANTS) {
  test(`constant: ${name}`, () => {
    const size = name === 'Shape of data' ? 2 : wanted.length;
    assertNear(constantOf(write, size), wanted, 1e-7);
  });
}

const TYPES: readonly (readonly [string, Parameters<ModelBuilder['tensor']>[0], readonly number[]])[] = [
  [
    'float16, raw',
    {
      name: 't',
      dims: [4],
      dataType: 10,
      rawData: new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x3555).buffer),
    },
    [1, -2, 2 ** -24, 0.333251953125],
  ],
  ['float16, typed', { name: 't', dims: [2], dataType: 10, int32Data: [0x3c00, 0x7bff] }, [1, 65504]],
  [
    'bfloat16, raw',
    { name: 't', dims: [2], dataType: 16, rawData: new Uint8Array(Uint16Array.of(0x3f80, 0xc049).buffer) },
    [1, -3.140625],
  ],
  ['double, typed', { name: 't', dims: [2], dataType: 11, doubleData: [0.1, -1e30] }, [0.1, -1e30]],
  ['float, typed', { name: 't', dims: [2], dataType: 1, floatData: [0.5, -2] }, [0.5, -2]],
  [
    'int64, raw',
    { name: 't', dims: [2], dataType: 7, rawData: new Uint8Array(BigInt64Array.of(-3n, 2n ** 40n).buffer) },
    [-3, 2 ** 40],
  ],
  ['int32, typed', { name: 't', dims: [2], dataType: 6, int32Data: [-3, 7] }, [-3, 7]],
  [
    'int8, raw',
    { name: 't', dims: [3], dataType: 3, rawData: Uint8Array.of(255, 128, 127) },
    [-1, -128, 127],
  ],
  ['uint8, raw', { name: 't', dims: [2], dataType: 2, rawData: Uint8Array.of(255, 1) }, [255, 1]],
  ['bool, raw', { name: 't', dims: [3], dataType: 9, rawData: Uint8Array.of(0, 1, 7) }, [0, 1, 1]],
];

for (const [name, tensor, wanted] of TYPES) {
  test(`numbers of a file: ${name}`, () => {
    const values = constantOf(m => m.tensor(tensor), wanted.length);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted[i]!) <= 1e-6 * Math.abs(wanted[i]!), `${value} is not ${wanted[i]}`);
    });
  });
}

test('raw bytes may lie at any address', () => {
  for (let shift = 0; shift < 4; shift++) {
    const m = buildModel();
    m.tensor(floats('x'.repeat(1 + shift), [2], [1.5, -2.5]));
    const bytes = m.bytes([1, 2], [m.op('Add', ['input', 'x'.repeat(1 + shift)])]);
    const moved = new Uint8Array(bytes.length + shift).subarray(shift);
    moved.set(bytes);
    assertNear(outputsOf(imported(moved), [0, 0]), [1.5, -2.5], 0);
  }
});

test('shapes that do not go together are refused by every kind of operator', () => {
  const bad: readonly ((m: ModelBuilder) => string)[] = [
    m => m.op('Add', ['input', m.weight([3], [1, 2, 3])]),
    m => m.op('Reshape', ['input', m.ints(3, 3)]),
    m => m.op('Reshape', ['input', m.ints(-1, -1)]),
    m => m.op('Transpose', ['input'], { perm: [0, 0, 1] }),
    m => m.op('Concat', ['input', m.weight([1, 3, 2], new Float32Array(6))], { axis: -1 }),
    m => m.op('Gather', ['input', m.ints(9)], { axis: 1 }),
    m => m.op('Squeeze', ['input', m.ints(1)]),
    m => m.op('Expand', ['input', m.ints(1, 3, 2)]),
    m => m.op('Softmax', ['input'], { axis: 5 }),
    m => m.op('LayerNormalization', ['input', m.weight([3], [1, 1, 1])]),
    m => m.op('Conv', ['input', m.weight([1, 1, 3, 3], new Float32Array(9))]),
    m => m.op('Einsum', ['input', 'input'], { equation: 'bij,bjk->bikz' }),
    m => m.op('Slice', ['input', m.ints(0), m.ints(1), m.ints(0), m.ints(0)]),
    m => m.op('Relu', []),
    m => m.op('Dropout', ['input', m.scalar(0.5), m.tensor(integers('training', [], [1]))]),
  ];
  for (const write of bad) {
    const m = buildModel();
    assert.deepEqual(codesOf(refused(m.bytes([1, 2, 2], [write(m)]))), ['E0106'], write.toString());
  }
});

test('operators are listed once and sorted', () => {
  const names = supportedOperators.map(({ domain, operator }) => fullName(domain, operator));
  assert.deepEqual(names, [...new Set(names)].sort());
  assert.ok(names.length > 130);
});
