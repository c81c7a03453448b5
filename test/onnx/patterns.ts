/** Tiny models of the families that a Vision Transformer compiler meets, as exporters spell them; odd sizes. */
import { createRandom } from '../../ir/random/seeded.ts';
import { buildModel, type ModelBuilder } from './build.ts';

/** Spells layers; the same seed gives the same numbers. */
export interface Layers {
  readonly m: ModelBuilder;
  numbers(length: number, size?: number): Float32Array;
  linear(x: string, inputs: number, outputs: number, bias?: boolean): string;
  conv(x: string, inputs: number, outputs: number, kernel: number, stride: number, group?: number): string;
  layerNorm(x: string, dim: number): string;
  rmsNorm(x: string, dim: number): string;
  /** Constants of this shape around 1, multiplied. */
  scale(x: string, shape: readonly number[], size?: number): string;
  shift(x: string, shape: readonly number[], size?: number): string;
  reshape(x: string, ...shape: readonly number[]): string;
  transpose(x: string, ...perm: readonly number[]): string;
  gelu(x: string): string;
  add(a: string, b: string): string;
  slice(x: string, axis: number, from: number, to: number, step?: number): string;
  concat(axis: number, ...parts: readonly string[]): string;
}

export function createLayers(seed: number, opset = 18): Layers {
  const m = buildModel(opset);
  const random = createRandom(seed);
  const numbers = (length: number, size = 1) =>
    Float32Array.from({ length }, () => Math.fround(random.normal() * size));
  const add = (a: string, b: string) => m.op('Add', [a, b]);
  const constant = (shape: readonly number[], size: number, around: number) =>
    m.weight(
      shape,
      numbers(
        shape.reduce((a, b) => a * b, 1),
        size,
      ).map(x => x + around),
    );
  const shift: Layers['shift'] = (x, shape, size = 0.2) => add(x, constant(shape, size, 0));
  const linear: Layers['linear'] = (x, inputs, outputs, bias = true) => {
    const y = m.op('MatMul', [x, m.weight([inputs, outputs], numbers(inputs * outputs, inputs ** -0.5))]);
    return bias ? shift(y, [outputs]) : y;
  };
  return {
    m,
    numbers,
    add,
    shift,
    linear,
    conv(x, inputs, outputs, kernel, stride, group = 1) {
      const each = inputs / group;
      const size = outputs * each * kernel ** 2;
      const weight = m.weight([outputs, each, kernel, kernel], numbers(size, (each * kernel ** 2) ** -0.5));
      const pad = kernel % 2 === 1 && stride < kernel ? (kernel - 1) / 2 : 0;
      return m.op('Conv', [x, weight, m.weight([outputs], numbers(outputs, 0.2))], {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
        group,
      });
    },
    layerNorm: (x, dim) =>
      m.op('LayerNormalization', [x, constant([dim], 0.3, 1), constant([dim], 0.2, 0)], {
        axis: -1,
        epsilon: 1e-6,
      }),
    rmsNorm(x, dim) {
      const square = m.op('ReduceMean', [m.op('Pow', [x, m.scalar(2)]), m.ints(-1)]);
      const root = m.op('Sqrt', [add(square, m.scalar(1e-6))]);
      return m.op('Mul', [m.op('Mul', [x, m.op('Reciprocal', [root])]), constant([dim], 0.3, 1)]);
    },
    scale: (x, shape, size = 0.3) => m.op('Mul', [x, constant(shape, size, size)]),
    reshape: (x, ...shape) => m.op('Reshape', [x, m.ints(...shape)]),
    transpose: (x, ...perm) => m.op('Transpose', [x], { perm }),
    gelu(x) {
      const step = add(m.op('Erf', [m.op('Div', [x, m.scalar(Math.SQRT2)])]), m.scalar(1));
      return m.op('Mul', [m.op('Mul', [x, m.scalar(0.5)]), step]);
    },
    slice: (x, axis, from, to, step = 1) =>
      m.op('Slice', [x, m.ints(from), m.ints(to), m.ints(axis), m.ints(step)]),
    concat: (axis, ...parts) => m.op('Concat', parts, { axis }),
  };
}

export interface AttentionParts {
  /** On queries and keys, [1, heads, n, d]. */
  readonly turn?: (x: string) => string;
  /** On the scores, [1, heads, n, n], in place of the plain scale. */
  readonly scores?: (x: string) => string;
}

