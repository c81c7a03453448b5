/** What one change would do, computed: cores, chips, throughput and energy before and after. */
import { z } from 'zod';
import { bigNumber, energyRange, seconds } from './units.ts';

const pair = z.strictObject({ before: z.number(), after: z.number() });

export const whatIfSchema = z.strictObject({
  /** As it would be written on the command line. */
  change: z.string(),
  says: z.string(),
  cores: pair,
  chips: pair,
  /** Of one image alone, at least. */
  latencySeconds: pair,
  /** Images a second, at most. */
  throughput: pair,
  /** Of an image, mean of the cost sets' totals; null where nothing has a price. */
  energyPj: pair.nullable(),
});
export type WhatIf = z.infer<typeof whatIfSchema>;

const FIGURES = [
  ['cores', (n: number) => bigNumber(n), 'cores'],
  ['chips', (n: number) => bigNumber(n), 'chips'],
  ['latencySeconds', (n: number) => seconds(n), 'latency'],
  ['throughput', (n: number) => bigNumber(n), 'images/s'],
  ['energyPj', (n: number) => energyRange(n, n), 'an image'],
] as const;

/** Changes of less than this are not worth a word. */
const VISIBLE = 0.005;

/** How much a change changes: the largest ratio of any figure, by its logarithm. */
export const weightOf = (found: WhatIf): number =>
  Math.max(
    ...FIGURES.map(([figure]) => {
      const pair = found[figure];
      return pair === null ? 0 : Math.abs(Math.log(pair.after / pair.before));
    }),
  );

export function describeWhatIf(found: WhatIf): string {
  const parts = FIGURES.flatMap(([figure, print, unit]) => {
    const pair = found[figure];
    if (pair === null) return [];
    const { before, after } = pair;
    if (Math.abs(after / before - 1) < VISIBLE) return [];
    return [`${print(before)} → ${print(after)} ${unit}`];
  });
  return `${found.change} (${found.says}): ${parts.length === 0 ? 'no change' : parts.join(', ')}`;
}
