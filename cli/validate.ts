/** `snnc validate`: every stage on real data, each against the one above; accuracy, agreement, Eq. 30, identity. */
import { type Deployment, openFolder } from '../backends/folder.ts';
import type { NpyArray } from '../compiler/data/npy.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { createConsole } from './console.ts';
import { readBytes } from './data.ts';
import { type Images, openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { readStages } from './stages.ts';
import { type ValidationJob, validateRange } from './validation-part.ts';
import { concludeValidation, createValidationSum } from './validation-summary.ts';

export interface ValidateArguments extends Shared, DataOptions {
  readonly folder: string;
  readonly data: string;
  readonly limit?: number | undefined;
  readonly logits?: string | undefined;
  readonly tolerance: number;
  /** Images whose events are counted one by one. */
  readonly identity: number | 'all';
  readonly workers: number | undefined;
}

export async function validateCommand(args: ValidateArguments): Promise<number> {
  const out = createConsole(args, ['read', 'run']);
  const folder = openFolder(args.folder);
  out.step('read');
  const set = await openImages(args.data, takerOf(folder.manifest), args, out.diagnostics.report);
  const job = openValidation(folder, set, args);
  out.step(`run ${job.images} images`);
  const sum = createValidationSum(job.stages.int.attrs.steps, folder.manifest.network.exit?.margins);
  sum.add(await validateRange(job, { first: 0, end: job.images }, out.advance));
  return concludeValidation(sum.finish(), folder, job.programs, args, out);
}

/** Errors: E0101, E0113, E0621, E0770 */
export function openValidation(
  folder: Deployment,
  set: Images,
  args: Pick<ValidateArguments, 'limit' | 'logits' | 'identity' | 'workers'>,
): ValidationJob {
  const images = Math.min(args.limit ?? set.count, set.count);
  return {
    folder,
    set,
    images,
    stages: readStages(folder),
    programs: folder.programs(),
    walked: args.identity === 'all' ? images : Math.min(args.identity, images),
    reference:
      args.logits === undefined ? undefined : readLogits(args.logits, images, folder.manifest.output.classes),
    workers: args.workers,
  };
}

/** Errors: E0101, E0113, E0770 */
function readLogits(path: string, images: number, classes: number): NpyArray {
  const array = readNpz(readBytes(path), path).values().next().value;
  const [rows = 0, ...row] = array?.shape ?? [];
  if (array !== undefined && rows >= images && sizeOf(row) === classes) return array;
  return fail('E0770', { origin: path }, { shape: [rows, ...row].join(', '), images, classes });
}
