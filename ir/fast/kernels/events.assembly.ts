// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// Products where most inputs are silent: events are listed, and each adds its row of weights. Two events go together,
// because one instruction adds two products of 16 bits; sums stay in registers over the whole list.

/** For every mask of eight: the bytes of those lanes of 16 bits, moved to the front. Every arena begins with them. */
const ORDERS: usize = 16;
const LANES: usize = 8;
const SHORT: usize = 2;
const WIDE: usize = 32;
const NARROW: usize = 16;
/** So many pairs of weights of 8 bits are added in 16 bits before they could overflow: 128 · 2 · 127 < 2^15. */
const PAIRS_IN_SHORT: usize = 128;

/**
 * Lists what is not 0 in x[count], 16 bits each: the numbers of the elements in `numbers`, their values in `payloads`, 16 bits
 * each. Returns how many there are.
 *
 * Needs  count ≤ 2^16; room for 8 elements more in both lists, which begin at multiples of 4
 */
export function listEvents(x: usize, count: usize, numbers: usize, payloads: usize): usize {
  const first = numbers;
  const whole = count & ~(LANES - 1);
  let lanes = i16x8(0, 1, 2, 3, 4, 5, 6, 7);
  for (let i: usize = 0; i < whole; i += LANES) {
    const values = v128.load(x + i * SHORT);
    const mask: usize = i16x8.bitmask(i16x8.ne(values, i16x8.splat(0)));
    const order = v128.load(ORDERS + mask * 16);
    v128.store(payloads, i8x16.swizzle(values, order));
    v128.store(numbers, i8x16.swizzle(lanes, order));
    const met = popcnt(mask) * SHORT;
    payloads += met;
    numbers += met;
    lanes = i16x8.add(lanes, i16x8.splat(8));
  }
  for (let i = whole; i < count; i++) {
    const value = load<i16>(x + i * SHORT);
    store<i16>(payloads, value);
    store<u16>(numbers, <u16>i);
    const met: usize = value === 0 ? 0 : SHORT;
    payloads += met;
    numbers += met;
  }
  // Lists are read by pairs.
  store<i16>(payloads, 0);
  store<u16>(numbers, 0);
  return (numbers - first) / SHORT;
}

/**
 * y[c] += Σ payload · weights[number, c] over a list of `count` events: weights of 8 bits, rows `stride` bytes apart; y of 32.
 *
 * Needs  columns a multiple of 16; behind a list of odd length an element of payload 0; no sum overflows
 */
export function addRows(
  numbers: usize,
  payloads: usize,
  count: usize,
  weights: usize,
  stride: usize,
  columns: usize,
  y: usize,
): void {
  const bytes = ((count + 1) >> 1) * 4;
  let c: usize = 0;
  for (; c + WIDE <= columns; c += WIDE) {
    addWide(numbers, payloads, bytes, weights + c, stride, y + c * 4);
  }
  if (c < columns) addNarrow(numbers, payloads, bytes, weights + c, stride, y + c * 4);
}

/** The low and the high half of two rows, their columns in pairs. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function lowPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
// @ts-ignore: a decorator of AssemblyScript
@inline
function highPairs(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
// @ts-ignore: a decorator of AssemblyScript
@inline
function addLow(sum: v128, factors: v128, pairs: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(factors, i16x8.extend_low_i8x16_s(pairs)));
}
// @ts-ignore: a decorator of AssemblyScript
@inline
function addHigh(sum: v128, factors: v128, pairs: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(factors, i16x8.extend_high_i8x16_s(pairs)));
}

function addWide(numbers: usize, payloads: usize, bytes: usize, weights: usize, stride: usize, y: usize): void {
  let a0 = v128.load(y);
  let a1 = v128.load(y, 16);
  let a2 = v128.load(y, 32);
  let a3 = v128.load(y, 48);
  let a4 = v128.load(y, 64);
  let a5 = v128.load(y, 80);
  let a6 = v128.load(y, 96);
  let a7 = v128.load(y, 112);
  for (let at: usize = 0; at < bytes; at += 4) {
    const both = load<u32>(numbers + at);
    const factors = v128.load32_splat(payloads + at);
    const first = weights + <usize>(both & 0xffff) * stride;
    const second = weights + <usize>(both >>> 16) * stride;
    let u = v128.load(first);
    let v = v128.load(second);
    let low = lowPairs(u, v);
    let high = highPairs(u, v);
    a0 = addLow(a0, factors, low);
    a1 = addHigh(a1, factors, low);
    a2 = addLow(a2, factors, high);
    a3 = addHigh(a3, factors, high);
    u = v128.load(first, 16);
    v = v128.load(second, 16);
    low = lowPairs(u, v);
    high = highPairs(u, v);
    a4 = addLow(a4, factors, low);
    a5 = addHigh(a5, factors, low);
    a6 = addLow(a6, factors, high);
    a7 = addHigh(a7, factors, high);
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
  v128.store(y, a2, 32);
  v128.store(y, a3, 48);
  v128.store(y, a4, 64);
  v128.store(y, a5, 80);
  v128.store(y, a6, 96);
  v128.store(y, a7, 112);
}

function addNarrow(numbers: usize, payloads: usize, bytes: usize, weights: usize, stride: usize, y: usize): void {
  let a0 = v128.load(y);
  let a1 = v128.load(y, 16);
  let a2 = v128.load(y, 32);
  let a3 = v128.load(y, 48);
  for (let at: usize = 0; at < bytes; at += 4) {
    const both = load<u32>(numbers + at);
    const factors = v128.load32_splat(payloads + at);
    const u = v128.load(weights + <usize>(both & 0xffff) * stride);
    const v = v128.load(weights + <usize>(both >>> 16) * stride);
    const low = lowPairs(u, v);
    const high = highPairs(u, v);
    a0 = addLow(a0, factors, low);
    a1 = addHigh(a1, factors, low);
    a2 = addLow(a2, factors, high);
    a3 = addHigh(a3, factors, high);
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
  v128.store(y, a2, 32);
  v128.store(y, a3, 48);
}

/** The same where every payload is 1: pairs of rows are added in 16 bits, and those in 32 before they could overflow. */
export function addBinaryRows(
  numbers: usize,
  count: usize,
  weights: usize,
  stride: usize,
  columns: usize,
  y: usize,
): void {
  for (let done: usize = 0; done < count; done += 2 * PAIRS_IN_SHORT) {
    const some = min(count - done, 2 * PAIRS_IN_SHORT);
    for (let c: usize = 0; c < columns; c += NARROW) {
      addBinary(numbers + done * SHORT, some, weights + c, stride, y + c * 4);
    }
  }
}

