// AssemblyScript, not TypeScript: `node build/bench/kernels.js` compiles it into binary.ts.
//
// One timestep of plain integrate-and-fire neurons on a free-running chip (runtime-sim/lif), driven by tables of numbers of
// 32 bits that runtime-sim/lif/tables.ts lays out. Integers only, so that every order of additions gives the same.

const INT: usize = 4;
/** Neurons and columns are padded to so many. */
const LANES: usize = 4;

// Entries of a tile, in numbers of 32 bits.
const TILE: usize = 22;
const STATE: usize = 0;
const SUMS: usize = 1;
const TOUCHED: usize = 2;
const BIAS: usize = 3;
const THRESHOLD: usize = 4;
const KEEP: usize = 5;
const RESET_TO: usize = 6;
const PADDED: usize = 7;
const NEURONS: usize = 8;
const EVENTS: usize = 9;
const RESET: usize = 10;
const SLOTS: usize = 11;
const ALL_TOUCHED: usize = 12;
const IS_ALWAYS_UPDATED: usize = 13;
const FIRED: usize = 14;
const UPDATED: usize = 15;
/** For every four neurons a byte, whose bits say which were updated. */
const MOVED: usize = 16;
const START: usize = 17;
/** 0: what arrives goes to the potential. */
const CURRENT: usize = 18;
const KEEP_CURRENT: usize = 19;
const CURRENT_BIAS: usize = 20;
const GAIN: usize = 21;

const HARD: i32 = 0;
const SOFT: i32 = 1;

// Entries of a list of inputs: its sources, what it holds now.
const LIST: usize = 4;
const FIRST_SOURCE: usize = 0;
const LAST_SOURCE: usize = 1;
const ROWS: usize = 2;
const LENGTH: usize = 3;

// Entries of a source of a list.
const SOURCE: usize = 3;
const SOURCE_TILE: usize = 0;
const POSITIONS: usize = 1;
const OFFSET: usize = 2;

// Entries of a part: what the inputs of a list do to a tile.
const PART: usize = 10;
const KIND: usize = 0;
const PART_LIST: usize = 1;
const PART_TILE: usize = 2;
const DELAY: usize = 3;
const WEIGHTS: usize = 4;
/** Columns of a block; of synapses one by one, where the first synapse of each input stands. */
const COLUMNS: usize = 5;
const TARGETS: usize = 6;
const SYNOPS: usize = 7;
const WORDS: usize = 8;
/** Bits of memory of a synapse that stands by itself. */
const SYNAPSE_BITS: usize = 9;

const BYTES: i32 = 0;
const SHORTS: i32 = 1;
const WIDE: i32 = 3;

// Entries of a route that some neurons of a tile take.
const ROUTE: usize = 3;
const ROUTE_TILE: usize = 0;
const SENDS: usize = 1;
const MESSAGES: usize = 2;

// @ts-ignore: a decorator of AssemblyScript
@inline
function field(table: usize, place: usize): i32 {
  return load<i32>(table + place * INT);
}

/** v ← trunc(v · keep), exact: 31 bits · 13 bits. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function leak(v: v128, keep: usize): v128 {
  const low = i32x4.trunc_sat_f64x2_s_zero(f64x2.mul(f64x2.convert_low_i32x4_s(v), v128.load(keep)));
  const upper = i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const high = i32x4.trunc_sat_f64x2_s_zero(
    f64x2.mul(f64x2.convert_low_i32x4_s(upper), v128.load(keep, 16)),
  );
  return i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function clamp(v: v128, top: v128, bottom: v128): v128 {
  return i32x4.max_s(i32x4.min_s(v, top), bottom);
}

/**
 * Leak, input, bias, threshold, reset of one tile at timestep `now`; lists who fired, in order, and counts who was updated:
 * had a potential, a bias or any input, or fired.
 */
