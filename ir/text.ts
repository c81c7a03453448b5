/**
 * The text form of every stage: structure as text, tensors by name, shape and SHA-256 with their bytes in a
 * side file. `print → parse → print` is the identity. Grammar and examples: docs/ir.md.
 */
import {
  bytesOf,
  bytesPerElement,
  type ConstantPool,
  type ConstId,
  createConstants,
  isDType,
  tensorFromBytes,
} from './constants.ts';
import { defect, fail } from './diagnostics/diagnostic.ts';
import {
  type AnyGraph,
  type AnyNode,
  type AttrSpec,
  type AttrSpecs,
  type Axis,
  type Dialect,
  type Element,
  sizeOf,
  type Table,
  type TensorType,
  type ValueId,
} from './dialect.ts';
import { parseMap, printMap, type StridedMap } from './map.ts';

export interface GraphText {
  readonly text: string;
  /** The tensors' bytes, in the order of the `const` lines. */
  readonly tensors: Uint8Array;
}

// ---------------------------------------------------------------------------------------------- printing

export function printGraph(graph: AnyGraph): GraphText {
  return { text: [...textParts(graph)].join(''), tensors: concatBytes([...tensorParts(graph)]) };
}

/** The text in parts of many lines: tables of a large chip are longer than one string may be. */
export function* textParts(graph: AnyGraph): Generator<string> {
  const { dialect, constants } = graph;
  const head = [
    `snnir ${dialect.version} ${dialect.stage} @${graph.name}${printAttrs(graph.attrs, dialect.graph)}`,
    ...usedConstants(graph).map(id => printConstant(id, constants)),
    ...graph.nodes.map(node => printNode(node, dialect)),
    `return ${graph.outputs.join(', ')}`,
  ];
  yield `${head.join('\n')}\n`;
  for (const [name, table] of Object.entries(graph.tables)) yield* printTable(name, table);
}

/** The tensors' bytes one after another. */
export function* tensorParts(graph: AnyGraph): Generator<Uint8Array> {
  for (const id of usedConstants(graph)) yield bytesOf(graph.constants.get(id));
}

function printConstant(id: ConstId, constants: ConstantPool): string {
  const { dtype, shape } = constants.get(id);
  return `const ${id} : ${dtype}[${shape.join(',')}] : ${constants.digest(id)}`;
}

export function printNode(node: AnyNode, dialect: Dialect): string {
  const spec = dialect.ops[node.kind] ?? defect(`unknown op ${node.kind}`);
  const attrs = printAttrs(node.attrs, spec.attrs);
  return `${node.id} = ${node.kind}(${node.operands.join(', ')})${attrs} : ${printType(node.type)} from ${JSON.stringify(node.origin)}`;
}

const printType = ({ element, shape }: TensorType): string => `${element}[${shape.join(',')}]`;

function printAttrs(attrs: { readonly [name: string]: unknown }, specs: AttrSpecs): string {
  const parts = Object.entries(specs).flatMap(([key, spec]) => {
    const name = key.replace(/\?$/, '');
    const value = attrs[name];
    return value === undefined ? [] : [`${name}=${printValue(value, spec)}`];
  });
  return parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
}

function printValue(value: unknown, spec: AttrSpec): string {
  if (typeof spec === 'object') {
    if ('oneOf' in spec) return `${value}`;
    const variants = 'variant' in spec ? [value] : (value as readonly unknown[]);
    const table = 'variant' in spec ? spec.variant : spec.variants;
    const texts = variants.map(variant => {
      const tagged = variant as { readonly kind: string };
      return `${tagged.kind}${printAttrs(tagged as unknown as Record<string, unknown>, table[tagged.kind] ?? {})}`;
    });
    return 'variant' in spec ? texts[0]! : `[${texts.join(', ')}]`;
  }
  switch (spec) {
    case 'int':
    case 'real':
      return printNumber(value as number);
    case 'bool':
    case 'const':
      return `${value}`;
    case 'string':
      return JSON.stringify(value);
    case 'ints':
      return `[${(value as readonly number[]).join(', ')}]`;
    case 'map':
      return printMap(value as StridedMap);
    case 'axes':
      return `[${(value as readonly Axis[]).map(a => `${a.name}:${a.size}/${a.unrolled}`).join(', ')}]`;
    default:
      return spec satisfies never;
  }
}

/** JavaScript's shortest form reads back to the same double; −0 has no such form and is written 0. */
function printNumber(value: number): string {
  if (!Number.isFinite(value)) defect(`attribute ${value} is not finite`);
  return `${value === 0 ? 0 : value}`;
}

/** Rows that are printed at once. */
const ROWS = 4096;

