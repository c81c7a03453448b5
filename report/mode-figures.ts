/** What a network takes and gives in each mode, as rows of a table and as JSON. */
import { z } from 'zod';
import { MODES } from '../ir/chip.ts';
import { layoutTable } from './table.ts';
import { bigNumber, energyRange, seconds } from './units.ts';

const count = z.int().min(0);

export const modeFiguresSchema = z.strictObject({
  mode: z.enum(MODES),
  /** The board, or as many of the largest as it would take. */
  board: z.string().nullable(),
  fits: z.boolean(),
  /** Why it cannot be mapped in this mode at all. */
  refused: z.string().nullable(),
  cores: count.nullable(),
  leastCores: count.nullable(),
  chips: count.nullable(),
  /** Of one image alone. */
  latency: z.strictObject({ steps: count, seconds: z.number() }).nullable(),
  /** From one image to the next. */
  interval: z.strictObject({ steps: count, seconds: z.number() }).nullable(),
  stepSeconds: z.number().nullable(),
  /** Images a second, at most. */
  throughput: z.number().nullable(),
  /** Of an image, dynamic, least and most over the cost sets of the target. */
  energyPj: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
});
export type ModeFigures = z.infer<typeof modeFiguresSchema>;

const HEAD = ['mode', 'board', 'cores', 'chips', 'an image every', 'latency', 'images/s', 'energy an image'];

/** `taken` is marked. */
export const modeTable = (
  modes: readonly ModeFigures[],
  taken: string | undefined,
  columns = Number.POSITIVE_INFINITY,
): readonly string[] =>
  modes.length === 0
    ? []
    : layoutTable([HEAD, ...modes.map(figures => cellsOf(figures, taken))], { columns });

function cellsOf(figures: ModeFigures, taken: string | undefined): readonly string[] {
  const { mode, board, fits, refused, cores, chips, interval, latency, throughput, energyPj } = figures;
  const name = mode === taken ? `${mode} *` : mode;
  if (refused !== null) return [`${name}: ${refused}`];
  return [
    name,
    fits ? board! : `none; ${board}`,
    bigNumber(cores!),
    bigNumber(chips!),
    seconds(interval!.seconds),
    seconds(latency!.seconds),
    bigNumber(throughput!),
    energyPj === null ? 'unknown' : energyRange(energyPj.low, energyPj.high),
  ];
}
