/** Convolutions, pooling and resizing against their definitions, one number at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildModel } from './build.ts';
import { ofConstants, ofData } from './operators.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

const wave = (length: number) => Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(3 * i + 1)));
const [CHANNELS, HEIGHT, WIDTH] = [2, 5, 6];
const IMAGE = wave(CHANNELS * HEIGHT * WIDTH);

interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
}

/** Calls `visit` for each output with the pixels of its window that are inside. */
function pool(
  { kernel, stride, pads }: Window,
  reduce: (inside: number[], area: number) => number,
): number[] {
  const size = (n: number, axis: 0 | 1) =>
    Math.floor((n + pads[axis] + pads[axis + 2]! - kernel[axis]) / stride[axis]) + 1;
  const y: number[] = [];
  for (let c = 0; c < CHANNELS; c++)
    for (let r = 0; r < size(HEIGHT, 0); r++)
      for (let q = 0; q < size(WIDTH, 1); q++) {
        const inside: number[] = [];
        for (let i = 0; i < kernel[0]; i++)
          for (let j = 0; j < kernel[1]; j++) {
            const [row, column] = [r * stride[0] - pads[0] + i, q * stride[1] - pads[1] + j];
            if (row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH)
              inside.push(IMAGE[(c * HEIGHT + row) * WIDTH + column]!);
          }
        y.push(reduce(inside, kernel[0] * kernel[1]));
      }
  return y;
}

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
const WINDOWS: readonly Window[] = [
  { kernel: [2, 3], stride: [1, 2], pads: [0, 0, 0, 0] },
  { kernel: [3, 2], stride: [2, 1], pads: [1, 1, 0, 1] },
];
const POOLS = [
  ['MaxPool', {}, inside => Math.max(...inside)],
  ['AveragePool', {}, inside => sum(inside) / inside.length],
  ['AveragePool', { count_include_pad: 1 }, (inside, area) => sum(inside) / area],
  ['LpPool', { p: 2 }, inside => Math.sqrt(sum(inside.map(x => x * x)))],
] as const satisfies readonly (readonly [string, object, (inside: number[], area: number) => number])[];

for (const [operator, extra, reduce] of POOLS) {
  test(`${operator} ${JSON.stringify(extra)} is what its definition says`, () => {
    for (const window of WINDOWS) {
      const { kernel, stride, pads } = window;
      const attributes = { ...extra, kernel_shape: kernel, strides: stride, pads };
      const y = ofData(operator, [CHANNELS, HEIGHT, WIDTH], IMAGE, { attributes });
      assertNear(y, pool(window, reduce), 1e-9);
    }
  });
}

/** Every input number sends its kernel to the output. */
function transposed(weight: Float64Array, outputs: number, k: number, stride: number, pad: number): number[] {
  const size = (n: number) => stride * (n - 1) + k - 2 * pad;
  const [rows, columns] = [size(HEIGHT), size(WIDTH)];
  const y = new Array<number>(outputs * rows * columns).fill(0);
  for (let i = 0; i < IMAGE.length; i++) {
    const [c, r, q] = [Math.floor(i / (HEIGHT * WIDTH)), Math.floor(i / WIDTH) % HEIGHT, i % WIDTH];
    for (let j = 0; j < outputs * k * k; j++) {
      const [o, row, column] = [
        Math.floor(j / (k * k)),
        r * stride - pad + (Math.floor(j / k) % k),
        q * stride - pad + (j % k),
      ];
      if (row >= 0 && row < rows && column >= 0 && column < columns)
        y[(o * rows + row) * columns + column]! += IMAGE[i]! * weight[c * outputs * k * k + j]!;
    }
  }
  return y;
}

for (const [k, stride, pad] of [
  [3, 2, 1],
  [2, 3, 0],
  [3, 1, 2],
] as const) {
  test(`ConvTranspose, kernel ${k}, stride ${stride}, pad ${pad}`, () => {
    const weight = wave(CHANNELS * 3 * k * k);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad] };
    const y = ofData('ConvTranspose', [CHANNELS, HEIGHT, WIDTH], IMAGE, {
      attributes,
      more: m => [m.weight([CHANNELS, 3, k, k], weight)],
    });
    assertNear(y, transposed(weight, 3, k, stride, pad), 1e-9);
  });
}

