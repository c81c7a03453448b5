/** Energy of an image by part, with every constant, its status and its source. */
import type { CostSet } from '../../backends/target.ts';
import type { Priced } from '../../runtime-sim/energy.ts';
import type { Accounts } from '../accounts.ts';
import { bandOf } from '../energy.ts';
import type { Facts } from '../facts.ts';
import { round } from '../print.ts';
import type { Report } from '../schema.ts';

export function energyReportOf({ target, ran }: Facts, { energy, energySpan }: Accounts): Report['energy'] {
  const band = bandOf(energy);
  const { source, alone, stream } = energySpan;
  const span = ({ chips, steps, seconds }: typeof alone) => ({
    ...{ chips, steps: round(steps), seconds: round(seconds) },
  });
  return {
    costSets: energy.map(({ costSet, highPj, standing, ann, ratio, ...own }) => ({
      ...{ name: costSet, ...priced(own), highPj: round(highPj) },
      standing: { alone: priced(standing.alone), stream: priced(standing.stream) },
      int8: priced(ann),
      ratio: ratio && { low: round(ratio.low), high: round(ratio.high) },
    })),
    band: band && { low: round(band.low), high: round(band.high) },
    spanSource: source,
    span: { alone: span(alone), stream: span(stream) },
    events: roundAll(ran.totals),
    constants: target.costSets.flatMap(constantsOf),
  };
}

const roundAll = (numbers: Readonly<Record<string, number | undefined>>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(numbers).flatMap(([name, n]) => (n === undefined ? [] : [[name, round(n)]])),
  );

const priced = ({ parts, totalPj, unknown }: Priced) => ({
  ...{ parts: roundAll(parts), totalPj: round(totalPj), unknown: roundAll(unknown) },
});

const constantsOf = ({ name: costSet, costs }: CostSet): Report['energy']['constants'] =>
  Object.entries(costs).flatMap(([name, figure]) => {
    if (figure === undefined) return [];
    const { value, unit, status, source, condition = null, basis = null } = figure;
    return [{ costSet, name, value, unit, status, source, condition, basis }];
  });
