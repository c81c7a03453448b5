// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// Products where many inputs are silent. An input is a sum of signed powers of two; events of one power are listed together, so
// that each only adds its row of weights or takes it away, in 16 bits. Sums are doubled from one power to the next below it, and
// go to 32 bits before they could overflow.

/** For every mask of eight: the bytes of those lanes of 16 bits, moved to the front. Every arena begins with them. */
const ORDERS: usize = 16;
const LANES: usize = 8;
const SHORT: usize = 2;
const WORD: usize = 4;
/** Columns of a panel of weights. */
const PANEL: usize = 32;
/** How many rows are added, how many taken away, doublings before, and shift + 1 of sums that go to 32 bits behind, or 0. */
const SEGMENT: usize = 8;
/** Where segments and events of a row begin, in bytes. */
const START: usize = 8;
/** So many weights of 8 bits fit 16 bits: 255 · 128 < 2^15. */
const MOST_HELD: u32 = 255;
/** Beyond that nothing that is held can be doubled. */
const MOST_DOUBLINGS: i32 = 8;

/** Powers that some input of a row adds, and that some takes away, bit by bit. */
let anyPlus: u32 = 0;
let anyMinus: u32 = 0;

/**
 * Of x[count] what is not 0: numbers of the elements, powers that they add, powers that they take away, in three lists of 16
 * bits. The powers are the fewest that there are (the non-adjacent form). Returns how many elements there are.
 */
function listRow(x: usize, count: usize, numbers: usize, plus: usize, minus: usize, rest: usize): usize {
  const first = numbers;
  const whole = count & ~(LANES - 1);
  let lanes = i16x8(0, 1, 2, 3, 4, 5, 6, 7);
  let added = i16x8.splat(0);
  let taken = added;
  for (let i: usize = 0; i < count; i += LANES) {
    let from = x + i * SHORT;
    if (i === whole) {
      v128.store(rest, i16x8.splat(0));
      memory.copy(rest, from, (count - whole) * SHORT);
      from = rest;
    }
    const values = v128.load(from);
    const mask: usize = i16x8.bitmask(i16x8.ne(values, i16x8.splat(0)));
    const order = v128.load(ORDERS + mask * 16);
    const size = i16x8.abs(values);
    const half = i16x8.shr_u(size, 1);
    const more = i16x8.add(size, half);
    const isNegative = i16x8.shr_s(values, 15);
    const up = v128.andnot(more, half);
    const down = v128.andnot(half, more);
    const adds = v128.bitselect(down, up, isNegative);
    const takes = v128.bitselect(up, down, isNegative);
    added = v128.or(added, adds);
    taken = v128.or(taken, takes);
    v128.store(numbers, i8x16.swizzle(lanes, order));
    v128.store(plus, i8x16.swizzle(adds, order));
    v128.store(minus, i8x16.swizzle(takes, order));
    const met = popcnt(mask) * SHORT;
    numbers += met;
    plus += met;
    minus += met;
    lanes = i16x8.add(lanes, i16x8.splat(8));
  }
  v128.store(plus, i16x8.splat(0));
  v128.store(minus, i16x8.splat(0));
  anyPlus = bitsOf(added);
  anyMinus = bitsOf(taken);
  return (numbers - first) / SHORT;
}

/** Bits that some lane of 16 has. */
function bitsOf(lanes: v128): u32 {
  const both = i64x2.extract_lane(lanes, 0) | i64x2.extract_lane(lanes, 1);
  const word = <u32>both | <u32>(both >>> 32);
  return (word | (word >>> 16)) & 0xffff;
}

/** Numbers of the elements that have a power, to `out`; returns where they end. */
function pick(numbers: usize, powers: usize, count: usize, power: i32, out: usize): usize {
  const single: i32 = 1 << power;
  const bit = i16x8.splat(<i16>single);
  for (let i: usize = 0; i < count; i += LANES) {
    const mask: usize = i16x8.bitmask(i16x8.ne(v128.and(v128.load(powers), bit), i16x8.splat(0)));
    v128.store(out, i8x16.swizzle(v128.load(numbers), v128.load(ORDERS + mask * 16)));
    out += popcnt(mask) * SHORT;
    numbers += LANES * SHORT;
    powers += LANES * SHORT;
  }
  return out;
}

/**
 * Events of all rows of x[rows, inner], rows `stride` bytes apart, from the highest power of a row down: first those that add their
 * weights, then those that take them away. `starts` takes where segments and events of each row begin and end.
 *
 * Needs  inner ≤ 2^16; room: four lists of inner + 8 elements; room for 8 events more
 */
