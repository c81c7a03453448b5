/** What a search looks for: the least of something within a limit of error. */
import type { Candidate } from './build.ts';
import type { Outcome } from './measure.ts';

export const OPTIMIZE = ['energy', 'latency', 'cores'] as const;
export type Optimize = (typeof OPTIMIZE)[number];

/**
 * `drop`: expected loss of accuracy plus its standard error, a share. `divergence`: mean squared distance of the
 * logits over their variance.
 */
export interface Limit {
  readonly kind: 'drop' | 'divergence';
  readonly value: number;
}

export interface Goal {
  readonly optimize: Optimize;
  readonly limit: Limit;
}

/** What is held against the limit. */
export function errorOf({ accuracy, mse }: Outcome, { kind }: Limit): number {
  if (kind === 'divergence' || accuracy === undefined) return mse;
  return accuracy.drop + accuracy.dropError;
}

export const isWithin = (outcome: Outcome | undefined, limit: Limit): boolean =>
  outcome !== undefined && errorOf(outcome, limit) <= limit.value;

/**
 * Less is better, number by number. Latency is the number of timesteps: they pass through the network one after
 * another; cores hold weights, so fewer bits take fewer of them.
 */
const COSTS: { readonly [O in Optimize]: (candidate: Candidate, outcome: Outcome) => readonly number[] } = {
  energy: (_, { acs }) => [acs],
  latency: ({ steps }, { acs }) => [steps, acs],
  cores: ({ weightBits }, { acs }) => [weightBits, acs],
};

export interface Tried {
  readonly candidate: Candidate;
  readonly outcome: Outcome;
}

/** Negative: `a` is cheaper. */
export function compareCosts(a: Tried, b: Tried, optimize: Optimize): number {
  const [left, right] = [a, b].map(({ candidate, outcome }) => COSTS[optimize](candidate, outcome)) as [
    readonly number[],
    readonly number[],
  ];
  const at = left.findIndex((cost, i) => cost !== right[i]);
  return at < 0 ? 0 : left[at]! - right[at]!;
}
