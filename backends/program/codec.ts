/**
 * Building blocks of the binary layout. A codec writes and reads one kind of value and says in words what it
 * stores; layout.ts makes the whole format of them, so that writer, reader and reference page cannot drift.
 *
 * Every accepted file is the only encoding of its value: numbers are as short as they can be, padding is zero.
 */
import type { ByteReader, ByteWriter } from './bytes.ts';

export interface Codec<T> {
  /** How the value is stored, for the reference page. */
  readonly says: string;
  /** Fewest bytes that a value takes: bounds what a count of them may promise. */
  readonly least: number;
  write(out: ByteWriter, value: T): void;
  /** Errors: E0603 (too few bytes), E0604 (out of range), E0605 (contradiction). */
  read(input: ByteReader): T;
}

/** A named part of the format with its own heading on the reference page. */
export interface RecordCodec<T> extends Codec<T> {
  readonly parts: readonly { readonly name: string; readonly says: string; readonly means: string }[];
}

type Fields<T> = { readonly [K in keyof T]-?: readonly [codec: Codec<T[K]>, means: string] };
type Entry<T> = readonly [name: keyof T & string, field: readonly [codec: Codec<T[keyof T]>, means: string]];

const group = (value: number): string => value.toLocaleString('en-US');
const span = (min: number, max: number): string => `${group(min)} … ${group(max)}`;

function rangeOf(min: number, max: number) {
  const rule = `an integer in ${span(min, max)}`;
  return { holds: (value: number) => Number.isInteger(value) && value >= min && value <= max, rule };
}

/** Fixed width, where a reader wants to find it without reading what stands before. */
export function fixed(width: 1 | 2 | 4): Codec<number> {
  const { holds, rule } = rangeOf(0, 2 ** (8 * width) - 1);
  return {
    says: `u${8 * width}`,
    least: width,
    write: (out, value) => (holds(value) ? out.fixed(value, width) : out.refuse(`${value} is not ${rule}`)),
    read: input => input.fixed(width),
  };
}

export function uint(min: number, max: number): Codec<number> {
  const { holds, rule } = rangeOf(min, max);
  return {
    says: `varint ${span(min, max)}`,
    least: 1,
    write: (out, value) => (holds(value) ? out.varint(value) : out.refuse(`${value} is not ${rule}`)),
    read(input) {
      const value = input.varint();
      return holds(value) ? value : input.refuseValue(value, rule);
    },
  };
}

/** Zigzag: 0, −1, 1, −2, … are stored as 0, 1, 2, 3, … */
export function int(min: number, max: number): Codec<number> {
  const { holds, rule } = rangeOf(min, max);
  return {
    says: `zigzag varint ${span(min, max)}`,
    least: 1,
    write: (out, value) =>
      holds(value)
        ? out.varint(value < 0 ? -2 * value - 1 : 2 * value)
        : out.refuse(`${value} is not ${rule}`),
    read(input) {
      const stored = input.varint();
      const value = stored % 2 === 1 ? -(stored + 1) / 2 : stored / 2;
      return holds(value) ? value : input.refuseValue(value, rule);
    },
  };
}

export function oneOf<T extends string | number | boolean>(choices: readonly T[]): Codec<T> {
  const rule = `one of ${choices.join(', ')}`;
  return {
    says: `u8, number in: ${choices.map(String).join(', ')}`,
    least: 1,
    write(out, value) {
      const index = choices.indexOf(value);
      if (index < 0) out.refuse(`${value} is not ${rule}`);
      out.fixed(index, 1);
    },
    read(input) {
      const index = input.fixed(1);
      const value = choices[index];
      return value === undefined ? input.refuseValue(index, `number of ${rule}`) : value;
    },
  };
}

const MAX_TEXT = 4096;

/** UTF-8 with its byte count. */
export const text: Codec<string> = {
  says: 'varint bytes, UTF-8',
  least: 1,
  write(out, value) {
    const bytes = new TextEncoder().encode(value);
    const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === value;
    if (!whole || bytes.length > MAX_TEXT)
      out.refuse(`${JSON.stringify(value)} is not text of at most ${MAX_TEXT} bytes`);
    out.varint(bytes.length);
    out.raw(bytes);
  },
  read(input) {
    const count = input.varint();
    if (count > MAX_TEXT) input.refuseValue(count, `text of at most ${MAX_TEXT} bytes`);
    const bytes = input.raw(count);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return input.refuse('not UTF-8');
    }
  },
};

export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    says: `u8 0, or u8 1 and ${codec.says}`,
    least: 1,
    write(out, value) {
      out.fixed(value === undefined ? 0 : 1, 1);
      if (value !== undefined) codec.write(out, value);
    },
    read(input) {
      const present = input.fixed(1);
      if (present > 1) input.refuseValue(present, '0 (absent) or 1 (present)');
      return present === 1 ? codec.read(input) : undefined;
    },
  };
}

export function list<T>(codec: Codec<T>, max = 2 ** 32 - 1): Codec<readonly T[]> {
  const { holds, rule } = rangeOf(0, max);
  return {
    says: `varint count, each: ${codec.says}`,
    least: 1,
    write(out, values) {
      if (!holds(values.length)) out.refuse(`${values.length} entries, not ${rule}`);
      out.varint(values.length);
      values.forEach((value, i) => {
        out.path.push(i);
        codec.write(out, value);
        out.path.pop();
      });
    },
    read(input) {
      const count = input.varint();
      if (!holds(count)) input.refuseValue(count, rule);
      input.need(count * Math.max(1, codec.least));
      const values: T[] = [];
      for (let i = 0; i < count; i++) {
        input.path.push(i);
        values.push(codec.read(input));
        input.path.pop();
      }
      return values;
    },
  };
}

