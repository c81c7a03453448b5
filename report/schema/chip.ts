/** Layers and tensors of the network, and where they sit on the chips. */
import { z } from 'zod';
import { column, count, indexes, perCostSet, real, record } from './parts.ts';

export const layer = z.strictObject({
  name: z.string(),
  origin: z.string().describe('The user’s ONNX node'),
  shape: z.array(count),
  neurons: count,
  function: z.string(),
  emit: z.string(),
  theta: z.int().nullable().describe('θ = 2^−theta'),
  levels: count.nullable(),
  terms: count.nullable(),
  weightBits: count.nullable().describe('Null where it has no weights'),
  weights: count,
  fraction: z.int(),
  outFraction: z.int(),
  depth: count,
  tiles: count,
  cores: count,
  split: z.strictObject({ heads: count, tokens: count, channels: count }),
  rate: real.describe('Share of neurons that send in a step, from calibration'),
  termsPerNeuron: real,
  counts: z.strictObject({
    updates: real,
    spikes: real,
    messages: real,
    hops: real,
    chipMessages: real,
    synops: real,
    relayAdds: real,
  }),
  energyPj: perCostSet,
  int8Pj: perCostSet,
  energyShare: real.nullable().describe('By the first cost set'),
  trafficShare: real
    .nullable()
    .describe('Of messages × links on their way, a border between chips one link; null: nothing passes any'),
  sqnrDb: real
    .nullable()
    .describe('Integer against converted, on calibration images; null: not measured, or nothing off'),
  saturations: z.strictObject({ accumulator: count, state: count, threshold: count }).nullable(),
});

export const TENSOR_KINDS = ['input', 'activation', 'readout', 'accumulator', 'weights', 'constant'] as const;

export const tensor = z.strictObject({
  name: z.string().describe('Node of stage int, and the attribute whose constant it is'),
  kind: z.enum(TENSOR_KINDS),
  layer: count.nullable().describe('That holds it; null: the host'),
  origin: z.string(),
  shape: z.array(count),
  bits: count.nullable().describe('That it is kept in, sign included'),
  fraction: z.int().nullable().describe('Value = integer · 2^−fraction; null: channel by channel'),
  met: real.nullable().describe('Largest magnitude, an integer: of constants, or met on calibration images'),
  worst: real.nullable().describe('That any image can make of it'),
  limit: real.nullable().describe('That its bits hold'),
  status: z.enum(['proved', 'calibrated', 'open']).nullable(),
});

export const unsupported = z.strictObject({
  operator: z.string(),
  node: z.string(),
  reason: z.string(),
  remedy: z.string(),
});

export const chipMap = z.strictObject({
  board: z.strictObject({
    title: z.string(),
    copies: count,
    chips: count,
    chipsX: count,
    chipsY: count,
    chipsZ: count,
    routersX: count,
    routersY: count,
    coresPerRouter: count,
    usableCores: count.describe('Of a chip'),
  }),
  resources: z.array(z.strictObject({ name: z.string(), capacity: real.nullable() })),
  chips: z
    .strictObject({ chip: indexes, cores: indexes, fill: column, energyPj: z.array(real.nullable()) })
    .describe('Chips in use; fill: of the binding resource of the fullest core'),
  cores: z
    .strictObject({
      chip: indexes,
      x: indexes,
      y: indexes,
      slot: indexes,
      number: indexes.describe('Within its chip, as inspect and links name it'),
      tiles: indexes,
      layer: indexes.describe('Of most of its neurons'),
      binding: indexes.describe('Of resources'),
      fill: column,
      used: z.array(column).describe('[resource][core]'),
      updates: column,
      synops: column,
      messagesOut: column.describe('That leave the core'),
      messagesIn: column.describe('Of other cores'),
      workSeconds: column.describe('Updates and synops of an image one after the other'),
      energyPj: z.array(column).describe('[cost set][core]'),
    })
    .describe('In the order of the manifest; per image'),
  /** Rows of a tile table: those of core i are start[i] … start[i + 1]. */
  tiles: z.strictObject({
    start: indexes,
    layer: indexes,
    boxes: z
      .array(indexes)
      .nullable()
      .describe(
        '[group0, group1, row0, row1, channel0, channel1] each as a column; null: too many, see snnc inspect',
      ),
  }),
});

export const energy = z.strictObject({
  costSets: z.array(
    z.strictObject({
      name: z.string(),
      parts: record,
      totalPj: real,
      highPj: real,
      unknown: record.describe('Costs that nobody has published, with the events that they would price'),
      standing: z.strictObject({ alone: standing(), stream: standing() }),
      int8: z.strictObject({ parts: record, totalPj: real, unknown: record }),
      ratio: z.strictObject({ low: real, high: real }).nullable(),
    }),
  ),
  band: z.strictObject({ low: real, high: real }).nullable(),
  spanSource: z.enum(['bound', 'timed']),
  span: z.strictObject({ alone: passed(), stream: passed() }),
  events: record.describe('Of an image'),
  constants: z.array(
    z.strictObject({
      costSet: z.string(),
      name: z.string(),
      value: real,
      unit: z.string(),
      status: z.string(),
      source: z.string(),
      condition: z.string().nullable(),
      basis: z.string().nullable(),
    }),
  ),
});

function standing() {
  return z.strictObject({ parts: record, totalPj: real, unknown: record });
}

function passed() {
  return z.strictObject({ chips: count, steps: real, seconds: real });
}
