/** A core of a deployment: what it holds, which limit binds, and what could leave it or join it. */
import type { Resource } from '../../backends/accounting.ts';
import { tileAt } from '../../compiler/mapping/tiling.ts';
import type { Amounts, Mapping } from './mapping.ts';
import type { Explained, Filled, Of } from './result.ts';

/** What every answer begins with. */
export type Head = Pick<Explained, 'schema' | 'schemaVersion' | 'folder' | 'mode' | 'whatIf'>;

export const filledOf = (amounts: Amounts, { resources, accounting }: Mapping): Filled[] =>
  resources.map(resource => ({
    ...{ resource, used: amounts[resource] ?? 0, available: accounting.capacity[resource] },
  }));

/** Cost: of `roomOn` and `roomFor`, tiles of the core × cores and tiles of the deployment. */
export function explainCore(mapping: Mapping, number: number, head: Head): Of<'core'> {
  const { manifest, coreOf, coreNames, tiling, resources, accounting } = mapping;
  const { chip, x, y, slot, binding, used } = manifest.cores[number]!;
  const fits = (held: Readonly<Record<string, number>>, more: Amounts): boolean =>
    resources.every(r => (held[r] ?? 0) + (more[r] ?? 0) <= accounting.capacity[r]);
  const tiles = [...coreOf.keys()].filter(tile => coreOf[tile] === number);
  const elsewhere = [...coreOf.keys()].filter(tile => coreOf[tile] !== number);
  return {
    ...head,
    kind: 'core',
    ...{ core: coreNames[number]!, chip, router: [x, y], slot, binding: binding as Resource },
    used: filledOf(used, mapping),
    tiles: tiles.map(tile => {
      const { population, box } = tileAt(tiling, tile);
      const alone = mapping.alone(tile);
      return {
        population: population.id.slice(1),
        tokens: [...box.row],
        channels: [...box.channel],
        heads: [...box.group],
        alone: filledOf(alone, mapping),
        roomOn: manifest.cores.filter((core, i) => i !== number && fits(core.used, alone)).length,
      };
    }),
    ...neighboursOf(mapping, number),
    roomFor: elsewhere.filter(tile => fits(used, mapping.alone(tile))).length,
  };
}

/** Of the routes: cores at their other end, its own tiles among each other left out. */
function neighboursOf({ chip, coreOf }: Mapping, number: number) {
  const { tile, core } = chip.tables.routes.columns;
  const [to, from] = [new Set<number>(), new Set<number>()];
  core!.forEach((target, r) => {
    const source = tile![r]! < 0 ? -1 : coreOf[tile![r]!]!;
    if (source === number && target !== number) to.add(target);
    if (target === number && source !== number && source >= 0) from.add(source);
  });
  return { sendsTo: to.size, hearsFrom: from.size };
}
