/** What `snnc check --json` prints, as a schema that its tests hold it to. */
import { z } from 'zod';
import { modeFiguresSchema } from '../report/mode-figures.ts';
import { whatIfSchema } from '../report/what-if.ts';

const count = z.int().min(0);
const amount = z.strictObject({ used: count.nullable(), available: count.nullable() });

export const checkSchema = z.strictObject({
  fits: z.boolean(),
  /** Nothing of this was built. */
  estimate: z.literal(true),
  target: z.string(),
  board: z.string().nullable(),
  cores: amount,
  chips: amount,
  binding: z.strictObject({ resource: z.string(), fill: z.number() }).nullable(),
  /** Cores by the resource that is fullest on them. */
  bound: z.record(z.string(), count),
  readings: z.array(
    z.strictObject({
      ...{
        name: z.string(),
        limit: count,
        cores: count,
        leastCores: count,
        chips: count,
        fits: z.boolean(),
        isBound: z.boolean(),
      },
    }),
  ),
  instead: z.string().nullable(),
  steps: count,
  coding: z.literal('sum'),
  terms: count,
  levels: z.null(),
  /** What compile would take. */
  mode: z.string().nullable(),
  modes: z.array(modeFiguresSchema),
  /** What rates, and with them times and energies, rest on. */
  activity: z
    .strictObject({
      from: z.string(),
      images: count,
      isSynthetic: z.boolean(),
      shift: z.int(),
      meanRate: z.number(),
    })
    .nullable(),
  latency: z.strictObject({ steps: count, seconds: z.number() }).nullable(),
  throughput: z.number().nullable(),
  energyPj: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  /** Per image. */
  counts: z.record(z.string(), z.number()).nullable(),
  whatIf: z.array(whatIfSchema),
  eq30: z.null(),
  model: z.looseObject({ nodes: count, parameters: count }).nullable(),
  images: z.string().nullable(),
  weightsLookedAt: z.boolean(),
  neurons: count.nullable(),
  synapses: count.nullable(),
  populations: z.array(
    z.strictObject({
      ...{ name: z.string(), origin: z.string(), shape: z.array(count), tiles: count, cores: count },
      split: z.strictObject({ heads: count, tokens: count, channels: count }),
      rate: z.number(),
    }),
  ),
  seconds: z.number(),
  peakBytes: z.number(),
  diagnostics: z.array(z.looseObject({ code: z.string(), message: z.string() })),
});
export type CheckResult = z.infer<typeof checkSchema>;
