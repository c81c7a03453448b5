/** What a set of shards computes together: a record of all its inputs, and the key that names it. */
import { z } from 'zod';
import { sha256 } from '../../ir/constants.ts';
import { VERSION } from '../version.ts';
import type { Range } from './part.ts';

export const KINDS = ['validate', 'simulate', 'sweep'] as const;
export type KindName = (typeof KINDS)[number];

/** Nothing of times, hosts or paths: the same inputs make the same key everywhere. */
export const workSchema = z.strictObject({
  tool: z.string(),
  kind: z.enum(KINDS),
  /** Images or points. */
  total: z.int().nonnegative(),
  /** SHA-256 of what is read. */
  inputs: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type Work = z.infer<typeof workSchema>;

export const workOf = (
  kind: KindName,
  total: number,
  inputs: Work['inputs'],
  options: Work['options'],
): Work => ({ tool: `snnc ${VERSION}`, kind, total, inputs, options });

const sorted = <V>(record: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));

export const keyOf = ({ tool, kind, total, inputs, options }: Work): string =>
  sha256(JSON.stringify({ tool, kind, total, inputs: sorted(inputs), options: sorted(options) }));

/** Items of shard `index` of `count`: as even as whole numbers let them be, in order. */
export const rangeOf = (total: number, index: number, count: number): Range => ({
  first: Math.floor((total * index) / count),
  end: Math.floor((total * (index + 1)) / count),
});

/** What two works differ in, in words. */
export function differenceOf(a: Work, b: Work): string {
  for (const name of ['tool', 'kind', 'total'] as const)
    if (a[name] !== b[name]) return `${name} ${a[name]} and ${b[name]}`;
  for (const part of ['inputs', 'options'] as const) {
    const names = [...new Set([...Object.keys(a[part]), ...Object.keys(b[part])])].toSorted();
    const name = names.find(each => a[part][each] !== b[part][each]);
    if (name !== undefined) return `${name} ${a[part][name] ?? 'none'} and ${b[part][name] ?? 'none'}`;
  }
  return 'nothing';
}
