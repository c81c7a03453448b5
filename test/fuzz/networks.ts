/** Small networks with pieces that the Vision Transformers of test/onnx/vit.ts do not have. */
import onnxProto from 'onnx-proto';
import { createRandom } from '../../ir/random/seeded.ts';
import { type Attributes, buildModel, type ModelBuilder } from '../onnx/build.ts';
import { decodeModel, encodeModel, type NodeProto } from './model.ts';

interface Writer extends ModelBuilder {
  random(...dims: readonly number[]): string;
}

function writer(opset = 17): Writer {
  const m = buildModel(opset);
  const numbers = createRandom(11);
  return {
    ...m,
    random: (...dims) =>
      m.weight(
        dims,
        Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => numbers.normal() * 0.4),
      ),
  };
}

function convNet(): Uint8Array {
  const m = writer();
  const normalised = (x: string, channels: number) =>
    m.op('BatchNormalization', [
      x,
      m.random(channels),
      m.random(channels),
      m.random(channels),
      m.weight([channels], new Float32Array(channels).fill(1)),
    ]);
  const first = m.op('Conv', ['input', m.random(4, 3, 3, 3), m.random(4)], { pads: [1, 1, 1, 1] });
  const pooled = m.op('MaxPool', [m.op('Relu', [normalised(first, 4)])], {
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
  const second = m.op('Conv', [pooled, m.random(6, 2, 3, 3)], {
    group: 2,
    strides: [2, 2],
    auto_pad: 'SAME_UPPER',
  });
  const flat = m.op('Flatten', [m.op('GlobalAveragePool', [m.op('Relu', [normalised(second, 6)])])]);
  return m.bytes(['N', 3, 8, 8], [m.op('Gemm', [flat, m.random(6, 5), m.random(5)])]);
}

/** Convolutions and functions alone, so that it is accepted without pooling. */
function plainConvNet(): Uint8Array {
  const m = writer();
  const first = m.op('Relu', [
    m.op('Conv', ['input', m.random(4, 1, 3, 3), m.random(4)], { dilations: [2, 1] }),
  ]);
  const second = m.op('Conv', [first, m.random(5, 4, 2, 2)], { strides: [2, 2] });
  const mean = m.op('ReduceMean', [m.op('Relu', [second])], { axes: [2, 3], keepdims: 0 });
  return m.bytes(['N', 1, 8, 8], [m.op('Gemm', [mean, m.random(3, 5)], { transB: 1, alpha: { float: 2 } })]);
}

function rmsNorm(m: Writer, x: string, width: number): string {
  const squares = m.op('Pow', [x, m.scalar(2)]);
  const mean = m.op('ReduceMean', [squares], { axes: [-1] });
  const root = m.op('Sqrt', [m.op('Add', [mean, m.scalar(1e-6)])]);
  return m.op('Mul', [m.op('Mul', [x, m.op('Reciprocal', [root])]), m.random(width)]);
}

function gated(): Uint8Array {
  const m = writer();
  const x = m.op('MatMul', ['input', m.random(6, 12)]);
  const y = rmsNorm(m, x, 12);
  const gate = m.op('MatMul', [y, m.random(12, 20)]);
  const silu = m.op('Mul', [gate, m.op('Sigmoid', [gate])]);
  const hidden = m.op('Mul', [silu, m.op('MatMul', [y, m.random(12, 20)])]);
  const sum = m.op('Add', [x, m.op('MatMul', [hidden, m.random(20, 12)])]);
  const pooled = m.op('ReduceMean', [rmsNorm(m, sum, 12)], { axes: [1], keepdims: 0 });
  return m.bytes(['N', 5, 6], [m.op('MatMul', [pooled, m.random(12, 4)])]);
}

/** Rotary positions: halves swapped, one negated, times cosine and sine. */
function rotary(): Uint8Array {
  const m = writer();
  const turn = (x: string) => {
    const half = (from: number, to: number) => m.op('Slice', [x, m.ints(from), m.ints(to), m.ints(-1)]);
    const turned = m.op('Concat', [m.op('Neg', [half(4, 8)]), half(0, 4)], { axis: -1 });
    return m.op('Add', [m.op('Mul', [x, m.random(1, 6, 8)]), m.op('Mul', [turned, m.random(1, 6, 8)])]);
  };
  const [q, k, v] = [0, 1, 2].map(() => m.op('MatMul', ['input', m.random(8, 8)])) as [
    string,
    string,
    string,
  ];
  const scores = m.op('MatMul', [turn(q), m.op('Transpose', [turn(k)], { perm: [0, 2, 1] })]);
  const weights = m.op('Softmax', [m.op('Mul', [scores, m.scalar(8 ** -0.5)])], { axis: -1 });
  return m.bytes(['N', 6, 8], [m.op('MatMul', [m.op('MatMul', [weights, v]), m.random(8, 3)])]);
}

/** Windows of 2 × 2 tokens, rolled by one, as Swin has them. */
function windows(): Uint8Array {
  const m = writer();
  const roll = (x: string, axis: number) => {
    const part = (from: number, to: number) => m.op('Slice', [x, m.ints(from), m.ints(to), m.ints(axis)]);
    return m.op('Concat', [part(1, 2 ** 53), part(0, 1)], { axis });
  };
  const rolled = roll(roll('input', 1), 2);
  const cut = m.op('Transpose', [m.op('Reshape', [rolled, m.ints(1, 2, 2, 2, 2, 6)])], {
    perm: [0, 1, 3, 2, 4, 5],
  });
  const x = m.op('Reshape', [cut, m.ints(-1, 4, 6)]);
  const [q, k, v] = [0, 1, 2].map(() => m.op('MatMul', [x, m.random(6, 6)])) as [string, string, string];
  const scores = m.op('MatMul', [q, m.op('Transpose', [k], { perm: [0, 2, 1] })]);
  const masked = m.op('Add', [scores, m.random(4, 4, 4)]);
  const mixed = m.op('MatMul', [m.op('Softmax', [masked], { axis: -1 }), v]);
  const back = m.op('Transpose', [m.op('Reshape', [mixed, m.ints(1, 2, 2, 2, 2, 6)])], {
    perm: [0, 1, 3, 2, 4, 5],
  });
  const tokens = m.op('LayerNormalization', [
    m.op('Reshape', [back, m.ints(1, 16, 6)]),
    m.random(6),
    m.random(6),
  ]);
  return m.bytes(['N', 4, 4, 6], [m.op('MatMul', [tokens, m.random(6, 3)])]);
}

/** What many exporters write around a network: shapes, masks, casts, ranges, all known beforehand. */
function constantArithmetic(): Uint8Array {
  const m = writer();
  const shape = m.op('Shape', ['input']);
  const size = m.op('Squeeze', [m.op('Slice', [shape, m.ints(-1), m.ints(2 ** 53)]), m.ints(0)]);
  const range = m.op('Range', [m.index(0), size, m.index(1)]);
  const isOdd = m.op('Equal', [m.op('Mod', [range, m.index(2)]), m.index(1)]);
  const mask = m.op('Where', [isOdd, m.scalar(2), m.scalar(0.5)]);
  const scaled = m.op('Mul', ['input', m.op('Cast', [mask], { to: 1 })]);
  const one: Attributes = { value: { tensor: { dims: [1], dataType: 1, floatData: [0.25] } } };
  const added = m.op('Add', [scaled, m.op('ConstantOfShape', [m.ints(1, 6)], one)]);
  const expanded = m.op('Expand', [m.op('Unsqueeze', [added, m.ints(1)]), m.ints(1, 3, 6)]);
  return m.bytes(['N', 6], [m.op('Relu', [m.op('MatMul', [expanded, m.random(6, 4)])])], {
    input_scale: '1/255',
    input_mean: '0.5',
    input_std: '0.25',
  });
}

/** Functions of one variable one after another, each between two linears. */
function functions(): Uint8Array {
  const m = writer(22);
  const names = ['Relu', 'Gelu', 'HardSwish', 'LeakyRelu', 'Softplus', 'Tanh', 'Sigmoid', 'Elu', 'Clip'];
  const last = names.reduce((x, name) => m.op(name, [m.op('MatMul', [x, m.random(5, 5)])]), 'input');
  return m.bytes(['N', 2, 5], [last]);
}

function withIf(): Uint8Array {
  const m = writer();
  const x = m.op('MatMul', ['input', m.random(4, 4)]);
  const rank = m.op('Size', [m.op('Shape', [x])]);
  const condition = m.op('Equal', [rank, m.index(3)]);
  const model = decodeModel(m.bytes(['N', 3, 4], ['y']));
  const branch = (name: string, node: NodeProto) => ({
    name,
    type: onnxProto.onnx.AttributeProto.AttributeType.GRAPH,
    g: { name, node: [node], output: [{ name: node.output?.[0] ?? '' }] },
  });
  model.graph?.node?.push({
    opType: 'If',
    input: [condition],
    output: ['y'],
    attribute: [
      branch('then_branch', { opType: 'Relu', input: [x], output: ['chosen'] }),
      branch('else_branch', { opType: 'Neg', input: [x], output: ['other'] }),
    ],
  });
  return encodeModel(model);
}

function withFunction(): Uint8Array {
  const m = writer();
  const x = m.op('MatMul', ['input', m.random(4, 6)]);
  const model = decodeModel(m.bytes(['N', 3, 4], ['y']));
  const node = (opType: string, input: string[], output: string, domain = ''): NodeProto => ({
    opType,
    domain,
    input,
    output: [output],
  });
  model.graph?.node?.push(node('Silu', [x], 'a', 'local'), node('Twice', ['a'], 'y', 'local'));
  model.opsetImport.push({ domain: 'local', version: 1 });
  const opsetImport = [
    { domain: '', version: 17 },
    { domain: 'local', version: 1 },
  ];
  model.functions = [
    {
      ...{ name: 'Silu', domain: 'local', input: ['x'], output: ['z'], opsetImport },
      node: [node('Sigmoid', ['x'], 's'), node('Mul', ['x', 's'], 'z')],
    },
    {
      ...{ name: 'Twice', domain: 'local', input: ['x'], output: ['z'], opsetImport },
      node: [node('Silu', ['x'], 'once', 'local'), node('Relu', ['once'], 'z')],
    },
  ];
  return encodeModel(model);
}

export const networks: Readonly<Record<string, () => Uint8Array>> = {
  'ConvNet with pooling': convNet,
  'plain ConvNet': plainConvNet,
  'RMSNorm and SwiGLU': gated,
  'rotary attention': rotary,
  'shifted windows': windows,
  'constant arithmetic': constantArithmetic,
  'functions of one variable': functions,
  If: withIf,
  'local functions': withFunction,
};
