/** A population of a deployment: how it is cut, where it sits, which limit binds there, and what the next cuts would do. */
import type { Resource } from '../../backends/accounting.ts';
import { pieceCounts, tryCut } from '../../compiler/mapping/cuts.ts';
import { needsWholeGroups } from '../../compiler/mapping/demand.ts';
import type { Cut } from '../../compiler/mapping/tiles.ts';
import { sizeOf } from '../../ir/dialect.ts';
import type { IntOf } from '../../ir/int.ts';
import { filledOf, type Head } from './core.ts';
import { fullestOf, type Mapping } from './mapping.ts';
import type { Filled, Of } from './result.ts';

export function explainPopulation(mapping: Mapping, number: number, head: Head): Of<'population'> {
  const { manifest, tiling, coreOf, coreNames } = mapping;
  const population = tiling.populations[number]!;
  const name = population.id.slice(1);
  const about = manifest.populations.find(p => p.name === name)!;
  const [first, end] = [tiling.first[number]!, tiling.first[number + 1]!];
  const tilesOn = new Map<number, number>();
  for (let tile = first; tile < end; tile++)
    tilesOn.set(coreOf[tile]!, (tilesOn.get(coreOf[tile]!) ?? 0) + 1);
  const names = populationsOfCores(mapping);
  return {
    ...head,
    kind: 'population',
    ...{ name, origin: about.origin, function: about.function, emit: about.emit, shape: about.shape },
    neurons: sizeOf(population.type.shape),
    ...{ rate: about.rate, theta: about.theta, levels: about.levels },
    ...neighboursOf(mapping, population),
    tile: filledOf(mapping.alone(first), mapping),
    cores: [...tilesOn]
      .sort(([a], [b]) => a - b)
      .map(([core, tiles]) => {
        const { used, binding } = manifest.cores[core]!;
        const others = [...names(core)].filter(other => other !== name);
        return {
          ...{ core: coreNames[core]!, tiles, with: others },
          binding: { ...filledBy(binding as Resource, used, mapping) },
        };
      }),
    cuts: cutsAround(population, tiling.cuts[number]!, mapping),
  };
}

const filledBy = (
  resource: Resource,
  used: Readonly<Record<string, number>>,
  { accounting }: Mapping,
): Filled => ({ resource, used: used[resource] ?? 0, available: accounting.capacity[resource] });

/** Names of the populations of a core, by the number of the core. */
export function populationsOfCores({
  coreOf,
  tiling,
  coreNames,
}: Mapping): (core: number) => ReadonlySet<string> {
  const names = coreNames.map(() => new Set<string>());
  tiling.populations.forEach((population, p) => {
    for (let tile = tiling.first[p]!; tile < tiling.first[p + 1]!; tile++)
      names[coreOf[tile]!]!.add(population.id.slice(1));
  });
  return core => names[core]!;
}

function neighboursOf({ tiling: { network } }: Mapping, { id, operands }: IntOf<'population'>) {
  const projections = new Map(
    network.nodes.flatMap(node =>
      node.kind === 'population' || node.kind === 'input' ? [] : [[node.id, node.operands] as const],
    ),
  );
  const reads = operands.flatMap(projection => projections.get(projection) ?? []);
  const readBy = network.nodes.filter(
    node => node.kind === 'population' && node.operands.some(p => projections.get(p)?.includes(id)),
  );
  const plain = (ids: readonly string[]) => [...new Set(ids.map(each => each.slice(1)))];
  return { reads: plain(reads), readBy: plain(readBy.map(node => node.id)) };
}

type Tried = Of<'population'>['cuts'][number];

/** The cut that was taken; along each axis the next coarser and finer ones, and the first coarser one that does not fit. */
function cutsAround(population: IntOf<'population'>, taken: Cut, mapping: Mapping): Tried[] {
  const [groups, rows, channels] = population.type.shape as [number, number, number];
  const axes: readonly (readonly [keyof Cut, readonly number[]])[] = [
    ['rows', mapping.context.cutsRows ? pieceCounts(rows) : [1]],
    ['channels', needsWholeGroups(population) ? [1] : pieceCounts(channels)],
    ['groups', pieceCounts(groups)],
  ];
  const others = axes.flatMap(([axis, counts]): readonly Tried[] => {
    const at = (count: number) => describeCut(population, { ...taken, [axis]: count }, false, mapping);
    const coarser = counts
      .filter(n => n < taken[axis])
      .toReversed()
      .map(at);
    const finer = counts.find(n => n > taken[axis]);
    const tooCoarse = coarser[0]?.fits === true ? coarser.find(({ fits }) => !fits) : undefined;
    return [...coarser.slice(0, 1), tooCoarse, finer === undefined ? undefined : at(finer)].filter(
      tried => tried !== undefined,
    );
  });
  return [describeCut(population, taken, true, mapping), ...others];
}

function describeCut(population: IntOf<'population'>, cut: Cut, isTaken: boolean, mapping: Mapping): Tried {
  const found = tryCut(population, cut, mapping.context);
  const { groups: heads, rows: tokens, channels } = cut;
  const about = { cut: { tokens, channels, heads }, isTaken, tiles: heads * tokens * channels };
  if ('resource' in found) {
    const { resource, needed, available } = found;
    return { ...about, fits: false, binding: { resource, used: needed, available }, messages: null };
  }
  const { own, once, messages } = found;
  const whole = {
    ...own,
    stateWords: own.stateWords + once.stateWords,
    synapseWords: own.synapseWords + once.synapseWords,
  };
  const { resource, used } = fullestOf(whole, mapping);
  const binding = { resource, used, available: mapping.accounting.capacity[resource] };
  return { ...about, fits: true, binding, messages };
}
