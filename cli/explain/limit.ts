/** A limit of a target as a deployment meets it: how full, where, by whom, and what would bind were it gone. */
import type { Resource } from '../../backends/accounting.ts';
import type { Figure } from '../../backends/descriptor/figure.ts';
import type { CoreLimits } from '../../backends/target.ts';
import type { Head } from './core.ts';
import type { Mapping } from './mapping.ts';
import { populationsOfCores } from './population.ts';
import type { Of } from './result.ts';

/** The figure of the descriptor that a limit is; the memory that state and synapses share counts bytes. */
const FIGURES: { readonly [R in Resource]: keyof CoreLimits } = {
  neurons: 'neuronsPerCore',
  stateWords: 'stateWords',
  synapseWords: 'synapseWords',
  inAxons: 'inAxons',
  outAxonEntries: 'outAxonEntries',
  groups: 'neuronGroups',
  memoryBytes: 'dataBytes',
};

const FULLEST = 5;
const BINS = 10;

export function explainLimit(mapping: Mapping, resource: Resource, head: Head): Of<'limit'> {
  const { manifest, coreNames, accounting, tiling } = mapping;
  const available = accounting.capacity[resource];
  const limits = (manifest.target as { limits?: Readonly<Record<string, Figure | undefined>> }).limits;
  const figure = limits?.[FIGURES[resource]];
  const amounts = manifest.cores.map(core => core.used[resource] ?? 0);
  const used = amounts.reduce((a, b) => a + b, 0);
  const histogram = new Array<number>(BINS).fill(0);
  for (const n of amounts) histogram[Math.min(BINS - 1, Math.floor((BINS * n) / available))]! += 1;
  const names = populationsOfCores(mapping);
  const order = [...amounts.keys()].sort((a, b) => amounts[b]! - amounts[a]!);
  const populations = tiling.populations.map((population, p) => {
    const [first, end] = [tiling.first[p]!, tiling.first[p + 1]!];
    let sum = 0;
    for (let tile = first; tile < end; tile++) sum += mapping.alone(tile)[resource] ?? 0;
    return { name: population.id.slice(1), used: sum, tiles: end - first };
  });
  return {
    ...head,
    kind: 'limit',
    ...{ resource, available, used },
    figure: figure === undefined ? null : { ...figure },
    cores: amounts.length,
    bound: manifest.cores.filter(core => core.binding === resource).length,
    leastCores: Math.max(1, Math.ceil(used / available)),
    histogram,
    fullest: order.slice(0, FULLEST).map(core => ({
      ...{ core: coreNames[core]!, used: amounts[core]!, populations: [...names(core)] },
    })),
    populations: populations.toSorted((a, b) => b.used - a.used).slice(0, FULLEST),
    behind: behindOf(mapping, resource),
  };
}

/** Of cores that it binds: the next fullest resource. */
function behindOf({ manifest, resources, accounting }: Mapping, resource: Resource) {
  const counts = new Map<Resource, number>();
  const others = resources.filter(other => other !== resource);
  for (const { binding, used } of manifest.cores) {
    if (binding !== resource || others.length === 0) continue;
    const fill = (r: Resource) => (used[r] ?? 0) / accounting.capacity[r];
    const next = others.reduce((a, b) => (fill(b) > fill(a) ? b : a));
    counts.set(next, (counts.get(next) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([r, cores]) => ({ resource: r, cores }));
}
