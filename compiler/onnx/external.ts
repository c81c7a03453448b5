/**
 * Weights in files beside the model. One file often holds all of them, so that what is wrong with it is said once,
 * with the number of tensors it concerns.
 *
 * Source  ONNX, "External Data": keys location, offset, length; checksum is for whoever copies the files
 */
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { clip } from './limits.ts';
import type { Entry } from './proto-tensor.ts';
import type { ByteSource, ModelFile, Span } from './source.ts';
import type { TensorProblem } from './tensor.ts';

export interface ExternalFiles {
  /** Each file is opened once. */
  open(location: string): ByteSource | { readonly problem: string };
  /** Remembers what `reportExternal` tells. */
  complain(tensor: string, location: string, reason: string): void;
  readonly complaints: ReadonlyMap<string, Complaint>;
}
interface Complaint {
  readonly location: string;
  readonly reason: string;
  readonly tensor: string;
  readonly count: number;
}

export function createExternalFiles(file: ModelFile): ExternalFiles {
  const opened = new Map<string, ReturnType<ModelFile['open']>>();
  const complaints = new Map<string, Complaint>();
  return {
    complaints,
    open(location) {
      const found = opened.get(location) ?? file.open(location);
      opened.set(location, found);
      return found;
    },
    complain(name, location, reason) {
      const tensor = name === '' ? 'of a Constant node' : clip(name);
      const key = `${location}\n${reason}`;
      const before = complaints.get(key);
      complaints.set(key, { tensor, location, reason, ...before, count: (before?.count ?? 0) + 1 });
    },
  };
}

const MOST = 20;

/** Errors E0105, one for each thing that is wrong with a file. */
export function reportExternal({ complaints }: ExternalFiles, report: Report): void {
  const list = [...complaints.values()];
  for (const { location, reason, tensor, count } of list.slice(0, MOST)) {
    report('E0105', { origin: tensor }, { location: clip(location), reason, count, tensor });
  }
  if (list.length > MOST) {
    const { tensor } = list[MOST]!;
    const count = list.slice(MOST).reduce((sum, complaint) => sum + complaint.count, 0);
    const location = `${list.length - MOST} more files`;
    report('E0105', { origin: tensor }, { location, reason: 'for reasons like these', count, tensor });
  }
}

interface Wanted {
  readonly tensor: string;
  readonly entries: readonly Entry[];
  /** What the shape asks for. */
  readonly bytes: number;
}

export function locateExternal(
  { tensor, entries, bytes }: Wanted,
  files: ExternalFiles,
): Span | TensorProblem {
  const broken = (reason: string): TensorProblem => ({ kind: 'broken', reason });
  const keys = new Map(entries);
  if (keys.size < entries.length) return broken('a key of its external data stands twice');
  const location = keys.get('location') ?? '';
  if (location === '') return broken('it lies outside the model, in a file without a name');
  const offset = readCount(keys.get('offset') ?? '0');
  const length = readCount(keys.get('length') ?? `${bytes}`);
  if (offset === undefined || length === undefined)
    return broken(`offset or length of its external data is no number of bytes`);
  if (length !== bytes)
    return broken(`its shape wants ${bytes} bytes, its external data are ${length} bytes long`);
  const failed = (reason: string): TensorProblem => {
    files.complain(tensor, location, reason);
    return { kind: 'external', location, reason };
  };
  const source = files.open(location);
  if ('problem' in source) return failed(source.problem);
  return offset + length > source.size
    ? failed(`it ends after ${source.size} bytes, before the numbers that are said to be there`)
    : { source, offset, length };
}

function readCount(text: string): number | undefined {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(count) ? count : undefined;
}
