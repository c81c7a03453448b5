/**
 * Networks of the paper's conversion with other ladders: how many thresholds, and where the ladder begins.
 * Source  ECMT §5.3, Fig. 5: number n of thresholds and base threshold; the values are ours
 */
import type { ValueId } from '../../ir/dialect.ts';
import type { SnnEmit } from '../../ir/snn.ts';
import { CALIBRATE_DEFAULTS } from '../calibrate.ts';
import type { MethodContext, MethodNetwork } from '../methods/networks.ts';
import { convert } from '../passes/convert.ts';
import { emitsOf } from '../thresholds.ts';

export interface Ladder {
  readonly levels: number;
  /** Base threshold in units of the percentile. */
  readonly base: number;
}

/** n at the paper's base, and the base at its n. */
export const LADDERS: readonly Ladder[] = [
  ...[4, 6, 8].map(levels => ({ levels, base: 1 })),
  ...[0.25, 0.5, 2].map(base => ({ levels: 8, base })),
];

export function ladderOf({ levels, base }: Ladder, context: MethodContext): MethodNetwork {
  const { plain, steps, ties, profile, report } = context;
  const options = { rule: 'paper', profile, levels, maxLevels: 16, ties } as const;
  const emits = emitsOf(plain.sites, plain.statistics(CALIBRATE_DEFAULTS.percent), options, report);
  const moved = new Map(
    [...emits].map(([id, emit]): [ValueId, SnnEmit] => [
      id,
      emit.kind === 'mt' ? { ...emit, theta1: base * emit.theta1, theta2: base * emit.theta2 } : emit,
    ]),
  );
  const needs = { coding: 'rate', steps: Math.max(...steps), emits: moved } as const;
  return { snn: convert.run(plain.ann, needs, report), steps };
}
