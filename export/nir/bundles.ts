/** All synapses between two populations with one delay, as one dense matrix, however they were cut. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { HOLE } from '../../ir/map.ts';
import { eachSynapse, type LifNetwork, type LifTile, type Synaptic } from '../../runtime-sim/lif/network.ts';
import type { RouteState } from '../../runtime-sim/state.ts';

export interface Bundle {
  readonly from: number | 'host';
  readonly to: number;
  readonly delay: number;
  readonly sources: number;
  /** [sources, neurons of the target]. */
  readonly weights: Float32Array;
}

/** NIR has dense matrices alone. */
export const MOST_WEIGHTS = 2 ** 27;

/** Errors: E0763 */
export function bundlesOf(
  { tiles, hostRoutes, hostSize, programs }: LifNetwork,
  origin: string,
): readonly Bundle[] {
  const sizes = programs[0]!.header.populations.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const bundles = new Map<string, Bundle>();
  let all = 0;
  const bundleOf = (from: number | 'host', to: number, delay: number): Bundle => {
    const key = `${from} ${to} ${delay}`;
    const known = bundles.get(key);
    if (known !== undefined) return known;
    const sources = from === 'host' ? hostSize : sizes[from]!;
    all += sources * sizes[to]!;
    if (all > MOST_WEIGHTS) fail('E0763', { origin }, { weights: all, most: MOST_WEIGHTS });
    const made = { from, to, delay, sources, weights: new Float32Array(sources * sizes[to]!) };
    bundles.set(key, made);
    return made;
  };
  const take = (
    from: number | 'host',
    members: ArrayLike<number> | undefined,
    routes: readonly RouteState<Synaptic>[],
  ) => {
    for (const { links, sends } of routes)
      for (const { tile, gather, delay, positions } of links) {
        const to = tile.program.population;
        const { weights } = bundleOf(from, to, delay);
        positions.forEach((input, i) => {
          if (input === HOLE || sends?.[i] === 0) return;
          const row = (members?.[i] ?? i) * sizes[to]!;
          eachSynapse(gather, input, (target, weight) => {
            weights[row + tile.members[target]!]! += weight;
          });
        });
      }
  };
  for (const tile of tiles satisfies readonly LifTile[])
    take(tile.program.population, tile.members, tile.routes);
  take('host', undefined, hostRoutes);
  return [...bundles.values()];
}
