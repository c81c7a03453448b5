/** manifest.json, version 0: what was deployed, readable by anybody. The schema is published beside the code. */
import { z } from 'zod';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { CODINGS } from '../ir/snn.ts';
import { preprocessSchema } from './preprocess.ts';

export const SCHEMA_VERSION = 0;

const count = z.int().min(0);
const sha = z.string().regex(/^[0-9a-f]{64}$/);
const option = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const real = z.number();
const outcome = z
  .strictObject({
    eq30: real,
    logitMse: real,
    agreement: real,
    accuracy: real.nullable(),
    floatAccuracy: real.nullable(),
    drop: real.nullable().describe('Expected loss of accuracy over the errors of all images'),
    dropError: real.nullable().describe('Its standard error over images'),
  })
  .nullable();
const search = z.strictObject({
  optimize: z.enum(['energy', 'latency', 'cores']),
  limit: z.enum(['drop', 'divergence']),
  value: real,
  images: z.strictObject({ chosenOn: count, verifiedOn: count, isSplit: z.boolean() }),
  curve: z.array(z.strictObject({ eq30: real, logitMse: real })).describe('Predicted, before any run'),
  trials: z
    .array(
      z.strictObject({
        from: z.string(),
        coding: z.string(),
        steps: count,
        weightBits: count,
        predicted: z.strictObject({ eq30: real.nullable(), logitMse: real.nullable() }),
        chosen: outcome,
        verified: outcome,
        isTaken: z.boolean(),
      }),
    )
    .describe('Integer networks that were run'),
});

const port = z.strictObject({ name: z.string(), shape: z.array(count) });
const free = z
  .strictObject({
    dt: real.nullable().describe('Seconds of a timestep; null: the network has no time constants'),
    decay: z.string().describe('euler keeps 1 − dt/τ of a value, exponential exp(−dt/τ)'),
    reset: z.string(),
    inputs: z.array(port).describe('Their elements, one after another, are those of the host'),
    outputs: z
      .array(
        z.strictObject({
          ...port.shape,
          population: z.string(),
          kind: z.enum(['spikes', 'potentials']),
        }),
      )
      .describe('What population of depth d does at chip timestep k answers to input of timestep k − d'),
    agreement: z
      .strictObject({
        timesteps: count,
        source: z.string(),
        spikes: z.strictObject({ float: count, chip: count, both: count }),
        potentialError: real.nullable().describe('Of read potentials: largest difference ÷ largest value'),
      })
      .describe('With the network in real numbers, over all its neurons'),
  })
  .describe('A network of plain neurons that was spiking before: mode free');

const placementQuality = z.strictObject({
  cost: z.number().describe('Σ messages × hops in a step, predicted; a chip border weighs as many hops'),
  hottestLink: z.number().describe('Messages over the busiest link of a chip, in a step'),
  hottestBorder: z.number().describe('Messages over the busiest border between two chips, one way'),
  longestPath: z.number().describe('Weighted hops of the farthest flow'),
  averagePath: z.number().describe('Weighted hops of a flow, on average'),
});

