import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createDraft,
  finishDraft,
  putBinary,
  putInput,
  putLinear,
  putOutput,
} from '../../compiler/ann/draft.ts';
import { type Selection, select } from '../../compiler/ann/selection.ts';
import { inputLayout } from '../../compiler/data/layout.ts';
import { channelAt } from '../../compiler/data/pixels.ts';
import { foldNormalisation } from '../../compiler/passes/fold-normalisation.ts';
import { centreOf, type Normalisation, normalise } from '../../compiler/preprocess.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createConstants } from '../../ir/constants.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { compressMap, HOLE } from '../../ir/map.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { createRandom, type Random } from '../../ir/random/seeded.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { furthest, logitsOf } from '../kit.ts';

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** The windows of a convolution as rows [positions, channels · kernel²], with holes where they leave the image. */
function windows(x: Selection, [channels, height, width]: readonly number[], w: Window): Selection {
  const at = (size: number) => Math.floor((size + 2 * w.padding - w.kernel) / w.stride) + 1;
  const index: number[] = [];
  for (let y = 0; y < at(height!); y++)
    for (let column = 0; column < at(width!); column++)
      for (let c = 0; c < channels!; c++)
        for (let i = 0; i < w.kernel; i++)
          for (let j = 0; j < w.kernel; j++) {
            const [row, from] = [y * w.stride + i - w.padding, column * w.stride + j - w.padding];
            const isInside = row >= 0 && row < height! && from >= 0 && from < width!;
            index.push(isInside ? (c * height! + row) * width! + from : HOLE);
          }
  const shape = [at(height!) * at(width!), channels! * w.kernel ** 2];
  return select(x, { index: compressMap(index), shape });
}

/** Convolutions of one size that read the image side by side, added up. */
function convolutions(random: Random, shape: readonly number[], readers: number, w: Window): AnnGraph {
  const draft = createDraft(createConstants());
  const image = putInput(draft, 'image', shape, 'image');
  const numbers = (...dims: number[]) =>
    draft.constants.add({
      dtype: 'f64',
      shape: dims,
      data: Float64Array.from({ length: sizeOf(dims) }, () => random.normal()),
    });
  const rows = windows(image, shape, w);
  const made = Array.from({ length: readers }, (_, i) =>
    putLinear(draft, rows, numbers(rows.shape[1]!, 5), i % 2 === 0 ? numbers(5) : undefined, `conv${i}`),
  );
  const sum = made.reduce((a, b, i) => putBinary(draft, 'add', a, b, `add${i}`));
  putOutput(draft, sum, 'y', 'y');
  return finishDraft(draft, 'convolutions');
}

function run(graph: AnnGraph, normalisation: Normalisation, centre: readonly number[] = [0]) {
  const { report, list } = createDiagnostics();
  return { folded: foldNormalisation.run(graph, { ...normalisation, centre }, report), list };
}

/** The folded network on pixels gives what the network gives on the normalised image. */
function assertEqual(graph: AnnGraph, normalisation: Normalisation, random: Random): void {
  const centre = random.pick([[0], centreOf(normalisation)]);
  const { folded, list } = run(graph, normalisation, centre);
  assert.deepEqual(list, []);
  assert.notEqual(folded, graph);
  assert.deepEqual(verifyGraph(folded), []);
  const { shape } = graph.nodes.find(node => node.kind === 'input')!.type;
  const layout = inputLayout(shape)!;
  const pixels = Float64Array.from({ length: sizeOf(shape) }, () => random.int(0, 255));
  const image = pixels.map((pixel, i) => normalise(pixel, channelAt(i, layout), normalisation));
  const wanted = logitsOf(graph, image);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  const centred = pixels.map((pixel, i) => pixel - centre[channelAt(i, layout) % centre.length]!);
  assert.ok(furthest(logitsOf(folded, centred), wanted) < 1e-9 * scale);
}

const randomNormalisation = (random: Random, channels: number): Normalisation => ({
  scale: random.pick([1, 1 / 16, 1 / 255]),
  mean: Array.from({ length: random.pick([1, channels]) }, () => 0.3 + 0.1 * random.normal()),
  std: Array.from({ length: random.pick([1, channels]) }, () => 0.2 + 0.1 * Math.abs(random.normal())),
});

test('random networks on pixels give what they gave on the normalised image', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), seed => {
      const random = createRandom(seed);
      assertEqual(randomAnn(seed), randomNormalisation(random, 1), random);
    }),
    { numRuns: 30, seed: 4 },
  );
});

test('convolutions that overlap, of one and three channels, and several that read one image', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), seed => {
      const random = createRandom(seed);
      const channels = random.pick([1, 3]);
      const shape = [channels, random.int(5, 9), random.int(5, 9)];
      const w = { kernel: random.int(2, 4), stride: random.int(1, 4), padding: 0 };
      const graph = convolutions(random, shape, random.int(1, 3), w);
      assertEqual(graph, randomNormalisation(random, channels), random);
    }),
    { numRuns: 40, seed: 5 },
  );
});

test('padding: folds where the mean is 0, stays where it is not, and says so', () => {
  const random = createRandom(3);
  const padded = { kernel: 3, stride: 2, padding: 1 };
  const graph = convolutions(random, [3, 6, 6], 1, padded);
  assertEqual(graph, { scale: 1 / 255, mean: [0], std: [0.5, 0.25, 0.125] }, random);
  const { folded, list } = run(graph, { scale: 1 / 255, mean: [0.5], std: [0.5] });
  assert.equal(folded, graph);
  assert.deepEqual(
    list.map(d => d.code),
    ['W0125'],
  );
  assert.match(list[0]?.message ?? '', /conv0: it pads/);
});

test('what it must not touch: other readers, and weights that see several channels', () => {
  const draft = createDraft(createConstants());
  const image = putInput(draft, 'image', [3, 2, 2], 'image');
  putOutput(draft, putBinary(draft, 'mul', image, image, 'square'), 'y', 'y');
  const other = finishDraft(draft, 'other');
  const half = { scale: 1 / 255, mean: [0.5], std: [0.5] };
  const first = run(other, half);
  assert.equal(first.folded, other);
  assert.match(first.list[0]?.message ?? '', /square \(mul\) reads the image/);

  // rows are the channels: one weight for red, green and blue
  const mixed = createDraft(createConstants());
  const pixels = putInput(mixed, 'image', [3, 2, 2], 'image');
  const weight = mixed.constants.add({
    dtype: 'f32',
    shape: [4, 2],
    data: Float32Array.from({ length: 8 }, (_, i) => i),
  });
  const rows = select(pixels, { index: undefined, shape: [3, 4] });
  putOutput(mixed, putLinear(mixed, rows, weight, undefined, 'fc'), 'y', 'y');
  const graph = finishDraft(mixed, 'mixed');
  assert.equal(run(graph, { ...half, mean: [0.1, 0.2, 0.3] }).list[0]?.code, 'W0125');
  assertEqual(graph, half, createRandom(1));
});
