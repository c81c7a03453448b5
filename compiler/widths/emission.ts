/**
 * What a population can have sent after a step, from what its target can be: payloads follow y, and overshoot it by
 * no more than the last term can.
 *
 * Source  fire (ir/fixed.ts): a term is the power of two nearest to the rest, so it leaves at most a third of it,
 *         or what lies below the lowest threshold; a term that stopped at the highest threshold leaves more, on
 *         the side where nothing overshoots
 */
import { pow2 } from '../../ir/fixed.ts';
import type { IntEmit } from '../../ir/int.ts';
import type { Box, Joint } from './box.ts';

type Ladder = Extract<IntEmit, { kind: 'mt' }>;

interface Overshoot {
  /** By how much what was sent may pass y, in y's unit, where a membrane of `m` was answered. */
  of(m: number): number;
  readonly theta: number;
  /** Most that one step sends, in θ. */
  readonly most: number;
  readonly top: number;
  /** Share of the membrane that is left at most, and what is left in any case, in y's unit. */
  readonly share: number;
  readonly rest: number;
}

/** `lowest`: the exponent of the lowest threshold of the step. */
function overshootOf({ theta, levels, terms, band }: Ladder, outFraction: number, lowest: number): Overshoot {
  const unit = pow2(outFraction - theta);
  const top = unit * pow2(levels - 1);
  const share = 3 ** -terms;
  const rest = Math.max(band / 4, 1 - band / 4) * unit * pow2(lowest);
  const of = (m: number) => Math.max(m < 1.5 * top ? Math.min(m * share, top / 4) : top / 4, rest);
  return { of, theta: unit, most: terms * pow2(levels - 1), top, share, rest };
}

/** Bounds of the sum of all payloads after this step, in the payload's unit. */
export function emissionBox(y: Box, before: Box, emit: IntEmit, outFraction: number, lowest = 0): Box {
  if (emit.kind !== 'mt') return y;
  const over = overshootOf(emit, outFraction, lowest);
  const { theta, most } = over;
  const size = y.low.length;
  const after = { low: new Float64Array(size), high: new Float64Array(size) };
  for (let i = 0; i < size; i++) {
    const [low, high] = [before.low[i]!, before.high[i]!];
    const up = y.high[i]! - low * theta;
    const down = high * theta - y.low[i]!;
    after.high[i] = up <= 0 ? high : Math.min(high + most, Math.max(high, reach(y.high[i]!, up)));
    after.low[i] = down <= 0 ? low : Math.max(low - most, Math.min(low, -reach(-y.low[i]!, down)));
  }
  return after;

  function reach(target: number, membrane: number): number {
    return Math.floor((target + over.of(membrane)) / theta);
  }
}

/** Bounds of what the neurons of a group have sent together, from those of y; `step` counts from 1. */
export function emissionJoint(
  y: Joint,
  membrane: number,
  emit: IntEmit,
  outFraction: number,
  step: number,
  lowest = 0,
): Joint {
  if (emit.kind !== 'mt') return y;
  const { theta, top, share, rest } = overshootOf(emit, outFraction, lowest);
  const { channels } = y;
  const isClipped = membrane >= 1.5 * top;
  if (step > 1 && isClipped)
    return { channels, sum: Number.POSITIVE_INFINITY, norm: Number.POSITIVE_INFINITY };
  // At the first step a neuron overshoots by a share of its own y, later by a share of the largest membrane.
  const grows = step === 1 ? 1 + (isClipped ? Math.max(share, 1 / 6) : share) : 1;
  const flat = step === 1 ? rest : Math.max(rest, membrane * share);
  const firing = step === 1 ? Math.max(grows, 4 / 3, 4 / emit.band) : Number.POSITIVE_INFINITY;
  return {
    channels,
    sum: Math.min(y.sum * grows + channels * flat, y.sum * firing) / theta,
    norm: Math.min(y.norm * grows + Math.sqrt(channels) * flat, y.norm * firing) / theta,
  };
}

/** Largest |y − E| before firing, in y's unit. */
export function membraneReach(y: Box, before: Box, emit: IntEmit, outFraction: number): number {
  const theta = emit.kind === 'mt' ? pow2(outFraction - emit.theta) : 1;
  let reach = 0;
  for (let i = 0; i < y.low.length; i++) {
    reach = Math.max(reach, y.high[i]! - before.low[i]! * theta, before.high[i]! * theta - y.low[i]!);
  }
  return reach;
}
