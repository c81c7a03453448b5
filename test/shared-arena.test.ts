/** One memory for several engines: what never changes is written once, everything else lies apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arena, arenaOn, createArena, joinArena, plainMemory } from '../ir/fast/arena.ts';
import { createPlainKernels } from '../ir/fast/plain-kernels.ts';

const prepare = (arena: Arena, own: number, written: number[]) => {
  const first = arena.reserve(own);
  const kept = arena.keep(100, at => {
    arena.views().i32[at / 4] = 4711;
    written.push(at);
  });
  arena.needScratch(64);
  return { first, kept, second: arena.reserve(own), scratch: arena.scratch() };
};

test('rooms lie apart, and hold what never changes once', () => {
  const arena = createArena();
  const written: number[] = [];
  const main = prepare(arena, 1000, written);
  const rooms = arena.divide(3);
  assert.equal(rooms.length, 3);
  let end = main.scratch + 64;
  for (const room of rooms) {
    const joined = joinArena(room);
    const own = prepare(joined, 1000, written);
    assert.ok(room.begin >= end && own.first >= room.begin && own.second >= own.first + 1000);
    assert.equal(own.kept, main.kept);
    assert.equal(joined.views().i32[own.kept / 4], 4711);
    assert.ok(own.scratch + 64 <= room.end);
    end = room.end;
    assert.deepEqual(
      joined
        .views()
        .u8.subarray(own.first, room.end)
        .findIndex(byte => byte !== 0),
      -1,
    );
    joined.views().u8.fill(7, own.first, own.scratch + 64);
  }
  assert.deepEqual(written, [main.kept]);
  assert.equal(arena.views().i32[main.kept / 4], 4711);
  assert.equal(arena.views().u8[main.first], 0);
});

test('whoever asks for more than the first is told so', () => {
  const arena = createArena();
  prepare(arena, 1000, []);
  const [room] = arena.divide(1);
  assert.throws(() => joinArena(room!).reserve(4000), /more memory/);
  const joined = joinArena(room!);
  joined.keep(100, () => {});
  assert.throws(() => joined.keep(100, () => {}), /kept/);
});

test('four gibibytes are divided among as many as they hold; without shared memory there are no rooms', () => {
  const arena = createArena();
  arena.reserve(2 ** 30);
  arena.keep(2 ** 20, () => {});
  assert.equal(arena.divide(8).length, 2);
  const full = createArena();
  full.reserve(2 ** 31 + 2 ** 20);
  assert.deepEqual(full.divide(2), []);
  assert.deepEqual(arenaOn(plainMemory(), createPlainKernels).divide(2), []);
});