function stepTile(tile: usize, now: i32, sumTop: i32, stateTop: i32): void {
  const size = <usize>field(tile, PADDED);
  const slot = <usize>(now % field(tile, SLOTS));
  const state = <usize>field(tile, STATE);
  const sums = <usize>field(tile, SUMS) + slot * size * INT;
  const marks = <usize>field(tile, TOUCHED);
  const touched = marks == 0 ? <usize>0 : marks + slot * size * INT;
  const bias = <usize>field(tile, BIAS);
  const threshold = <usize>field(tile, THRESHOLD);
  const isFirst = now == field(tile, START);
  const keep = isFirst ? <usize>0 : <usize>field(tile, KEEP);
  const current = <usize>field(tile, CURRENT);
  const keepCurrent = isFirst ? <usize>0 : <usize>field(tile, KEEP_CURRENT);
  const resetTo = <usize>field(tile, RESET_TO);
  const reset = field(tile, RESET);
  const events = <usize>field(tile, EVENTS);
  const moves = <usize>field(tile, MOVED);
  const flag = <usize>field(tile, ALL_TOUCHED) + slot * INT;
  const most = i32x4.splat(sumTop);
  const least = i32x4.splat(-sumTop);
  const top = i32x4.splat(stateTop);
  const bottom = i32x4.splat(-stateTop);
  const zero = i32x4.splat(0);
  let to = events;
  let updated = 0;
  for (let i: usize = 0; i < size; i += LANES) {
    const at = i * INT;
    let v = v128.load(state + at);
    let input = clamp(v128.load(sums + at), most, least);
    v128.store(sums + at, zero);
    const drive = v128.load(bias + at);
    let moved = v128.or(i32x4.ne(v, zero), i32x4.ne(drive, zero));
    if (current != 0) {
      let held = v128.load(current + at);
      const more = v128.load(<usize>field(tile, CURRENT_BIAS) + at);
      moved = v128.or(moved, v128.or(i32x4.ne(held, zero), i32x4.ne(more, zero)));
      if (keepCurrent != 0) held = leak(held, keepCurrent + 2 * at);
      input = i32x4.add(i32x4.mul(input, v128.load(<usize>field(tile, GAIN) + at)), more);
      input = clamp(i32x4.add(held, input), top, bottom);
      v128.store(current + at, input);
    }
    if (touched != 0) {
      moved = v128.or(moved, v128.load(touched + at));
      v128.store(touched + at, zero);
    }
    if (keep != 0) v = leak(v, keep + 2 * at);
    v = clamp(i32x4.add(i32x4.add(v, input), drive), top, bottom);
    const limit = v128.load(threshold + at);
    const fires = i32x4.gt_s(v, limit);
    let mask = i32x4.bitmask(fires);
    const lanes = i32x4.bitmask(moved) | mask;
    store<u8>(moves + i / LANES, <u8>lanes);
    updated += popcnt(lanes);
    if (mask != 0) {
      if (reset == HARD) v = v128.bitselect(v128.load(resetTo + at), v, fires);
      else if (reset == SOFT) v = clamp(i32x4.sub(v, v128.and(limit, fires)), top, bottom);
      for (; mask != 0; mask &= mask - 1) {
        store<i32>(to, <i32>i + ctz(mask));
        to += INT;
      }
    }
    v128.store(state + at, v);
  }
  const isAll = field(tile, IS_ALWAYS_UPDATED) | load<i32>(flag);
  store<i32>(flag, 0);
  store<i32>(tile + FIRED * INT, <i32>((to - events) / INT));
  store<i32>(tile + UPDATED * INT, isAll ? field(tile, NEURONS) : updated);
}

/** A tile that does not run yet: what has arrived is lost. */
function waitTile(tile: usize, now: i32): void {
  const size = <usize>field(tile, PADDED);
  const slot = <usize>(now % field(tile, SLOTS));
  memory.fill(<usize>field(tile, SUMS) + slot * size * INT, 0, size * INT);
  const marks = <usize>field(tile, TOUCHED);
  if (marks != 0) memory.fill(marks + slot * size * INT, 0, size * INT);
  memory.fill(<usize>field(tile, MOVED), 0, size / LANES);
  store<i32>(<usize>field(tile, ALL_TOUCHED) + slot * INT, 0);
  store<i32>(tile + FIRED * INT, 0);
  store<i32>(tile + UPDATED * INT, 0);
}

/** Inputs that are reached now: those of the sources' neurons that fired. */
function fillList(list: usize, sources: usize, tiles: usize): void {
  const rows = <usize>field(list, ROWS);
  let to = rows;
  for (let s = field(list, FIRST_SOURCE); s < field(list, LAST_SOURCE); s++) {
    const source = sources + <usize>s * SOURCE * INT;
    const tile = tiles + <usize>field(source, SOURCE_TILE) * TILE * INT;
    const positions = <usize>field(source, POSITIONS);
    const offset = field(source, OFFSET);
    let at = <usize>field(tile, EVENTS);
    for (const end = at + <usize>field(tile, FIRED) * INT; at < end; at += INT) {
      const neuron = load<i32>(at);
      const row = positions == 0 ? neuron + offset : load<i32>(positions + <usize>neuron * INT);
      if (row < 0) continue;
      store<i32>(to, row);
      to += INT;
    }
  }
  store<i32>(list + LENGTH * INT, <i32>((to - rows) / INT));
}