export function listRows(
  x: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  starts: usize,
  segments: usize,
  events: usize,
  room: usize,
): void {
  const list = (inner + LANES) * SHORT;
  let segment = segments;
  let event = events;
  for (let row: usize = 0; row < rows; row++, x += stride, starts += START) {
    store<u32>(starts, <u32>(segment - segments));
    store<u32>(starts, <u32>(event - events), WORD);
    const count = listRow(x, inner, room, room + list, room + 2 * list, room + 3 * list);
    const begin = segment;
    /** How many weights sums of 16 bits hold, each as often as it counts, and the power that they count by. */
    let held: u32 = 0;
    let last: i32 = 0;
    for (let used = anyPlus | anyMinus; used !== 0; ) {
      const power = 31 - <i32>clz(used);
      const bit: u32 = 1 << power;
      used ^= bit;
      const middle = anyPlus & bit ? pick(room, room + list, count, power, event) : event;
      const end = anyMinus & bit ? pick(room, room + 2 * list, count, power, middle) : middle;
      let adds = <u32>((middle - event) / SHORT);
      let takes = <u32>((end - middle) / SHORT);
      event = end;
      while (adds + takes > 0) {
        let doublings = segment === begin ? 0 : last - power;
        if (doublings >= MOST_DOUBLINGS || (held << doublings) + min(adds + takes, MOST_HELD) > MOST_HELD) {
          store<u16>(segment - SEGMENT, <u16>(last + 1), 6);
          doublings = 0;
          held = 0;
        }
        held <<= doublings;
        const some = min(adds, MOST_HELD - held);
        const others = min(takes, MOST_HELD - held - some);
        store<u16>(segment, <u16>some);
        store<u16>(segment, <u16>others, 2);
        store<u16>(segment, <u16>doublings, 4);
        store<u16>(segment, 0, 6);
        segment += SEGMENT;
        held += some + others;
        adds -= some;
        takes -= others;
        last = power;
      }
    }
    if (segment > begin) store<u16>(segment - SEGMENT, <u16>(last + 1), 6);
  }
  store<u32>(starts, <u32>(segment - segments));
  store<u32>(starts, <u32>(event - events), WORD);
}

/** y[16] += sums of 16 bits · 2^shift. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function widen(y: usize, low: v128, high: v128, shift: i32): void {
  v128.store(y, i32x4.add(v128.load(y), i32x4.shl(i32x4.extend_low_i16x8_s(low), shift)));
  v128.store(y, i32x4.add(v128.load(y, 16), i32x4.shl(i32x4.extend_high_i16x8_s(low), shift)), 16);
  v128.store(y, i32x4.add(v128.load(y, 32), i32x4.shl(i32x4.extend_low_i16x8_s(high), shift)), 32);
  v128.store(y, i32x4.add(v128.load(y, 48), i32x4.shl(i32x4.extend_high_i16x8_s(high), shift)), 48);
}

/** y[32] += one row's events · a panel. */
function addRow(segment: usize, last: usize, event: usize, panel: usize, y: usize): void {
  let a = i16x8.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (; segment < last; segment += SEGMENT) {
    const doublings = <i32>load<u16>(segment, 4);
    if (doublings > 0) {
      a = i16x8.shl(a, doublings);
      b = i16x8.shl(b, doublings);
      c = i16x8.shl(c, doublings);
      d = i16x8.shl(d, doublings);
    }
    for (const end = event + <usize>load<u16>(segment) * SHORT; event < end; event += SHORT) {
      const weights = panel + <usize>load<u16>(event) * PANEL;
      a = i16x8.add(a, v128.load8x8_s(weights));
      b = i16x8.add(b, v128.load8x8_s(weights, 8));
      c = i16x8.add(c, v128.load8x8_s(weights, 16));
      d = i16x8.add(d, v128.load8x8_s(weights, 24));
    }
    for (const end = event + <usize>load<u16>(segment, 2) * SHORT; event < end; event += SHORT) {
      const weights = panel + <usize>load<u16>(event) * PANEL;
      a = i16x8.sub(a, v128.load8x8_s(weights));
      b = i16x8.sub(b, v128.load8x8_s(weights, 8));
      c = i16x8.sub(c, v128.load8x8_s(weights, 16));
      d = i16x8.sub(d, v128.load8x8_s(weights, 24));
    }
    const goes = <i32>load<u16>(segment, 6);
    if (goes === 0) continue;
    widen(y, a, b, goes - 1);
    widen(y + 64, c, d, goes - 1);
    a = i16x8.splat(0);
    b = a;
    c = a;
    d = a;
  }
}

/** Reads y[rows, columns] front to back, so that it is near when it is walked through by panels. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function touch(y: usize, stride: usize, rows: usize, columns: usize, room: usize): void {
  let all = i32x4.splat(0);
  for (let row: usize = 0; row < rows; row++, y += stride) {
    for (let at: usize = 0; at < columns * WORD; at += 64) all = v128.or(all, v128.load(y + at));
  }
  v128.store(room, all);
}

/** y[rows, columns] += listed rows · weights of 8 bits in panels of 32 columns. `room`: 128 bytes. */
export function multiplyListed(
  starts: usize,
  segments: usize,
  events: usize,
  weights: usize,
  y: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  columns: usize,
  room: usize,
): void {
  touch(y, stride, rows, columns, room);
  for (let c: usize = 0; c < columns; c += PANEL, weights += inner * PANEL) {
    const some = min(columns - c, PANEL);
    let start = starts;
    let out = y + c * WORD;
    for (let row: usize = 0; row < rows; row++, start += START, out += stride) {
      const first = segments + <usize>load<u32>(start);
      const last = segments + <usize>load<u32>(start, START);
      if (first === last) continue;
      const event = events + <usize>load<u32>(start, WORD);
      if (some === PANEL) {
        addRow(first, last, event, weights, out);
        continue;
      }
      memory.fill(room, 0, PANEL * WORD);
      addRow(first, last, event, weights, room);
      for (let i: usize = 0; i < some; i++)
        store<i32>(out + i * WORD, load<i32>(out + i * WORD) + load<i32>(room + i * WORD));
    }
  }
}
