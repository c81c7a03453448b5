/** The changes that improve most, as figures. */
import type { ModeEstimate } from '../compiler/estimate/modes.ts';
import type { Varied } from '../compiler/estimate/what-if.ts';
import { gainOf, VISIBLE, type WhatIf } from '../report/what-if.ts';
import { figuresOf } from './mode-figures.ts';

const MOST = 3;

/** Those that improve nothing stand last: that there is no better is an answer too. */
export function whatIfs(before: ModeEstimate, changes: readonly Varied[]): readonly WhatIf[] {
  const found = changes.map(({ change, says, found: after }) => compare(change, says, before, after));
  return found.toSorted((a, b) => gainOf(b).gain - gainOf(a).gain).slice(0, MOST);
}

function compare(change: string, says: string, before: ModeEstimate, after: ModeEstimate): WhatIf {
  const [a, b] = [figuresOf(before), figuresOf(after)];
  const middle = ({ low, high }: { readonly low: number; readonly high: number }) => (low + high) / 2;
  const [own, other] = [a.energyPj, b.energyPj];
  const figures = {
    ...{ change, says },
    cores: { before: before.cores, after: after.cores },
    chips: { before: before.chips, after: after.chips },
    latencySeconds: { before: a.latency?.seconds ?? 0, after: b.latency?.seconds ?? 0 },
    throughput: { before: a.throughput ?? 0, after: b.throughput ?? 0 },
    energyPj: own && other && { before: middle(own), after: middle(other) },
  };
  const { figure, gain } = gainOf(figures);
  return { ...figures, improves: gain > VISIBLE ? figure : null };
}
