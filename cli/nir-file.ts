/**
 * NIR files on the disk: HDF5, through a package that is not part of this one. Its library is loaded where a file is met.
 *
 * Errors  E0101, E0130 what HDF5 does not read, E0131 without the package
 */
import { existsSync, rmSync } from 'node:fs';
import type { File as H5File, Group as H5Group } from 'h5wasm/node';
import { fail, UserError } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { type NirGroup, type NirNumbers, type NirValue, nirGroup } from '../ir/nir-value.ts';
import { readSlice } from './data.ts';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** By its first bytes. Errors: E0101 */
export function isHdf5(path: string): boolean {
  const bytes = readSlice(path, 0, SIGNATURE.length);
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

async function loadHdf5() {
  try {
    const library = await import('h5wasm/node');
    (await library.ready).activate_throwing_error_handler();
    return library;
  } catch {
    return fail('E0131', { origin: 'h5wasm' }, {});
  }
}

/** What one file may make us hold. */
const MOST_DEPTH = 40;
const MOST_ENTRIES = 1_000_000;
const MOST_NUMBERS = 2 ** 28;

export async function readNirFile(path: string): Promise<NirGroup> {
  if (!isHdf5(path)) fail('E0130', { origin: path }, { problem: 'it does not begin as HDF5 does' });
  const { File } = await loadHdf5();
  return guarded(path, () => {
    const file = new File(path, 'r');
    try {
      return readGroup(file, { path, entries: 0, numbers: 0 }, 0);
    } finally {
      file.close();
    }
  });
}

/** What the library throws is the file's fault. */
function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    const text = thrown instanceof Error ? thrown.message : `${thrown}`;
    // A stack of the library's own, of which the last line says most.
    const said = [...text.matchAll(/^ *#\d+: .*\(\): (.*)$/gm)].at(-1)?.[1] ?? text.split('\n')[0]!;
    return fail('E0130', { origin: path }, { problem: `HDF5 does not read it: ${said}` });
  }
}

interface Reading {
  readonly path: string;
  entries: number;
  numbers: number;
}

function readGroup(group: H5Group, reading: Reading, depth: number): NirGroup {
  const refuse = (problem: string): never => fail('E0130', { origin: reading.path }, { problem });
  if (depth > MOST_DEPTH) refuse(`groups in groups, deeper than ${MOST_DEPTH}`);
  return nirGroup(
    group.keys().map((name): [string, NirValue] => {
      reading.entries += 1;
      if (reading.entries > MOST_ENTRIES) refuse(`more than ${MOST_ENTRIES} entries`);
      const entity = group.get(name);
      if (entity === null || !('type' in entity)) return refuse(`nothing to read at ${name}`);
      if ('keys' in entity) return [name, readGroup(entity, reading, depth + 1)];
      if (!('metadata' in entity) || !('shape' in entity)) return refuse(`a link or a type at ${name}`);
      const size = sizeOf(entity.shape ?? [0]);
      reading.numbers += size;
      if (reading.numbers > MOST_NUMBERS) refuse(`more than ${MOST_NUMBERS} numbers`);
      return [
        name,
        nirValueOf(entity.value, entity.shape ?? [0]) ?? refuse(`${name} is neither text nor numbers`),
      ];
    }),
  );
}

type Numbers = Exclude<NodeJS.TypedArray, Uint8ClampedArray>;

function nirValueOf(value: unknown, shape: readonly number[]): NirValue | undefined {
  const numbers = (data: Float32Array | Float64Array, store: NirNumbers['store']): NirNumbers => ({
    kind: 'numbers',
    shape: [...shape],
    ...{ data, store },
  });
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (typeof value === 'number') return numbers(Float64Array.of(value), 'float64');
  if (typeof value === 'bigint') return numbers(Float64Array.of(Number(value)), 'int64');
  if (typeof value === 'boolean') return numbers(Float64Array.of(value ? 1 : 0), 'int64');
  if (Array.isArray(value) && value.every(text => typeof text === 'string'))
    return { kind: 'texts', columns: shape.at(-1) ?? 0, texts: value };
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return undefined;
  if (value instanceof Float32Array) return numbers(value, 'float32');
  const isWhole = !(value instanceof Float64Array);
  return numbers(
    Float64Array.from(value as Numbers as Iterable<number>, Number),
    isWhole ? 'int64' : 'float64',
  );
}

/** Writes aside, then renames. Errors: E0725 */
export async function writeNirFile(path: string, root: NirGroup): Promise<void> {
  const { File } = await loadHdf5();
  const { renameSync } = await import('node:fs');
  const aside = `${path}.tmp-${process.pid}`;
  try {
    const file = guarded(path, () => new File(aside, 'w'));
    try {
      writeGroup(file, root);
    } finally {
      file.close();
    }
    renameSync(aside, path);
  } catch (error) {
    if (existsSync(aside)) rmSync(aside, { force: true });
    if (error instanceof UserError)
      fail('E0725', { origin: path }, { path, reason: 'HDF5 cannot make a file there' });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    fail('E0725', { origin: path }, { path, reason: error.message.split(',')[0]! });
  }
}

/** Arrays from so many numbers on are compressed. */
const COMPRESSED = 256;

function writeGroup(into: H5File | H5Group, { entries }: NirGroup): void {
  for (const [name, value] of entries) {
    switch (value.kind) {
      case 'group':
        writeGroup(into.create_group(name), value);
        break;
      case 'text':
        into.create_dataset({ name, data: value.text, shape: [], dtype: 'S' });
        break;
      case 'texts': {
        const shape = [value.texts.length / value.columns, value.columns];
        into.create_dataset({ name, data: [...value.texts], shape, dtype: 'S' });
        break;
      }
      case 'numbers':
        into.create_dataset({ name, shape: [...value.shape], ...packed(value) });
        break;
      default:
        value satisfies never;
    }
  }
}

function packed({ data, store, shape }: NirNumbers) {
  const compress = data.length >= COMPRESSED && { chunks: [...shape], compression: 'gzip' as const };
  if (store === 'int64') {
    const whole = BigInt64Array.from(data as Iterable<number>, x => BigInt(x));
    return { data: whole, dtype: '<q', ...compress };
  }
  return store === 'float32'
    ? { data: Float32Array.from(data), dtype: '<f', ...compress }
    : { data: Float64Array.from(data), dtype: '<d', ...compress };
}
