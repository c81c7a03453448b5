/** Kernels on integers against loops that say the same, on both kinds of memory: sizes that fill no block, extreme numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arenaOn, createArena, plainMemory } from '../ir/fast/arena.ts';
import { multiply, PATHS, packPanels, pathOf, productRoom, surveyRows } from '../ir/fast/panels.ts';
import { createPlainKernels } from '../ir/fast/plain-kernels.ts';
import { createRandom } from '../ir/random/seeded.ts';

const arenas = () => [createArena(), arenaOn(plainMemory(), createPlainKernels)];
const random = createRandom(11);
const whole = (below: number) => Math.floor(random.next() * below);
const weights = (size: number) => Int8Array.from({ length: size }, () => whole(256) - 128);

/** Silent but for a share; what is there may be anything, the largest and the smallest included. */
const payloads = (size: number, density: number, largest: number) =>
  Int16Array.from({ length: size }, () => {
    if (random.next() >= density) return 0;
    return random.next() < 0.1 ? -largest : whole(2 * largest) - largest + 1;
  });

test('events: the smallest weights, more events of one power than sums of 16 bits hold, every power at once', () => {
  for (const arena of arenas()) {
    for (const pattern of [
      [1],
      [-1],
      [1, -1],
      [-4, 4, 4],
      [2, 1, -1],
      [-(2 ** 15), 2 ** 14, 1],
      [21845, -10923],
    ]) {
      const inner = 1031;
      const sent = Int16Array.from({ length: inner }, (_, k) => pattern[k % pattern.length]!);
      const panels = packPanels(arena, [inner, 33], new Int8Array(inner * 33).fill(-128))!;
      const [x, y] = [arena.reserve(inner * 2), arena.reserve(33 * 4)];
      const room = arena.reserve(productRoom(1, inner));
      arena.views().i16.set(sent, x / 2);
      const into = { at: y, stride: 33 * 4 };
      const work = { room, held: -(2 ** 40), path: 'events' } as const;
      assert.ok(multiply(arena, { at: x, stride: inner * 2 }, 1, panels, into, work));
      const sum = sent.reduce((all, value) => all + value, 0);
      assert.deepEqual(arena.views().i32.slice(y / 4, y / 4 + 33), new Int32Array(33).fill(-128 * sum));
    }
  }
});

/** Signed powers of two that add up to a number: odd numbers lose the one that leaves a multiple of 4. */
function fewestPowers(value: number): number {
  let [rest, count] = [Math.abs(value), 0];
  for (; rest > 0; rest /= 2) {
    if (rest % 2 === 0) continue;
    rest += rest % 4 === 1 ? -1 : 1;
    count += 1;
  }
  return count;
}

/** Rows and columns beside blocks of 4 and 8 and panels of 32, odd numbers of inputs, one of each. */
const SHAPES = [
  { rows: 1, inner: 1, columns: 1 },
  { rows: 3, inner: 7, columns: 32 },
  { rows: 4, inner: 16, columns: 33 },
  { rows: 7, inner: 61, columns: 5 },
  { rows: 9, inner: 130, columns: 71 },
  { rows: 18, inner: 25, columns: 96 },
] as const;

test('products of integers: both paths at all densities, operands that are slices', () => {
  for (const arena of arenas()) {
    for (const { rows, inner, columns } of SHAPES) {
      const [strideX, strideY] = [2 * inner + 6, 4 * columns + 12];
      const room = arena.reserve(productRoom(rows, inner));
      const x = { at: arena.reserve(rows * strideX), stride: strideX };
      const y = { at: arena.reserve(rows * strideY), stride: strideY };
      const block = weights(inner * columns);
      const panels = packPanels(arena, [inner, columns], block)!;
      for (const density of [0, 0.03, 0.3, 0.6, 1]) {
        const sent = payloads(rows * inner, density, 8000);
        const { i16, i32 } = arena.views();
        i16.fill(99, x.at / 2, x.at / 2 + (rows * strideX) / 2);
        for (let r = 0; r < rows; r++)
          i16.set(sent.subarray(r * inner, (r + 1) * inner), (x.at + r * strideX) / 2);
        const powers = sent.reduce((n, v) => n + fewestPowers(v), 0);
        const largest = sent.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
        assert.deepEqual(surveyRows(arena, x, [rows, inner], room), { powers, largest });
        const before = Int32Array.from({ length: (rows * strideY) / 4 }, () => whole(100) - 50);
        const wanted = before.slice();
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) {
            for (let k = 0; k < inner; k++) {
              wanted[(r * strideY) / 4 + c]! += sent[r * inner + k]! * block[k * columns + c]!;
            }
          }
        }
        for (const path of [...PATHS, undefined]) {
          i32.set(before, y.at / 4);
          assert.ok(multiply(arena, x, rows, panels, y, { room, held: 50, path }));
          const got = i32.slice(y.at / 4, y.at / 4 + before.length);
          assert.deepEqual(got, wanted, `${rows} ${inner} ${columns} ${density} ${path}`);
        }
      }
    }
  }
});

