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
  /** What of these it improves most; null: nothing. */
  improves: z.enum(['cores', 'chips', 'latencySeconds', 'throughput', 'energyPj']).nullable(),
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
export const VISIBLE = 0.005;

/** Figures of which less is better; of the throughput more is. */
const LESS_IS_BETTER = ['cores', 'chips', 'latencySeconds', 'energyPj'] as const;

/** What improves most by a change, and by how much: the logarithm of a ratio; less than 0 where nothing does. */
export function gainOf(found: Omit<WhatIf, 'improves'>): {
  readonly figure: NonNullable<WhatIf['improves']>;
  readonly gain: number;
} {
  const ratio = (pair: { readonly before: number; readonly after: number } | null) =>
    pair === null || pair.before <= 0 || pair.after <= 0 ? 0 : Math.log(pair.before / pair.after);
  const gains = [
    ...LESS_IS_BETTER.map(figure => ({ figure, gain: ratio(found[figure]) })),
    { figure: 'throughput' as const, gain: -ratio(found.throughput) },
  ];
  return gains.reduce((best, each) => (each.gain > best.gain ? each : best));
}

/** The same in so many columns: what changes least is left out first. */
export function shortWhatIf(found: WhatIf, width: number): string {
  const { cores, throughput, latencySeconds, energyPj } = found;
  const parts = [
    part(cores, n => bigNumber(n), ' cores'),
    part(throughput, n => bigNumber(n), '/s'),
    part(energyPj, n => energyRange(n, n), ''),
    part(latencySeconds, n => seconds(n), ''),
  ].flatMap(text => text ?? []);
  for (let count = parts.length; count > 0; count--) {
    const line = `${found.change}: ${parts.slice(0, count).join(', ')}`;
    if (line.length <= width) return line;
  }
  return `${found.change}: no change`;
}

function part(
  change: z.infer<typeof pair> | null,
  print: (n: number) => string,
  unit: string,
): string | undefined {
  if (change === null || Math.abs(change.after / change.before - 1) < VISIBLE) return undefined;
  return `${print(change.before)} → ${print(change.after)}${unit}`;
}

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
