// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// Products of integers: x of 16 bits, weights of 8 or 16, sums of 32. Weights of 8 bits lie in panels of 32 columns, row by
// row; they are read as they are where few inputs are there, and widened panel by panel where many are.

const SHORT: usize = 2;
const WORD: usize = 4;
const PANEL: usize = 32;
/** Columns that the dense kernel works on side by side, and rows. */
const BLOCK: usize = 8;
const ROWS: usize = 4;

/**
 * The fewest signed powers of two that x[rows, inner] is made of, and, in the word at `out`, its largest magnitude. Rows `stride`
 * bytes apart.
 */
export function surveyRows(x: usize, stride: usize, rows: usize, inner: usize, out: usize): usize {
  const whole = inner & ~7;
  let most = i16x8.splat(0);
  let events: usize = 0;
  let high: u32 = 0;
  for (let row: usize = 0; row < rows; row++, x += stride) {
    let powers = i32x4.splat(0);
    for (let k: usize = 0; k < whole; k += 8) {
      // Of the smallest number it is 2^15, without a sign.
      const size = i16x8.abs(v128.load(x + k * SHORT));
      most = i16x8.max_u(most, size);
      const half = i16x8.shr_u(size, 1);
      const bits = i8x16.popcnt(v128.xor(i16x8.add(size, half), half));
      powers = i32x4.add(powers, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bits)));
    }
    for (let lane = 0; lane < 4; lane++) {
      events += i32x4.extract_lane(powers, 0);
      powers = i8x16.shuffle(powers, powers, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3);
    }
    for (let k = whole; k < inner; k++) {
      const size = <u32>abs(<i32>load<i16>(x + k * SHORT));
      events += popcnt((size + (size >>> 1)) ^ (size >>> 1));
      high = max(high, size);
    }
  }
  for (let lane = 0; lane < 8; lane++) {
    high = max(high, <u32>i16x8.extract_lane_u(most, 0));
    most = i8x16.shuffle(most, most, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1);
  }
  store<u32>(out, high);
  return events;
}

