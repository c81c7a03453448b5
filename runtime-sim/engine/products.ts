/**
 * Products of two operands: the whole of both sums is multiplied in every step, block by block (a group of a tile), and
 * what the slow machine counts message by message is counted from sums of columns.
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import {
  addRounded,
  aligned,
  cutIntoDigits,
  type Digits,
  digitOf,
  type EngineGather,
  EXACT,
  isWhole,
  type Workshop,
} from './gathers.ts';
import type { Stack, StackGather } from './layout.ts';
import type { OperandPlace } from './memory.ts';

type Product = Extract<StackGather['gather'], { readonly kind: 'product' }>;
/** Digits of one number that have room. */
const MOST_DIGITS = 4;

export function prepareProduct(
  stack: Stack,
  own: StackGather,
  gather: Product,
  shop: Workshop,
): EngineGather {
  const { arena, placeOf, room, work } = shop;
  const { kernels } = arena;
  const { rows, columns, inner, shiftA, shiftB } = gather;
  const [a, b] = own.operands.map(placeOf) as [OperandPlace, OperandPlace];
  const shift = shiftA + shiftB;
  const isRemade = shift === 0;
  const stride = 2 * Math.ceil(inner / 2);
  const panels = Math.ceil(columns / 8);
  const panelBytes = panels * 8 * stride * 2;
  const most = Math.min(rows, shop.rowsAtOnce(stack));
  const x = aligned(MOST_DIGITS * panelBytes);
  const y = aligned(x + most * stride * 2);
  const step = aligned(y + most * panels * 8 * 4);
  room(step + (isRemade ? 0 : most * columns * 8));
  const before = isRemade ? 0 : arena.reserve(stack.size * 8);
  const count = prepareCounts(stack, gather, a, b, shop);
  let [digitsA, digitsB]: [Digits, Digits] = [NONE, NONE];
  let isPacked = -1;
  const pack = (block: number) => {
    for (let i = 0; i < digitsB.count; i++) {
      const { shift: from, mask } = digitOf(digitsB, i);
      kernels.cutPanels(
        b.at + block * columns * inner * 4,
        columns,
        inner,
        from,
        mask,
        work() + i * panelBytes,
      );
    }
    isPacked = block;
  };
  const multiply = (sum: number, from: number, rowCount: number) => {
    for (let i = 0; i < digitsA.count; i++) {
      const { shift: low, mask, factor } = digitOf(digitsA, i);
      kernels.cutDigit(a.at + from * inner * 4, rowCount, inner, stride, low, mask, work() + x);
      for (let j = 0; j < digitsB.count; j++) {
        kernels.multiplyI16(work() + x, work() + j * panelBytes, work() + y, rowCount, stride / 2, panels);
        const unit = factor * digitOf(digitsB, j).factor;
        kernels.addWide(work() + y, sum, rowCount, columns, panels * 8, unit);
      }
    }
  };
  return {
    ...{ kind: 'product', scale: Int32Array.of(gather.fraction), isRemade },
    begin(t) {
      const found = pairOfDigits(a.top, b.top, inner);
      if (!isWhole(a) || !isWhole(b) || a.top * b.top * inner >= EXACT || found === undefined) return false;
      [digitsA, digitsB] = found;
      isPacked = -1;
      count(t);
      return true;
    },
    add(accumulator, from, to, t) {
      if (Math.floor((to - 1) / rows) !== Math.floor(from / rows)) defect('rows of two blocks at once');
      const block = Math.floor(from / rows);
      // Another gather may have used the room since rows of this block were added.
      if (isPacked !== block || (from % rows !== 0 && stack.gathers.length > 1)) pack(block);
      if (isRemade) {
        multiply(accumulator, from, to - from);
        return;
      }
      const { f64 } = arena.views();
      const [sum, old, size] = [(work() + step) / 8, before / 8 + from * columns, (to - from) * columns];
      f64.fill(0, sum, sum + size);
      multiply(8 * sum, from, to - from);
      for (let i = 0; i < size; i++) {
        const whole = f64[sum + i]!;
        f64[sum + i] = whole - (t === 1 ? 0 : f64[old + i]!);
        f64[old + i] = whole;
      }
      addRounded(arena, 8 * sum, accumulator, size, shift);
    },
  };
}

