/**
 * What the gathers of a stack add up in one step, on kernels: every sum is a whole number that fits its integers or is
 * below 2^52, so that the order of additions makes no difference. Where that cannot be said of a step, `begin` says so.
 */
import type { ProgramHeader } from '../../backends/program/program.ts';
import { byteWeights } from '../../backends/program/weights.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { pow2, rs } from '../../ir/fixed.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import type { Stack, StackGather } from './layout.ts';
import { type OperandPlace, WHOLE_LIMIT } from './memory.ts';
import { prepareProduct } from './products.ts';
import type { WeightStore } from './weight-store.ts';

export interface EngineGather {
  readonly kind: Exclude<StackGather['gather']['kind'], 'sparse'>;
  /** Per channel of the tile. */
  readonly scale: Int32Array;
  /** Its accumulator is made anew in every step: the whole of a product. */
  readonly isRemade: boolean;
  /** Once a step, before rows are added; false: not exact. */
  begin(t: number): boolean;
  /** Adds the rows from … to to an accumulator in doubles, which begins with the first of them. */
  add(accumulator: number, from: number, to: number, t: number): void;
}

/** What gathers are made from and note their counts in. */
export interface Workshop {
  readonly header: ProgramHeader;
  readonly arena: EngineArena;
  readonly weights: WeightStore;
  readonly placeOf: (operand: StackGather['operands'][number]) => OperandPlace;
  /** Room for the work of a moment, which all gathers use in turn: so many bytes from its beginning on. */
  readonly room: (bytes: number) => void;
  /** Where it begins. */
  readonly work: () => number;
  /** Most rows that are added at a time. */
  readonly rowsAtOnce: (stack: Stack) => number;
  readonly products: ProductCounts;
}

/** Of each tile: what the products of the running image did. */
export interface ProductCounts {
  readonly adds: Float64Array;
  readonly paper: Float64Array;
  readonly rowSynops: ReadonlyMap<number, Float64Array>;
}

/** Whole numbers are exact in doubles, whatever is added to them below. */
export const EXACT = 2 ** 52;

export function prepareGather(stack: Stack, own: StackGather, shop: Workshop): EngineGather {
  const { gather } = own;
  switch (gather.kind) {
    case 'linear':
      return prepareLinear(stack, own, gather, shop);
    case 'product':
      return prepareProduct(stack, own, gather, shop);
    case 'bias':
      return { ...plain('bias', Int32Array.of(gather.fraction)), add: constantAdder(stack, own, shop) };
    case 'relay':
      return prepareRelay(stack, own, gather, shop);
    case 'hadamard':
      return prepareHadamard(stack, own, gather, shop);
    case 'depthwise':
      return prepareDepthwise(stack, own, gather, shop);
    case 'maximum':
      return prepareMaximum(stack, own, gather, shop);
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return gather satisfies never;
  }
}

type Of<Kind> = Extract<StackGather['gather'], { readonly kind: Kind }>;

const plain = (kind: EngineGather['kind'], scale: Int32Array) => ({
  ...{ kind, scale, isRemade: false },
  begin: () => true,
});

export const isWhole = ({ top }: OperandPlace): boolean => top < WHOLE_LIMIT;

/** Numbers of up to `top` as digits of so many bits, the last one signed. */
export interface Digits {
  readonly bits: number;
  readonly count: number;
}

/** Digits whose sums, each weighed by `bound` in all, fit 32 bits; undefined: there are none. */
export function cutIntoDigits(top: number, bound: number): Digits | undefined {
  const bits = Math.min(15, Math.floor(Math.log2((WHOLE_LIMIT - 1) / Math.max(1, bound))));
  if (top < 2 ** 15 && top * bound < WHOLE_LIMIT) return { bits: 31, count: 1 };
  return bits < 1 ? undefined : { bits, count: Math.ceil(Math.log2(top + 1) / bits) };
}

/** What cuts digit i out of a number: the last digit keeps the sign. */
export const digitOf = ({ bits, count }: Digits, i: number) => ({
  shift: i * bits,
  mask: i === count - 1 ? -1 : 2 ** bits - 1,
  factor: i === 0 ? 1 : pow2(i * bits),
});

