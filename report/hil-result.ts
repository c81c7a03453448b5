/** What `snnc hil --json` prints. The schema is published beside the code. */
import { z } from 'zod';

const count = z.int().min(0);
const core = z.strictObject({ chip: count, core: count.describe('Number within the chip') });

const firstDifference = z.strictObject({
  image: count,
  step: count.describe('Of the image, from 1'),
  timestep: count.describe('Of the chip, since the image began'),
  population: z.string(),
  chip: count,
  core: count,
  neuron: count,
  expected: z.int(),
  got: z.int().nullable().describe('null: the device cannot say'),
});

const spread = z.strictObject({
  turns: count.describe('One population in one timestep of one image'),
  neurons: count,
  populations: z.array(z.strictObject({ name: z.string(), turns: count, neurons: count })),
  cores: z.array(z.strictObject({ ...core.shape, neurons: count })),
  images: z.array(count),
  steps: z.array(count),
});

export const CAUSES = ['memory', 'silent', 'narrow', 'lost', 'doubled', 'late', 'unexplained'] as const;

const fault = z.strictObject({
  kind: z.enum(['core', 'link']),
  cause: z
    .enum(CAUSES)
    .describe(
      'memory: it holds other bytes; silent: it sends nothing; narrow: it saturates early; lost, doubled, late: messages of a link',
    ),
  at: core.describe('Of a link: where it ends'),
  from: z
    .union([core, z.literal('host')])
    .nullable()
    .describe('Of a link: where it begins'),
  detail: z.string(),
  image: count,
  timestep: count,
  population: z.string(),
  seen: count.describe('Tiles and images in which it shows'),
});

const memory = z.strictObject({
  bytes: count.describe('That were compared'),
  different: count,
  differences: z.array(
    z.strictObject({
      chip: count,
      core: count.nullable(),
      offset: count.describe('In the program file'),
      expected: count,
      got: count,
      weight: z
        .strictObject({ block: count, row: count, column: count, expected: z.int(), got: z.int() })
        .nullable(),
    }),
  ),
});

export const hilResultSchema = z
  .strictObject({
    schema: z.literal('snnc-hil'),
    schemaVersion: z.literal(1),
    device: z.strictObject({
      name: z.string(),
      firmware: z.string(),
      url: z.string().nullable().describe('null: replayed'),
    }),
    model: z.string(),
    manifest: z.string().describe('SHA-256 of manifest.json'),
    images: count,
    steps: count.describe('Chip timesteps'),
    commands: count,
    compared: count.describe('Turns: one population in one timestep of one image'),
    equal: z.boolean(),
    different: count.describe('Turns'),
    firstDifference: firstDifference.nullable(),
    spread,
    faults: z.array(fault),
    memory: memory.nullable().describe('null: not read back'),
    resumed: count.describe('Times that something broke and was mended'),
    mended: z.strictObject({
      connections: count,
      sessions: count.describe('Forgotten by the device'),
      replayed: count.describe('Commands'),
      unreadable: count.describe('Replies that were no messages'),
      corrupt: count.describe(
        'Replies that said something else when asked again, or whose hash was not that of their spikes',
      ),
    }),
    classes: z.array(count).describe('That the device answered, image by image'),
    accuracy: z.number().nullable().describe('null: no labels'),
    chipSeconds: z.number().nullable().describe('null: the device does not measure it'),
    seconds: z.number(),
  })
  .describe('Result of snnc hil');
export type HilResult = z.infer<typeof hilResultSchema>;

export const hilJsonSchema = (): string => `${JSON.stringify(z.toJSONSchema(hilResultSchema), null, 2)}\n`;