test('products of integers: the largest sums that fit are taken, larger ones refused', () => {
  for (const arena of arenas()) {
    const inner = 515;
    const block = new Int8Array(inner * 3).fill(-128);
    const panels = packPanels(arena, [inner, 3], block)!;
    assert.equal(panels.largestColumn, 128 * inner);
    const room = arena.reserve(productRoom(5, inner));
    const [x, y] = [
      { at: arena.reserve(5 * inner * 2), stride: 2 * inner },
      { at: arena.reserve(5 * 12), stride: 12 },
    ];
    arena.views().i16.fill(-32576, x.at / 2, x.at / 2 + 5 * inner);
    const sum = 32576 * 128 * inner;
    for (const path of PATHS) {
      arena.views().i32.fill(7, y.at / 4, y.at / 4 + 15);
      assert.equal(multiply(arena, x, 5, panels, y, { room, held: 2 ** 31 - sum, path }), false);
      assert.deepEqual(arena.views().i32.slice(y.at / 4, y.at / 4 + 15), new Int32Array(15).fill(7));
      assert.ok(multiply(arena, x, 5, panels, y, { room, held: 2 ** 31 - sum - 1, path }));
      assert.deepEqual(arena.views().i32.slice(y.at / 4, y.at / 4 + 15), new Int32Array(15).fill(7 + sum));
    }
    // The smallest number of 16 bits has no magnitude of 16.
    arena.views().i16[x.at / 2 + 3] = -(2 ** 15);
    assert.equal(surveyRows(arena, x, [5, inner], room).largest, 2 ** 15);
    assert.equal(packPanels(arena, [1, 2], [1, 128]), undefined);
    assert.equal(packPanels(arena, [1, 2], [1, 0.5]), undefined);
  }
  const chosen = [pathOf(1, 9, 9), pathOf(197, 10, 1970), pathOf(197, 10, 60), pathOf(1, 70000, 1)];
  assert.deepEqual(chosen, ['events', 'dense', 'events', 'dense']);
});

test('products of two operands of 16 bits', () => {
  for (const arena of arenas()) {
    for (const { rows, inner, columns } of SHAPES) {
      const [a, b] = [payloads(rows * inner, 1, 4000), payloads(columns * inner, 0.9, 3000)];
      const bytes = (n: number) => arena.reserve((n + 8) * inner * 2 + 64);
      const [atA, atB, packedA, packedB] = [
        bytes(rows),
        bytes(columns),
        bytes(rows + 1),
        bytes(2 * columns + 8),
      ];
      const [y, room] = [arena.reserve(rows * columns * 4), arena.reserve(rows * 32)];
      const { i16, i32 } = arena.views();
      i16.set(a, atA / 2);
      i16.set(b, atB / 2);
      arena.kernels.packRows(atA, inner * 2, rows, inner, packedA);
      arena.kernels.packColumns(atB, inner * 2, columns, inner, packedB);
      for (let i = 0; i < rows * columns; i++) i32[y / 4 + i] = i;
      arena.kernels.multiplyPacked(packedA, packedB, y, columns * 4, rows, inner, columns, room);
      const wanted = Int32Array.from({ length: rows * columns }, (_, i) => {
        const [r, c] = [Math.floor(i / columns), i % columns];
        let sum = i;
        for (let k = 0; k < inner; k++) sum += a[r * inner + k]! * b[c * inner + k]!;
        return sum;
      });
      assert.deepEqual(i32.slice(y / 4, y / 4 + rows * columns), wanted, `${rows} ${inner} ${columns}`);
    }
  }
});
