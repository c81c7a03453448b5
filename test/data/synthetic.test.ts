import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticImages } from '../../compiler/data/synthetic.ts';

const LIMITS = [
  { low: -1, high: 2 },
  { low: -2, high: 1 },
  { low: -0.5, high: 0.5 },
];

const deviation = (x: Float64Array) => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return Math.sqrt(x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length);
};

/** Mean squared difference of columns `distance` apart ÷ the variance: 2 where they know nothing of one another. */
function unlike(image: Float64Array, width: number, distance: number): number {
  const pairs = [...image.keys()].filter(i => (i % width) + distance < width);
  const square = pairs.reduce((sum, i) => sum + (image[i]! - image[i + distance]!) ** 2, 0) / pairs.length;
  return square / deviation(image) ** 2;
}

test('synthetic images: the same twice, no two alike, within the limits of every channel in both orders', () => {
  for (const shape of [
    [3, 9, 7],
    [9, 7, 3],
  ]) {
    const images = syntheticImages(shape, 12, LIMITS);
    assert.deepEqual(images, syntheticImages(shape, 12, LIMITS));
    assert.equal(new Set(images.map(image => image.join())).size, 12);
    const channel = (i: number) => (shape[0] === 3 ? Math.floor(i / 63) : i % 3);
    for (const image of images) {
      assert.equal(image.length, 189);
      assert.ok(image.every((x, i) => x >= LIMITS[channel(i)]!.low && x <= LIMITS[channel(i)]!.high));
    }
    assert.ok(
      LIMITS.every(({ high }, c) => images.some(im => im.some((x, i) => channel(i) === c && x === high))),
    );
  }
});

test('synthetic images: near pixels are more alike than far ones, and contrast differs', () => {
  const images = syntheticImages([1, 32, 32], 32, [{ low: -100, high: 100 }]);
  const varied = images.filter(image => deviation(image) > 1e-6);
  assert.ok(varied.length >= 28);
  const mean = (distance: number) =>
    varied.reduce((sum, image) => sum + unlike(image, 32, distance), 0) / varied.length;
  const [near, middle, far] = [mean(1), mean(4), mean(16)];
  assert.ok(near < 0.7 * middle && middle < 0.9 * far, `${near} ${middle} ${far}`);
  const contrasts = varied.map(deviation);
  assert.ok(Math.max(...contrasts) > 4 * Math.min(...contrasts));
});

test('synthetic images of any shape: a line of pixels, a single one, no picture at all', () => {
  for (const shape of [[1, 1, 30_000], [1, 1, 1], [5, 2, 6, 4], [7]]) {
    const images = syntheticImages(shape, 6);
    const size = shape.reduce((a, b) => a * b, 1);
    assert.ok(images.every(im => im.length === size && im.every(x => Math.abs(x) <= 3)));
    if (size > 1) assert.ok(images.some(im => deviation(im) > 0.3));
  }
});
