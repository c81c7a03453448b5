/**
 * XML text → elements with line numbers, and nothing that a descriptor does not need: no DOCTYPE, no
 * entities beyond the five of XML itself, bounded size and depth. The tokenizer is fast-xml-parser's; its
 * `parse` accepts mismatched tags, its validator accepts two roots, so each covers the other's gap here.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Facts } from '../../ir/diagnostics/catalogue.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';

export const MAX_BYTES = 1_000_000;
const MAX_DEPTH = 16;

export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Text directly inside, whitespace collapsed. */
  readonly text: string;
  readonly line: number;
  /** `core/limits/parameter[inAxons]`: as a person would say where it stands. */
  readonly path: string;
}

/** Errors: E0550 (not well formed), E0551 (size, depth), E0552 (DOCTYPE, entities). Cost: linear in the text. */
export function readXml(origin: string, bytes: Uint8Array, report: Report): XmlElement | undefined {
  if (bytes.length > MAX_BYTES) {
    report('E0551', { origin }, { problem: `${bytes.length} bytes; the limit is ${MAX_BYTES}` });
    return undefined;
  }
  const text = decodeUtf8(bytes)?.replace(/\r\n?/g, '\n');
  if (text === undefined) {
    report('E0550', { origin }, { problem: 'the bytes are not UTF-8' });
    return undefined;
  }
  const lineAt = createLineFinder(text);
  // The validator skips a DOCTYPE without a word, so it is looked for first.
  const doctype = blankOut(text).search(/<!(?:DOCTYPE|ENTITY)/i);
  if (doctype >= 0) {
    report('E0552', { origin: `${origin}:${lineAt(doctype)}` }, { found: 'DOCTYPE' });
    return undefined;
  }
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    report('E0550', { origin: `${origin}:${verdict.err.line}` }, { problem: verdict.err.msg });
    return undefined;
  }
  return buildTree(origin, text, lineAt, report);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Comments and CDATA become blanks of the same length, so that offsets stay true. */
function blankOut(text: string): string {
  return text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, found => ' '.repeat(found.length));
}

function createLineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return offset => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

const CDATA = '#cdata';
const TEXT = '#text';
const ATTRIBUTES = ':@';

function buildTree(
  origin: string,
  text: string,
  lineAt: (offset: number) => number,
  report: Report,
): XmlElement | undefined {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    parseTagValue: false,
    processEntities: false,
    captureMetaData: true,
    cdataPropName: CDATA,
    maxNestedTags: MAX_DEPTH,
  });
  let tree: unknown;
  try {
    tree = parser.parse(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    if (/nested/i.test(problem)) {
      report('E0551', { origin }, { problem: `elements nest deeper than ${MAX_DEPTH}` });
    } else report('E0550', { origin }, { problem });
    return undefined;
  }
  const walk = createWalker(origin, lineAt, report);
  const roots = walk.elements(tree, '');
  const root = roots[0];
  if (root === undefined || roots.length !== 1) {
    report('E0550', { origin }, { problem: `${roots.length} root elements; a document has one` });
    return undefined;
  }
  return walk.sound() ? root : undefined;
}

function createWalker(origin: string, lineAt: (offset: number) => number, report: Report) {
  let isSound = true;
  const refuse = <C extends 'E0550' | 'E0552'>(code: C, line: number, facts: Facts<C>): void => {
    isSound = false;
    report(code, { origin: `${origin}:${line}` }, facts);
  };
  const decode = (raw: string, line: number): string =>
    decodeReferences(raw.replace(/\s+/g, ' ').trim(), found => refuse('E0552', line, { found }));

  const elements = (list: unknown, parent: string): readonly XmlElement[] => {
    if (!Array.isArray(list)) return [];
    return list.flatMap((entry: unknown) => {
      if (!isRecord(entry)) return [];
      const name = Object.keys(entry).find(key => key !== ATTRIBUTES);
      if (name === undefined || name === TEXT || name === CDATA || name.startsWith('?')) return [];
      return [element(name, entry, parent)];
    });
  };

  const element = (name: string, entry: Readonly<Record<string, unknown>>, parent: string): XmlElement => {
    const line = lineAt(offsetOf(entry));
    const attributes = new Map<string, string>();
    const raw = entry[ATTRIBUTES];
    for (const [key, value] of isRecord(raw) ? Object.entries(raw) : []) {
      const written = typeof value === 'string' ? value : '';
      if (written.includes('<')) refuse('E0550', line, { problem: `attribute ${key} holds a raw '<'` });
      attributes.set(key, decode(written, line));
    }
    const label = attributes.get('name') ?? attributes.get('id');
    const here = `${parent === '' ? '' : `${parent}/`}${name}${label === undefined ? '' : `[${label}]`}`;
    const inside = entry[name];
    return {
      name,
      attributes,
      children: elements(inside, here),
      text: textOf(inside, line, decode),
      line,
      path: here,
    };
  };
  return { elements, sound: () => isSound };
}

/** Offsets stand under the one symbol that the parser puts on an element. */
function offsetOf(entry: Readonly<Record<string, unknown>>): number {
  const metas: readonly unknown[] = Object.getOwnPropertySymbols(entry).map(key => Reflect.get(entry, key));
  const meta = metas.find(isRecord);
  return typeof meta?.startIndex === 'number' ? meta.startIndex : 0;
}

function textOf(inside: unknown, line: number, decode: (raw: string, line: number) => string): string {
  if (!Array.isArray(inside)) return '';
  const pieces = inside.map((entry: unknown) => {
    if (!isRecord(entry)) return '';
    const cdata = entry[CDATA];
    if (Array.isArray(cdata)) {
      // Inside CDATA an ampersand is an ampersand.
      return textOf(cdata, line, raw => raw.replace(/\s+/g, ' ').trim());
    }
    const text = entry[TEXT];
    return typeof text === 'string' ? decode(text, line) : '';
  });
  return pieces.filter(piece => piece !== '').join(' ');
}

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function decodeReferences(raw: string, refuse: (found: string) => void): string {
  return raw.replace(/&([^;&\s]{0,32};?)/g, (whole, body: string) => {
    const name = body.endsWith(';') ? body.slice(0, -1) : undefined;
    const known = name === undefined ? undefined : (PREDEFINED.get(name) ?? decodeNumeric(name));
    if (known === undefined) refuse(`entity ${whole}`);
    return known ?? '';
  });
}

/** Source: XML 1.0, production Char. */
function decodeNumeric(name: string): string | undefined {
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  const isChar =
    code === 9 ||
    code === 10 ||
    code === 13 ||
    (code >= 32 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0x10ffff);
  return isChar && code !== 0xfffe && code !== 0xffff ? String.fromCodePoint(code) : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
