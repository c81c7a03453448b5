/** Rows in time against a reference that looks at every element. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broadcastSlots, rowSlots } from '../compiler/mapping/ring-slots.ts';
import { eachRowPair, rowOf } from '../compiler/mapping/row-pairs.ts';
import { hostStepsOf, scheduleRows } from '../compiler/mapping/row-schedule.ts';
import type { HoldLimits } from '../compiler/mapping/row-waits.ts';
import { operandIndices } from '../ir/count/counts.ts';
import { nodeMap, sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../ir/int.ts';
import { compressMap, HOLE } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { descend, randomImages } from './kit.ts';

test('row pairs of a map are those of its elements', () => {
  const random = createRandom(4);
  for (let round = 0; round < 200; round++) {
    const places = { width: random.int(1, 7), rows: random.int(1, 5) };
    const elements = { width: random.int(1, 7), rows: random.int(1, 5) };
    const size = elements.width * elements.rows * random.int(1, 3);
    const stride = random.int(-3, 9);
    const list = Array.from({ length: random.int(1, 80) }, (_, i) =>
      random.chance(0.1) ? HOLE : (((stride * i) % size) + size) % size,
    );
    const wanted = new Set<string>();
    list.forEach((element, place) => {
      if (element !== HOLE) wanted.add(`${rowOf(place, places)} ${rowOf(element, elements)}`);
    });
    const got = new Set<string>();
    eachRowPair(compressMap(list), places, elements, (a, b) => got.add(`${a} ${b}`));
    assert.deepEqual([...got].sort(), [...wanted].sort());
  }
});

/** Row that a position of operand `number` belongs to; a broadcast operand is read by row 0 already. */
function readerRow(
  projection: IntProjection,
  number: number,
  position: number,
  graph: IntGraph,
  reader: Population,
) {
  const [, rows, channels] = reader.type.shape as [number, number, number];
  switch (projection.kind) {
    case 'linear':
      return Math.floor(position / graph.constants.get(projection.attrs.weight).shape[0]!);
    case 'product':
      return number === 1 ? 0 : Math.floor(position / projection.attrs.inner) % rows;
    case 'depthwise':
      return Math.floor(position / graph.constants.get(projection.attrs.weight).shape[0]! / channels) % rows;
    case 'maximum':
      return Math.floor(position / projection.attrs.taps / channels) % rows;
    default:
      return Math.floor(position / channels) % rows;
  }
}
type Population = IntOf<'population'>;

/** Whether images that follow each other for ever overwrite a row that is needed. */
function collides(
  rows: readonly { readonly from: number; readonly to: number }[],
  interval: number,
  slots: number,
): boolean {
  const at = (q: number) => {
    const image = Math.floor(q / rows.length);
    const { from, to } = rows[q - image * rows.length]!;
    return { from: from + image * interval, to: to + image * interval };
  };
  for (let q = 0; q < rows.length; q++) {
    for (let later = q + slots; later < q + 12 * rows.length + slots; later += slots) {
      const [a, b] = [at(q), at(later)];
      if (a.from <= b.to && b.from <= a.to) return true;
    }
  }
  return false;
}

test('slots: no row is overwritten for ever, and one slot fewer would overwrite one', () => {
  const random = createRandom(8);
  for (let round = 0; round < 400; round++) {
    const [count, start] = [random.int(1, 9), random.int(5, 60)];
    const interval = count + random.int(0, 6);
    const arrivals = Array.from({ length: count }, (_, r) => start + r - random.int(0, random.int(0, 30)));
    const slots = rowSlots(arrivals, start, interval);
    const rows = arrivals.map((from, r) => ({ from, to: start + r }));
    assert.ok(!collides(rows, interval, slots), `${arrivals} start ${start} every ${interval}: ${slots}`);
    assert.ok(slots === 1 || collides(rows, interval, slots - 1));
    const [begin, last] = [random.int(0, 20), random.int(0, 50)];
    const end = begin + count - 1 + last;
    const kept = broadcastSlots(count, begin, end, interval);
    const lives = Array.from({ length: count }, (_, s) => ({ from: begin + s, to: end }));
    assert.ok(!collides(lives, interval, kept));
    assert.ok(kept === 1 || collides(lives, interval, kept - 1));
  }
});

