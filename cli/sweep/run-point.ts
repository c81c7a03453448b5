/** One point of a sweep: a compile and, where there are images, a validation, each a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { SweepFigures, SweepRow } from '../../report/sweep.ts';
import { parseJson } from '../parse-json.ts';
import { MEASURED_FIELDS, type Scalar, type Sweep } from './sweep-file.ts';

const energySchema = z.array(z.looseObject({ costSet: z.string(), totalPj: z.number(), highPj: z.number() }));
const compiledSchema = z.looseObject({
  board: z.string(),
  mode: z.string(),
  steps: z.number(),
  cores: z.looseObject({ used: z.number() }),
  chips: z.looseObject({ used: z.number() }),
  latency: z.looseObject({ seconds: z.number().nullable() }),
  throughput: z.number().nullable(),
  eq30: z.looseObject({ predictedPaper: z.number().nullable() }),
  energy: energySchema,
});
const share = z.number().nullable();
const measures = { accuracy: share, agreement: share, logitMse: share };
const validatedSchema = z.looseObject({
  accuracy: z.looseObject({ int: z.array(share) }),
  agreement: z.looseObject({ int: z.array(share) }),
  logitMse: z.looseObject({ int: z.array(share) }),
  eq30: z.looseObject({ paper: z.array(share) }),
  exit: z.looseObject({ ...measures, eq30: z.looseObject({ paper: share }) }).optional(),
  energy: energySchema,
});
const saidSchema = z.looseObject({
  diagnostics: z
    .array(
      z.looseObject({
        code: z.string(),
        severity: z.string(),
        message: z.string(),
        at: z.looseObject({ origin: z.string() }),
      }),
    )
    .optional(),
});

export interface PointContext {
  readonly sweep: Sweep;
  /** Words that call this program. */
  readonly program: readonly string[];
  /** Where deployments are kept; undefined: nowhere. */
  readonly keepIn: string | undefined;
}

/** The same for the same inputs; a point that is refused is a row too. */
export async function runPoint(context: PointContext, index: number): Promise<SweepRow> {
  const { sweep, keepIn } = context;
  const options = sweep.points[index]!;
  const given: Readonly<Record<string, Scalar>> = { ...sweep.fixed, ...options };
  const scratch = keepIn === undefined ? mkdtempSync(join(tmpdir(), 'snnc-sweep-')) : undefined;
  const out = join(scratch ?? keepIn!, `${`${index}`.padStart(4, '0')}.snnc`);
  const without = (names: readonly string[]) =>
    Object.entries(given).flatMap(([name, value]) =>
      names.includes(name) || value === null ? [] : [`--${name}=${value}`],
    );
  try {
    const compiled = await callSelf(context, [
      ...['compile', `${given.model}`, ...without(['model', ...MEASURED_FIELDS])],
      ...['--no-compare', '--out', out, '--json'],
    ]);
    const network = compiledSchema.safeParse(compiled.value);
    if (compiled.code !== 0 || !network.success) return { index, options, ...refused(compiled) };
    if (typeof given.data !== 'string')
      return { index, options, figures: figuresOf(network.data, undefined), problem: null };
    const measured = await callSelf(context, [
      ...[
        'validate',
        out,
        `--data=${given.data}`,
        ...(given.limit == null ? [] : [`--limit=${given.limit}`]),
      ],
      ...['--identity', '0', '--tolerance', '100', '--json'],
    ]);
    const validation = validatedSchema.safeParse(measured.value);
    if (measured.code !== 0 || !validation.success) return { index, options, ...refused(measured) };
    return { index, options, figures: figuresOf(network.data, validation.data), problem: null };
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

function figuresOf(
  compiled: z.infer<typeof compiledSchema>,
  found: z.infer<typeof validatedSchema> | undefined,
): SweepFigures {
  const energy = (found ?? compiled).energy[0];
  const last = (list: readonly (number | null)[] | undefined) => list?.at(-1) ?? null;
  const { exit } = found ?? {};
  return {
    board: compiled.board,
    mode: compiled.mode,
    steps: compiled.steps,
    cores: compiled.cores.used,
    chips: compiled.chips.used,
    latencySeconds: compiled.latency.seconds,
    throughput: compiled.throughput,
    energyPj: energy?.totalPj ?? null,
    energyHighPj: energy?.highPj ?? null,
    costSet: energy?.costSet ?? null,
    accuracy: exit === undefined ? last(found?.accuracy.int) : exit.accuracy,
    agreement: exit === undefined ? last(found?.agreement.int) : exit.agreement,
    logitMse: exit === undefined ? last(found?.logitMse.int) : exit.logitMse,
    eq30: found === undefined ? compiled.eq30.predictedPaper : (exit?.eq30.paper ?? last(found.eq30.paper)),
  };
}

interface Called {
  readonly code: number;
  /** What it printed, as JSON. */
  readonly value: unknown;
  readonly said: string;
}

/** The first error of a command. */
function refused({ code, value, said }: Called): Pick<SweepRow, 'figures' | 'problem'> {
  const read = saidSchema.safeParse(value);
  const error = read.success
    ? read.data.diagnostics?.find(({ severity }) => severity === 'error')
    : undefined;
  const first = said.trim().split('\n')[0] ?? '';
  const problem =
    error === undefined
      ? { code: `exit code ${code}`, message: first === '' ? 'it ended without a word' : first, origin: '' }
      : { code: error.code, message: error.message, origin: error.at.origin };
  return { figures: null, problem };
}

/** What one command may print. */
const MOST_PRINTED = 2 ** 28;

const callSelf = ({ sweep, program }: PointContext, words: readonly string[]): Promise<Called> =>
  new Promise(resolve => {
    const [command = '', ...rest] = [...program, ...words];
    const options = { cwd: sweep.dir, maxBuffer: MOST_PRINTED };
    execFile(command, rest, options, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 70;
      resolve({ code, value: parseJson(out), said: err === '' ? (error?.message ?? '') : err });
    });
  });