/** [windows, n, dim] → the same; heads, products, projection. */
export function attend(
  { m, linear, reshape, transpose }: Layers,
  x: string,
  [windows, n, dim, heads]: readonly [number, number, number, number],
  { turn = y => y, scores }: AttentionParts = {},
): string {
  const d = dim / heads;
  const part = () => transpose(reshape(linear(x, dim, dim), windows, n, heads, d), 0, 2, 1, 3);
  const [q, k, v] = [turn(part()), turn(part()), part()];
  const products = m.op('MatMul', [q, transpose(k, 0, 1, 3, 2)]);
  const scaled = scores?.(products) ?? m.op('Mul', [products, m.scalar(d ** -0.5)]);
  const mixed = m.op('MatMul', [m.op('Softmax', [scaled], { axis: -1 }), v]);
  return linear(reshape(transpose(mixed, 0, 2, 1, 3), windows, n, dim), dim, dim);
}

const CLASSES = 5;
const finish = ({ m, linear }: Layers, token: string, dim: number, side: number, channels = 1): Uint8Array =>
  m.bytes(['batch', channels, side, side], [linear(token, dim, CLASSES)]);

/** Image [1, 1, side, side] → [1, (side / patch)², dim]. */
function patches(l: Layers, side: number, patch: number, dim: number): string {
  const y = l.conv('input', 1, dim, patch, patch);
  return l.transpose(l.reshape(y, 1, dim, (side / patch) ** 2), 0, 2, 1);
}

const first = (l: Layers, x: string) => l.m.op('Gather', [x, l.m.index(0)], { axis: 1 });
const mean = (l: Layers, x: string) => l.m.op('ReduceMean', [x, l.m.ints(1)], { keepdims: 0 });

/** RMSNorm, SwiGLU, rotary positions, query and key norm, a class token and four registers. */
function modernVit(l: Layers): Uint8Array {
  const [dim, heads, side, patch, width] = [24, 3, 9, 3, 20];
  const [n, d] = [14, dim / heads];
  const prefix = l.m.weight([1, 5, dim], l.numbers(5 * dim, 0.5));
  let x = l.concat(1, prefix, patches(l, side, patch, dim));
  const angles = Float64Array.from({ length: n * d }, (_, i) => {
    const [token, c] = [Math.floor(i / d), i % (d / 2)];
    return token < 5 ? 0 : (token - 5) * 10 ** (-c / (d / 2));
  });
  const cos = l.m.weight([1, 1, n, d], angles.map(Math.cos));
  const sin = l.m.weight([1, 1, n, d], angles.map(Math.sin));
  const turn = (q: string) => {
    const y = l.layerNorm(q, d);
    const half = l.concat(-1, l.m.op('Neg', [l.slice(y, 3, d / 2, d)]), l.slice(y, 3, 0, d / 2));
    return l.add(l.m.op('Mul', [y, cos]), l.m.op('Mul', [half, sin]));
  };
  x = l.add(x, attend(l, l.rmsNorm(x, dim), [1, n, dim, heads], { turn }));
  const y = l.rmsNorm(x, dim);
  const gate = l.linear(y, dim, width);
  const silu = l.m.op('Mul', [gate, l.m.op('Sigmoid', [gate])]);
  x = l.add(x, l.linear(l.m.op('Mul', [silu, l.linear(y, dim, width)]), width, dim));
  return finish(l, first(l, l.rmsNorm(x, dim)), dim, side);
}

