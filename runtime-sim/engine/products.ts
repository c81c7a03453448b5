/**
 * Products of two operands: the whole of both sums is multiplied in every step, block by block (a group of a tile), and
 * what the slow machine counts message by message is counted from sums of columns.
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { aligned } from '../../ir/fast/arena.ts';
import {
  type DynamicShape,
  dynamicRoom,
  multiplyDynamic,
  type Operand,
} from '../../ir/fast/dynamic-product.ts';
import {
  addRounded,
  cutIntoDigits,
  type Digits,
  digitOf,
  type EngineGather,
  EXACT,
  isWhole,
  NO_DIGITS,
  type Workshop,
} from './gathers.ts';
import type { Stack, StackGather } from './layout.ts';
import { type OperandPlace, WHOLE_LIMIT } from './memory.ts';

type Product = Extract<StackGather['gather'], { readonly kind: 'product' }>;

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
  const atOnce = Math.min(rows, shop.rowsAtOnce(stack));
  // Both operands in 16 bits, what multiplies them, a part of sums in integers, and in doubles.
  const x = aligned(columns * inner * 2 + 16);
  const rest = x + aligned(rows * inner * 2 + 16);
  const y = rest + aligned(dynamicRoom({ rows, inner, columns }));
  const step = y + aligned(atOnce * columns * 4);
  room(step + atOnce * columns * 8);
  const before = isRemade ? 0 : arena.reserve(stack.size * 8);
  const count = prepareCounts(stack, gather, a, b, shop);
  let [digitsA, digitsB]: readonly [Digits, Digits] = [NO_DIGITS, NO_DIGITS];

  /** Digit i of rows of an operand. */
  const cut = (
    place: OperandPlace,
    digits: Digits,
    i: number,
    first: number,
    count: number,
    to: number,
  ): Operand => {
    const { shift: from, mask, largest } = digitOf(digits, i, place.top);
    const at = place.at + first * inner * (place.isShort ? 2 : 4);
    if (place.isShort && digits.count === 1) return { at, stride: inner * 2, largest };
    kernels.cutDigit(at, place.isShort ? 1 : 0, count * inner, from, mask, to);
    return { at: to, stride: inner * 2, largest };
  };
  const multiply = (sum: number, block: number, from: number, shape: DynamicShape) => {
    for (let j = 0; j < digitsB.count; j++) {
      const second = cut(b, digitsB, j, block * columns, columns, work());
      for (let i = 0; i < digitsA.count; i++) {
        const first = cut(a, digitsA, i, from, shape.rows, work() + x);
        const part = work() + y;
        kernels.clear(part, shape.rows * columns * 4);
        const into = { at: part, stride: columns * 4 };
        if (!multiplyDynamic(arena, [first, second], shape, into, work() + rest)) defect('a sum of 32 bits');
        const unit = digitOf(digitsA, i, a.top).unit * digitOf(digitsB, j, b.top).unit;
        kernels.addWide(part, sum, shape.rows, columns, columns, unit);
      }
    }
  };
  return {
    ...{ kind: 'product', scale: Int32Array.of(gather.fraction), isRemade },
    begin(t) {
      const found = pairOfDigits(a.top, b.top, inner);
      if (!isWhole(a) || !isWhole(b) || a.top * b.top * inner >= EXACT || found === undefined)
        return undefined;
      [digitsA, digitsB] = found;
      count(t);
      return isRemade && digitsA.count < 2 && digitsB.count < 2 ? 'words' : 'reals';
    },
    addWords(accumulator, from, to) {
      if (digitsA.count === 0) return;
      const shape = { rows, inner, columns };
      for (let first = from; first < to; first += rows) {
        const second = cut(b, digitsB, 0, (first / rows) * columns, columns, work());
        const own = cut(a, digitsA, 0, first, rows, work() + x);
        const into = { at: accumulator + (first - from) * columns * 4, stride: columns * 4 };
        if (!multiplyDynamic(arena, [own, second], shape, into, work() + rest)) defect('a sum of 32 bits');
      }
    },
    addReals(accumulator, from, to, t) {
      const shape = { rows: to - from, inner, columns };
      const block = Math.floor(from / rows);
      if (isRemade) {
        multiply(accumulator, block, from, shape);
        return;
      }
      const { f64 } = arena.views();
      const [sum, old, size] = [(work() + step) / 8, before / 8 + from * columns, (to - from) * columns];
      kernels.clear(8 * sum, size * 8);
      multiply(8 * sum, block, from, shape);
      for (let i = 0; i < size; i++) {
        const whole = f64[sum + i]!;
        f64[sum + i] = whole - (t === 1 ? 0 : f64[old + i]!);
        f64[old + i] = whole;
      }
      addRounded(arena, 8 * sum, accumulator, size, shift);
    },
  };
}

/** Digits of both that meet in sums of 32 bits; none where one operand is 0. */
function pairOfDigits(topA: number, topB: number, inner: number): readonly [Digits, Digits] | undefined {
  if (topA === 0 || topB === 0) return [NO_DIGITS, NO_DIGITS];
  if (Math.max(topA, topB) < 2 ** 15 && topA * topB * inner < WHOLE_LIMIT) return [ONE, ONE];
  const bits = Math.floor(Math.log2((WHOLE_LIMIT - 1) / inner) / 2);
  if (bits < 1) return undefined;
  const bound = inner * 2 ** bits;
  const [first, second] = [cutIntoDigits(topA, bound), cutIntoDigits(topB, bound)];
  return first !== undefined && second !== undefined ? [first, second] : undefined;
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
  const tally = (place: OperandPlace, lines: number, nonzero: number, terms: number) => {
    kernels.clear(byRow, lines * blocks * 4);
    for (let block = 0; block < blocks; block++) {
      const first = block * lines * inner;
      const own = block * inner * 4;
      const sums = [place.at + first * (place.isShort ? 2 : 4), place.isShort ? 1 : 0] as const;
      const into = [nonzero + own, terms + own, byRow + block * lines * 4] as const;
      kernels.countSums(...sums, place.terms + first, lines, inner, ...into);
    }
  };
  return t => {
    const { i32 } = arena.views();
    if (t === 1) before.fill(0);
    else before.set(i32.subarray(nonzeroB / 4, nonzeroB / 4 + size));
    kernels.clear(counters, size * 4 * 4);
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
