/** How the tiles of every population are cut and spread over cores. */
import type { ChipGraph, chip } from '../../ir/chip.ts';

export interface Spread {
  readonly tiles: number;
  /** Pieces along each axis [groups, rows, channels]. */
  readonly split: { readonly heads: number; readonly tokens: number; readonly channels: number };
  /** That hold at least one of its tiles. */
  readonly cores: number;
  readonly depth: number;
}

/** By number of the population's node. Cost: linear in the tiles. */
export function spreadOf({ tables: { tiles } }: ChipGraph): ReadonlyMap<number, Spread> {
  const column = (name: (typeof chip.tables.tiles)[number]) => tiles.columns[name]!;
  const fresh = (depth: number) => {
    const [heads, tokens, channels, cores] = Array.from({ length: 4 }, () => new Set<number>());
    return { depth, tiles: 0, heads: heads!, tokens: tokens!, channels: channels!, cores: cores! };
  };
  const spreads = new Map<number, ReturnType<typeof fresh>>();
  for (let i = 0; i < tiles.rows; i++) {
    const node = column('population')[i]!;
    const own = spreads.get(node) ?? fresh(column('depth')[i]!);
    spreads.set(node, own);
    own.tiles += 1;
    own.heads.add(column('group0')[i]!);
    own.tokens.add(column('row0')[i]!);
    own.channels.add(column('channel0')[i]!);
    own.cores.add(column('core')[i]!);
  }
  return new Map(
    [...spreads].map(([node, { depth, tiles: count, heads, tokens, channels, cores }]) => {
      const split = { heads: heads.size, tokens: tokens.size, channels: channels.size };
      return [node, { depth, tiles: count, split, cores: cores.size }] as const;
    }),
  );
}
