/**
 * A model with what became of its nodes: the user's bytes, unchanged but for entries that are added to nodes and to the model as
 * metadata and description. Weights are copied as they stand, and those beside the model stay there.
 *
 * Source      onnx.proto: fields of ModelProto, GraphProto, NodeProto, StringStringEntryProto
 * Preserves   what the model computes
 * Errors      Malformed
 * Cost        reads the file twice, through a window; memory for the structure, not for weights
 */
import type { ByteSource } from './source.ts';
import { readPieces } from './source.ts';
import { BYTES, type Cursor, createCursor, Malformed, readTag } from './wire.ts';

export interface Annotation {
  readonly entries: readonly (readonly [key: string, value: string])[];
  /** One line for people; goes behind what the node's own description says. */
  readonly text: string;
}

const MODEL = { graph: 7, metadata: 14 } as const;
const GRAPH = { node: 1 } as const;
const NODE = { name: 3, output: 2, operator: 4, text: 6, metadata: 9 } as const;
const ENTRY = { key: 1, value: 2 } as const;

/** Of a field with a length: where its tag, its payload and its end are. */
interface Field {
  readonly number: number;
  readonly from: number;
  readonly payload: number;
  readonly end: number;
}

type Part = Uint8Array | { readonly offset: number; readonly length: number };

/** `annotationOf`: by a node's name, or where it has none by operator and first output, as an import names it. */
export function annotateModel(
  source: ByteSource,
  annotationOf: (name: string) => Annotation | undefined,
  model: Annotation['entries'],
): { readonly parts: Iterable<Uint8Array>; readonly annotated: number } {
  const cursor = createCursor(source);
  let annotated = 0;
  const parts: Part[] = [];
  eachField(cursor, 0, source.size, field => {
    if (field.number !== MODEL.graph) {
      parts.push(span(field.from, field.end));
      return;
    }
    const inner: Part[] = [];
    eachField(cursor, field.payload, field.end, part => {
      const found = part.number === GRAPH.node ? readNode(cursor, part) : undefined;
      const annotation = found && annotationOf(found.name);
      if (found === undefined || annotation === undefined) {
        inner.push(span(part.from, part.end));
        return;
      }
      annotated += 1;
      const more = nodeFields(annotation, found.text);
      inner.push(head(GRAPH.node, part.end - part.payload + more.length), span(part.payload, part.end), more);
    });
    parts.push(
      head(
        MODEL.graph,
        inner.reduce((n, { length }) => n + length, 0),
      ),
      ...inner,
    );
  });
  for (const entry of model) parts.push(entryField(MODEL.metadata, entry));
  return { annotated, parts: bytesOf(source, parts) };
}

const span = (from: number, end: number) => ({ offset: from, length: end - from });

function eachField(cursor: Cursor, from: number, end: number, visit: (field: Field) => void): void {
  for (let at = from; at < end; ) {
    cursor.at = at;
    const number = readTag(cursor, end);
    const { payloadAt: payload, payloadEnd, wire } = cursor;
    visit({ number: wire === BYTES ? number : -number, from: at, payload, end: payloadEnd });
    at = payloadEnd;
  }
}

/** What identifies a node, and its own description. */
function readNode(cursor: Cursor, { payload, end }: Field): { name: string; text: string } {
  const found = { name: '', output: '', operator: '', text: '' };
  eachField(cursor, payload, end, field => {
    const text = () => textAt(cursor, field);
    if (field.number === NODE.name) found.name = text();
    if (field.number === NODE.output && found.output === '') found.output = text();
    if (field.number === NODE.operator) found.operator = text();
    if (field.number === NODE.text) found.text = text();
  });
  return {
    name: found.name === '' ? `${found.operator} ${found.output}`.trim() : found.name,
    text: found.text,
  };
}

/** Descriptions may be long; a name is not. */
const LONGEST = 2 ** 16;

function textAt(cursor: Cursor, { payload, end }: Field): string {
  if (end - payload > LONGEST) throw new Malformed(`byte ${payload}: a text of ${end - payload} bytes`);
  cursor.at = payload;
  return new TextDecoder().decode(cursor.readBytes(end - payload));
}

function nodeFields({ entries, text }: Annotation, own: string): Uint8Array {
  const described = textField(NODE.text, own === '' ? text : `${own}\n${text}`);
  return Buffer.concat([described, ...entries.map(entry => entryField(NODE.metadata, entry))]);
}

function entryField(number: number, [key, value]: readonly [string, string]): Uint8Array {
  const payload = Buffer.concat([textField(ENTRY.key, key), textField(ENTRY.value, value)]);
  return Buffer.concat([head(number, payload.length), payload]);
}

function textField(number: number, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Buffer.concat([head(number, bytes.length), bytes]);
}

/** Tag and length. */
const head = (number: number, length: number): Uint8Array =>
  Uint8Array.from([...varint(number * 8 + BYTES), ...varint(length)]);

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

const PIECE = 2 ** 20;

function* bytesOf(source: ByteSource, parts: readonly Part[]): Generator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Uint8Array) yield part;
    else yield* readPieces({ source, ...part }, PIECE);
  }
}
