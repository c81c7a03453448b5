/**
 * Messages of protocol buffers from tables: the type, the writer and the reader of a message all follow from its list of
 * fields (messages.ts). Readers trust nothing: bytes of any kind end in a value or in a WireError.
 */
import protobuf from 'protobufjs/minimal.js';

/** The bytes are no message of this type. */
export class WireError extends Error {}

type Reader = InstanceType<typeof protobuf.Reader>;
type Writer = InstanceType<typeof protobuf.Writer>;

/** How one value stands on the wire; `R` what is read, `W` what may be written. */
interface Coding<R, W> {
  /** Its name in a .proto file. */
  readonly name: string;
  /** Wire type: 0 varint, 1 eight bytes, 2 length first. */
  readonly wire: 0 | 1 | 2;
  /** What an absent field means; undefined: absence is a value of its own. */
  readonly absent: R | undefined;
  write(to: Writer, value: W): void;
  read(from: Reader): R;
}

const RULES = ['one', 'optional', 'repeated'] as const;
export interface Field<R, W> {
  readonly id: number;
  readonly rule: (typeof RULES)[number];
  /** Of several fields with one name here at most one is there. */
  readonly oneof: string | undefined;
  readonly coding: Coding<unknown, never>;
  /** For the types alone. */
  readonly types?: (value: W) => R;
}

type Fields = { readonly [name: string]: Field<never, never> | Field<unknown, never> };
type ReadOf<F> = F extends Field<infer R, never> ? R : never;
type WrittenOf<F> = F extends { readonly types?: (value: infer W) => unknown } ? W : never;

export interface Message<R, W> extends Coding<R, W> {
  readonly fields: Fields;
  encode(value: W): Buffer;
  /** Errors: WireError. */
  decode(bytes: Uint8Array): R;
}
/** What `decode` gives. */
export type Read<M> = M extends { decode(bytes: Uint8Array): infer R } ? R : never;
/** What `encode` takes: fields that are left out are absent. */
export type Written<M> = M extends { encode(value: infer W): Buffer } ? W : never;

/** The reader gives an object for 64 bits where a library for such is at hand. */
const safe = (value: unknown): number => {
  const number = Number(String(value));
  if (!Number.isSafeInteger(number)) throw new WireError('a number of more than 53 bits');
  return number;
};
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const scalar = <T>(
  name: string,
  wire: 0 | 1 | 2,
  absent: T,
  write: (to: Writer, value: T) => void,
  read: (from: Reader) => T,
): Coding<T, T> => ({ name, wire, absent, write, read });

export const uint32 = scalar<number>(
  'uint32',
  0,
  0,
  (to, value) => to.uint32(value),
  from => from.uint32(),
);
export const sint32 = scalar<number>(
  'sint32',
  0,
  0,
  (to, value) => to.sint32(value),
  from => from.sint32(),
);
export const uint64 = scalar<number>(
  'uint64',
  0,
  0,
  (to, value) => to.uint64(value),
  from => safe(from.uint64()),
);
export const sint64 = scalar<number>(
  'sint64',
  0,
  0,
  (to, value) => to.sint64(value),
  from => safe(from.sint64()),
);
export const double = scalar<number>(
  'double',
  1,
  0,
  (to, value) => to.double(value),
  from => from.double(),
);
export const bool = scalar<boolean>(
  'bool',
  0,
  false,
  (to, value) => to.bool(value),
  from => from.bool(),
);
export const text = scalar<string>(
  'string',
  2,
  '',
  (to, value) => to.string(value),
  from => utf8.decode(from.bytes()),
);
export const bytes = scalar<Uint8Array>(
  'bytes',
  2,
  new Uint8Array(0),
  (to, value) => to.bytes(value),
  from => from.bytes(),
);

/** `values`: by number, '' where a number is unspecified. Numbers that are not known read as ''. */
export const enumeration = <const V extends string>(
  name: string,
  values: readonly V[],
): Coding<V | '', V | ''> & { readonly values: readonly V[] } => ({
  ...scalar<V | ''>(
    name,
    0,
    '',
    (to, value) => to.uint32(value === '' ? 0 : values.indexOf(value) + 1),
    from => values[from.uint32() - 1] ?? '',
  ),
  values,
});

const field = <R, W>(
  id: number,
  rule: Field<R, W>['rule'],
  coding: Coding<unknown, never>,
  oneof?: string,
): Field<R, W> => ({ id, rule, coding, oneof });

