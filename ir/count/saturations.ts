/** How often a width or a ladder was too small, over all populations of a network that ran. */
import type { ValueId } from '../dialect.ts';
import type { Saturations } from '../interpret/int.ts';

export interface SaturationSummary extends Readonly<Saturations> {
  /** The population with most of them; null: there are none. */
  readonly worst: { readonly population: string; readonly count: number } | null;
}

export const sumSaturations = (counters: readonly Saturations[]): Saturations => ({
  accumulator: counters.reduce((sum, c) => sum + c.accumulator, 0),
  state: counters.reduce((sum, c) => sum + c.state, 0),
  threshold: counters.reduce((sum, c) => sum + c.threshold, 0),
});

export function summariseSaturations(
  counters: ReadonlyMap<ValueId, Readonly<Saturations>>,
): SaturationSummary {
  let worst: SaturationSummary['worst'] = null;
  for (const [id, { accumulator, state, threshold }] of counters) {
    const count = accumulator + state + threshold;
    if (count > (worst?.count ?? 0)) worst = { population: id.slice(1), count };
  }
  return { ...sumSaturations([...counters.values()]), worst };
}

/** In one line; `over`: what ran. */
export function describeSaturations(
  { accumulator, state, threshold, worst }: SaturationSummary,
  over: string,
): string {
  const most = worst === null ? '' : `; most at ${worst.population}: ${worst.count}`;
  return `accumulator ${accumulator}, state ${state}, threshold ${threshold} on ${over}${most}`;
}
