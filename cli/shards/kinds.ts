/** What can be run in shards: how its inputs are named, how a range of it is run, and what all ranges say together. */
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import { type Deployment, manifestHash, openFolder } from '../../backends/folder.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { Console } from '../console.ts';
import { type Images, openImages } from '../images.ts';
import type { DataOptions } from '../options.ts';
import { takerOf } from '../preprocess.ts';
import { simulateRange, simulationColumns, simulationFacts } from '../simulation-part.ts';
import { concludeSimulation, createSimulationSum } from '../simulation-summary.ts';
import { openValidation, type ValidateArguments } from '../validate.ts';
import { validateRange, validationColumns, validationFacts } from '../validation-part.ts';
import { concludeValidation, createValidationSum } from '../validation-summary.ts';
import { dataKey } from './data-key.ts';
import { lengthProblem, type Part, type Range } from './part.ts';
import type { Shard } from './shard-file.ts';
import { type Work, workOf } from './work.ts';

/** What a command line asks for, before anything is run. */
export interface Plan {
  readonly work: Work;
  /** Deployment folder or file of a sweep. */
  readonly subject: string;
  /** Words after `snnc shard` that ask for the same, wherever they are said. */
  readonly words: readonly string[];
  /** Boots what all ranges need. */
  open(): Promise<(range: Range) => Promise<Part>>;
}

/** What the words of a merge leave open. */
export interface Merging {
  readonly work: Work;
  /** Folder of the shards. */
  readonly dir: string;
  readonly subject: string;
  /** In the order of their index, each read when it is asked for. */
  readonly shards: Iterable<Shard & { readonly path: string }>;
}

export type ShardedValidation = Omit<ValidateArguments, 'json' | 'quiet'>;

export interface ShardedSimulation extends DataOptions {
  readonly folder: string;
  readonly input: string;
  readonly limit?: number | undefined;
  readonly workers: number | undefined;
}

/** `--name value` for each that is set. */
const flags = (values: Readonly<Record<string, string | number | undefined>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, `${value}`]));

async function openSet(path: string, args: DataOptions & { readonly folder: string }, out: Console) {
  const folder = openFolder(args.folder);
  const set = await openImages(path, takerOf(folder.manifest), args, out.diagnostics.report);
  return { folder, set };
}

const dataFlags = ({ dataLayout, dataType }: DataOptions) => ({
  'data-layout': dataLayout,
  'data-type': dataType,
});
const dataRecord = ({ dataLayout, dataType }: DataOptions) => ({
  layout: dataLayout ?? null,
  type: dataType ?? null,
});
const most = (limit: number | undefined, set: Images): number => Math.min(limit ?? set.count, set.count);

/** Errors: E0101, E0120, E0620, E0621, E0770 */
export async function planValidation(args: ShardedValidation, out: Console): Promise<Plan> {
  const { folder, set } = await openSet(args.data, args, out);
  const images = most(args.limit, set);
  const walked = args.identity === 'all' ? images : Math.min(args.identity, images);
  const subject = resolve(args.folder);
  const { limit, tolerance, identity, logits } = args;
  return {
    work: workOf(
      'validate',
      images,
      {
        manifest: manifestHash(args.folder),
        data: dataKey(args.data),
        ...(logits !== undefined && { logits: dataKey(logits) }),
      },
      { name: basename(args.data), identity: walked, tolerance, ...dataRecord(args) },
    ),
    subject,
    words: [
      ...['validate', subject, '--data', resolve(args.data)],
      ...flags({ limit, identity, tolerance, ...dataFlags(args) }),
      ...flags({ logits: logits && resolve(logits) }),
    ],
    async open() {
      const job = openValidation(folder, set, args);
      return range => validateRange(job, range, out.advance);
    },
  };
}

/** Errors: E0101, E0120, E0620, E0621 */
export async function planSimulation(args: ShardedSimulation, out: Console): Promise<Plan> {
  const { folder, set } = await openSet(args.input, args, out);
  const images = most(args.limit, set);
  const subject = resolve(args.folder);
  return {
    work: workOf(
      'simulate',
      images,
      { manifest: manifestHash(args.folder), data: dataKey(args.input) },
      dataRecord(args),
    ),
    subject,
    words: [
      ...['simulate', subject, '--input', resolve(args.input)],
      ...flags({ limit: args.limit, ...dataFlags(args) }),
    ],
    async open() {
      const job = { folder, set, images, programs: folder.programs(), workers: args.workers };
      return range => simulateRange(job, range, { advance: out.advance });
    },
  };
}

/** Errors: E0620, E0621, E0774 the folder is another one by now */
function openSubject({ work, subject }: Merging): Deployment {
  const folder = openFolder(subject);
  if (manifestHash(subject) !== work.inputs.manifest) fail('E0774', { origin: subject }, { folder: subject });
  return folder;
}

/** Errors: E0771 a shard whose columns are not those of its facts */
function readPart<F>(
  { path, facts, columns, first, end }: Shard & { readonly path: string },
  schema: z.ZodType<F>,
  columnsOf: (facts: F, images: number) => Parameters<typeof lengthProblem>[1],
): Part<F> {
  const read = schema.safeParse(facts);
  const problem = read.success
    ? lengthProblem(columns, columnsOf(read.data, end - first))
    : z.prettifyError(read.error);
  if (read.success && problem === undefined) return { facts: read.data, columns };
  return fail('E0771', { origin: path }, { problem: problem ?? '' });
}

/** Errors: E0710, E0771, E0774 */
export function mergeValidation(merging: Merging, out: Console): number {
  const folder = openSubject(merging);
  const { options } = merging.work;
  const { steps, exit } = folder.manifest.network;
  const sum = createValidationSum(steps, exit?.margins);
  for (const shard of merging.shards) sum.add(readPart(shard, validationFacts, validationColumns));
  const given = { data: `${options.name}`, tolerance: Number(options.tolerance) };
  return concludeValidation(sum.finish(), folder, folder.programs(), given, out);
}

/** Errors: E0771, E0774 */
export function mergeSimulation(merging: Merging, out: Console): number {
  const folder = openSubject(merging);
  const sum = createSimulationSum();
  for (const shard of merging.shards) sum.add(readPart(shard, simulationFacts, simulationColumns));
  return concludeSimulation(sum.finish(), folder, folder.programs(), null, out);
}
