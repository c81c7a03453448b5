import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  composeMaps,
  compressMap,
  expandMap,
  HOLE,
  identityMap,
  isIdentity,
  joinMaps,
  keepsPhase,
  loopMap,
  mapFits,
  moveRuns,
  parseMap,
  printMap,
  type StridedMap,
  sameMaps,
  shiftMap,
} from '../ir/map.ts';

/** Lists as views make them, and lists that no loop describes. */
const lists = fc.oneof(
  fc.array(fc.integer({ min: -1, max: 40 }), { minLength: 1, maxLength: 60 }),
  fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
    .map(([a, b, c]) => Array.from({ length: a * b * c }, (_, i) => (i % c) * a * b + Math.floor(i / c))),
);

interface Loops {
  readonly counts: readonly number[];
  readonly strides: readonly number[];
}
const loops: fc.Arbitrary<Loops> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: -12, max: 24 })), { maxLength: 4 })
  .map(axes => ({ counts: axes.map(([count]) => count), strides: axes.map(([, stride]) => stride) }));

/** From the lowest start at which no index is negative. */
function mapOfLoops({ counts, strides }: Loops): StridedMap {
  const low = counts.reduce((sum, count, i) => sum + Math.min(0, (count - 1) * strides[i]!), 0);
  return loopMap(0 - low, counts, strides);
}

/** A transposed, sliced, strided look at a tensor, as exporters write them in a row. */
const views = fc
  .tuple(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat())
  .map(([shape, order, flip]): StridedMap => {
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
    const axes = shape
      .map((_, i) => i)
      .sort((a, b) => ((a * 7 + order) % 5) - ((b * 7 + order) % 5) || a - b);
    const isFlipped = axes.map(axis => ((flip >> axis) & 1) === 1);
    const start = axes.reduce(
      (sum, axis, i) => sum + (isFlipped[i] ? (shape[axis]! - 1) * strides[axis]! : 0),
      0,
    );
    return loopMap(
      start,
      axes.map(axis => shape[axis]!),
      axes.map((axis, i) => (isFlipped[i] ? -1 : 1) * strides[axis]!),
    );
  });

/** Greedy from the left, innermost loop first, element by element: what the one form of a list is. */
function greedy(list: readonly number[]): unknown {
  const segments: unknown[] = [];
  for (let at = 0; at < list.length; ) {
    if (list[at] === HOLE) {
      let count = 1;
      while (list[at + count] === HOLE) count += 1;
      segments.push({ start: HOLE, loops: count > 1 ? [{ count, stride: 0 }] : [] });
      at += count;
      continue;
    }
    const found: { count: number; stride: number }[] = [];
    let block = 1;
    for (;;) {
      const stride = list[at + block]! - list[at]!;
      const isCopy = (n: number) =>
        list.length >= at + (n + 1) * block &&
        Array.from({ length: block }, (_, j) => j).every(
          j => list[at + n * block + j] !== HOLE && list[at + n * block + j] === list[at + j]! + n * stride,
        );
      let count = 1;
      while (at + block < list.length && list[at + block] !== HOLE && isCopy(count)) count += 1;
      if (count === 1) break;
      found.unshift({ count, stride });
      block *= count;
    }
    segments.push({ start: list[at], loops: found });
    at += block;
  }
  return { length: list.length, segments };
}

test('a map is the greedy loops of its list, in memory and as text', () => {
  fc.assert(
    fc.property(lists, list => {
      const map = compressMap(list);
      assert.deepEqual([...expandMap(map)], list);
      assert.deepEqual(map, greedy(list));
      assert.deepEqual(parseMap(printMap(map)), map);
    }),
    { numRuns: 500 },
  );
});

test('loops, joins and shifts have the form of their lists', () => {
  fc.assert(
    fc.property(loops, loops, fc.integer({ min: 0, max: 9 }), (a, b, offset) => {
      const [first, second] = [mapOfLoops(a), shiftMap(mapOfLoops(b), offset)];
      assert.deepEqual(first, compressMap(expandMap(first)));
      const joined = joinMaps([first, second]);
      assert.deepEqual([...expandMap(joined)], [...expandMap(first), ...expandMap(second)]);
      assert.deepEqual(joined, compressMap(expandMap(joined)));
    }),
    { numRuns: 500 },
  );
});

test('composition picks from the inner list, in the form of the result', () => {
  const composed = (outer: StridedMap, inner: StridedMap) => {
    const values = expandMap(inner);
    const wanted = Array.from(expandMap(outer), i => (i === HOLE ? HOLE : values[i]!));
    const map = composeMaps(outer, inner);
    assert.deepEqual([...expandMap(map)], wanted);
    assert.deepEqual(map, compressMap(wanted));
  };
  fc.assert(
    fc.property(lists, lists, (inner, picks) => {
      composed(compressMap(picks.map(i => (i === HOLE ? HOLE : i % inner.length))), compressMap(inner));
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(views, loops, views, (inner, outer, after) => {
      const pick = mapOfLoops(outer);
      if (mapFits(pick, inner.length)) composed(pick, inner);
      if (mapFits(after, inner.length)) composed(after, inner);
      const twice = joinMaps([inner, shiftMap(inner, inner.length)]);
      if (mapFits(pick, twice.length)) composed(pick, twice);
    }),
    { numRuns: 1500 },
  );
});

test('moving runs is moving elements', () => {
  fc.assert(
    fc.property(lists, list => {
      const moved = moveRuns(compressMap(list), (start, stride, count, emit) => {
        for (let i = 0; i < count; i++) emit(((start + i * stride) * 3) % 11, 0, 1);
      });
      assert.deepEqual(moved, compressMap(list.map(i => (i === HOLE ? HOLE : (i * 3) % 11))));
    }),
  );
});

test('a transpose of a large tensor is one line', () => {
  const transpose = loopMap(0, [200, 200], [1, 200]);
  assert.equal(printMap(transpose), '(0: 200*1 200*200)');
  assert.equal(printMap(compressMap([HOLE, HOLE, 5])), '(_: 2*0)(5:)');
  assert.ok(isIdentity(composeMaps(transpose, transpose), 40_000));
  assert.ok(sameMaps(loopMap(0, [2000, 1, 3], [3, 99, 1]), identityMap(6000)));
});

test('a map keeps its phase when every element keeps its place in the period', () => {
  fc.assert(
    fc.property(fc.oneof(lists.map(compressMap), views), fc.integer({ min: 1, max: 6 }), (map, period) => {
      const keeps = expandMap(map).every((at, i) => at !== HOLE && (at - i) % period === 0);
      assert.equal(keepsPhase(map, period), keeps);
    }),
    { numRuns: 500 },
  );
});
