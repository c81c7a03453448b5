/** Gathers that go element by element: products of pairs, taps with weights of their own, the largest of some. */
import { byteWeights } from '../../backends/program/weights.ts';
import { rs } from '../../ir/fixed.ts';
import { stepWeight } from '../../ir/step-weights.ts';
import { type EngineGather, EXACT, isWhole, type Of, type Workshop } from './gathers.ts';
import type { Stack, StackGather } from './layout.ts';
import type { OperandPlace } from './memory.ts';

export function prepareHadamard(
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
      const [x, y] = [i32[a.at / 4 + i] !== 0, i32[b.at / 4 + i] !== 0];
      const [termsA, termsB] = [u8[a.terms + i]!, u8[b.terms + i]!];
      const { number } = tiles[Math.floor(i / tiles[0]!.size)]!;
      if (t === 1) hadB[i] = 0;
      products.adds[number]! += (x ? termsB : 0) + (hadB[i] === 1 && !isStream ? termsA : 0);
      products.paper[number]! += termsA * termsB + (y ? termsA : 0) + (x ? termsB : 0);
      hadB[i] = y ? 1 : 0;
    }
  };
  return {
    ...{ kind: 'hadamard', scale: Int32Array.of(fraction), isRemade },
    begin: () => (isWhole(a) && isWhole(b) && a.top * b.top < EXACT ? 'reals' : undefined),
    addReals(accumulator, from, to, t) {
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

export function prepareDepthwise(
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
    ...{ kind: 'depthwise', scale, isRemade: false },
    begin: t =>
      isWhole(place) && place.top * 128 * taps * stepWeight(t, shift) < EXACT ? 'reals' : undefined,
    addReals(accumulator, from, to, t) {
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

export function prepareMaximum(
  { channels }: Stack,
  own: StackGather,
  { taps, fraction }: Of<'maximum'>,
  { arena, placeOf }: Workshop,
): EngineGather {
  const place = placeOf(own.operands[0]!);
  return {
    ...{ kind: 'maximum', scale: Int32Array.of(fraction), isRemade: true },
    begin: () => (isWhole(place) ? 'reals' : undefined),
    addReals(accumulator, from, to) {
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