export const manifestSchema = z
  .strictObject({
    schema: z.literal('snnc-manifest'),
    schemaVersion: z.literal(SCHEMA_VERSION),
    tool: z.strictObject({ name: z.literal('snnc'), version: z.string() }),
    model: z.strictObject({
      file: z.string(),
      sha256: sha,
      name: z.string(),
      data: z
        .array(z.strictObject({ file: z.string(), sha256: sha }))
        .describe('Files beside the model that hold its weights'),
    }),
    preprocess: preprocessSchema,
    options: z.record(z.string(), option).describe('Every option of the compile, resolved'),
    target: z.looseObject({ name: z.string(), spec: z.string(), chips: count, cores: count }),
    network: z.strictObject({
      coding: z.enum(CODINGS),
      steps: count,
      mode: z.string(),
      depth: count,
      interval: count.describe('Chip timesteps from one image to the next'),
      neurons: count,
      unread: count.describe('Neurons left out because nobody reads them'),
      biasCorrected: z.boolean(),
      exit: z
        .strictObject({ margins: z.array(z.number()).min(1) })
        .optional()
        .describe('Stop after step t where best − second logit ≥ margins[t − 1]; absent: take every step'),
      annMacs: z
        .strictObject({ paper: count, performed: count })
        .describe('ANN side of Eq. 30: all of the network, what nobody reads included'),
    }),
    stages: z
      .array(z.strictObject({ name: z.string(), sha256: sha }))
      .describe('SHA-256 of each stage’s text form'),
    populations: z.array(
      z.strictObject({
        name: z.string(),
        origin: z.string().describe('The user’s ONNX node'),
        shape: z.array(count),
        function: z.string(),
        emit: z.string(),
        theta: z.int().nullable().describe('θ = 2^−theta'),
        levels: count.nullable(),
        terms: count.nullable(),
        fraction: z.int().describe('Of its sums: bits behind the point'),
        outFraction: z.int().describe('Of what it emits'),
        depth: count,
        tiles: count,
        split: z
          .strictObject({ heads: count, tokens: count, channels: count })
          .describe('Pieces along each axis [groups, rows, channels]'),
        cores: count.describe('That hold at least one of its tiles'),
        rate: z.number().describe('Share of neurons that send in a step, from calibration'),
        termsPerNeuron: z.number(),
      }),
    ),
    cores: z.array(
      z.strictObject({
        chip: count,
        x: count,
        y: count,
        slot: count,
        tiles: count,
        used: z.record(z.string(), z.number()),
        binding: z.string(),
      }),
    ),
    capacity: z.record(z.string(), z.number()),
    placement: z.strictObject({
      ...placementQuality.shape,
      baselines: z
        .strictObject({
          sequential: placementQuality,
          hilbert: placementQuality,
          hilbertForce: placementQuality,
        })
        .describe(
          'The same cores in the order of the mesh, along a Hilbert curve, and with forces after it (ASPLOS 2023)',
        ),
      lowerBound: z.number().describe('No placement costs less'),
      gap: z.number().describe('Cost above the lower bound, as a share of it'),
      routes: count,
      deliveries: count,
    }),
    input: z.strictObject({ name: z.string(), shape: z.array(count), fraction: z.int() }),
    output: z.strictObject({ name: z.string(), classes: count }),
    calibration: z.strictObject({
      images: count,
      source: z.string(),
      logitMse: z.number().describe('Of the integer network on calibration images, ÷ the logits’ variance'),
      tried: z
        .array(z.strictObject({ shift: count, logitMse: z.number() }))
        .describe('Threshold shifts that were tried, coarsest first'),
      saturations: z
        .strictObject({
          accumulator: count,
          state: count,
          threshold: count.describe('Neurons that asked for more than the highest threshold'),
          worst: z.strictObject({ population: z.string(), count }).nullable(),
          images: count,
        })
        .describe('Of the integer network, over all steps of so many calibration images'),
    }),
    settings: z
      .array(z.strictObject({ site: z.string(), kind: z.string(), shift: z.int(), terms: count, band: real }))
      .describe('How each site fires; --thresholds takes this file'),
    search: search.nullable().describe('What --max-drop or --max-divergence found'),
    free: free.optional(),
    prediction: z
      .strictObject({ paperAcs: z.number() })
      .describe('Per image and step, from calibration, before any test image'),
    rests: z.array(z.looseObject({ name: z.string(), status: z.string(), source: z.string() })),
    files: z.array(z.strictObject({ path: z.string(), bytes: count, sha256: sha })),
  })
  .meta({ id: 'snnc-manifest-0', title: 'snnc deployment manifest' });
export type Manifest = z.infer<typeof manifestSchema>;

/** The same value gives the same bytes: keys stand in the order of the schema. */
export const printManifest = (manifest: Manifest): string =>
  `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`;

/** Errors: E0610 not JSON · E0611 a rule of the schema · E0612 another version. */
export function parseManifest(text: string, source: string): Manifest {
  const origin = { origin: source };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail('E0610', origin, { reason: error instanceof Error ? error.message : 'not JSON' });
  }
  const head = z
    .looseObject({ schemaVersion: z.number(), tool: z.looseObject({ version: z.string() }) })
    .safeParse(value);
  if (head.success && head.data.schemaVersion !== SCHEMA_VERSION) {
    const facts = { found: head.data.schemaVersion, writer: head.data.tool.version, known: SCHEMA_VERSION };
    return fail('E0612', origin, facts);
  }
  const result = manifestSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  return fail('E0611', origin, { path: issue.path.join('.') || '(top)', reason: issue.message });
}

/** The published JSON Schema (backends/schema/manifest.schema.json). */
export const manifestJsonSchema = (): string =>
  `${JSON.stringify(z.toJSONSchema(manifestSchema), null, 2)}\n`;