/** A scalar, which is 0, false or empty where it is absent. */
export const one = <R, W>(id: number, coding: Coding<R, W>) => field<R, W | undefined>(id, 'one', coding);
/** Absent is a value. */
export const optional = <R, W>(id: number, coding: Coding<R, W>) =>
  field<R | undefined, W | undefined>(id, 'optional', coding);
export const oneOf = <R, W>(name: string, id: number, coding: Coding<R, W>) =>
  field<R | undefined, W | undefined>(id, 'optional', coding, name);
export const repeated = <R, W>(id: number, coding: Coding<R, W>) =>
  field<readonly R[], readonly W[] | ArrayLike<W> | undefined>(id, 'repeated', coding);

export function message<const F extends Fields>(
  name: string,
  fields: F,
): Message<{ readonly [K in keyof F]: ReadOf<F[K]> }, { readonly [K in keyof F]?: WrittenOf<F[K]> }> {
  type R = { readonly [K in keyof F]: ReadOf<F[K]> };
  type W = { readonly [K in keyof F]?: WrittenOf<F[K]> };
  const entries = Object.entries(fields);
  const byId = new Map(entries.map(([key, entry]) => [entry.id, [key, entry] as const]));
  const write = (to: Writer, value: W) => {
    for (const [key, entry] of entries) {
      const held = value[key];
      if (held !== undefined) writeField(to, entry, held as never);
    }
  };
  const readUpTo = (from: Reader, end: number): R => {
    const value: Record<string, unknown> = {};
    for (const [key, { rule, coding }] of entries)
      value[key] = rule === 'repeated' ? [] : rule === 'one' ? coding.absent : undefined;
    while (from.pos < end) {
      const tag = from.uint32();
      const known = byId.get(tag >>> 3);
      if (known === undefined || !readField(from, tag & 7, known, value)) from.skipType(tag & 7);
      else if (known[1].oneof !== undefined)
        for (const [key, other] of entries)
          if (other.oneof === known[1].oneof && other !== known[1]) value[key] = undefined;
    }
    if (from.pos !== end) throw new WireError('a field goes beyond its message');
    return value as R;
  };
  return {
    ...{ name, wire: 2, absent: undefined, fields },
    write: (to, value) => {
      write(to.fork(), value);
      to.ldelim();
    },
    read: from => {
      const length = from.uint32();
      if (length > from.len - from.pos) throw new WireError('a message goes beyond its end');
      return readUpTo(from, from.pos + length);
    },
    encode(value) {
      const to = protobuf.Writer.create();
      write(to, value);
      const encoded = to.finish();
      return Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    },
    decode(encoded) {
      try {
        return readUpTo(protobuf.Reader.create(encoded), encoded.length);
      } catch (error) {
        // The reader throws plain errors for what ends too early or is no UTF-8.
        throw error instanceof WireError ? error : new WireError((error as Error).message);
      }
    },
  };
}

function writeField(to: Writer, { id, rule, coding }: Field<unknown, never>, value: never): void {
  const { wire, absent } = coding;
  if (rule !== 'repeated') {
    if (rule === 'one' && (value === absent || (wire === 2 && (value as ArrayLike<unknown>).length === 0)))
      return;
    to.uint32((id << 3) | wire);
    coding.write(to, value);
    return;
  }
  const values = value as ArrayLike<never>;
  if (values.length === 0) return;
  if (wire === 2) {
    for (let i = 0; i < values.length; i++) {
      to.uint32((id << 3) | wire);
      coding.write(to, values[i]!);
    }
    return;
  }
  to.uint32((id << 3) | 2).fork();
  for (let i = 0; i < values.length; i++) coding.write(to, values[i]!);
  to.ldelim();
}

/** False: not of the wire type that was promised, which is read as an unknown field. */
function readField(
  from: Reader,
  wire: number,
  [key, { rule, coding }]: readonly [string, Field<unknown, never>],
  value: Record<string, unknown>,
): boolean {
  if (wire === coding.wire) {
    const read = coding.read(from);
    if (rule === 'repeated') (value[key] as unknown[]).push(read);
    else value[key] = read;
    return true;
  }
  if (rule !== 'repeated' || wire !== 2) return false;
  const values = value[key] as unknown[];
  const length = from.uint32();
  const end = from.pos + length;
  if (length > from.len - from.pos) throw new WireError('a list goes beyond its end');
  while (from.pos < end) values.push(coding.read(from));
  if (from.pos !== end) throw new WireError('a number goes beyond its list');
  return true;
}
