/**
 * What the gathers of a stack add up in one step, on kernels: in integers of 32 bits where what arrives is proved to fit, else
 * in doubles, whole numbers below 2^52, so that the order of additions makes no difference. Where that cannot be said of a
 * step either, `begin` says so.
 */
import type { ProgramHeader } from '../../backends/program/program.ts';
import { byteWeights } from '../../backends/program/weights.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { aligned } from '../../ir/fast/arena.ts';
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { multiply, multiplyRows, productRoom, type WeightPanels } from '../../ir/fast/panels.ts';
import { pow2, rs } from '../../ir/fixed.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import { constantsOf } from './constants.ts';
import { prepareDepthwise, prepareHadamard, prepareMaximum } from './element-gathers.ts';
import type { LastRows } from './last-rows.ts';
import type { Stack, StackGather } from './layout.ts';
import { type OperandPlace, SHORT_TOP, WHOLE_LIMIT } from './memory.ts';
import { prepareProduct } from './products.ts';

/** How a step is added up. */
export type Way = 'words' | 'reals';

/** Adds rows from … to to an accumulator that begins with the first of them. */
export type AddRows = (accumulator: number, from: number, to: number, t: number) => void;

export interface EngineGather {
  readonly kind: Exclude<StackGather['gather']['kind'], 'sparse'>;
  /** Per channel of the tile. */
  readonly scale: Int32Array;
  /** Its accumulator is made anew in every step: the whole of a product. */
  readonly isRemade: boolean;
  /** Once a step, before rows are added: `words` where 32 bits hold it; undefined: not exact. */
  begin(t: number): Way | undefined;
  /** In integers of 32 bits, where there is a way. */
  readonly addWords?: AddRows;
  /** In doubles. */
  readonly addReals: AddRows;
}

