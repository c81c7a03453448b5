/**
 * One step of a population's neurons in integers of 32 bits: what they gathered, their function, what they send. Everything is
 * bounded when a population is prepared; one that is not proved to fit has to be left to others.
 *
 * Preserves  every bit and every count of interpret/int.ts
 */
import { pow2 } from '../fixed.ts';
import type { IntEmit } from '../int.ts';
import { RECIPROCAL_FRACTION, reciprocal, type Saturations } from '../interpret/int.ts';
import { createMembrane } from '../interpret/membrane.ts';
import { isGroupFunction, type SomaSpec } from '../interpret/soma.ts';
import type { Coding } from '../snn.ts';
import { type Arena, aligned, type Kernels } from './arena.ts';
import { prepareFunction } from './functions.ts';

/** What one projection gathers. */
export interface GatherSpec {
  /** Fraction bits of its accumulators: one number, or one for each channel. */
  readonly scale: ArrayLike<number>;
  /** In `rate`, by which reciprocal it is multiplied: see rateReciprocal. */
  readonly of: 'linear' | 'product' | undefined;
}
export interface NeuronsSpec {
  /** Neurons, a multiple of the channels. */
  readonly size: number;
  readonly gathers: readonly GatherSpec[];
  readonly accumulatorBits: number;
  readonly soma: SomaSpec;
  readonly emit: IntEmit;
  readonly coding: Coding;
  readonly steps: number;
}

/** Where a population's own numbers lie, one of each for every neuron. */
export interface NeuronPlaces {
  /** What it sends in this step: 16 bits where `isShort`, else 32. */
  readonly payloads: number;
  /** 8 bits. */
  readonly terms: number;
  /** All it has sent so far: 32 bits. */
  readonly sums: number;
}

export interface Neurons {
  /** Bytes that `step` needs for itself. */
  readonly room: number;
  readonly isShort: boolean;
  /**
   * Step t: accumulators, 32 bits each, one for each gather, are saturated in place; payloads and terms are written, sums
   * brought up to date, from 0 in step 1. Counts what saturates.
   *
   * Needs  behind the last neuron zeros in the accumulators, and room everywhere, up to a multiple of 8
   */
  readonly step: (
    accumulators: readonly number[],
    places: NeuronPlaces,
    t: number,
    room: number,
    counter: Saturations,
  ) => void;
}

/** Neurons of a block: what they are worked on in stays in the nearest memory. */
const BLOCK = 4096;
/** Neurons that are worked on side by side. */
const VECTOR = 8;
/** Accumulators are exact in single precision up to so many bits. */
const SINGLE_BITS = 24;
const WORD_LIMIT = 2 ** 31;
const SINGLE_LIMIT = 2 ** 24;
const SHORT_LIMIT = 2 ** 15;

/** Both return how many neurons saturate. */
type Emit = (u: number, places: NeuronPlaces, first: number, count: number, t: number) => number;
type Gather = (accumulator: number, u: number, first: number, count: number, t: number) => number;

/** undefined: not proved to fit 32 bits. */
export function prepareNeurons(spec: NeuronsSpec, arena: Arena<Kernels>): Neurons | undefined {
  const { channels, fn, stateBits } = spec.soma;
  const isPartial = fn.kind === 'partial';
  const gathers = prepareGathers(spec, arena);
  const apply = prepareFunction(spec.soma, spec.steps, arena);
  const emit = prepareEmit(spec, arena);
  if (gathers === undefined || apply === undefined || emit === undefined) return undefined;
  const block = blockOf(channels, isGroupFunction(fn.kind));
  const bytes = aligned(block * 4) + 32;
  const state = pow2(stateBits - 1) - 1;
  const settles = !isPartial && largestGathered(spec) > state;
  return {
    room: 2 * bytes + apply.room,
    isShort: spec.emit.kind === 'mt',
    step(accumulators, places, t, room, counter) {
      for (let first = 0; first < spec.size; first += block) {
        const count = Math.min(block, spec.size - first);
        for (const [i, gather] of gathers.entries()) {
          counter.accumulator += gather(accumulators[i]! + first * 4, room, first, count, t);
        }
        if (settles) counter.state += arena.kernels.settleWords(room, count, 1, state);
        apply.run(room, count, t, room + 2 * bytes);
        counter.threshold += emit(room, places, first, count, t);
      }
    },
  };
}

/** No target of the function is larger, whatever accumulators hold. */
function largestGathered({ gathers, accumulatorBits, soma }: NeuronsSpec): number {
  const top = pow2(accumulatorBits - 1) - 1;
  const reach = ({ scale, of }: GatherSpec) => {
    const shift = Array.from(scale).reduce((least, f) => Math.min(least, f - soma.fraction), Infinity);
    return of === undefined ? Math.floor(top * 2 ** -shift + (shift > 0 ? 0.5 : 0)) : Infinity;
  };
  return gathers.reduce((sum, gather) => sum + reach(gather), 0);
}

/** Whole vectors of eight, and whole groups where a function reads them. */
function blockOf(channels: number, isGrouped: boolean): number {
  if (!isGrouped) return BLOCK;
  let unit = channels;
  while (unit % VECTOR > 0) unit *= 2;
  return unit * Math.max(1, Math.floor(BLOCK / unit));
}