/** Of 16 columns, and at most 256 events. */
function addBinary(numbers: usize, count: usize, weights: usize, stride: usize, y: usize): void {
  let low = i16x8.splat(0);
  let high = low;
  let at = numbers;
  for (const end = numbers + (count >> 1) * 4; at < end; at += 4) {
    const both = load<u32>(at);
    const u = v128.load(weights + <usize>(both & 0xffff) * stride);
    const v = v128.load(weights + <usize>(both >>> 16) * stride);
    low = i16x8.add(low, i16x8.extadd_pairwise_i8x16_s(lowPairs(u, v)));
    high = i16x8.add(high, i16x8.extadd_pairwise_i8x16_s(highPairs(u, v)));
  }
  if (count & 1) {
    const u = v128.load(weights + <usize>load<u16>(at) * stride);
    low = i16x8.add(low, i16x8.extend_low_i8x16_s(u));
    high = i16x8.add(high, i16x8.extend_high_i8x16_s(u));
  }
  v128.store(y, i32x4.add(v128.load(y), i32x4.extend_low_i16x8_s(low)));
  v128.store(y, i32x4.add(v128.load(y, 16), i32x4.extend_high_i16x8_s(low)), 16);
  v128.store(y, i32x4.add(v128.load(y, 32), i32x4.extend_low_i16x8_s(high)), 32);
  v128.store(y, i32x4.add(v128.load(y, 48), i32x4.extend_high_i16x8_s(high)), 48);
}

/**
 * Lists of all rows of x[rows, inner], rows `stride` bytes apart, one behind the other, each with an even number of places.
 * `starts` takes where each begins and ends, in elements: rows + 1 numbers of 32 bits.
 */
export function listRows(
  x: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  starts: usize,
  numbers: usize,
  payloads: usize,
): void {
  let at: usize = 0;
  for (let row: usize = 0; row < rows; row++) {
    store<u32>(starts + row * 4, <u32>at);
    const count = listEvents(x + row * stride, inner, numbers + at * SHORT, payloads + at * SHORT);
    at += (count + 1) & ~1;
  }
  store<u32>(starts + rows * 4, <u32>at);
}

/**
 * y[rows, columns] += listed rows · weights of 8 bits in panels of 32 columns. Panel after panel over all rows where `isByPanel`,
 * so that a panel stays near; row after row otherwise. `room`: 128 bytes.
 */
export function multiplyListed(
  starts: usize,
  numbers: usize,
  payloads: usize,
  weights: usize,
  y: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  columns: usize,
  isByPanel: bool,
  room: usize,
): void {
  if (isByPanel) {
    for (let c: usize = 0; c < columns; c += WIDE) {
      for (let row: usize = 0; row < rows; row++) {
        addPanel(starts + row * 4, numbers, payloads, weights + c * inner, y + row * stride + c * 4, columns - c, room);
      }
    }
    return;
  }
  for (let row: usize = 0; row < rows; row++) {
    for (let c: usize = 0; c < columns; c += WIDE) {
      addPanel(starts + row * 4, numbers, payloads, weights + c * inner, y + row * stride + c * 4, columns - c, room);
    }
  }
}

/** One row and one panel; of the last panel only so many columns as there are. */
function addPanel(
  start: usize,
  numbers: usize,
  payloads: usize,
  panel: usize,
  y: usize,
  columns: usize,
  room: usize,
): void {
  const first = <usize>load<u32>(start) * SHORT;
  const bytes = <usize>load<u32>(start, 4) * SHORT - first;
  if (bytes === 0) return;
  if (columns >= WIDE) {
    addWide(numbers + first, payloads + first, bytes, panel, WIDE, y);
    return;
  }
  memory.fill(room, 0, WIDE * 4);
  addWide(numbers + first, payloads + first, bytes, panel, WIDE, room);
  for (let c: usize = 0; c < columns; c++) {
    store<i32>(y + c * 4, load<i32>(y + c * 4) + load<i32>(room + c * 4));
  }
}
