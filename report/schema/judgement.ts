/** How good the mapping is, what would change it, and what all of it rests on. */
import { z } from 'zod';
import { modeFiguresSchema } from '../mode-figures.ts';
import { whatIfSchema } from '../what-if.ts';
import { count, option, real, STATUSES, sha } from './parts.ts';

const placement = z.strictObject({
  cost: real,
  hottestLink: real,
  hottestBorder: real,
  longestPath: real,
  averagePath: real,
});

export const quality = z.strictObject({
  own: placement,
  baselines: z.strictObject({ sequential: placement, hilbert: placement, hilbertForce: placement }),
  lowerBound: real,
  gap: real.describe('Cost above the lower bound, as a share of it'),
  leastCores: count.nullable().describe('No mapping in this mode takes fewer'),
  routes: count,
  deliveries: count,
  widths: z
    .strictObject({ proved: count, calibrated: count, open: count, says: z.string() })
    .nullable()
    .describe('Proofs that no integer overflows'),
});

const WHERE = ['cores', 'time', 'link', 'energy', 'latency'] as const;
export const alternatives = z.strictObject({
  bottlenecks: z.array(
    z.strictObject({
      of: z.enum(WHERE),
      what: z.string().describe('A resource, a term of the bound, a link, a part of the energy'),
      share: real.nullable(),
      layers: z.array(count).describe('That take most of it, most first'),
      says: z.string(),
    }),
  ),
  changes: z.array(whatIfSchema).max(3).describe('Each mapped anew, none guessed'),
  tried: count.describe('Changes that were mapped; those that change most are shown'),
  missing: z.strictObject({ reason: z.string(), command: z.string() }).nullable(),
  modes: z.array(modeFiguresSchema).describe('What it takes and gives in each mode'),
});

/** A figure of the target. */
const constant = z.strictObject({
  name: z.string(),
  value: option,
  unit: z.string().nullable(),
  status: z.string(),
  source: z.string(),
});

export const provenance = z.strictObject({
  manifest: sha,
  model: z.strictObject({
    file: z.string(),
    sha256: sha,
    data: z.array(z.strictObject({ file: z.string(), sha256: sha })),
  }),
  tool: z.strictObject({ name: z.string(), version: z.string() }),
  options: z.record(z.string(), option),
  seed: z.int(),
  stages: z.array(z.strictObject({ name: z.string(), sha256: sha })),
  descriptors: z.array(z.strictObject({ vlnv: z.string(), sha256: sha })),
  files: z.array(z.strictObject({ path: z.string(), bytes: count, sha256: sha })),
  build: z
    .strictObject({
      seconds: real,
      peakBytes: count,
      node: z.string(),
      passes: z.array(z.strictObject({ name: z.string(), seconds: real, peakBytes: count.nullable() })),
    })
    .nullable()
    .describe('Of the machine that compiled it; no hash covers it'),
  constants: z
    .array(constant)
    .describe('Every figure of the target but the costs, which are energy.constants'),
  restsOn: z.array(constant),
  diagnostics: z.array(z.strictObject({ code: z.string(), message: z.string(), at: z.string() })),
  notes: z.array(z.string()),
});

/** Every number of the report has exactly one of these. */
export const figure = z.strictObject({
  paths: z
    .array(z.string())
    .describe(
      'Places in this report: keys joined by dots, places in lists left out, * stands for any one key',
    ),
  says: z.string(),
  formula: z.string(),
  unit: z.string(),
  status: z.enum(STATUSES),
  constants: z.array(z.string()).describe('Names in energy.constants or provenance.constants'),
  source: z.string(),
});
