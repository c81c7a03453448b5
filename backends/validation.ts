/** validation.json: what `snnc validate` found, kept in the folder that it judged. No hash covers it. */
import { z } from 'zod';

const share = z.number().nullable();

export const validationSchema = z.looseObject({
  schema: z.literal('snnc-validation'),
  schemaVersion: z.literal(0),
  /** SHA-256 of the manifest that was judged. */
  manifest: z.string(),
  data: z.string(),
  samples: z.int(),
  accuracy: z.looseObject({ ann: share, snn: z.array(share), int: z.array(share), chip: z.array(share) }),
  agreement: z.looseObject({ int: z.array(share) }),
  logitMse: z.looseObject({ snn: z.array(share), int: z.array(share) }),
  eq30: z.looseObject({
    paper: z.array(share),
    performed: z.array(share),
    integer: z.array(share),
    identity: z.boolean(),
    identityImages: z.int(),
    predictionError: z.number(),
    acs: z.number(),
    macs: z.number(),
    lookups: z.number(),
  }),
  stages: z.array(z.looseObject({ from: z.string(), to: z.string(), maxError: share.optional() })),
  firstDifference: z.string().nullable(),
});
export type Validation = z.infer<typeof validationSchema>;

export const VALIDATION = 'validation.json';
