/** Kernels on integers against loops that say the same, on both kinds of memory: sizes that fill no block, extreme numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arenaOn, createArena, plainMemory } from '../ir/fast/arena.ts';
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

test('events: lists and the rows that they add, at all densities', () => {
  for (const arena of arenas()) {
    for (const [inner, columns] of [
      [1, 16],
      [9, 48],
      [67, 32],
      [300, 80],
      [1031, 16],
    ] as const) {
      const stride = columns + 5;
      const [x, y] = [arena.reserve(inner * 2), arena.reserve(columns * 4)];
      const [numbers, values] = [arena.reserve(inner * 2 + 16), arena.reserve(inner * 2 + 16)];
      const w = arena.reserve(inner * stride + 16);
      for (const density of [0, 0.05, 0.4, 1]) {
        const { i32, i16, i8, u16 } = arena.views();
        const [block, sent] = [weights(inner * stride), payloads(inner, density, 16000)];
        i8.set(block, w);
        i16.set(sent, x / 2);
        const count = arena.kernels.listEvents(x, inner, numbers, values);
        const listed = Array.from(sent.keys()).filter(i => sent[i] !== 0);
        assert.deepEqual([...u16.subarray(numbers / 2, numbers / 2 + count)], listed);
        assert.deepEqual([...i16.subarray(values / 2, values / 2 + count)], [...sent.filter(v => v !== 0)]);
        for (const isBinary of [false, true]) {
          const wanted = Int32Array.from({ length: columns }, (_, c) => {
            const factor = (k: number) => (isBinary ? 1 : sent[k]!);
            return listed.reduce((sum, k) => sum + factor(k) * block[k * stride + c]!, c);
          });
          for (let c = 0; c < columns; c++) i32[y / 4 + c] = c;
          if (isBinary) arena.kernels.addBinaryRows(numbers, count, w, stride, columns, y);
          else arena.kernels.addRows(numbers, values, count, w, stride, columns, y);
          assert.deepEqual(i32.slice(y / 4, y / 4 + columns), wanted, `${inner} ${columns} ${density}`);
        }
      }
    }
  }
});

test('events: rows of the smallest weight, more than sums of 16 bits hold', () => {
  for (const arena of arenas()) {
    const count = 517;
    const [w, numbers, y] = [arena.reserve(16), arena.reserve(count * 2 + 16), arena.reserve(64)];
    arena.views().i8.fill(-128, w, w + 16);
    arena.kernels.addBinaryRows(numbers, count, w, 16, 16, y);
    assert.deepEqual(arena.views().i32.slice(y / 4, y / 4 + 16), new Int32Array(16).fill(-128 * count));
  }
});