/** Two windowed blocks, the second shifted and masked, relative position bias, patch merging, mean pool. */
function swin(l: Layers): Uint8Array {
  const [dim, heads, side, window] = [12, 2, 8, 2];
  const grid = 4;
  const [n, windows] = [window ** 2, (grid / window) ** 2];
  let x = patches(l, side, 2, dim);
  const cut = (y: string) =>
    l.reshape(l.transpose(l.reshape(y, 1, 2, window, 2, window, dim), 0, 1, 3, 2, 4, 5), windows, n, dim);
  const join = (y: string) =>
    l.reshape(l.transpose(l.reshape(y, 1, 2, 2, window, window, dim), 0, 1, 3, 2, 4, 5), 1, grid ** 2, dim);
  const roll = (y: string, by: number) =>
    [1, 2].reduce(
      (z, axis) => {
        const at = (by + grid) % grid;
        return l.concat(axis, l.slice(z, axis, at, grid), l.slice(z, axis, 0, at));
      },
      l.reshape(y, 1, grid, grid, dim),
    );
  const mask = Float32Array.from({ length: windows * n * n }, (_, i) => {
    const regionOf = (token: number) => {
      const win = Math.floor(i / (n * n));
      const row = Math.floor(win / 2) * window + Math.floor(token / window);
      const column = (win % 2) * window + (token % window);
      return (row === grid - 1 ? 2 : 0) + (column === grid - 1 ? 1 : 0);
    };
    return regionOf(Math.floor(i / n) % n) === regionOf(i % n) ? 0 : -100;
  });
  for (const shift of [0, 1]) {
    const scores = (s: string) => {
      const scaled = l.m.op('Mul', [s, l.m.scalar((dim / heads) ** -0.5)]);
      const biased = l.shift(scaled, [1, heads, n, n], 0.5);
      return shift === 0 ? biased : l.add(biased, l.m.weight([windows, 1, n, n], mask));
    };
    const normed = l.layerNorm(x, dim);
    const moved = shift === 0 ? normed : roll(normed, shift);
    const mixed = join(attend(l, cut(moved), [windows, n, dim, heads], { scores }));
    const back = shift === 0 ? mixed : l.reshape(roll(mixed, -shift), 1, grid ** 2, dim);
    x = l.add(x, back);
    x = l.add(x, l.linear(l.gelu(l.linear(l.layerNorm(x, dim), dim, 20)), 20, dim));
  }
  const map = l.reshape(x, 1, grid, grid, dim);
  const quarter = (row: number, column: number) => l.slice(l.slice(map, 1, row, grid, 2), 2, column, grid, 2);
  const merged = l.concat(3, quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1));
  const rows = l.layerNorm(l.reshape(merged, 1, 4, 4 * dim), 4 * dim);
  const deep = l.layerNorm(l.linear(rows, 4 * dim, 2 * dim, false), 2 * dim);
  return finish(l, mean(l, deep), 2 * dim, side);
}

interface BlockStyle {
  readonly layerScale?: boolean;
  readonly postNorm?: boolean;
  readonly parallel?: boolean;
  readonly function?: (l: Layers, x: string) => string;
}

/** One plain block on [1, n, dim] in several styles. */
function block(l: Layers, x: string, [n, dim, heads]: readonly [number, number, number], style: BlockStyle) {
  const act = style.function ?? ((layers: Layers, y: string) => layers.gelu(y));
  const mlp = (y: string) => l.linear(act(l, l.linear(y, dim, 28)), 28, dim);
  const weigh = (y: string) => (style.layerScale ? l.scale(y, [dim]) : y);
  const attention = (y: string) => attend(l, y, [1, n, dim, heads]);
  if (style.parallel) {
    const y = l.layerNorm(x, dim);
    return l.add(x, l.add(attention(y), mlp(y)));
  }
  if (style.postNorm) {
    const y = l.layerNorm(l.add(x, attention(x)), dim);
    return l.layerNorm(l.add(y, mlp(y)), dim);
  }
  const y = l.add(x, weigh(attention(l.layerNorm(x, dim))));
  return l.add(y, weigh(mlp(l.layerNorm(y, dim))));
}

function vit(l: Layers, style: BlockStyle, pool: 'token' | 'mean'): Uint8Array {
  const [dim, side, patch, heads] = [18, 9, 3, 3];
  let x = l.shift(patches(l, side, patch, dim), [1, 9, dim]);
  for (let i = 0; i < 2; i++) x = block(l, x, [9, dim, heads], style);
  const normed = style.postNorm ? x : l.layerNorm(x, dim);
  return finish(l, pool === 'mean' ? mean(l, normed) : first(l, normed), dim, side);
}

const quickGelu = ({ m }: Layers, x: string) =>
  m.op('Mul', [x, m.op('Sigmoid', [m.op('Mul', [x, m.scalar(1.702)])])]);
const tanhGelu = ({ m }: Layers, x: string) => {
  const cube = m.op('Mul', [m.op('Pow', [x, m.scalar(3)]), m.scalar(0.044715)]);
  const inner = m.op('Mul', [m.op('Add', [x, cube]), m.scalar(Math.sqrt(2 / Math.PI))]);
  const step = m.op('Add', [m.op('Tanh', [inner]), m.scalar(1)]);
  return m.op('Mul', [m.op('Mul', [x, step]), m.scalar(0.5)]);
};

const batchNorm = (l: Layers, x: string, channels: number) =>
  l.shift(l.scale(x, [channels, 1, 1], 0.6), [channels, 1, 1]);

/** Windows of two by two: [1, C, 2h, 2w] → maxima [1, C, h, w]. */
function maxPool(l: Layers, x: string, channels: number, side: number): string {
  const cut = l.reshape(x, 1, channels, side / 2, 2, side / 2, 2);
  return l.m.op('ReduceMax', [cut, l.m.ints(3, 5)], { keepdims: 0 });
}

