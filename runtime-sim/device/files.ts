/** Files that a device is sent, by number and hash: never by a name. */
import { createHash } from 'node:crypto';
import { parseManifest } from '../../backends/manifest.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import type { ReplyDraft, RequestOf } from './messages.ts';
import { refuse } from './refusal.ts';

type Planned = NonNullable<RequestOf<'Load'>['plan']>['files'][number];
type Held = NonNullable<ReplyDraft<'Load'>['files']>;

interface Arriving {
  readonly plan: Planned;
  readonly key: string;
  /** What has arrived, and room for more: twice as much whenever it is full. */
  room: Uint8Array;
  held: number;
  whole: Uint8Array | undefined;
}

export interface FileStore {
  /** A new plan; files of an earlier one stay where they are wanted again. Errors: Refusal */
  plan(files: readonly Planned[]): Held;
  /** Errors: Refusal */
  take(file: number, offset: number, data: Uint8Array): Held;
  /** Every file of the plan. Errors: Refusal, where one is missing or they do not belong together. */
  finish(): ReadonlyMap<number, Uint8Array>;
}

const MAX_FILES = 4096;
const EMPTY = new Uint8Array(0);
/** Room of a file that has begun to arrive. */
const FIRST_ROOM = 2 ** 16;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `held`: what is there from the beginning. */
export function createFileStore(
  programBytes: number,
  chunkBytes: number,
  held: readonly Uint8Array[] = [],
): FileStore {
  const always = new Map<string, Uint8Array>(
    held.map(
      bytes => [`${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`, bytes] as const,
    ),
  );
  let files: readonly Arriving[] = [];
  const say = (numbers: readonly number[]): Held =>
    numbers.map(file => {
      const { held, whole } = files[file]!;
      return { file, held, verified: whole !== undefined };
    });
  const all = () => say([...files.keys()]);
  return {
    plan(wanted) {
      checkPlan(wanted, programBytes);
      const before = new Map(files.map(file => [file.key, file] as const));
      files = wanted.map((plan): Arriving => {
        const key = `${plan.bytes} ${hex(plan.sha256)}`;
        const known = before.get(key);
        if (known !== undefined) return { ...known, plan };
        const own = always.get(key);
        if (own !== undefined) return { plan, key, room: EMPTY, held: own.length, whole: own };
        return { plan, key, room: EMPTY, held: 0, whole: plan.bytes === 0 ? verify(plan, EMPTY) : undefined };
      });
      return all();
    },
    take(file, offset, data) {
      const arriving = files[file] ?? refuse('INVALID_ARGUMENT', `file ${file} is not in the plan`);
      const { plan, held } = arriving;
      if (data.length > chunkBytes)
        refuse('RESOURCE_EXHAUSTED', `a chunk of ${data.length} bytes; at most ${chunkBytes}`);
      if (offset !== held) refuse('OUT_OF_RANGE', `file ${file} goes on at byte ${held}, not ${offset}`);
      if (held + data.length > plan.bytes)
        refuse('OUT_OF_RANGE', `file ${file} has ${plan.bytes} bytes; a chunk goes beyond`);
      put(arriving, data);
      if (arriving.held === plan.bytes && arriving.whole === undefined) {
        const whole = arriving.room.subarray(0, plan.bytes);
        arriving.room = EMPTY;
        arriving.held = 0;
        arriving.whole = verify(plan, whole, file);
        arriving.held = plan.bytes;
      }
      return say([file]);
    },
    finish() {
      if (files.length === 0) refuse('FAILED_PRECONDITION', 'commit before a plan');
      const missing = files.findIndex(({ whole }) => whole === undefined);
      if (missing >= 0) refuse('FAILED_PRECONDITION', `file ${missing} of the plan has not arrived`);
      checkManifest(files);
      const programs = files.filter(({ plan }) => plan.kind === 'program');
      return new Map(programs.map(({ plan, whole }) => [plan.chip, whole!] as const));
    },
  };
}

/** Many small chunks take no more memory than few large ones. */
function put(arriving: Arriving, data: Uint8Array): void {
  const { plan, room, held } = arriving;
  if (held + data.length > room.length) {
    const size = Math.max(held + data.length, FIRST_ROOM, 2 * room.length);
    arriving.room = new Uint8Array(Math.min(plan.bytes, size));
    arriving.room.set(room.subarray(0, held));
  }
  arriving.room.set(data, held);
  arriving.held += data.length;
}

function checkPlan(wanted: readonly Planned[], programBytes: number): void {
  if (wanted.length > MAX_FILES) refuse('RESOURCE_EXHAUSTED', `${wanted.length} files; at most ${MAX_FILES}`);
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > programBytes) refuse('RESOURCE_EXHAUSTED', `${total} bytes of files; at most ${programBytes}`);
  const chips = new Set<number>();
  wanted.forEach(({ kind, chip, sha256 }, file) => {
    if (kind === '') refuse('INVALID_ARGUMENT', `file ${file} is of no kind`);
    if (sha256.length !== 32)
      refuse('INVALID_ARGUMENT', `the SHA-256 of file ${file} has ${sha256.length} bytes`);
    if (kind === 'program' && chips.has(chip)) refuse('INVALID_ARGUMENT', `two programs for chip ${chip}`);
    if (kind === 'program') chips.add(chip);
  });
  const manifests = wanted.filter(({ kind }) => kind === 'manifest').length;
  if (manifests > 1) refuse('INVALID_ARGUMENT', `${manifests} manifests`);
  if (chips.size === 0) refuse('INVALID_ARGUMENT', 'a plan without a program');
}

function verify({ sha256 }: Planned, whole: Uint8Array, file = 0): Uint8Array {
  if (!createHash('sha256').update(whole).digest().equals(sha256))
    refuse('DATA_LOSS', `file ${file} does not have the SHA-256 of the plan; send it again`);
  return whole;
}

/** Programs that the manifest does not know belong to another deployment. */
function checkManifest(files: readonly Arriving[]): void {
  const manifest = files.find(({ plan }) => plan.kind === 'manifest')?.whole;
  if (manifest === undefined) return;
  const listed = new Set(hashesOf(manifest));
  const stranger = files.find(({ plan }) => plan.kind === 'program' && !listed.has(hex(plan.sha256)));
  if (stranger !== undefined)
    refuse('INVALID_ARGUMENT', `the program of chip ${stranger.plan.chip} is not in the manifest`);
}

function hashesOf(manifest: Uint8Array): readonly string[] {
  try {
    return parseManifest(Buffer.from(manifest).toString('utf8'), 'manifest').files.map(file => file.sha256);
  } catch (error) {
    if (error instanceof UserError) return refuse('INVALID_ARGUMENT', error.message);
    throw error;
  }
}
