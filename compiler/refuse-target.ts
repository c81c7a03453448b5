/**
 * Says whether a target can do what a network asks, room apart; everything that it cannot in one message, and what
 * is done instead where there is a way.
 *
 * Returns whether it can.
 *
 * Errors  E0510 capabilities that the core lacks · E0511 weights of another width · W0512 binary spikes
 */
import { type Accounting, axonsPerNeuron } from '../backends/accounting.ts';
import type { Target } from '../backends/target.ts';
import type { Report } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { insteadOf, type Lack, lacksOf } from './target-needs.ts';

export function refuseTarget(
  network: IntGraph,
  target: Target,
  accounting: Accounting,
  weightBits: number,
  report: Report,
): boolean {
  const at = { origin: target.spec, pass: 'partition' };
  const { weightBitsMin, weightBitsMax } = target.limits;
  const [least, most] = [weightBitsMin.value, weightBitsMax.value];
  const isWidth = weightBits >= least && weightBits <= most;
  if (!isWidth) report('E0511', at, { bits: weightBits, target: target.name, least, most });
  const lacks = lacksOf(network, target, accounting);
  if (lacks.length === 0) {
    reportBinary(network, target, accounting, report);
    return isWidth;
  }
  const all = network.nodes.filter(({ kind }) => kind === 'population').length;
  const count = new Set(lacks.map(({ population }) => population)).size;
  report('E0510', at, { target: target.name, count, all }, undefined, linesOf(lacks, target));
  return false;
}

/** One line for each function and what it misses, then what to do about each capability. */
function linesOf(lacks: readonly Lack[], target: Target): readonly string[] {
  const byPopulation = groupBy(lacks, ({ population }) => population);
  const rows = [...byPopulation].map(([population, own]) => ({
    population,
    text: `${own[0]!.does}: ${own.map(({ missing, needs }) => `${missing} (${needs})`).join(', ')}`,
  }));
  const groups = groupBy(rows, ({ text }) => text);
  const found = [...groups].map(
    ([text, own]) =>
      `${text}: ${own.length} × ${compactNames(own.map(({ population }) => population)).join(', ')}`,
  );
  const needs = [...new Set(lacks.map(lack => lack.needs))];
  const hosts = target.topology.hostCores?.value ?? 0;
  const host = `the ${hosts} embedded processors of each chip could compute such functions; nothing is mapped to them`;
  return [
    ...found,
    ...needs.map(name => `${name}: ${insteadOf(name)}`),
    ...(hosts > 0 && needs.includes('programmableNeuron') ? [host] : []),
  ];
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    groups.set(key(item), group);
    group.push(item);
  }
  return groups;
}

/** Names that differ in their first number only, as one: b0.ln1, b1.ln1, b3.ln1 → b{0–1,3}.ln1. */
export function compactNames(names: readonly string[]): readonly string[] {
  const groups = new Map<string, { readonly name: string; readonly numbers: number[] }>();
  for (const name of names) {
    const found = /\d+/.exec(name);
    const key =
      found === null ? name : `${name.slice(0, found.index)}#${name.slice(found.index + found[0].length)}`;
    const group = groups.get(key) ?? { name, numbers: [] };
    groups.set(key, group);
    if (found !== null) group.numbers.push(Number(found[0]));
  }
  return [...groups].map(([key, { name, numbers }]) =>
    numbers.length < 2 ? name : key.replace('#', `{${runsOf(numbers)}}`),
  );
}

function runsOf(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const n of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && n === last[1] + 1) last[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(',');
}

function reportBinary({ nodes }: IntGraph, target: Target, accounting: Accounting, report: Report): void {
  if (!accounting.isBinary) return;
  const levels = nodes.flatMap(node =>
    node.kind === 'population' && node.attrs.emit.kind === 'mt' ? [node.attrs.emit.levels] : [],
  );
  if (levels.length === 0) return;
  const axons = axonsPerNeuron(accounting, Math.max(...levels));
  const { softResetNeurons: held } = accounting;
  const facts = {
    target: target.name,
    populations: levels.length,
    axons,
    held: held === 1 ? '' : `; each neuron with soft reset takes ${held}`,
  };
  report('W0512', { origin: target.spec, pass: 'partition' }, facts);
}