/** Convolutions with batch norm and ReLU, a maximum pool, a residual block, a global average. */
function convNet(l: Layers): Uint8Array {
  const [side, channels] = [8, 7];
  const relu = (y: string) => l.m.op('Relu', [y]);
  let x = relu(batchNorm(l, l.conv('input', 1, channels, 3, 1), channels));
  x = maxPool(l, x, channels, side);
  const inner = relu(batchNorm(l, l.conv(x, channels, channels, 3, 1), channels));
  x = relu(l.add(x, batchNorm(l, l.conv(inner, channels, channels, 3, 1), channels)));
  const token = l.m.op('ReduceMean', [x, l.m.ints(2, 3)], { keepdims: 0 });
  return finish(l, token, channels, side);
}

/** Two strided convolutions with GELU in place of a patch embedding. */
function convStem(l: Layers): Uint8Array {
  const [dim, side] = [12, 8];
  const early = l.gelu(l.conv('input', 1, 6, 3, 2));
  const y = l.gelu(l.conv(early, 6, dim, 3, 2));
  const x = l.transpose(l.reshape(y, 1, dim, 4), 0, 2, 1);
  return finish(l, mean(l, l.layerNorm(block(l, x, [4, dim, 2], {}), dim)), dim, side);
}

/** Depthwise convolution, norm over channels, MLP with layer scale; then a gate on the channels. */
function convNext(l: Layers): Uint8Array {
  const [channels, side] = [6, 8];
  const x = l.conv('input', 1, channels, 2, 2);
  const deep = l.conv(x, channels, channels, 3, 1, channels);
  const rows = l.layerNorm(l.transpose(deep, 0, 2, 3, 1), channels);
  const wide = l.linear(l.gelu(l.linear(rows, channels, 15)), 15, channels);
  const y = l.add(x, l.transpose(l.scale(wide, [channels]), 0, 3, 1, 2));
  const squeezed = l.m.op('ReduceMean', [y, l.m.ints(2, 3)], { keepdims: 0 });
  const gate = l.m.op('Sigmoid', [l.linear(l.m.op('Relu', [l.linear(squeezed, channels, 4)]), 4, channels)]);
  const gated = l.m.op('Mul', [y, l.reshape(gate, 1, channels, 1, 1)]);
  const token = l.m.op('ReduceMean', [gated, l.m.ints(2, 3)], { keepdims: 0 });
  return finish(l, token, channels, side);
}

/** Every layer reads all before it: batch norm and ReLU over a concatenation, then a convolution. */
function denseNet(l: Layers): Uint8Array {
  const side = 8;
  let [x, channels] = [l.conv('input', 1, 4, 2, 2), 4];
  for (let i = 0; i < 2; i++) {
    const active = l.m.op('Relu', [batchNorm(l, x, channels)]);
    x = l.concat(1, x, l.conv(active, channels, 3, 3, 1));
    channels += 3;
  }
  const token = l.m.op('ReduceMean', [l.m.op('Relu', [x]), l.m.ints(2, 3)], { keepdims: 0 });
  return finish(l, token, channels, side);
}

/** A causal mask behind a scaled score, and one output head on two tokens at once. */
function masked(l: Layers): Uint8Array {
  const [dim, side, n] = [12, 6, 4];
  const x = patches(l, side, 3, dim);
  const mask = l.m.weight(
    [1, 1, n, n],
    Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0)),
  );
  const scores = (s: string) => l.add(l.m.op('Div', [s, l.m.scalar(2)]), mask);
  const y = l.add(x, attend(l, l.layerNorm(x, dim), [1, n, dim, 2], { scores }));
  const pair = l.reshape(l.slice(l.layerNorm(y, dim), 1, 2, 4), 1, 2 * dim);
  return finish(l, pair, 2 * dim, side);
}

/** Name → the file of a model. */
export const PATTERNS: { readonly [name: string]: (l: Layers) => Uint8Array } = {
  'RMSNorm, SwiGLU, rotary positions, query and key norm, registers': modernVit,
  'Swin: windows, shift, mask, relative bias, patch merging': swin,
  'mean pool and layer scale': l => vit(l, { layerScale: true }, 'mean'),
  'norm behind the sum': l => vit(l, { postNorm: true }, 'token'),
  'attention and MLP side by side': l => vit(l, { parallel: true }, 'token'),
  'quick GELU': l => vit(l, { function: quickGelu }, 'token'),
  'tanh GELU': l => vit(l, { function: tanhGelu }, 'mean'),
  'ReLU ConvNet with batch norm, maximum and average pool': convNet,
  'convolutional stem': convStem,
  'depthwise convolution and a gate on the channels': convNext,
  'DenseNet: concatenations of all before': denseNet,
  'causal mask, two tokens read': masked,
};
