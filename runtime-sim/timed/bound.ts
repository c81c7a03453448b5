/**
 * The five-term lower bound of one timestep from the counts and costs with which its events were simulated: no step is
 * shorter than its busiest core's updates, synops and words, its busiest link, and its barrier or tick.
 * Source  Timcheck, Pierro, Shrestha, arXiv 2601.10035
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { StepTimes } from '../noc/step.ts';
import type { StepEnd } from './floor.ts';
import type { StepTally } from './tally.ts';

export const TERMS = ['updates', 'synops', 'memory', 'link', 'end'] as const;
export type Term = (typeof TERMS)[number];
/** Ticks. */
export type BoundTerms = Readonly<Record<Term, number>>;

export function boundTerms({ perCore }: StepTally, { perLink }: StepTimes, end: StepEnd): BoundTerms {
  return {
    updates: largest(perCore.updateTicks),
    synops: largest(perCore.synopTicks),
    memory: largest(perCore.wordTicks),
    link: largest(perLink.busy),
    end: end.ticks,
  };
}

export const bindingTerm = (terms: BoundTerms): Term =>
  TERMS.reduce((most, term) => (terms[term] > terms[most] ? term : most));

/** An event time below the bound is a fault of the simulator. */
export function checkBound(timestep: number, events: number, { end: _, ...terms }: BoundTerms): void {
  for (const [term, ticks] of Object.entries(terms))
    if (events < ticks) defect(`timestep ${timestep} takes ${events} ticks, its ${term} alone ${ticks}`);
}

const largest = (column: Float64Array): number => {
  let most = 0;
  for (const x of column) if (x > most) most = x;
  return most;
};