/** What gathers are made from and note their counts in. */
export interface Workshop {
  readonly header: ProgramHeader;
  readonly arena: EngineArena;
  /** Weights of the kernels, once for each content, however many cores hold a copy. */
  readonly panelsOf: (data: Int8Array, inputs: number, channels: number) => WeightPanels;
  readonly placeOf: (operand: StackGather['operands'][number]) => OperandPlace;
  readonly lastRows: LastRows;
  /** Room for the work of a moment, which all gathers use in turn: so many bytes from its beginning on. */
  readonly room: (bytes: number) => void;
  /** Where it begins. */
  readonly work: () => number;
  /** Most rows that are added in doubles at a time. */
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
      return prepareBias(stack, own, gather, shop);
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

export type Of<Kind> = Extract<StackGather['gather'], { readonly kind: Kind }>;

export const isWhole = ({ top }: OperandPlace): boolean => top < WHOLE_LIMIT;

/** Largest magnitude of an accumulator between steps. */
const heldOf = ({ accumulatorBits }: ProgramHeader): number => 2 ** (accumulatorBits - 1);

/** Numbers of up to `top` as digits of so many bits, the last one signed. */
export interface Digits {
  readonly bits: number;
  readonly count: number;
}
export const NO_DIGITS: Digits = { bits: 31, count: 0 };

/** Digits whose sums, each weighed by `bound` in all, fit 32 bits; undefined: there are none. */
export function cutIntoDigits(top: number, bound: number): Digits | undefined {
  if (top === 0) return NO_DIGITS;
  const bits = Math.min(15, Math.floor(Math.log2((WHOLE_LIMIT - 1) / Math.max(1, bound))));
  if (top <= SHORT_TOP && top * bound < WHOLE_LIMIT) return { bits: 31, count: 1 };
  return bits < 1 ? undefined : { bits, count: Math.ceil(Math.log2(top + 1) / bits) };
}

/** What cuts digit i out of a number, its unit, and its largest magnitude: the last digit keeps the sign. */
export const digitOf = ({ bits, count }: Digits, i: number, top: number) => ({
  shift: i * bits,
  mask: i === count - 1 ? -1 : 2 ** bits - 1,
  unit: i === 0 ? 1 : pow2(i * bits),
  largest: count === 1 ? top : 2 ** bits,
});

function prepareLinear(stack: Stack, own: StackGather, gather: Of<'linear'>, shop: Workshop): EngineGather {
  const { arena, placeOf, room, work, header } = shop;
  const { kernels } = arena;
  const block = stack.tiles[0]!.home.weights[gather.weights]!;
  const { inputs, channels } = block;
  const panels = shop.panelsOf(byteWeights(block), inputs, channels);
  const bound = panels.largestColumn;
  const place = placeOf(own.operands[0]!);
  const constants = constantsOf(stack, own, shop);
  const held = heldOf(header) + constants.largest;
  const most = shop.rowsAtOnce(stack);
  const rows = stack.size / channels;
  // Rows of 16 bits; what the product needs; a part of sums in integers, and in doubles.
  const behind = aligned((place.isShort ? most : rows) * inputs * 2 + 16);
  shop.lastRows.need(rows, inputs);
  const y = behind + aligned(productRoom(rows, inputs));
  const step = y + aligned(most * channels * 4);
  room(step + most * channels * 8);
  let digits = NO_DIGITS;
  const rowsOf = (from: number, to: number, i: number): { readonly at: number; readonly stride: number } => {
    const first = place.at + from * inputs * (place.isShort ? 2 : 4);
    if (place.isShort && digits.count === 1) return { at: first, stride: inputs * 2 };
    const { shift, mask } = digitOf(digits, i, place.top);
    kernels.cutDigit(first, place.isShort ? 1 : 0, (to - from) * inputs, shift, mask, work());
    return { at: work(), stride: inputs * 2 };
  };
  return {
    ...{ kind: 'linear', scale: gather.scale, isRemade: false },
    begin(t) {
      const found = cutIntoDigits(place.top, bound);
      const isExact = place.top * bound * stepWeight(t, gather.shift) < EXACT && isWhole(place);
      if (!isExact || found === undefined) return undefined;
      digits = found;
      const fits = digits.count < 2 && place.top * bound + held < WHOLE_LIMIT;
      return fits && gather.shift === 0 ? 'words' : 'reals';
    },
    addWords(accumulator, from, to, t) {
      constants.addWords(accumulator, from, to, t);
      if (digits.count === 0) return;
      const free = work() + behind;
      const x = shop.lastRows.of(place, [to - from, inputs], free, () => rowsOf(from, to, 0));
      const into = { at: accumulator, stride: channels * 4 };
      if (!multiplyRows(arena, x, panels, into, { work: free, held })) defect('a sum of 32 bits');
    },
    addReals(accumulator, from, to, t) {
      const size = (to - from) * channels;
      const weight = stepWeight(t, gather.shift);
      const sum = gather.shift === 0 ? accumulator : work() + step;
      if (sum !== accumulator) kernels.clear(sum, size * 8);
      for (let i = 0; i < digits.count; i++) {
        const x = rowsOf(from, to, i);
        const part = work() + y;
        kernels.clear(part, size * 4);
        const into = { at: part, stride: channels * 4 };
        if (!multiply(arena, x, to - from, panels, into, { room: work() + behind, held: 0 }))
          defect('a sum of 32 bits');
        kernels.addWide(
          part,
          sum,
          to - from,
          channels,
          channels,
          digitOf(digits, i, place.top).unit * weight,
        );
      }
      if (sum !== accumulator) addRounded(arena, sum, accumulator, size, gather.shift);
      constants.addReals(accumulator, from, to, t);
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

function prepareBias(stack: Stack, own: StackGather, { fraction }: Of<'bias'>, shop: Workshop): EngineGather {
  const { largest, addWords, addReals } = constantsOf(stack, own, shop);
  const fits = heldOf(shop.header) + largest < WHOLE_LIMIT;
  return {
    ...{ kind: 'bias', scale: Int32Array.of(fraction), isRemade: false, addWords, addReals },
    begin: () => (fits ? 'words' : 'reals'),
  };
}

function prepareRelay(
  { channels }: Stack,
  own: StackGather,
  { scale, shift }: Of<'relay'>,
  { arena, placeOf, header }: Workshop,
): EngineGather {
  const { kernels } = arena;
  const place = placeOf(own.operands[0]!);
  const held = heldOf(header);
  const { isShort } = place;
  const first = (row: number) => place.at + row * channels * (isShort ? 2 : 4);
  return {
    ...{ kind: 'relay', scale, isRemade: false },
    begin(t) {
      if (!isWhole(place) || place.top * stepWeight(t, shift) >= EXACT) return undefined;
      return shift === 0 && place.top + held < WHOLE_LIMIT ? 'words' : 'reals';
    },
    addWords(accumulator, from, to) {
      const add = isShort ? kernels.addShorts : kernels.addWords;
      add(first(from), 0, (to - from) * channels, accumulator);
    },
    addReals(accumulator, from, to, t) {
      const { f64, i32, i16 } = arena.views();
      const weight = stepWeight(t, shift);
      const [x, at] = [isShort ? i16 : i32, first(from) / (isShort ? 2 : 4)];
      for (let i = 0; i < (to - from) * channels; i++)
        f64[accumulator / 8 + i]! += rs(x[at + i]! * weight, shift);
    },
  };
}
