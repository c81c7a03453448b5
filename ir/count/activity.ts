/** Follows one image through its steps and hands each population's step to a counter. */
import type { ValueId } from '../dialect.ts';
import type { Coding } from '../snn.ts';
import type { StepActivity } from './closed-form.ts';
import type { Activity, CountedPopulation, Counts } from './counts.ts';

export interface ActivityLog extends StepActivity {
  /** To be called for every sender of a step, in node order (an interpreter's observer does). */
  record(step: number, id: ValueId, activity: Activity): void;
}

export function createActivityLog(): ActivityLog {
  const current = new Map<ValueId, Activity>();
  const nonzero = new Map<ValueId, Uint8Array>();
  const before = new Map<ValueId, Uint8Array>();
  return {
    record(step, id, activity) {
      const { terms, sums } = activity;
      const [last, other] = [nonzero.get(id), before.get(id)];
      const now = other ?? new Uint8Array(terms.length);
      for (let i = 0; i < now.length; i++) now[i] = sums[i] === 0 ? 0 : 1;
      nonzero.set(id, now);
      before.set(id, step === 1 || last === undefined ? new Uint8Array(terms.length) : last);
      current.set(id, activity);
    },
    of: id => current.get(id)!,
    before: id => before.get(id)!,
  };
}

/** One of the two counters: closedFormCounts or eventCounts. */
export type Counter = (
  population: CountedPopulation,
  coding: Coding,
  step: number,
  activity: StepActivity,
) => Counts;
