/** What a reader must know of a target's times and energies before believing them; from its figures, not by its name. */
import type { Figure } from '../backends/descriptor/figure.ts';
import type { Target } from '../backends/target.ts';

type Told = Pick<Target, 'name' | 'timing' | 'costSets'>;

/** Times, energies, validation. */
export function notesOf(target: Told): readonly [string, string, string] {
  return [noteOfTime(target), noteOfEnergy(target), 'Nothing here has been validated against silicon.'];
}

function noteOfTime({ name, timing: { tick, synop } }: Told): string {
  if (tick === undefined)
    return `${name} has no clock: times are lower bounds from declared service times, not cycles.`;
  const step = `A step of ${name} is its tick of ${tick.value / 1e6} ms`;
  return synop === undefined
    ? `${step}; nothing is known of the work that fits into it.`
    : `${step}, or longer where the work does not fit; what is known of that is a lower bound.`;
}

function noteOfEnergy({ name, costSets }: Told): string {
  const figure = costSets[0]?.costs.synop;
  if (figure === undefined) return `No energy per operation of ${name} is known.`;
  const bound = figure.basis === 'min' ? ', a lower bound' : '';
  return `${ENERGY[figure.status](name, figure)}${bound}.`;
}

const ENERGY: { readonly [S in Figure['status']]: (name: string, figure: Figure) => string } = {
  measured: name => `Energies of ${name} are measured (synop)`,
  published: (name, { condition }) =>
    `Energies of ${name} are published${condition === undefined ? '' : `: ${condition}`}`,
  derived: name => `Energies of ${name} are derived from published figures`,
  inherited: (name, { condition }) =>
    `No energy per operation of ${name} has been published: constants of ${condition ?? 'another chip'} stand for it, as a band`,
  assumed: name => `Energies of ${name} are assumed: nobody has said them`,
};