function* printTable(name: string, { rows, columns }: Table): Generator<string> {
  const names = Object.keys(columns);
  const data = names.map(column => columns[column]!);
  yield `table ${name} ${rows} (${names.join(', ')})\n`;
  for (let first = 0; first < rows; first += ROWS) {
    let text = '';
    for (let row = first; row < Math.min(rows, first + ROWS); row++) {
      for (const column of data) text += ` ${column[row]!}`;
      text += '\n';
    }
    yield text;
  }
}

/** Constants of a graph in the order in which its nodes first name them. */
export function usedConstants(graph: AnyGraph): readonly ConstId[] {
  const used = new Set<ConstId>();
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && value.startsWith('@') && graph.constants.has(value as ConstId)) {
      used.add(value as ConstId);
    } else if (typeof value === 'object' && value !== null) {
      for (const inner of Object.values(value)) visit(inner);
    }
  };
  for (const node of graph.nodes) {
    const specs = graph.dialect.ops[node.kind]?.attrs ?? {};
    for (const [key, spec] of Object.entries(specs)) {
      if (spec === 'const' || typeof spec === 'object') visit(node.attrs[key.replace(/\?$/, '')]);
    }
  }
  return [...used];
}

function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// ----------------------------------------------------------------------------------------------- parsing

/**
 * Text and tensor bytes → graph of the given stage.
 * Errors E0201 (with the line) where the text is not of that stage's form, E0202 where bytes do not match.
 */
export function parseGraph(input: GraphText, dialect: Dialect, source = 'text'): AnyGraph {
  const lines = input.text.split('\n');
  const constants = createConstants();
  const nodes: AnyNode[] = [];
  const tables: Record<string, Table> = {};
  let outputs: readonly ValueId[] = [];
  let tensorAt = 0;
  let header: { name: string; attrs: Record<string, unknown> } | undefined;
  for (let i = 0; i < lines.length; i++) {
    if (lines[i] === '') continue;
    const scan = createScanner(lines[i]!, message =>
      fail('E0201', { origin: `${source}:${i + 1}` }, { problem: message }),
    );
    if (scan.take('snnir ')) header = parseHeader(scan, dialect);
    else if (scan.take('const '))
      tensorAt = parseConstant(scan, input.tensors, tensorAt, constants, `${source}:${i + 1}`);
    else if (scan.take('return ')) outputs = scan.list(() => scan.match(/%[^\s,]+/y) as ValueId);
    else if (scan.take('table ')) {
      const { name, table } = parseTable(scan, dialect, lines, i + 1);
      tables[name] = table;
      i += table.rows;
    } else nodes.push(parseNode(scan, dialect));
  }
  if (header === undefined) return fail('E0201', { origin: `${source}:1` }, { problem: 'no `snnir` line' });
  return { dialect, ...header, nodes, outputs, constants, tables };
}

interface Scanner {
  take(literal: string): boolean;
  expect(literal: string): void;
  /** A sticky pattern, or an error at this column. */
  match(pattern: RegExp): string;
  /** One or more items between `, `. */
  list<T>(item: () => T): T[];
  peek(literal: string): boolean;
  error(message: string): never;
}

function createScanner(line: string, onError: (message: string) => never): Scanner {
  let at = 0;
  const error = (message: string): never => onError(`${message} at column ${at + 1}`);
  const peek = (literal: string) => line.startsWith(literal, at);
  const take = (literal: string) => {
    const found = peek(literal);
    if (found) at += literal.length;
    return found;
  };
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (!found) return error(`expected ${pattern.source}`);
    at = pattern.lastIndex;
    return found[0];
  };
  const expect = (literal: string) => {
    if (!take(literal)) error(`expected "${literal}"`);
  };
  const list = <T>(item: () => T) => {
    const items = [item()];
    while (take(', ')) items.push(item());
    return items;
  };
  return { take, expect, match, list, peek, error };
}

