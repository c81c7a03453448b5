/**
 * What a command finds on a range of images: columns with so many numbers for each image, and sums of whole numbers. Parts of
 * neighbouring ranges together say what one range says, bit for bit: only whole numbers are added up in a part, all
 * other sums are left to whoever has every part, in the order of the images.
 */
import { z } from 'zod';
import {
  addMachineCounts,
  createCounts,
  createTileCounts,
  type MachineCounts,
  type TileCounts,
} from '../../runtime-sim/counts.ts';

export type Column = Float64Array | Int32Array | Uint8Array;
export type Columns = Readonly<Record<string, Column>>;

/** Images first…end − 1 of a set. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

export interface Part<Facts = unknown> {
  readonly facts: Facts;
  readonly columns: Columns;
}

/** Numbers that a column must have; the reason why it cannot be read otherwise. */
export const lengthProblem = (
  columns: Columns,
  wanted: Readonly<Record<string, { readonly type: ColumnType; readonly length: number }>>,
): string | undefined => {
  for (const [name, { type, length }] of Object.entries(wanted)) {
    const column = columns[name];
    if (column === undefined) return `column ${name} is missing`;
    if (typeOf(column) !== type) return `column ${name} holds ${typeOf(column)}, not ${type}`;
    if (column.length !== length) return `column ${name} has ${column.length} numbers, not ${length}`;
  }
  return undefined;
};

export const COLUMN_TYPES = { f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;
export type ColumnType = keyof typeof COLUMN_TYPES;

export const typeOf = (column: Column): ColumnType =>
  column instanceof Float64Array ? 'f64' : column instanceof Int32Array ? 'i32' : 'u8';

/** Sizes of the columns that hold a machine's counts. */
export const countsFacts = z.strictObject({
  images: z.int().nonnegative(),
  timesteps: z.int().nonnegative(),
  interval: z.int().positive(),
  tiles: z.int().nonnegative(),
  cores: z.int().nonnegative(),
  links: z.int().nonnegative(),
});
export type CountsFacts = z.infer<typeof countsFacts>;

const TILE_KEYS = Object.keys(createTileCounts()) as readonly (keyof TileCounts)[];
const WORK_KEYS = ['updates', 'active', 'synops', 'words'] as const;

/** Whole numbers, so that counts of several parts add up exactly. */
export function countsToColumns(counts: MachineCounts): Part<CountsFacts> {
  const { images, timesteps, interval, ran, tiles, work } = counts;
  const cores = work[0]?.updates.length ?? 0;
  const links = counts.links.flatMap((step, k) =>
    [...step].toSorted(([a], [b]) => a - b).map(([link, n]) => [k, link, n] as const),
  );
  const workColumn = (key: (typeof WORK_KEYS)[number]) => {
    const column = new Float64Array(work.length * cores);
    work.forEach((step, k) => {
      column.set(step[key], k * cores);
    });
    return column;
  };
  return {
    facts: { images, timesteps, interval, tiles: tiles.length, cores, links: links.length },
    columns: {
      ran,
      tiles: Float64Array.from(tiles.flatMap(tile => TILE_KEYS.map(key => tile[key]))),
      ...Object.fromEntries(WORK_KEYS.map(key => [`work.${key}`, workColumn(key)])),
      'link.step': Int32Array.from(links, ([step]) => step),
      link: Float64Array.from(links, ([, link]) => link),
      'link.messages': Float64Array.from(links, ([, , n]) => n),
    },
  };
}

export const countsColumns = ({ timesteps, tiles, cores, links }: CountsFacts) =>
  ({
    ran: { type: 'f64', length: timesteps + 1 },
    tiles: { type: 'f64', length: tiles * TILE_KEYS.length },
    ...Object.fromEntries(
      WORK_KEYS.map(key => [`work.${key}`, { type: 'f64' as const, length: (timesteps + 1) * cores }]),
    ),
    'link.step': { type: 'i32', length: links },
    link: { type: 'f64', length: links },
    'link.messages': { type: 'f64', length: links },
  }) as const;

/** Needs: columns of the lengths that `countsColumns` says. */
function countsOfColumns({ facts, columns }: Part<CountsFacts>): MachineCounts {
  const { timesteps, interval, tiles, cores } = facts;
  const counts = createCounts(timesteps, interval, tiles, cores);
  counts.images = facts.images;
  counts.ran.set(columns.ran!);
  counts.tiles.forEach((tile, i) => {
    TILE_KEYS.forEach((key, k) => {
      tile[key] = columns.tiles![i * TILE_KEYS.length + k]!;
    });
  });
  counts.work.forEach((step, k) => {
    for (const key of WORK_KEYS) step[key].set(columns[`work.${key}`]!.subarray(k * cores, (k + 1) * cores));
  });
  columns.link!.forEach((link, i) => {
    counts.links[columns['link.step']![i]!]?.set(link, columns['link.messages']![i]!);
  });
  return counts;
}

/** Counts of all parts so far. */
export interface CountsSum {
  add(part: Part<CountsFacts>): void;
  /** Undefined: there was no part. */
  total(): MachineCounts | undefined;
}

export function createCountsSum(): CountsSum {
  let sum: MachineCounts | undefined;
  return {
    add(part) {
      const more = countsOfColumns(part);
      if (sum === undefined) sum = more;
      else addMachineCounts(sum, more);
    },
    total: () => sum,
  };
}