const NONE: Digits = { bits: 31, count: 0 };

/** Nothing to multiply where one operand is 0. */
function pairOfDigits(topA: number, topB: number, inner: number): [Digits, Digits] | undefined {
  if (topA === 0 || topB === 0) return [NONE, NONE];
  if (Math.max(topA, topB) < 2 ** 15 && topA * topB * inner < 2 ** 31) return [ONE, ONE];
  // Digits of both that meet in sums of 32 bits.
  const bits = Math.floor(Math.log2((2 ** 31 - 1) / inner) / 2);
  if (bits < 1) return undefined;
  const bound = inner * 2 ** bits;
  const [first, second] = [cutIntoDigits(topA, bound), cutIntoDigits(topB, bound)];
  const fits = first !== undefined && second !== undefined && second.count <= MOST_DIGITS;
  return fits ? [first, second] : undefined;
}
const ONE: Digits = { bits: 31, count: 1 };

/** Counts of a step, for each tile of the stack. Each sum has one sender, so that a message is a sum that changes. */
function prepareCounts(
  { tiles, channels }: Stack,
  { groups, rows, columns, inner }: Product,
  a: OperandPlace,
  b: OperandPlace,
  { arena, header, products }: Workshop,
): (t: number) => void {
  const { kernels } = arena;
  const blocks = groups * tiles.length;
  const size = blocks * inner;
  const counters = arena.reserve(size * 4 * 4);
  const [nonzeroA, nonzeroB, termsA, termsB] = [0, 1, 2, 3].map(i => counters + i * size * 4) as [
    number,
    number,
    number,
    number,
  ];
  const byRow = arena.reserve(Math.max(rows, columns) * blocks * 4);
  const before = new Int32Array(size);
  const isStream = header.mode === 'streaming';
  return t => {
    const { i32 } = arena.views();
    if (t === 1) before.fill(0);
    else before.set(i32.subarray(nonzeroB / 4, nonzeroB / 4 + size));
    i32.fill(0, counters / 4, counters / 4 + size * 4);
    const tally = (place: OperandPlace, lines: number, nonzero: number, terms: number) => {
      i32.fill(0, byRow / 4, byRow / 4 + lines * blocks);
      for (let block = 0; block < blocks; block++) {
        const first = block * lines * inner;
        const own = block * inner * 4;
        const sums = place.at + first * 4;
        kernels.countSums(
          sums,
          place.terms + first,
          lines,
          inner,
          nonzero + own,
          terms + own,
          byRow + block * lines * 4,
        );
      }
    };
    tally(b, columns, nonzeroB, termsB);
    tally(a, rows, nonzeroA, termsA);
    tiles.forEach(({ number }, k) => {
      let [adds, paper] = [0, 0];
      for (let i = k * groups * inner; i < (k + 1) * groups * inner; i++) {
        const [ofA, ofB] = [i32[termsA / 4 + i]!, i32[termsB / 4 + i]!];
        const [hasA, hasB] = [i32[nonzeroA / 4 + i]!, i32[nonzeroB / 4 + i]!];
        // Rows wait until they meet all columns; else first operands meet what columns had before.
        adds += isStream ? ofA * hasB : ofA * before[i]! + ofB * hasA;
        paper += ofA * ofB + ofA * hasB + hasA * ofB;
      }
      products.adds[number]! += adds;
      products.paper[number]! += paper;
      const synops = products.rowSynops.get(number);
      if (synops === undefined) return;
      for (let g = 0; g < groups; g++)
        for (let row = 0; row < rows; row++)
          synops[row]! += i32[byRow / 4 + (k * groups + g) * rows + row]! * channels;
    });
  };
}
