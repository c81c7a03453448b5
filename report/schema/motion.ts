/** What moves and how long it takes. */
import { z } from 'zod';
import { column, count, indexes, real, record, router } from './parts.ts';

/** East, west, south, north: x + 1, x − 1, y + 1, y − 1. */
export const DIRECTIONS = ['east', 'west', 'south', 'north'] as const;

export const traffic = z.strictObject({
  messages: real.describe('Of an image, one for each firing neuron and core that reads it'),
  hops: real,
  capacity: z
    .strictObject({ messagesPerSecond: real, status: z.string(), source: z.string() })
    .nullable()
    .describe('Of a link on a chip; null: unknown'),
  links: z
    .strictObject({
      chip: indexes,
      x: indexes,
      y: indexes,
      direction: indexes.describe('0 east, 1 west, 2 south, 3 north: x + 1, x − 1, y + 1, y − 1'),
      messages: column.describe('Of an image'),
    })
    .describe('Links of chips that carry anything'),
  borders: z
    .strictObject({ from: indexes, to: indexes, messages: column })
    .describe('Between chips: from the chip of the sender to that of the reader, of an image'),
  hottest: z
    .array(
      z.strictObject({
        from: router,
        direction: z.enum(DIRECTIONS),
        messages: real,
        share: real.nullable().describe('Of its capacity, in the interval of a stream'),
        users: z
          .array(z.strictObject({ layer: count, messages: real }))
          .describe('Who sends over it, most first'),
      }),
    )
    .max(10),
  hopsHistogram: column.describe('[n]: messages of an image that pass n links on a chip'),
  averageHops: real.nullable(),
  longestPath: real,
  interChip: z.strictObject({ messages: real, share: real }),
  flows: z.strictObject({
    count: count,
    top: z
      .array(z.strictObject({ from: count, to: count, layer: count, messages: real, hops: real.nullable() }))
      .max(20)
      .describe('Cores by their place in chipMap.cores; hops null between chips'),
  }),
});

const terms = z.strictObject({
  updates: real,
  synops: real,
  memory: real,
  link: real,
  floor: real,
});

export const time = z.strictObject({
  floor: z.enum(['tick', 'barrier']),
  unknown: z.array(z.string()).describe('Durations that nobody has published, which count as 0'),
  bound: z.strictObject({
    layerwiseSeconds: real,
    intervalSeconds: real,
    pipelinedStepSeconds: real,
    termsNs: terms.describe('Of the longest step of a stream'),
  }),
  split: z
    .strictObject({ compute: real, noc: real, barrier: real })
    .describe('Share of a stream’s time in which each of them is the longest of the bound’s terms'),
  splitSource: z.enum(['bound', 'timed']),
  busiest: z
    .array(
      z.strictObject({
        core: count,
        layer: count,
        seconds: real,
        updatesSeconds: real.nullable(),
        synopsSeconds: real.nullable(),
        memorySeconds: real.nullable(),
      }),
    )
    .max(10)
    .describe('Cores by what an image gives them to do, the longest of its three terms'),
  steps: z
    .strictObject({
      seconds: column,
      binding: z.array(z.enum(['updates', 'synops', 'memory', 'link', 'floor'])),
      updates: column,
      synops: column,
      words: column,
      link: column,
    })
    .describe('Timesteps of one image alone: the bound, and the most that one core or link has to do'),
  criticalPath: z
    .array(z.strictObject({ layer: count, step: count }))
    .describe('Each reads the one before it; none can be earlier'),
  pipeline: z
    .strictObject({ layer: indexes, start: indexes, end: indexes })
    .describe('Timesteps in which a layer works on one image: start … end − 1'),
  timed: z
    .strictObject({
      images: count,
      unknown: z.array(z.string()),
      end: z.strictObject({ name: z.string(), seconds: real }),
      latency: z.strictObject({
        seconds: z.strictObject({ min: real, mean: real, max: real }),
        boundSeconds: real,
        eventToBound: real,
        steps: real,
      }),
      stream: z.strictObject({
        intervalSeconds: real,
        imagesPerSecond: real,
        boundSeconds: real,
        eventToBound: real,
        steps: count,
        stepSeconds: z.strictObject({ min: real, mean: real, max: real }),
        warmUp: z.strictObject({ steps: count, seconds: real.nullable() }),
        binds: record,
        busiestCore: z.strictObject({ core: z.string(), share: real }),
        busiestLink: z.strictObject({ link: z.string(), share: real, messages: real }),
        blocked: real,
      }),
    })
    .nullable()
    .describe('The same images event by event; null: nothing was timed'),
});