/** x[rows, inner] → blocks of four rows, pair of inputs by pair, the rows side by side; rows that are left over one by one. */
export function packRows(x: usize, stride: usize, rows: usize, inner: usize, out: usize): void {
  const whole = inner & ~7;
  let row: usize = 0;
  for (; row + ROWS <= rows; row += ROWS, x += ROWS * stride) {
    for (let k: usize = 0; k < whole; k += 8, out += 64) {
      const at = x + k * SHORT;
      const a = v128.load(at);
      const b = v128.load(at + stride);
      const c = v128.load(at + 2 * stride);
      const d = v128.load(at + 3 * stride);
      const abLow = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const abHigh = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      const cdLow = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const cdHigh = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      v128.store(out, i8x16.shuffle(abLow, cdLow, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
      v128.store(out, i8x16.shuffle(abLow, cdLow, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 16);
      v128.store(out, i8x16.shuffle(abHigh, cdHigh, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 32);
      v128.store(out, i8x16.shuffle(abHigh, cdHigh, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 48);
    }
    for (let k = whole; k < inner; k += 2) {
      for (let r: usize = 0; r < ROWS; r++, out += WORD) store<u32>(out, pairAt(x + r * stride, k, inner));
    }
  }
  for (; row < rows; row++, x += stride) {
    for (let k: usize = 0; k < inner; k += 2, out += WORD) store<u32>(out, pairAt(x, k, inner));
  }
}

/** Inputs k and k + 1; a pair that is not whole ends with 0. */
function pairAt(x: usize, k: usize, inner: usize): u32 {
  return k + 1 < inner ? load<u32>(x + k * SHORT) : <u32>load<u16>(x + k * SHORT);
}

/**
 * A panel of weights[inner, 32] of 8 bits → four blocks of 8 columns of 16 bits: pair of inputs by pair, the two weights of
 * column 0, of column 1, …
 */
function widenPanel(weights: usize, inner: usize, out: usize): void {
  const block = ((inner + 1) >> 1) * BLOCK * WORD;
  for (let k: usize = 0; k < inner; k += 2, weights += 2 * PANEL, out += BLOCK * WORD) {
    const isWhole = k + 1 < inner;
    for (let half: usize = 0; half < 2; half++) {
      const a = v128.load(weights + 16 * half);
      const b = isWhole ? v128.load(weights + PANEL + 16 * half) : i8x16.splat(0);
      const low = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const to = out + 2 * half * block;
      v128.store(to, i16x8.extend_low_i8x16_s(low));
      v128.store(to, i16x8.extend_high_i8x16_s(low), 16);
      v128.store(to + block, i16x8.extend_low_i8x16_s(high));
      v128.store(to + block, i16x8.extend_high_i8x16_s(high), 16);
    }
  }
}

/**
 * b[columns, inner] of 16 bits, rows `stride` bytes apart → blocks of 8 columns as widenPanel makes them; columns beyond the
 * last are 0.
 */
export function packColumns(b: usize, stride: usize, columns: usize, inner: usize, out: usize): void {
  for (let c: usize = 0; c < columns; c += BLOCK, b += BLOCK * stride) {
    const some = min(columns - c, BLOCK);
    for (let k: usize = 0; k < inner; k += 2, out += BLOCK * WORD) {
      for (let i: usize = 0; i < BLOCK; i++) {
        store<u32>(out + i * WORD, i < some ? pairAt(b + i * stride, k, inner) : 0);
      }
    }
  }
}

/** y[rows, 8] += packed rows · a block of 8 columns. */
function multiplyBlock(x: usize, w: usize, y: usize, stride: usize, rows: usize, pairs: usize): void {
  let row: usize = 0;
  for (; row + ROWS <= rows; row += ROWS) {
    fourRows(x, w, y, stride, pairs);
    x += ROWS * pairs * WORD;
    y += ROWS * stride;
  }
  for (; row < rows; row++) {
    oneRow(x, w, y, pairs);
    x += pairs * WORD;
    y += stride;
  }
}

function fourRows(x: usize, w: usize, y0: usize, stride: usize, pairs: usize): void {
  const y1 = y0 + stride;
  const y2 = y1 + stride;
  const y3 = y2 + stride;
  let a00 = i32x4.splat(0);
  let a01 = a00;
  let a10 = a00;
  let a11 = a00;
  let a20 = a00;
  let a21 = a00;
  let a30 = a00;
  let a31 = a00;
  for (const end = x + pairs * ROWS * WORD; x < end; x += ROWS * WORD) {
    const w0 = v128.load(w);
    const w1 = v128.load(w, 16);
    w += BLOCK * WORD;
    const f0 = v128.load32_splat(x);
    a00 = i32x4.add(a00, i32x4.dot_i16x8_s(f0, w0));
    a01 = i32x4.add(a01, i32x4.dot_i16x8_s(f0, w1));
    const f1 = v128.load32_splat(x, 4);
    a10 = i32x4.add(a10, i32x4.dot_i16x8_s(f1, w0));
    a11 = i32x4.add(a11, i32x4.dot_i16x8_s(f1, w1));
    const f2 = v128.load32_splat(x, 8);
    a20 = i32x4.add(a20, i32x4.dot_i16x8_s(f2, w0));
    a21 = i32x4.add(a21, i32x4.dot_i16x8_s(f2, w1));
    const f3 = v128.load32_splat(x, 12);
    a30 = i32x4.add(a30, i32x4.dot_i16x8_s(f3, w0));
    a31 = i32x4.add(a31, i32x4.dot_i16x8_s(f3, w1));
  }
  v128.store(y0, i32x4.add(v128.load(y0), a00));
  v128.store(y0, i32x4.add(v128.load(y0, 16), a01), 16);
  v128.store(y1, i32x4.add(v128.load(y1), a10));
  v128.store(y1, i32x4.add(v128.load(y1, 16), a11), 16);
  v128.store(y2, i32x4.add(v128.load(y2), a20));
  v128.store(y2, i32x4.add(v128.load(y2, 16), a21), 16);
  v128.store(y3, i32x4.add(v128.load(y3), a30));
  v128.store(y3, i32x4.add(v128.load(y3, 16), a31), 16);
}

function oneRow(x: usize, w: usize, y: usize, pairs: usize): void {
  let a0 = v128.load(y);
  let a1 = v128.load(y, 16);
  for (const end = x + pairs * WORD; x < end; x += WORD) {
    const factor = v128.load32_splat(x);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(factor, v128.load(w)));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(factor, v128.load(w, 16)));
    w += BLOCK * WORD;
  }
  v128.store(y, a0);
  v128.store(y, a1, 16);
}

/** y[rows, columns] += x[rows, columns of `width`], columns ≤ width. */
function addPart(x: usize, width: usize, y: usize, stride: usize, rows: usize, columns: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    for (let c: usize = 0; c < columns; c++) {
      const at = y + row * stride + c * WORD;
      store<i32>(at, load<i32>(at) + load<i32>(x + (row * width + c) * WORD));
    }
  }
}

/** Columns from `first` on of y += packed rows · blocks of 8 columns; what is no whole block goes through `room`, rows · 32 bytes. */
function multiplyBlocks(
  x: usize,
  blocks: usize,
  y: usize,
  stride: usize,
  rows: usize,
  pairs: usize,
  columns: usize,
  room: usize,
): void {
  for (let c: usize = 0; c < columns; c += BLOCK) {
    if (c + BLOCK <= columns) multiplyBlock(x, blocks, y + c * WORD, stride, rows, pairs);
    else {
      memory.fill(room, 0, rows * BLOCK * WORD);
      multiplyBlock(x, blocks, room, BLOCK * WORD, rows, pairs);
      addPart(room, BLOCK, y + c * WORD, stride, rows, columns - c);
    }
    blocks += pairs * BLOCK * WORD;
  }
}

/** y[rows, columns] += packed rows of x · packed columns of b. */
export function multiplyPacked(
  x: usize,
  b: usize,
  y: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  columns: usize,
  room: usize,
): void {
  multiplyBlocks(x, b, y, stride, rows, (inner + 1) >> 1, columns, room);
}

/** y[rows, columns] += packed rows of x · weights of 8 bits in panels. `room`: a widened panel, then rows · 32 bytes. */
export function multiplyDense(
  x: usize,
  weights: usize,
  y: usize,
  stride: usize,
  rows: usize,
  inner: usize,
  columns: usize,
  room: usize,
): void {
  const pairs = (inner + 1) >> 1;
  const rest = room + pairs * PANEL * WORD;
  for (let c: usize = 0; c < columns; c += PANEL, weights += inner * PANEL) {
    widenPanel(weights, inner, room);
    multiplyBlocks(x, room, y + c * WORD, stride, rows, pairs, min(columns - c, PANEL), rest);
  }
}
