/** What is kept of the timesteps of a run: sums, extremes, the busiest core and link, and what binds. */
import type { BoundTerms, Term } from './bound.ts';
import { bindingTerm, TERMS } from './bound.ts';
import { TICKS_PER_SECOND } from './costs.ts';
import type { TimedStep } from './run.ts';

export interface RunSummary {
  readonly steps: number;
  readonly seconds: number;
  /** Of the same steps. */
  readonly boundSeconds: number;
  /** Without barriers and ticks. */
  readonly eventSeconds: number;
  readonly stepSeconds: { readonly min: number; readonly mean: number; readonly max: number };
  /** Of all time, the share of steps in which each term of the bound is the largest. */
  readonly binds: Readonly<Record<Term, number>>;
  /** The core that works longest, as sender or as receiver, and for what share of the time. */
  readonly busiestCore: { readonly core: number; readonly share: number };
  /** Port of a router, as StepTimes numbers them. */
  readonly busiestLink: { readonly link: number; readonly share: number; readonly messages: number };
  /** Of the time of all cores that send, the share in which they wait for their router. */
  readonly blocked: number;
  readonly messages: number;
  readonly hops: number;
}

export interface Summary {
  add(step: TimedStep): void;
  finish(): RunSummary;
}

export function createSummary(): Summary {
  let [steps, total, bound, events, longest, blocked, sending, messages, hops] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  let shortest = Number.POSITIVE_INFINITY;
  const binds: Record<Term, number> = { updates: 0, synops: 0, memory: 0, link: 0, end: 0 };
  const columns: { cores?: Float64Array; busy?: Float64Array; passed?: Float64Array } = {};
  return {
    add({ total: ticks, times, terms, tally }) {
      steps += 1;
      total += ticks;
      events += times.ticks;
      longest = Math.max(longest, ticks);
      shortest = Math.min(shortest, ticks);
      bound += boundOf(terms);
      binds[bindingTerm(terms)] += ticks;
      const { generated, serving, blocked: waits } = times.perCore;
      columns.cores ??= new Float64Array(generated.length);
      const { cores } = columns;
      for (let c = 0; c < cores.length; c++) {
        cores[c]! += Math.max(generated[c]! - waits[c]!, serving[c]!);
        blocked += waits[c]!;
        sending += generated[c]!;
        messages += tally.perCore.sent[c]!;
      }
      hops += tally.hops.eastWest + tally.hops.northSouth;
      columns.busy = sum(columns.busy, times.perLink.busy);
      columns.passed = sum(columns.passed, times.perLink.messages);
    },
    finish() {
      const core = largestOf(columns.cores);
      const link = largestOf(columns.busy);
      const share = (ticks: number) => (total === 0 ? 0 : ticks / total);
      const seconds = (ticks: number) => ticks / TICKS_PER_SECOND;
      return {
        steps,
        seconds: seconds(total),
        boundSeconds: seconds(bound),
        eventSeconds: seconds(events),
        stepSeconds: {
          min: steps === 0 ? 0 : seconds(shortest),
          mean: steps === 0 ? 0 : seconds(total / steps),
          max: seconds(longest),
        },
        binds: Object.fromEntries(TERMS.map(term => [term, share(binds[term])])) as Record<Term, number>,
        busiestCore: { core, share: share(columns.cores?.[core] ?? 0) },
        busiestLink: {
          link,
          share: share(columns.busy?.[link] ?? 0),
          messages: columns.passed?.[link] ?? 0,
        },
        blocked: sending === 0 ? 0 : blocked / sending,
        messages,
        hops,
      };
    },
  };
}

const boundOf = (terms: BoundTerms): number => Math.max(...TERMS.map(term => terms[term]));

function sum(into: Float64Array | undefined, more: Float64Array): Float64Array {
  const total = into ?? new Float64Array(more.length);
  for (let i = 0; i < more.length; i++) total[i]! += more[i]!;
  return total;
}

function largestOf(column: Float64Array | undefined): number {
  let most = 0;
  column?.forEach((x, i) => {
    if (x > column[most]!) most = i;
  });
  return most;
}
