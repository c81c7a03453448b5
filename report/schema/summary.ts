/** What a reader sees first: what was compiled, whether it fits, how well it answers. */
import { z } from 'zod';
import { MODES } from '../../ir/chip.ts';
import { CODINGS } from '../../ir/snn.ts';
import { band, column, count, option, real, record, sha, span } from './parts.ts';

export const header = z.strictObject({
  model: z.strictObject({ file: z.string(), name: z.string(), sha256: sha }),
  tool: z.strictObject({ name: z.string(), version: z.string() }),
  target: z.strictObject({
    name: z.string(),
    spec: z.string(),
    title: z.string(),
    board: z.string().nullable(),
    chips: count,
    cores: count,
  }),
  mode: z.enum(MODES),
  coding: z.enum(CODINGS),
  steps: count,
  seed: z.int(),
  options: z.record(z.string(), option).describe('Every option of the compile, resolved'),
  calibration: z.strictObject({ source: z.string(), images: count, logitMse: real }),
  images: count.describe('Simulated on the chip; 0: counts are expected ones, from the rates of calibration'),
});

export const verdict = z.strictObject({
  fits: z.boolean(),
  says: z.string().describe('In one sentence'),
  cores: z.strictObject({ used: count, available: count, least: count.nullable() }),
  chips: z.strictObject({ used: count, available: count }),
  neurons: count,
  unread: count.describe('Neurons left out because nobody reads them'),
  populations: count,
  tiles: count,
  weights: count.nullable().describe('Stored synaptic weights of the network, each counted once'),
  binding: z.strictObject({ resource: z.string(), fill: real, core: count.nullable() }),
  coresBound: record.describe('Cores by the resource that is fullest on them'),
  fills: z
    .record(z.string(), z.array(count).length(10))
    .describe('Of each resource: cores filled to 0–10 %, … 90–100 % of it'),
  latency: span.extend({ timedSeconds: real.nullable() }),
  interval: span.extend({ timedSeconds: real.nullable() }),
  throughput: z.strictObject({ atMost: real, timed: real.nullable() }).describe('Images a second'),
  energyPj: band.nullable().describe('Dynamic, of an image'),
  ratioToInt8: band
    .nullable()
    .describe('Dynamic energy ÷ that of the same network with 8-bit products on the same cores'),
  eq30: real.nullable().describe('The paper’s count, predicted'),
  accuracy: z.strictObject({
    source: z.string().nullable(),
    images: count,
    isCalibration: z.boolean(),
    float: real.nullable(),
    converted: real.nullable(),
    integer: real.nullable(),
    simulated: real.nullable(),
    agreement: real.nullable().describe('Of the integer network with the float network'),
  }),
  verified: z.string().describe('What was compared with what, and how it came out'),
});

const nullableColumn = z.array(real.nullable());
const curve = z.strictObject({
  method: z.enum(['ours', 'paper']),
  says: z.string(),
  stage: z.enum(['snn', 'int']),
  coding: z.enum(CODINGS),
  steps: z.array(count),
  accuracy: nullableColumn.describe('Null without labels'),
  low: nullableColumn.describe('Wilson’s 95 % interval of the accuracy'),
  high: nullableColumn,
  agreement: column.describe('Share of images with the float network’s answer'),
  logitMse: column.describe('÷ the variance of the float logits'),
  eq30: column.describe('The paper’s count'),
});

const missing = z.strictObject({ reason: z.string(), command: z.string() });

export const accuracy = z.strictObject({
  source: z.string().nullable().describe('Images that the curve was measured on'),
  images: count,
  isLabelled: z.boolean(),
  float: z
    .strictObject({ accuracy: real.nullable(), low: real.nullable(), high: real.nullable() })
    .nullable()
    .describe('The ANN line'),
  curve: z.array(curve),
  missing: missing.nullable().describe('Why there is no curve, and what makes one'),
  chosen: z.strictObject({
    coding: z.enum(CODINGS),
    steps: count,
    accuracy: real.nullable(),
    agreement: real.nullable(),
    logitMse: real,
    eq30: real,
  }),
  firing: z
    .array(
      z.strictObject({
        layer: count,
        positive: column.describe('[p]: share of neurons and steps that send +2^p · θ'),
        negative: column,
      }),
    )
    .nullable()
    .describe('By threshold, of populations that fire'),
  chain: z.array(
    z.strictObject({
      from: z.string(),
      to: z.string(),
      class: z.enum(['exact', 'bounded']),
      holds: z.boolean().nullable().describe('Null where it was not checked'),
      maxError: real.nullable(),
      says: z.string(),
    }),
  ),
  search: z
    .strictObject({ limit: z.string(), value: real, eq30: column, logitMse: column })
    .nullable()
    .describe('Curve of the threshold search, predicted'),
  validation: z
    .strictObject({
      data: z.string(),
      samples: count,
      float: real.nullable(),
      converted: nullableColumn,
      integer: nullableColumn,
      simulated: nullableColumn,
      agreement: nullableColumn,
      logitMse: nullableColumn,
      firstDifference: z.string().nullable(),
    })
    .nullable()
    .describe('What snnc validate found of this very deployment; arrays by timestep'),
});

const operations = z.strictObject({ acs: real, macs: real, lookups: real });
const ratios = z.strictObject({ paper: real, performed: real.nullable(), integer: real.nullable() });

export const eq30 = z.strictObject({
  formula: z.string(),
  pricesPj: z.strictObject({
    float: z.strictObject({ mac: real, ac: real }),
    integer: z.strictObject({ mac: real, ac: real }),
  }),
  annMacs: z.strictObject({ paper: count, performed: count }),
  predicted: ratios.describe('From calibration images, before any test image'),
  counts: z
    .strictObject({ paper: operations, performed: operations.nullable() })
    .describe('Of an image, predicted'),
  measured: z
    .strictObject({
      paper: real,
      performed: real,
      integer: real,
      acs: real,
      macs: real,
      lookups: real,
      identity: z.boolean().nullable().describe('Closed forms and events give the same totals'),
      identityImages: count,
      predictionError: real,
    })
    .nullable()
    .describe('On the images of snnc validate'),
});
