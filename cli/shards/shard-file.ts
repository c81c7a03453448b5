/**
 * One shard's result as a file: a line with the hash of what follows, a line of JSON, and columns of little-endian numbers,
 * deflated. The hash is that of the numbers, not of how they are packed, so that equal results have equal hashes.
 */
import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { z } from 'zod';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { parseJson } from '../parse-json.ts';
import { COLUMN_TYPES, type Column, type Columns, typeOf } from './part.ts';
import { keyOf, workSchema } from './work.ts';

const headSchema = z.strictObject({
  key: z.string(),
  work: workSchema,
  index: z.int().nonnegative(),
  count: z.int().positive(),
  /** Items first…end − 1 of the work. */
  first: z.int().nonnegative(),
  end: z.int().nonnegative(),
  facts: z.unknown(),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['f64', 'i32', 'u8']),
      length: z.int().nonnegative(),
    }),
  ),
});

export interface Shard extends Omit<z.infer<typeof headSchema>, 'columns'> {
  readonly columns: Columns;
  /** SHA-256 of all but itself. */
  readonly hash: string;
}

const MAGIC = 'snnc-shard 1 ';
const HEX = 64;
/** Numbers of one shard, in bytes. */
const MOST_BYTES = 2 ** 31 - 1;

const bytesOf = ({ buffer, byteOffset, byteLength }: Column): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Lengths that multiply by 8 stand first, so that every column is aligned when it is read. */
const byWidth = ([, a]: readonly [string, Column], [, b]: readonly [string, Column]): number =>
  b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT;

export function encodeShard(shard: Omit<Shard, 'hash'>): {
  readonly bytes: Uint8Array;
  readonly hash: string;
} {
  const { columns, ...rest } = shard;
  const list = Object.entries(columns).toSorted(byWidth);
  const described = list.map(([name, column]) => ({ name, type: typeOf(column), length: column.length }));
  const head = `${JSON.stringify({ ...rest, columns: described })}\n`;
  const numbers = Buffer.concat(list.map(([, column]) => bytesOf(column)));
  const hash = createHash('sha256').update(head).update(numbers).digest('hex');
  return { bytes: Buffer.concat([Buffer.from(`${MAGIC}${hash}\n${head}`), deflateSync(numbers)]), hash };
}

/** Errors: E0771 whatever is not as it was written. */
export function decodeShard(bytes: Uint8Array, path: string): Shard {
  const refuse = (problem: string): never => fail('E0771', { origin: path }, { problem });
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + HEX + 1;
  if (file.subarray(0, MAGIC.length).toString('latin1') !== MAGIC || file[start - 1] !== 10)
    return refuse('it does not begin like one');
  const hash = file.subarray(MAGIC.length, start - 1).toString('latin1');
  const end = file.indexOf(10, start) + 1;
  if (end === 0) return refuse('it ends within its head');
  const line = file.subarray(start, end);
  const head = headSchema.safeParse(parseJson(line.toString('utf8')));
  if (!head.success) return refuse('its head cannot be read');
  const { columns, ...rest } = head.data;
  const length = columns.reduce(
    (sum, each) => sum + each.length * COLUMN_TYPES[each.type].BYTES_PER_ELEMENT,
    0,
  );
  if (length > MOST_BYTES) return refuse(`it claims ${length} bytes`);
  const numbers = inflate(file.subarray(end), length);
  if (numbers?.length !== length) return refuse('its numbers are cut off or changed');
  if (createHash('sha256').update(line).update(numbers).digest('hex') !== hash)
    return refuse('its SHA-256 differs');
  if (keyOf(rest.work) !== rest.key) return refuse('its key is not that of its inputs');
  // A copy of its own is aligned.
  const { buffer } = Uint8Array.from(numbers);
  let at = 0;
  const read = columns.map(({ name, type, length: count }) => {
    const column = new COLUMN_TYPES[type](buffer, at, count);
    at += column.byteLength;
    return [name, column] as const;
  });
  return { ...rest, facts: rest.facts, hash, columns: Object.fromEntries(read) };
}

function inflate(bytes: Uint8Array, length: number): Uint8Array | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: Math.max(1, length) });
  } catch {
    return undefined;
  }
}