function checkSchedule(graph: IntGraph, limits?: HoldLimits): number {
  const schedule = scheduleRows(graph, limits);
  const hostSteps = hostStepsOf(graph, schedule.starts);
  const byId = nodeMap(graph.nodes);
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const steps = new Map<string, Int32Array>([[graph.nodes.find(n => n.kind === 'input')!.id, hostSteps]]);
  for (const { id, type } of populations) {
    const [groups, rows, channels] = type.shape as [number, number, number];
    steps.set(
      id,
      Int32Array.from(
        { length: groups * rows * channels },
        (_, i) => schedule.starts.get(id)! + (Math.floor(i / channels) % rows),
      ),
    );
    assert.ok(schedule.interval >= rows);
  }
  let waiting = 0;
  for (const reader of populations) {
    const start = schedule.starts.get(reader.id)!;
    let slack = start - 1;
    reader.operands.forEach((name, gather) => {
      const projection = byId.get(name) as IntProjection;
      const rings = schedule.rings.get(reader.id)![gather]!;
      const all = operandIndices(projection, graph.constants);
      const lives = rings.slots.map(() => new Map<number, { from: number; to: number }>());
      all.forEach((indices, number) => {
        const source = byId.get(projection.operands[number]!)!;
        const sent = steps.get(source.id)!;
        const isBroadcast = projection.kind === 'product' && number === 1;
        indices.forEach((element, position) => {
          if (element === HOLE) return;
          const row = readerRow(projection, number, position, graph, reader);
          const from = sent[element]! + 1;
          assert.ok(from <= start + row, `${reader.id} row ${row} reads what is sent later`);
          if (source.kind !== 'input') slack = Math.min(slack, start + row - from);
          const key = isBroadcast ? sent[element]! : row;
          const to = isBroadcast ? start + reader.type.shape[1]! - 1 : start + row;
          const ring = lives[projection.kind === 'relay' ? 0 : number]!;
          const old = ring.get(key);
          ring.set(key, { from: Math.min(from, old?.from ?? from), to });
        });
      });
      lives.forEach((ring, side) => {
        const isBroadcast = projection.kind === 'product' && side === 1;
        const source = byId.get(projection.operands[side]!)!;
        const first = source.kind === 'input' ? 0 : schedule.starts.get(source.id)!;
        const sources = source.kind === 'input' ? Math.max(...hostSteps) + 1 : source.type.shape[1]!;
        const count = isBroadcast ? sources : reader.type.shape[1]!;
        const rows = Array.from({ length: count }, (_, r) => {
          const live = ring.get(isBroadcast ? first + r : r);
          return live ?? { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
        });
        const slots = rings.slots[side]!;
        waiting += slots - 1;
        assert.ok(!collides(rows, schedule.interval, slots), `${reader.id} ${name} ${side}: ${slots} slots`);
        if (rings.copies !== undefined && side === 1) assert.equal(rings.copies, slots / count);
      });
    });
    if (limits === undefined) assert.equal(slack, 0, `${reader.id} could start ${slack} earlier`);
  }
  return waiting;
}

test('every row runs as soon as all of its population can, and rings hold what waits, on random networks', () => {
  let waiting = 0;
  for (let seed = 0; seed < 12; seed++) {
    const ann = randomAnn(seed);
    waiting += checkSchedule(
      descend(ann, randomImages(ann, 2, seed), { coding: 'sum', steps: 1, shift: 3, terms: 2 }).int,
    );
  }
  for (const kind of Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[]) {
    for (let seed = 0; seed < 3; seed++) {
      const ann = randomModern(seed, [kind]);
      const { int } = descend(ann, randomImages(ann, 2, seed), {
        coding: 'sum',
        steps: 1,
        shift: 3,
        terms: 2,
      });
      assert.ok(sizeOf(int.nodes[0]!.type.shape) > 0);
      waiting += checkSchedule(int);
    }
  }
  assert.ok(waiting > 100);
});

test('limits of a core move starts and stretch the interval, and all still holds', () => {
  const limits: HoldLimits = { rowsHeld: () => 2, canKeep: copies => copies <= 1 };
  let moved = 0;
  for (let seed = 0; seed < 12; seed++) {
    const ann = randomAnn(seed);
    const { int } = descend(ann, randomImages(ann, 2, seed), { coding: 'sum', steps: 1, shift: 3, terms: 2 });
    checkSchedule(int, limits);
    const [free, held] = [scheduleRows(int), scheduleRows(int, limits)];
    assert.equal(held.depth, free.depth);
    for (const [id, start] of held.starts) moved += start - free.starts.get(id)!;
    for (const gathers of held.rings.values()) {
      for (const { slots, copies } of gathers) {
        if (copies === undefined) continue;
        assert.ok(slots[0]! <= 2 && copies <= 1, `${slots} ${copies}`);
      }
    }
  }
  assert.ok(moved > 20);
});
