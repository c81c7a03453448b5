/** Damage to the bytes of a file, whatever they mean, and to the wire format they are written in. */
import type { Random } from '../../../ir/random/seeded.ts';

export interface ByteMutator {
  readonly name: string;
  readonly apply: (bytes: Uint8Array, random: Random) => Uint8Array;
}

/** Most bytes are weights; the structure stands near the front of the graph or behind them. */
function place(bytes: Uint8Array, random: Random): number {
  const last = Math.max(0, bytes.length - 1);
  const near = Math.min(last, 4096);
  return random.chance(0.5)
    ? random.int(0, near)
    : random.chance(0.5)
      ? random.int(last - near, last)
      : random.int(0, last);
}

const cut = (bytes: Uint8Array, from: number, to: number): Uint8Array => bytes.slice(from, to);

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const insert = (bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array =>
  join(bytes.subarray(0, at), part, bytes.subarray(at));

/** Places at which a field of the outermost messages starts: tag, and length where it has one. */
function fieldsOf(
  bytes: Uint8Array,
  from: number,
  end: number,
): readonly { at: number; body: number; end: number }[] {
  const fields: { at: number; body: number; end: number }[] = [];
  for (let at = from; at < end && fields.length < 5000; ) {
    const wire = bytes[at]! & 7;
    let body = at + 1;
    while (body < end && bytes[body - 1]! >= 0x80) body++;
    let next = body;
    let length = 0;
    if (wire === 0 || wire === 2) {
      for (let shift = 0; next < end; shift += 7) {
        const byte = bytes[next++]!;
        length += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
    }
    const start = next;
    next += wire === 2 ? length : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    if (next > end || wire === 3 || wire === 4 || wire > 5) break;
    fields.push({ at, body: start, end: next });
    at = next;
  }
  return fields;
}

/** A field of the model, of its graph, or of a message inside. */
function drawField(bytes: Uint8Array, random: Random): { at: number; body: number; end: number } | undefined {
  let found: { at: number; body: number; end: number } | undefined;
  let [from, end] = [0, bytes.length];
  for (let depth = 0; depth < 4; depth++) {
    const fields = fieldsOf(bytes, from, end);
    if (fields.length === 0) break;
    const longest = fields.reduce((a, b) => (b.end - b.at > a.end - a.at ? b : a));
    found = depth === 0 && random.chance(0.8) ? longest : random.pick(fields);
    if (random.chance(0.25)) break;
    [from, end] = [found.body, found.end];
  }
  return found;
}

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

export const byteMutators: readonly ByteMutator[] = [
  {
    name: 'flip bits',
    apply: (bytes, random) => {
      const out = bytes.slice();
      for (let n = random.int(1, 8); n > 0 && out.length > 0; n--)
        out[place(out, random)]! ^= 1 << random.int(0, 7);
      return out;
    },
  },
  { name: 'truncate', apply: (bytes, random) => cut(bytes, 0, place(bytes, random)) },
  { name: 'lose the front', apply: (bytes, random) => cut(bytes, random.int(1, 64), bytes.length) },
  {
    name: 'insert bytes',
    apply: (bytes, random) => {
      const part = Uint8Array.from({ length: random.int(1, 16) }, () => random.int(0, 255));
      return insert(bytes, place(bytes, random), part);
    },
  },
  {
    name: 'duplicate a slice',
    apply: (bytes, random) => {
      const at = place(bytes, random);
      return insert(bytes, place(bytes, random), cut(bytes, at, at + random.int(1, 2000)));
    },
  },
  {
    name: 'remove a slice',
    apply: (bytes, random) => {
      const at = place(bytes, random);
      return join(bytes.subarray(0, at), bytes.subarray(at + random.int(1, 100)));
    },
  },
  {
    name: 'varint without end',
    apply: (bytes, random) => insert(bytes, place(bytes, random), fill(random.int(5, 12), 0xff)),
  },
  {
    name: 'length blown up',
    apply: (bytes, random) => {
      const field = drawField(bytes, random);
      if (field === undefined) return bytes;
      const length = random.pick([
        [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0x80, 0x80, 0x80, 0x80, 0x08],
        [0],
      ]);
      return join(bytes.subarray(0, field.at + 1), Uint8Array.from(length), bytes.subarray(field.body));
    },
  },
  {
    name: 'field renumbered',
    apply: (bytes, random) => {
      const field = drawField(bytes, random);
      const out = bytes.slice();
      if (field !== undefined)
        out[field.at] =
          (random.int(0, 15) << 3) | (random.chance(0.7) ? out[field.at]! & 7 : random.int(0, 7));
      return out;
    },
  },
  {
    name: 'field repeated',
    apply: (bytes, random) => {
      const field = drawField(bytes, random);
      if (field === undefined) return bytes;
      const part = cut(bytes, field.at, field.end);
      const times = Math.min(random.pick([1, 2, 100, 5000]), Math.floor(2 ** 22 / Math.max(1, part.length)));
      return insert(bytes, field.end, join(...Array.from({ length: Math.max(1, times) }, () => part)));
    },
  },
  {
    name: 'field dropped',
    apply: (bytes, random) => {
      const field = drawField(bytes, random);
      return field === undefined ? bytes : join(bytes.subarray(0, field.at), bytes.subarray(field.end));
    },
  },
  {
    name: 'fields nested without end',
    apply: (bytes, random) => {
      // The path along which graphs hold graphs: graph, node, attribute, graph.
      let inner: Uint8Array = new Uint8Array();
      const [tags, depth] = [[0x0a, 0x2a, 0x32], random.pick([30, 100, 600])];
      for (let i = 0; i < depth * 3; i++) {
        const size = [];
        for (let n = inner.length; ; n = Math.floor(n / 128)) {
          size.push((n % 128) | (n >= 128 ? 0x80 : 0));
          if (n < 128) break;
        }
        inner = join(Uint8Array.from([tags[(depth * 3 - 1 - i) % 3]!, ...size]), inner);
      }
      return random.chance(0.5) ? inner : join(bytes, inner);
    },
  },
  {
    name: 'a megabyte of zeros',
    apply: (bytes, random) => insert(bytes, place(bytes, random), fill(2 ** 20, 0)),
  },
  { name: 'empty nodes', apply: bytes => join(bytes, nodesOf(200_000)) },
  {
    name: 'noise',
    apply: (_, random) => Uint8Array.from({ length: random.int(0, 4000) }, () => random.int(0, 255)),
  },
];

/** A second piece of the graph with so many nodes of nothing: pieces of a message are merged. */
function nodesOf(count: number): Uint8Array {
  const body = Uint8Array.from({ length: count * 2 }, (_, i) => (i % 2 === 0 ? 0x0a : 0));
  const length = [0, 7, 14, 21].map((shift, i) => ((body.length >> shift) & 0x7f) | (i < 3 ? 0x80 : 0));
  return join(Uint8Array.from([0x3a, ...length]), body);
}
