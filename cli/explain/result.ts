/** What `snnc explain DIR … --json` prints, as a schema that its tests hold it to. */
import { z } from 'zod';
import { LIMITS } from '../../backends/accounting.ts';
import { MODES } from '../../ir/chip.ts';
import { whatIfSchema } from '../../report/what-if.ts';

const count = z.int().min(0);
const resource = z.enum(LIMITS);

/** Of one resource. */
const filled = z.strictObject({ resource, used: z.number(), available: z.number() });
const figure = z.looseObject({ value: z.number(), unit: z.string(), status: z.string(), source: z.string() });

const cut = z.strictObject({ tokens: count, channels: count, heads: count });

const head = {
  schema: z.literal('snnc-explain'),
  schemaVersion: z.literal(0),
  folder: z.string(),
  mode: z.enum(MODES),
  /** Changes that were mapped when the folder was compiled. */
  whatIf: z.array(whatIfSchema),
} as const;

const tried = z.strictObject({
  cut,
  isTaken: z.boolean(),
  tiles: count,
  fits: z.boolean(),
  /** Of the largest tile: the fullest resource, or the one that overflows most. */
  binding: filled,
  /** Into its tiles in a timestep, at the rates of calibration; null where no tile fits. */
  messages: z.number().nullable(),
});

export const populationSchema = z.strictObject({
  ...head,
  kind: z.literal('population'),
  name: z.string(),
  origin: z.string(),
  function: z.string(),
  emit: z.string(),
  shape: z.array(count),
  neurons: count,
  rate: z.number(),
  theta: z.int().nullable(),
  levels: count.nullable(),
  reads: z.array(z.string()),
  readBy: z.array(z.string()),
  /** The largest tile on a core of its own. */
  tile: z.array(filled),
  cores: z.array(
    z.strictObject({ core: z.string(), tiles: count, binding: filled, with: z.array(z.string()) }),
  ),
  cuts: z.array(tried),
});

export const coreSchema = z.strictObject({
  ...head,
  kind: z.literal('core'),
  core: z.string(),
  chip: count,
  router: z.tuple([count, count]),
  slot: count,
  binding: resource,
  used: z.array(filled),
  tiles: z.array(
    z.strictObject({
      population: z.string(),
      tokens: z.tuple([count, count]),
      channels: z.tuple([count, count]),
      heads: z.tuple([count, count]),
      alone: z.array(filled),
      /** Other cores with room for it as they are, were it to share nothing with what is there. */
      roomOn: count,
    }),
  ),
  /** Cores that it sends to and hears from; tiles of other cores that would fit beside what it holds. */
  sendsTo: count,
  hearsFrom: count,
  roomFor: count,
});

export const limitSchema = z.strictObject({
  ...head,
  kind: z.literal('limit'),
  resource,
  available: z.number(),
  /** Where the number comes from; null where it is made of several. */
  figure: figure.nullable(),
  cores: count,
  /** Cores on which it is the fullest of all. */
  bound: count,
  /** Of all cores together; and by it alone no mapping of these tiles takes fewer. */
  used: z.number(),
  leastCores: count,
  /** Cores by tenths of fill. */
  histogram: z.array(count).length(10),
  fullest: z.array(z.strictObject({ core: z.string(), used: z.number(), populations: z.array(z.string()) })),
  populations: z.array(z.strictObject({ name: z.string(), used: z.number(), tiles: count })),
  /** Were it without end: what would bind the cores that it binds now. */
  behind: z.array(z.strictObject({ resource, cores: count })),
});

export const overviewSchema = z.strictObject({
  ...head,
  kind: z.literal('overview'),
  target: z.string(),
  cores: count,
  limits: z.array(
    z.strictObject({ resource, available: z.number(), bound: count, fullest: z.number(), mean: z.number() }),
  ),
  populations: z.array(z.strictObject({ name: z.string(), origin: z.string(), tiles: count, cores: count })),
});

export const explainSchema = z.discriminatedUnion('kind', [
  populationSchema,
  coreSchema,
  limitSchema,
  overviewSchema,
]);
export type Explained = z.infer<typeof explainSchema>;
export type Of<K extends Explained['kind']> = Extract<Explained, { kind: K }>;
export type Filled = z.infer<typeof filled>;

/** The published JSON Schema (backends/schema/explain.schema.json). */
export const explainJsonSchema = (): string => `${JSON.stringify(z.toJSONSchema(explainSchema), null, 2)}\n`;
