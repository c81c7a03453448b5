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

export const diffSchema = z.strictObject({
  schema: z.literal('snnc-diff'),
  schemaVersion: z.literal(0),
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