/** sums[0 … 8) += eight sums of 16 bits. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function addEight(sums: usize, x: v128): void {
  v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_s(x)));
  v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_s(x)), 16);
}

/** So many rows of bytes, added up, still fit 16 bits. */
const MOST_ROWS: usize = 256;

/** sums += rows of weights of a byte each; columns a multiple of 16, those of 64 at a time. */
function addByteRows(rows: usize, count: usize, weights: usize, columns: usize, sums: usize): void {
  const end = rows + count * INT;
  let column: usize = 0;
  for (; column + 64 <= columns; column += 64) {
    const first = weights + column;
    const to = sums + column * INT;
    for (let from = rows; from < end; from += MOST_ROWS * INT) {
      const last = min(end, from + MOST_ROWS * INT);
      let a = i16x8.splat(0);
      let b = i16x8.splat(0);
      let c = i16x8.splat(0);
      let d = i16x8.splat(0);
      let e = i16x8.splat(0);
      let f = i16x8.splat(0);
      let g = i16x8.splat(0);
      let h = i16x8.splat(0);
      for (let at = from; at < last; at += INT) {
        const w = first + <usize>load<i32>(at) * columns;
        a = i16x8.add(a, v128.load_ext<i8>(w));
        b = i16x8.add(b, v128.load_ext<i8>(w, 8));
        c = i16x8.add(c, v128.load_ext<i8>(w, 16));
        d = i16x8.add(d, v128.load_ext<i8>(w, 24));
        e = i16x8.add(e, v128.load_ext<i8>(w, 32));
        f = i16x8.add(f, v128.load_ext<i8>(w, 40));
        g = i16x8.add(g, v128.load_ext<i8>(w, 48));
        h = i16x8.add(h, v128.load_ext<i8>(w, 56));
      }
      addEight(to, a);
      addEight(to + 32, b);
      addEight(to + 64, c);
      addEight(to + 96, d);
      addEight(to + 128, e);
      addEight(to + 160, f);
      addEight(to + 192, g);
      addEight(to + 224, h);
    }
  }
  for (; column < columns; column += 16) {
    const first = weights + column;
    const to = sums + column * INT;
    for (let from = rows; from < end; from += MOST_ROWS * INT) {
      const last = min(end, from + MOST_ROWS * INT);
      let a = i16x8.splat(0);
      let b = i16x8.splat(0);
      for (let at = from; at < last; at += INT) {
        const w = first + <usize>load<i32>(at) * columns;
        a = i16x8.add(a, v128.load_ext<i8>(w));
        b = i16x8.add(b, v128.load_ext<i8>(w, 8));
      }
      addEight(to, a);
      addEight(to + 32, b);
    }
  }
}