function prepareLinear(stack: Stack, own: StackGather, gather: Of<'linear'>, shop: Workshop): EngineGather {
  const { arena, weights, placeOf, room, work, header } = shop;
  const { kernels } = arena;
  const block = stack.tiles[0]!.home.weights[gather.weights]!;
  const { inputs, channels } = block;
  const { at, panels, bound } = weights(byteWeights(block), inputs, channels);
  const place = placeOf(own.operands[0]!);
  const most = shop.rowsAtOnce(stack);
  const stride = 2 * Math.ceil(inputs / 2);
  const y = place.isNarrow ? 0 : aligned(most * stride * 2);
  const step = aligned(y + most * panels * 8 * 4);
  room(step + (gather.shift === 0 ? 0 : most * channels * 8));
  const addConstants = constantAdder(stack, own, shop);
  const hasBias = own.gathers.some(g => 'bias' in g && g.bias !== undefined);
  let digits: Digits = { bits: 31, count: 0 };
  return {
    ...{ kind: 'linear', scale: gather.scale, isRemade: false },
    begin(t) {
      const found = cutIntoDigits(place.top, bound);
      digits = place.top === 0 || found === undefined ? { bits: 31, count: 0 } : found;
      const isExact = place.top * bound * stepWeight(t, gather.shift) < EXACT && isWhole(place);
      return isExact && (place.top === 0 || found !== undefined) && (!place.isNarrow || digits.count < 2);
    },
    add(accumulator, from, to, t) {
      const rows = to - from;
      const weight = stepWeight(t, gather.shift);
      const sum = gather.shift === 0 ? accumulator : work() + step;
      if (sum !== accumulator) arena.views().f64.fill(0, sum / 8, sum / 8 + rows * channels);
      for (let i = 0; i < digits.count; i++) {
        const { shift, mask, factor } = digitOf(digits, i);
        const x = place.isNarrow ? place.at + from * stride * 2 : work();
        if (!place.isNarrow)
          kernels.cutDigit(place.at + from * inputs * 4, rows, inputs, stride, shift, mask, x);
        kernels.multiplyI16(x, at, work() + y, rows, stride / 2, panels);
        kernels.addWide(work() + y, sum, rows, channels, panels * 8, factor * weight);
      }
      if (sum !== accumulator) addRounded(arena, sum, accumulator, rows * channels, gather.shift);
      if (hasBias && entersAt(header, t)) addConstants(accumulator, from, to, t);
    },
  };
}

/** accumulator += rs(step). */
export function addRounded(
  arena: EngineArena,
  step: number,
  accumulator: number,
  size: number,
  shift: number,
): void {
  const { f64 } = arena.views();
  const [from, to] = [step / 8, accumulator / 8];
  for (let i = 0; i < size; i++) f64[to + i]! += rs(f64[from + i]!, shift);
}

const entersAt = ({ coding }: ProgramHeader, t: number): boolean => coding === 'rate' || t === 1;
export const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Adds what is constant: for each tile one number a channel, or a neuron, or a few that repeat. */
function constantAdder({ tiles, channels }: Stack, own: StackGather, shop: Workshop) {
  const { arena, header } = shop;
  const lists = own.gathers.map(g => (g.kind === 'bias' ? g.values : 'bias' in g ? g.bias : undefined));
  const tileRows = tiles[0]!.size / channels;
  return (accumulator: number, from: number, to: number, t: number): void => {
    if (!entersAt(header, t)) return;
    const { f64 } = arena.views();
    let at = accumulator / 8;
    for (let row = from; row < to; row++, at += channels) {
      const list = lists[Math.floor(row / tileRows)];
      if (list === undefined) continue;
      const first = (row % tileRows) * channels;
      if (list.length === channels) for (let c = 0; c < channels; c++) f64[at + c]! += list[c]!;
      else for (let c = 0; c < channels; c++) f64[at + c]! += list[(first + c) % list.length]!;
    }
  };
}

function prepareRelay(
  { channels }: Stack,
  own: StackGather,
  { scale, shift }: Of<'relay'>,
  { arena, placeOf }: Workshop,
): EngineGather {
  const place = placeOf(own.operands[0]!);
  return {
    ...plain('relay', scale),
    begin: t => isWhole(place) && place.top * stepWeight(t, shift) < EXACT,
    add(accumulator, from, to, t) {
      const x = place.at + from * channels * 4;
      if (shift === 0) return arena.kernels.addWide(x, accumulator, to - from, channels, channels, 1);
      const { f64, i32 } = arena.views();
      const weight = stepWeight(t, shift);
      for (let i = 0; i < (to - from) * channels; i++)
        f64[accumulator / 8 + i]! += rs(i32[x / 4 + i]! * weight, shift);
    },
  };
}