/** Numbers of `width` bytes, two's complement; `count`: how many, stored before them where it is not given. */
export const integers = (width: 1 | 4, count?: number): Codec<Int32Array> =>
  numbers(width, n => new Int32Array(n), count);

export const shorts: Codec<Int16Array> = numbers(2, n => new Int16Array(n));

function numbers<T extends Int16Array | Int32Array>(
  width: 1 | 2 | 4,
  create: (length: number) => T,
  count?: number,
): Codec<T> {
  const { holds, rule } = rangeOf(-(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1);
  return {
    says: `${count === undefined ? 'varint count, each: ' : `${count} × `}i${8 * width}`,
    least: count === undefined ? 1 : count * width,
    write(out, values) {
      if (count === undefined) out.varint(values.length);
      else if (values.length !== count) out.refuse(`${values.length} numbers, not ${count}`);
      const bytes = new Uint8Array(values.length * width);
      const view = new DataView(bytes.buffer);
      values.forEach((value, i) => {
        if (!holds(value)) out.refuse(`${value} is not ${rule}`);
        if (width === 1) view.setInt8(i, value);
        else if (width === 2) view.setInt16(2 * i, value, true);
        else view.setInt32(4 * i, value, true);
      });
      out.raw(bytes);
    },
    read(input) {
      const bytes = input.raw((count ?? input.varint()) * width);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const values = create(bytes.length / width);
      for (let i = 0; i < values.length; i++) {
        if (width === 1) values[i] = view.getInt8(i);
        else values[i] = width === 2 ? view.getInt16(2 * i, true) : view.getInt32(4 * i, true);
      }
      return values;
    },
  };
}

/** The fields one after another, in the order of the table. A field that is absent has no key in the value. */
export function record<T extends object>(name: string, fields: Fields<T>): RecordCodec<T> {
  // The table has an entry for every key of T, of that key's type.
  const entries = Object.entries(fields) as unknown as readonly Entry<T>[];
  return {
    says: name,
    least: entries.reduce((sum, [, [codec]]) => sum + codec.least, 0),
    parts: entries.map(([key, [codec, means]]) => ({ name: key, says: codec.says, means })),
    write(out, value) {
      for (const [key, [codec]] of entries) {
        out.path.push(key);
        codec.write(out, value[key]);
        out.path.pop();
      }
    },
    read(input) {
      const value: Partial<T> = {};
      for (const [key, [codec]] of entries) {
        input.path.push(key);
        const part = codec.read(input);
        if (part !== undefined) value[key] = part as T[keyof T & string];
        input.path.pop();
      }
      return value as T;
    },
  };
}

type Cases<T extends { readonly kind: string }> = {
  readonly [K in T['kind']]: Fields<Omit<Extract<T, { readonly kind: K }>, 'kind'>>;
};

/** The number of the kind, then its fields. */
export function variant<T extends { readonly kind: string }>(name: string, cases: Cases<T>): RecordCodec<T> {
  // As in record: the table has the fields of every kind.
  const table = cases as { readonly [kind: string]: Fields<Omit<T, 'kind'>> };
  const kinds = Object.keys(table);
  const codecs = kinds.map(kind => record(kind, table[kind]!));
  return {
    says: name,
    least: 1 + Math.min(...codecs.map(codec => codec.least)),
    parts: codecs.flatMap((codec, i) => [
      { name: kinds[i]!, says: `u8 ${i}`, means: codec.parts.length === 0 ? 'nothing more' : 'then' },
      ...codec.parts.map(part => ({ ...part, name: `${kinds[i]}.${part.name}` })),
    ]),
    write(out, value) {
      const index = kinds.indexOf(value.kind);
      out.fixed(index, 1);
      codecs[index]!.write(out, value);
    },
    read(input) {
      const index = input.fixed(1);
      const codec = codecs[index] ?? input.refuseValue(index, `number of one of ${kinds.join(', ')}`);
      return { kind: kinds[index], ...codec.read(input) } as T;
    },
  };
}

/**
 * A value that stands in many places: its bytes are made once, and where only tables are read equal bytes are one
 * object. Values are never changed, so that one may stand for all that are equal.
 */
export function shared<T extends object>(codec: Codec<T>): Codec<T> {
  const written = new WeakMap<T, Uint8Array>();
  return {
    says: codec.says,
    least: codec.least,
    write(out, value) {
      const bytes = written.get(value);
      if (bytes !== undefined) return out.raw(bytes);
      const from = out.position();
      codec.write(out, value);
      written.set(value, out.since(from));
    },
    read(input) {
      const from = input.position();
      const value = codec.read(input);
      if (input.known === undefined) return value;
      const key = `${codec.says} ${input.keySince(from)}`;
      const found = input.known.get(key);
      if (found !== undefined) return found as T;
      input.known.set(key, value);
      return value;
    },
  };
}

/** Stored as another type: `build` makes the value, or a text that says why it cannot be one. */
export function convert<S extends object, T extends object>(
  codec: Codec<S>,
  says: string,
  build: (stored: S) => T | string,
  store: (value: T) => S | string,
): Codec<T> {
  return {
    says,
    least: codec.least,
    write(out, value) {
      const stored = store(value);
      if (typeof stored === 'string') return out.refuse(stored);
      codec.write(out, stored);
    },
    read(input) {
      const value = build(codec.read(input));
      return typeof value === 'string' ? input.refuse(value) : value;
    },
  };
}