function prepareGathers(spec: NeuronsSpec, arena: Arena<Kernels>): readonly Gather[] | undefined {
  const { accumulatorBits } = spec;
  const { fraction, fn, stateBits, channels } = spec.soma;
  const isPartial = fn.kind === 'partial';
  const shifts = spec.gathers.map(({ scale }) => Array.from(scale, f => (isPartial ? 0 : f - fraction)));
  const most = pow2(accumulatorBits - 1);
  const reach = shifts.reduce((sum, list) => sum + most * 2 ** -Math.min(...list) + 1, 0);
  const isSingle = shifts.every(list => isUniform(list) || channels % list.length === 0);
  const isBounded = reach < WORD_LIMIT / 2 && accumulatorBits <= SINGLE_BITS && stateBits <= SINGLE_BITS;
  if (!isSingle || !isBounded || shifts.length === 0) return undefined;
  return shifts.map((list, i) => {
    const add = isUniform(list)
      ? gatherShifted(list[0]!, arena, most - 1)
      : gatherScaled(list, accumulatorBits, arena, most - 1);
    const { of } = spec.gathers[i]!;
    if (of === undefined || isPartial) {
      return (accumulator, u, first, count) => add(accumulator, u, first, count, i === 0);
    }
    const unit = pow2(-RECIPROCAL_FRACTION[of]);
    return (accumulator, u, first, count, t) => {
      const second = u + aligned(blockOf(channels, isGroupFunction(fn.kind)) * 4) + 32;
      const saturated = add(accumulator, second, first, count, true);
      if (i === 0) arena.views().i32.fill(0, u / 4, u / 4 + count + 4);
      arena.kernels.addScaled(second, u, count, reciprocal(t, of), unit);
      return saturated;
    };
  });
}

const isUniform = (list: readonly number[]): boolean => list.every(k => k === list[0]);

type Add = (accumulator: number, u: number, first: number, count: number, isFirst: boolean) => number;

/** A shift by so much leaves nothing, or was refused. */
const MOST_SHIFT = 30;

function gatherShifted(shift: number, { kernels }: Arena<Kernels>, top: number): Add {
  const by = Math.min(shift, MOST_SHIFT);
  return (accumulator, u, _, count, isFirst) =>
    kernels.gatherShifted(accumulator, u, count, by, top, isFirst ? 1 : 0);
}

/** Factors and halves repeat after whole vectors. */
function gatherScaled(
  shifts: readonly number[],
  accumulatorBits: number,
  arena: Arena<Kernels>,
  top: number,
): Add {
  const period = shifts.length * 4;
  const [factors, halves] = [arena.reserve(period * 4), arena.reserve(period * 4)];
  const { f32 } = arena.views();
  for (let i = 0; i < period; i++) {
    const shift = shifts[i % shifts.length]!;
    // What is shifted by more bits than there are is less than a half.
    const isLost = shift >= accumulatorBits;
    f32[factors / 4 + i] = isLost ? 0 : 2 ** -shift;
    f32[halves / 4 + i] = shift > 0 && !isLost ? 0.5 : 0;
  }
  return (accumulator, u, first, count, isFirst) => {
    const places = [factors, halves, period, first % period] as const;
    return arena.kernels.gatherScaled(accumulator, u, count, ...places, top, isFirst ? 1 : 0);
  };
}

function prepareEmit(spec: NeuronsSpec, { kernels }: Arena<Kernels>): Emit | undefined {
  const { emit, soma, steps, coding } = spec;
  if (emit.kind !== 'mt') {
    return (u, { payloads, terms, sums }, first, count, t) => {
      const isFirst = t === 1 ? 1 : 0;
      kernels.relayWords(u, payloads + 4 * first, terms + first, sums + 4 * first, count, isFirst);
      return 0;
    };
  }
  const { levels, terms: most, band } = emit;
  const membraneAt = createMembrane(emit, soma.outFraction, { coding, steps });
  const all = Array.from({ length: steps }, (_, i) => membraneAt(i + 1));
  const { shift, yShift, sumShift } = all[0]!;
  const largest = most * 2 ** (levels - 1);
  const sent = all.reduce((sum, { weight }) => sum + weight * largest, 0);
  // Beyond that every term is the highest threshold, to the last.
  const cut = (largest + 2 ** levels) * 2 ** shift;
  const factor = Math.max(...all.map(membrane => membrane.factor));
  const reach = factor * (2 ** (soma.stateBits - 1 + yShift) + sent * 2 ** sumShift);
  const fits = reach < WORD_LIMIT && cut <= SINGLE_LIMIT && largest < SHORT_LIMIT && sent < WORD_LIMIT;
  if (!fits || shift < 0 || levels < 1 || band < 1) return undefined;
  return (u, { payloads, terms, sums }, first, count, t) => {
    const { factor, weight, lowest } = membraneAt(t);
    const places = [u, payloads + 2 * first, terms + first, sums + 4 * first, count] as const;
    const scales = [yShift, sumShift, factor, weight, shift, lowest, levels] as const;
    const limits = [band, cut, t === 1 ? 1 : 0] as const;
    return most === 1
      ? kernels.fireOnce(...places, ...scales, ...limits)
      : kernels.fireWords(...places, ...scales, most, ...limits);
  };
}