function prepareHadamard(
  { size, channels, tiles }: Stack,
  own: StackGather,
  { fraction, shiftA, shiftB }: Of<'hadamard'>,
  { arena, placeOf, header, products }: Workshop,
): EngineGather {
  const [a, b] = own.operands.map(placeOf) as [OperandPlace, OperandPlace];
  const shift = shiftA + shiftB;
  const isRemade = shift === 0;
  const before = new Float64Array(isRemade ? 0 : size);
  /** Sums of the second operand that were not 0 before this step. */
  const hadB = new Uint8Array(size);
  const isStream = header.mode === 'streaming';
  const count = (from: number, to: number, t: number) => {
    const { i32, u8 } = arena.views();
    for (let i = from; i < to; i++) {
      const tile = Math.floor(i / tiles[0]!.size);
      const [x, y] = [i32[a.at / 4 + i] !== 0, i32[b.at / 4 + i] !== 0];
      const [termsA, termsB] = [u8[a.terms + i]!, u8[b.terms + i]!];
      const number = tiles[tile]!.number;
      if (t === 1) hadB[i] = 0;
      products.adds[number]! += (x ? termsB : 0) + (hadB[i] === 1 && !isStream ? termsA : 0);
      products.paper[number]! += termsA * termsB + (y ? termsA : 0) + (x ? termsB : 0);
      hadB[i] = y ? 1 : 0;
    }
  };
  return {
    ...{ kind: 'hadamard', scale: Int32Array.of(fraction), isRemade },
    begin: () => isWhole(a) && isWhole(b) && a.top * b.top < EXACT,
    add(accumulator, from, to, t) {
      const { i32, f64 } = arena.views();
      for (let i = from * channels, at = accumulator / 8; i < to * channels; i++, at++) {
        const product = i32[a.at / 4 + i]! * i32[b.at / 4 + i]!;
        if (isRemade) f64[at] = product;
        else {
          f64[at]! += rs(product - (t === 1 ? 0 : before[i]!), shift);
          before[i] = product;
        }
      }
      count(from * channels, to * channels, t);
    },
  };
}

function prepareDepthwise(
  { tiles, channels }: Stack,
  own: StackGather,
  { weights, scale, shift }: Of<'depthwise'>,
  { arena, placeOf }: Workshop,
): EngineGather {
  const place = placeOf(own.operands[0]!);
  const block = tiles[0]!.home.weights[weights]!;
  const { inputs: taps, channels: period } = block;
  const data = byteWeights(block);
  const tileSize = tiles[0]!.size;
  return {
    ...plain('depthwise', scale),
    begin: t => isWhole(place) && place.top * 128 * taps * stepWeight(t, shift) < EXACT,
    add(accumulator, from, to, t) {
      const { i32, f64 } = arena.views();
      const weight = stepWeight(t, shift);
      for (let i = from * channels, at = accumulator / 8; i < to * channels; i++, at++) {
        const column = (i % tileSize) % period;
        const first = place.at / 4 + i * taps;
        let sum = 0;
        for (let k = 0; k < taps; k++) sum += i32[first + k]! * data[k * period + column]!;
        f64[at]! += rs(sum * weight, shift);
      }
    },
  };
}

function prepareMaximum(
  { channels }: Stack,
  own: StackGather,
  { taps, fraction }: Of<'maximum'>,
  { arena, placeOf }: Workshop,
): EngineGather {
  const place = placeOf(own.operands[0]!);
  return {
    ...{ kind: 'maximum', scale: Int32Array.of(fraction), isRemade: true },
    begin: () => isWhole(place),
    add(accumulator, from, to) {
      const { i32, f64 } = arena.views();
      for (let i = from * channels, at = accumulator / 8; i < to * channels; i++, at++) {
        const first = place.at / 4 + i * taps;
        let largest = Number.NEGATIVE_INFINITY;
        for (let k = 0; k < taps; k++) largest = Math.max(largest, i32[first + k]!);
        f64[at] = largest;
      }
    },
  };
}