/** sums += rows of weights of two bytes each; columns a multiple of 16. */
function addShortRows(rows: usize, count: usize, weights: usize, columns: usize, sums: usize): void {
  const end = rows + count * INT;
  for (let column: usize = 0; column < columns; column += 16) {
    const first = weights + 2 * column;
    const to = sums + column * INT;
    let a = v128.load(to);
    let b = v128.load(to, 16);
    let c = v128.load(to, 32);
    let d = v128.load(to, 48);
    for (let at = rows; at < end; at += INT) {
      const w = first + 2 * <usize>load<i32>(at) * columns;
      a = i32x4.add(a, v128.load_ext<i16>(w));
      b = i32x4.add(b, v128.load_ext<i16>(w, 8));
      c = i32x4.add(c, v128.load_ext<i16>(w, 16));
      d = i32x4.add(d, v128.load_ext<i16>(w, 24));
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/** Synapses of 32 bits: neuron · 2^16 + weight. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function addPairs(at: usize, end: usize, sums: usize, touched: usize): void {
  for (; at < end; at += INT) {
    const pair = load<i32>(at);
    const to = <usize>(pair >>> 16) * INT;
    store<i32>(sums + to, load<i32>(sums + to) + ((pair << 16) >> 16));
    if (touched != 0) store<i32>(touched + to, -1);
  }
}

/** Neurons and weights beside each other, where 16 bits do not hold a neuron's number. */
function addWide(from: usize, to: usize, part: usize, sums: usize, touched: usize): void {
  const targets = <usize>field(part, TARGETS);
  const weights = <usize>field(part, WEIGHTS);
  for (let s = from; s < to; s++) {
    const at = <usize>load<i32>(targets + s * INT) * INT;
    store<i32>(sums + at, load<i32>(sums + at) + load<i16>(weights + 2 * s));
    if (touched != 0) store<i32>(touched + at, -1);
  }
}

/** Synapses one by one; counts them and the words of 64 bits that each input's take. */
function addSynapses(part: usize, rows: usize, count: usize, sums: usize, touched: usize): void {
  const starts = <usize>field(part, COLUMNS);
  const pairs = <usize>field(part, WEIGHTS);
  const isWide = field(part, KIND) == WIDE;
  const bits = field(part, SYNAPSE_BITS);
  let synops = 0;
  let words = 0;
  for (const end = rows + count * INT; rows < end; rows += INT) {
    const start = starts + <usize>load<i32>(rows) * INT;
    const from = <usize>load<i32>(start);
    const to = <usize>load<i32>(start, INT);
    if (isWide) addWide(from, to, part, sums, touched);
    else if (touched == 0) addPairs(pairs + from * INT, pairs + to * INT, sums, 0);
    else addPairs(pairs + from * INT, pairs + to * INT, sums, touched);
    synops += <i32>(to - from);
    words += (<i32>(to - from) * bits + 63) >> 6;
  }
  store<i32>(part + SYNOPS * INT, synops);
  store<i32>(part + WORDS * INT, words);
}

/** What reaches a tile through one of its gathers, with one delay, is added to the sums of the timestep that uses it. */
function stepPart(part: usize, lists: usize, tiles: usize, now: i32): void {
  const list = lists + <usize>field(part, PART_LIST) * LIST * INT;
  const count = <usize>field(list, LENGTH);
  store<i32>(part + SYNOPS * INT, 0);
  store<i32>(part + WORDS * INT, 0);
  if (count == 0) return;
  const rows = <usize>field(list, ROWS);
  const tile = tiles + <usize>field(part, PART_TILE) * TILE * INT;
  const slot = <usize>((now + 1 + field(part, DELAY)) % field(tile, SLOTS));
  const size = <usize>field(tile, PADDED);
  const sums = <usize>field(tile, SUMS) + slot * size * INT;
  const kind = field(part, KIND);
  if (kind > SHORTS) {
    const marks = <usize>field(tile, TOUCHED);
    addSynapses(part, rows, count, sums, marks == 0 ? <usize>0 : marks + slot * size * INT);
    return;
  }
  store<i32>(<usize>field(tile, ALL_TOUCHED) + slot * INT, 1);
  const weights = <usize>field(part, WEIGHTS);
  if (kind == BYTES) addByteRows(rows, count, weights, <usize>field(part, COLUMNS), sums);
  else addShortRows(rows, count, weights, <usize>field(part, COLUMNS), sums);
}

function countRoute(route: usize, tiles: usize): void {
  const tile = tiles + <usize>field(route, ROUTE_TILE) * TILE * INT;
  const sends = <usize>field(route, SENDS);
  let messages = 0;
  let at = <usize>field(tile, EVENTS);
  for (const end = at + <usize>field(tile, FIRED) * INT; at < end; at += INT)
    messages += load<u8>(sends + <usize>load<i32>(at));
  store<i32>(route + MESSAGES * INT, messages);
}

/**
 * One timestep of all tiles. `tables`: place and number of tiles (the last one is the host, whose events and count the
 * caller writes), lists, sources, parts and routes that not every neuron takes.
 */
export function lifStep(tables: usize, now: i32, sumTop: i32, stateTop: i32): void {
  const tiles = <usize>field(tables, 0);
  const lists = <usize>field(tables, 2);
  const sources = <usize>field(tables, 4);
  const parts = <usize>field(tables, 6);
  const routes = <usize>field(tables, 8);
  const tileEnd = tiles + <usize>(field(tables, 1) - 1) * TILE * INT;
  const listEnd = lists + <usize>field(tables, 3) * LIST * INT;
  const partEnd = parts + <usize>field(tables, 7) * PART * INT;
  const routeEnd = routes + <usize>field(tables, 9) * ROUTE * INT;
  for (let tile = tiles; tile < tileEnd; tile += TILE * INT)
    if (now < field(tile, START)) waitTile(tile, now);
    else stepTile(tile, now, sumTop, stateTop);
  for (let list = lists; list < listEnd; list += LIST * INT) fillList(list, sources, tiles);
  for (let part = parts; part < partEnd; part += PART * INT) stepPart(part, lists, tiles, now);
  for (let route = routes; route < routeEnd; route += ROUTE * INT) countRoute(route, tiles);
}
