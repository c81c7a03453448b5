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
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
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
  const partOf = partsOfBlocks(own.parts, gather.groups);
  const runs = runsOfBlocks(partOf);
  const most = rows * runs.reduce((n, run) => Math.max(n, run.count), 0);
  // Both operands in 16 bits, what multiplies them, a part of sums in integers, and in doubles.
  const x = aligned(columns * inner * 2 + 16);
  const rest = x + aligned(most * inner * 2 + 16);
  const y = rest + aligned(dynamicRoom({ rows: most, inner, columns }));
  const step = y + aligned(atOnce * columns * 4);
  room(step + atOnce * columns * 8);
  const before = isRemade ? 0 : arena.reserve(stack.size * 8);
  const count = prepareCounts(stack, gather, [a, b], partOf, shop);
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
      if (from !== 0 || to !== partOf.length * rows) defect('rows of a product one by one');
      for (const { first, count, part } of runs) {
        const shape = { rows: count * rows, inner, columns };
        const second = cut(b, digitsB, 0, part * columns, columns, work());
        const own = cut(a, digitsA, 0, first * rows, shape.rows, work() + x);
        const into = { at: accumulator + first * rows * columns * 4, stride: columns * 4 };
        if (!multiplyDynamic(arena, [own, second], shape, into, work() + rest)) defect('a sum of 32 bits');
      }
    },
    addReals(accumulator, from, to, t) {
      const shape = { rows: to - from, inner, columns };
      const block = partOf[Math.floor(from / rows)]!;
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

/** Of each block, a group of a tile: the group of the second operand that it reads. */
const partsOfBlocks = (parts: readonly number[], groups: number): readonly number[] =>
  parts.flatMap(part => Array.from({ length: groups }, (_, g) => part * groups + g));

/** Blocks that follow each other and read the same are rows of one product. */
function runsOfBlocks(partOf: readonly number[]) {
  const runs: { readonly first: number; readonly part: number; count: number }[] = [];
  partOf.forEach((part, first) => {
    const last = runs.at(-1);
    if (last?.part === part) last.count += 1;
    else runs.push({ first, part, count: 1 });
  });
  return runs;
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
  [a, b]: readonly [OperandPlace, OperandPlace],
  partOf: readonly number[],
  { arena, header, products }: Workshop,
): (t: number) => void {
  const parts = partOf.reduce((most, part) => Math.max(most, part + 1), 0);
  const [ofA, ofB] = [countersOf(arena, a, partOf.length, rows), countersOf(arena, b, parts, columns)];
  /** Sums of the second operand that were not 0 before this step. */
  const before = arena.reserve(parts * inner * 4);
  const blocks = arena.reserve(partOf.length * 4);
  arena.views().i32.set(partOf, blocks / 4);
  const sums = arena.reserve(tiles.length * 16);
  // Rows wait until they meet all columns; else first operands meet what columns had before.
  const about = [inner, groups, tiles.length, header.mode === 'streaming' ? 1 : 0, sums] as const;
  return t => {
    const { i32, f64 } = arena.views();
    if (t === 1) arena.kernels.clear(before, parts * inner * 4);
    else i32.copyWithin(before / 4, ofB.nonzero / 4, ofB.nonzero / 4 + parts * inner);
    ofA.count();
    ofB.count();
    const counters = [ofA.terms, ofA.nonzero, ofB.terms, ofB.nonzero, before] as const;
    arena.kernels.sumProducts(...counters, blocks, ...about);
    tiles.forEach(({ number }, k) => {
      products.adds[number]! += f64[sums / 8 + 2 * k]!;
      products.paper[number]! += f64[sums / 8 + 2 * k + 1]!;
      const synops = products.rowSynops.get(number);
      if (synops === undefined) return;
      for (let g = 0; g < groups; g++)
        for (let row = 0; row < rows; row++)
          synops[row]! += i32[ofA.byRow / 4 + (k * groups + g) * rows + row]! * channels;
    });
  };
}

/** What is counted of the blocks of an operand: for each column of a block, and for each line. */
function countersOf(
  arena: EngineArena,
  { at, terms, isShort, operand }: OperandPlace,
  blocks: number,
  lines: number,
) {
  const { kernels } = arena;
  const { width: inner } = operand;
  const size = blocks * inner * 4;
  const [nonzero, found, byRow] = [
    arena.reserve(size),
    arena.reserve(size),
    arena.reserve(blocks * lines * 4),
  ];
  return {
    ...{ nonzero, terms: found, byRow },
    count() {
      kernels.clear(nonzero, size);
      kernels.clear(found, size);
      kernels.clear(byRow, blocks * lines * 4);
      for (let block = 0; block < blocks; block++) {
        const first = block * lines * inner;
        const own = block * inner * 4;
        const sums = [at + first * (isShort ? 2 : 4), isShort ? 1 : 0] as const;
        const into = [nonzero + own, found + own, byRow + block * lines * 4] as const;
        kernels.countSums(...sums, terms + first, lines, inner, ...into);
      }
    },
  };
}
