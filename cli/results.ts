/** What `compile`, `simulate` and the smaller commands print with --json, as schemas; other commands have theirs beside them. */
import { z } from 'zod';

const count = z.int().min(0);
const real = z.number();
const amount = z.strictObject({ used: count, available: count });
const binding = z.looseObject({ resource: z.string(), fill: real });

export const diagnosticSchema = z.looseObject({
  code: z.string().describe('E or W and four digits, as docs/errors.md lists them'),
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  at: z.looseObject({ origin: z.string().describe('The ONNX node, file or option as the user knows it') }),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
  help: z.string().optional(),
});

/** What is the same of a network of spikes that run freely. */
const compiled = {
  fits: z.literal(true),
  target: z.string(),
  board: z.string(),
  neurons: count,
  cores: amount,
  chips: amount,
  mode: z.string(),
  out: z.string().nullable().describe('The folder that was written; null with dryRun'),
  seconds: real,
  diagnostics: z.array(diagnosticSchema).describe('Warnings'),
} as const;

export const compileSchema = z.looseObject({
  ...compiled,
  weights: count.optional(),
  routes: count.optional(),
  deliveries: count.optional(),
  binding: binding.optional().describe('The fullest limit of the fullest core'),
  steps: count.optional(),
  coding: z.string().optional(),
  shift: z.union([z.number(), z.string()]).nullish().describe('Null where thresholds are set site by site'),
  terms: count.optional(),
  levels: count.optional(),
  latency: z.looseObject({ steps: real, seconds: real }).optional(),
  throughput: real.optional().describe('Images a second, at most'),
  energy: z
    .array(z.looseObject({ costSet: z.string(), totalPj: real, highPj: real }))
    .optional()
    .describe('Of an image, dynamic'),
  eq30: z
    .looseObject({ predictedPaper: real })
    .optional()
    .describe('E_SNN ÷ E_ANN, predicted from calibration'),
  stepSeconds: z.record(z.string(), real).optional(),
  peakBytes: count.optional(),
});

export const simulateSchema = z.looseObject({
  images: count,
  classes: z.array(count).describe('The answer to each image'),
  accuracy: real.nullable().describe('Null without labels'),
  steps: count.describe('Timesteps of all images'),
  timeSeconds: real.nullable().describe('Of an image alone, every message timed; null without `timed`'),
  boundSeconds: real.describe('No image takes less'),
  pipelinedStepSeconds: real,
  spikes: real,
  terms: real,
  synops: real,
  messages: real,
  hops: real,
  chipMessages: real,
  energyPj: z.record(z.string(), z.unknown()).describe('By cost set: parts, their total, what is unknown'),
  hottestLink: real,
});

export const validateSchema = z.looseObject({
  samples: count,
  steps: count,
  accuracy: z.looseObject({
    ann: real.nullable(),
    ...{ snn: z.array(real), int: z.array(real), chip: z.array(real) },
  }),
  agreement: z.looseObject({ snn: z.array(real), int: z.array(real) }),
  logitMse: z.looseObject({ snn: z.array(real), int: z.array(real) }),
  eq30: z.looseObject({
    ...{ paper: z.array(real), performed: z.array(real), integer: z.array(real) },
    identity: z.boolean().describe('Closed forms and events count alike'),
    ...{ predictionError: real, macs: real, acs: real, lookups: real },
  }),
  stages: z.array(z.looseObject({ from: z.string(), to: z.string(), class: z.string() })),
  firstDifference: z.string().nullable(),
});

export const inspectSchema = z.looseObject({
  model: z.string(),
  cores: z.array(
    z.looseObject({
      core: z.string(),
      router: z.string(),
      slot: count,
      binding: z.string().nullable(),
      fill: z.record(z.string(), real),
      inAxons: count,
      weightBlocks: z.array(z.string()),
      tiles: z.array(z.looseObject({ population: z.string(), depth: count })),
    }),
  ),
});

export const operatorsSchema = z.looseObject({
  operators: z.array(
    z.looseObject({ domain: z.string(), operator: z.string(), limits: z.string().nullable() }),
  ),
});

export const targetsSchema = z.looseObject({
  targets: z.array(
    z.looseObject({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      coresPerChip: count,
      capabilities: z.array(z.string()),
      boards: z.array(z.looseObject({ name: z.string(), spec: z.string(), chips: count, cores: count })),
    }),
  ),
});

export const numericsSchema = z.looseObject({ diagnostics: z.array(diagnosticSchema) });
export const exportSchema = z.looseObject({ files: z.array(z.string()) });
