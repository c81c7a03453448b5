/** What `snnc diff --json` prints, as a schema that its tests hold it to. */
import { z } from 'zod';

const value = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const change = z.strictObject({
  section: z.string(),
  name: z.string(),
  /** Of the numbers; empty where they have none. */
  unit: z.string(),
  a: value,
  b: value,
  /** b − a, where both are numbers. */
  delta: z.number().nullable(),
  /** b ÷ a, where that is a number. */
  ratio: z.number().nullable(),
});

const side = z.strictObject({
  path: z.string(),
  model: z.string(),
  target: z.string(),
  /** SHA-256 of the manifest. */
  manifest: z.string(),
  isValidated: z.boolean(),
});

const index = z.array(z.int().min(0));
/** A column each, in the order of the manifest. */
const coreColumns = z.strictObject({
  core: z.array(z.string()).describe('CHIP:NUMBER, as inspect and explain name it'),
  ...{ chip: index, x: index, y: index, slot: index },
  binding: index.describe('Of resources'),
  fill: z.array(z.number()).describe('Of the binding resource: 1 is all of it'),
  population: z.array(z.int().min(-1)).describe('Of populations, that of most neurons; −1: not known'),
  state: index.describe('Of its seat: 0 the same in both, 1 changed, 2 only here'),
});
const heldCore = z.strictObject({
  ...{ core: z.string(), binding: z.string(), fill: z.number(), populations: z.array(z.string()) },
});
const cores = z.strictObject({
  resources: z.array(z.string()),
  populations: z.array(z.string()),
  ...{ a: coreColumns, b: coreColumns },
  changed: z.array(
    z.strictObject({
      seat: z.strictObject({ chip: z.int(), x: z.int(), y: z.int(), slot: z.int() }),
      /** Null where nothing sits there. */
      ...{ a: heldCore.nullable(), b: heldCore.nullable() },
    }),
  ),
});

export const diffSchema = z.strictObject({
  schema: z.literal('snnc-diff'),
  schemaVersion: z.literal(1),
  equal: z.boolean(),
  a: side,
  b: side,
  /** Only what differs. */
  changes: z.array(change),
  populations: z.strictObject({
    onlyA: z.array(z.string()),
    onlyB: z.array(z.string()),
    changed: z.array(z.strictObject({ name: z.string(), origin: z.string(), changes: z.array(change) })),
  }),
  /** Every figure of either, whether it differs or not. */
  figures: z.array(change),
  cores,
  files: z.array(
    z.strictObject({
      path: z.string(),
      isProgram: z.boolean(),
      equal: z.boolean(),
      /** Null where there is no such file. */
      bytes: z.strictObject({ a: z.int().nullable(), b: z.int().nullable() }),
      /** First byte that differs; null where none does or the bytes are not at hand. */
      firstByte: z.int().nullable(),
    }),
  ),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      equal: z.boolean(),
      /** Null where the texts are equal or not at hand. */
      first: z
        .strictObject({
          where: z.string(),
          origin: z.string().nullable(),
          a: z.string().nullable(),
          b: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
});

export type DiffResult = z.infer<typeof diffSchema>;
export type Change = z.infer<typeof change>;
export type Value = z.infer<typeof value>;

/** The published JSON Schema (backends/schema/diff.schema.json). */
export const diffJsonSchema = (): string => `${JSON.stringify(z.toJSONSchema(diffSchema), null, 2)}\n`;