test('a convolution in one dimension, of an image and of constants, is the same', () => {
  const weight = wave(3 * 2 * 3);
  const attributes = { pads: [1, 1], strides: [2] };
  const x = IMAGE.subarray(0, 14);
  const y = ofData('Conv', [2, 7], x, { attributes, more: m => [m.weight([3, 2, 3], weight)] });
  const constant = ofConstants(
    m => m.op('Conv', [m.weight([1, 2, 7], x), m.weight([3, 2, 3], weight)], attributes),
    y.length,
  );
  assert.equal(y.length, 12);
  assertNear(constant, y, 1e-6);
});

/** Values by hand; a scale of 2 puts pixels at −¼, ¼, ¾, … of the old ones. */
const RESIZES: readonly (readonly [string, object, readonly number[]])[] = [
  ['nearest', {}, [10, 10, 20, 20]],
  ['linear', {}, [10, 12.5, 17.5, 20]],
  ['linear', { coordinate_transformation_mode: 'align_corners' }, [10, 10 + 10 / 3, 10 + 20 / 3, 20]],
  ['linear', { coordinate_transformation_mode: 'asymmetric' }, [10, 15, 20, 20]],
];

for (const [mode, extra, wanted] of RESIZES) {
  test(`Resize ${mode} ${JSON.stringify(extra)} of the image and of constants`, () => {
    const attributes = { mode, ...extra };
    const data = ofData('Resize', [1, 2], [10, 20], { attributes, more: m => ['', '', m.ints(1, 1, 4)] });
    assertNear(data, wanted, 1e-9);
    const constant = ofConstants(
      m => m.op('Resize', [m.weight([2], [10, 20]), '', '', m.ints(4)], attributes),
      4,
    );
    assertNear(constant, wanted, 1e-5);
  });
}

test('cubic resizing keeps a constant image, and its antialiasing averages', () => {
  const flat = new Array<number>(30).fill(3);
  for (const antialias of [0, 1]) {
    const attributes = { mode: 'cubic', antialias };
    const y = ofData('Resize', [5, 6], flat, { attributes, more: m => ['', '', m.ints(1, 3, 2)] });
    assertNear(y, new Array<number>(6).fill(3), 1e-9);
  }
  const row = [0, 1, 0, 1, 0, 1, 0, 1];
  const attributes = { mode: 'linear', antialias: 1 };
  const y = ofData('Resize', [1, 8], row, { attributes, more: m => ['', '', m.ints(1, 1, 2)] });
  for (const value of y) assert.ok(value > 0.4 && value < 0.6, `${y}`);
});

test('what runtimes read in two ways is refused, with the way out', () => {
  const m = buildModel();
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'align_corners' };
  const y = m.op('Resize', ['input', '', m.weight([3], [1, 1, 0.7])], attributes);
  const [found, ...others] = refused(m.bytes([1, 1, 8], [y]));
  assert.deepEqual([found?.code, others.length], ['E0106', 0]);
  assert.match(found?.message ?? '', /give sizes, not scales/);
});

test('batch normalisation is a scale and a shift', () => {
  const m = buildModel();
  const [gamma, beta, mean, variance] = [
    [2, 3],
    [1, 1],
    [4, 5],
    [0.25, 4],
  ].map(v => m.weight([2], v));
  const y = m.op('BatchNormalization', ['input', gamma!, beta!, mean!, variance!], { epsilon: { float: 0 } });
  const graph = imported(m.bytes([1, 2, 2], [y]));
  assertNear(outputsOf(graph, [4, 5, 5, 9]), [1, 5, 1, 7], 1e-6);
  assert.deepEqual(
    graph.nodes.map(node => node.kind).filter(kind => kind !== 'input' && kind !== 'output'),
    ['affine', 'affine'],
  );
});

test('training mode is refused', () => {
  const m = buildModel();
  const w = m.weight([2], [1, 1]);
  const y = m.op('BatchNormalization', ['input', w, w, w, w], { training_mode: 1 });
  assert.deepEqual(codesOf(refused(m.bytes([1, 2, 2], [y]))), ['E0106']);
});