function parseHeader(scan: Scanner, dialect: Dialect): { name: string; attrs: Record<string, unknown> } {
  const version = Number(scan.match(/\d+/y));
  scan.expect(' ');
  const stage = scan.match(/\w+/y);
  if (stage !== dialect.stage || version !== dialect.version) {
    scan.error(`this is ${stage} ${version}, wanted ${dialect.stage} ${dialect.version}`);
  }
  scan.expect(' @');
  const name = scan.match(/[^\s{]+/y);
  return { name, attrs: parseAttrs(scan, dialect.graph) };
}

function parseConstant(
  scan: Scanner,
  tensors: Uint8Array,
  at: number,
  constants: ConstantPool,
  origin: string,
): number {
  const id = scan.match(/@[0-9a-f]+/y);
  scan.expect(' : ');
  const dtype = scan.match(/\w+/y);
  if (!isDType(dtype)) return scan.error(`unknown element type ${dtype}`);
  const shape = parseShape(scan);
  const length = sizeOf(shape) * bytesPerElement(dtype);
  const bytes = tensors.subarray(at, at + length);
  if (bytes.length !== length) fail('E0202', { origin }, { constant: id });
  if (constants.add(tensorFromBytes(dtype, shape, bytes)) !== id) fail('E0202', { origin }, { constant: id });
  return at + length;
}

function parseShape(scan: Scanner): number[] {
  scan.expect('[');
  if (scan.take(']')) return [];
  const shape: number[] = [];
  do shape.push(Number(scan.match(/\d+/y)));
  while (scan.take(','));
  scan.expect(']');
  return shape;
}

function parseNode(scan: Scanner, dialect: Dialect): AnyNode {
  const id = scan.match(/%[^\s,]+/y) as ValueId;
  scan.expect(' = ');
  const kind = scan.match(/\w+/y);
  const spec = dialect.ops[kind] ?? scan.error(`stage ${dialect.stage} has no operator ${kind}`);
  scan.expect('(');
  const operands = scan.peek(')') ? [] : scan.list(() => scan.match(/%[^\s,)]+/y) as ValueId);
  scan.expect(')');
  const attrs = parseAttrs(scan, spec.attrs);
  scan.expect(' : ');
  const element = scan.match(/real|fixed<\d+\.-?\d+\.-?\d+>/y) as Element;
  const shape = parseShape(scan);
  scan.expect(' from ');
  const origin = JSON.parse(scan.match(/"(?:[^"\\]|\\.)*"$/y)) as string;
  return { kind, id, operands, attrs, type: { element, shape }, origin };
}

function parseAttrs(scan: Scanner, specs: AttrSpecs): Record<string, unknown> {
  const attrs: Record<string, unknown> = {};
  if (!scan.take(' {')) return attrs;
  scan.list(() => {
    const name = scan.match(/\w+/y);
    const spec = specs[name] ?? specs[`${name}?`] ?? scan.error(`no attribute ${name} here`);
    scan.expect('=');
    attrs[name] = parseValue(scan, spec);
  });
  scan.expect('}');
  return attrs;
}

function parseValue(scan: Scanner, spec: AttrSpec): unknown {
  if (typeof spec === 'object') {
    if ('oneOf' in spec) {
      const word = scan.match(/[\w-]+/y);
      return spec.oneOf.includes(word) ? word : scan.error(`${word} is none of ${spec.oneOf.join(', ')}`);
    }
    const table = 'variant' in spec ? spec.variant : spec.variants;
    const variant = () => {
      const kind = scan.match(/\w+/y);
      return { kind, ...parseAttrs(scan, table[kind] ?? scan.error(`no variant ${kind} here`)) };
    };
    return 'variant' in spec ? variant() : bracketed(scan, variant);
  }
  switch (spec) {
    case 'int':
      return Number(scan.match(/-?\d+/y));
    case 'real':
      return Number(scan.match(/-?\d[\d.e+-]*/y));
    case 'bool':
      return scan.match(/true|false/y) === 'true';
    case 'const':
      return scan.match(/@[0-9a-f]+/y);
    case 'string':
      return JSON.parse(scan.match(/"(?:[^"\\]|\\.)*"/y));
    case 'ints':
      return bracketed(scan, () => Number(scan.match(/-?\d+/y)));
    case 'map':
      return parseMap(scan.match(/(?:\([^)]*\))+/y)) ?? scan.error('not a map');
    case 'axes':
      return bracketed(scan, () => {
        const [name, size, unrolled] = scan.match(/\w+:\d+\/\w+/y).split(/[:/]/);
        return { name, size: Number(size), unrolled };
      });
    default:
      return spec satisfies never;
  }
}

function bracketed<T>(scan: Scanner, item: () => T): T[] {
  scan.expect('[');
  if (scan.take(']')) return [];
  const items = scan.list(item);
  scan.expect(']');
  return items;
}

function parseTable(scan: Scanner, dialect: Dialect, lines: readonly string[], first: number) {
  const name = scan.match(/\w+/y);
  if (dialect.tables[name] === undefined) scan.error(`stage ${dialect.stage} has no table ${name}`);
  scan.expect(' ');
  const rows = Number(scan.match(/\d+/y));
  scan.expect(' (');
  const names = scan.list(() => scan.match(/\w+/y));
  if (first + rows > lines.length) scan.error(`${rows} rows announced, ${lines.length - first} there`);
  const columns = Object.fromEntries(names.map(column => [column, new Int32Array(rows)]));
  for (let row = 0; row < rows; row++) {
    const numbers = lines[first + row]!.trim().split(' ').map(Number);
    if (numbers.length !== names.length || numbers.some(n => !Number.isInteger(n))) {
      scan.error(`row ${row} of table ${name} is not ${names.length} integers`);
    }
    names.forEach((column, i) => {
      columns[column]![row] = numbers[i]!;
    });
  }
  return { name, table: { rows, columns } };
}
