/** Reference pages, and the types of the library, made from the tables that the code itself is made from. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { supportedOperators } from '../compiler/onnx/ops/table.ts';
import { type AnnGraph, ann } from '../ir/ann.ts';
import { chip } from '../ir/chip.ts';
import { createConstants } from '../ir/constants.ts';
import { catalogue, type Entry } from '../ir/diagnostics/catalogue.ts';
import type { AttrSpec, AttrSpecs, Dialect, OpSpec } from '../ir/dialect.ts';
import { int } from '../ir/int.ts';
import { compressMap } from '../ir/map.ts';
import { snn } from '../ir/snn.ts';
import { printGraph } from '../ir/text.ts';
import { apiOptions, apiPage, apiResults } from './api-types.ts';
import { programFormatBlocks } from './program-format.ts';

export const PAGES: { readonly [path: string]: () => string } = {
  'docs/ir.md': irReference,
  'docs/errors.md': errorReference,
  'docs/operators.md': operatorReference,
  'docs/deployment-folder.md': () =>
    page(['# The deployment folder', GENERATED, ...programFormatBlocks(table)]),
  'docs/api.md': apiPage,
  'api/options.ts': apiOptions,
  'api/results.ts': apiResults,
};

const GENERATED =
  '<!-- Generated from the source by `npm run docs`; a test holds it to that. Do not edit. -->';

// ------------------------------------------------------------------------------------------------ stages

export function irReference(): string {
  return page([
    '# Stages and their text form',
    GENERATED,
    'Every stage of the compiler is a table of operators in `ir/`. The types of its nodes, the text form, the ' +
      'verifier and this page are made from that table. A change of a stage or of its text form raises the ' +
      'stage’s version and is a commit of its own.',
    table(
      ['stage', 'version', 'operators', 'what it is'],
      [ann, snn, int, chip].map(({ stage, version, ops, summary }) => [
        `[\`${stage}\`](#stage-${stage})`,
        `${version}`,
        `${Object.keys(ops).length}`,
        summary,
      ]),
    ),
    ...textForm(),
    ...stagePages(ann),
    ...stagePages(snn),
    ...stagePages(int),
    ...stagePages(chip, int),
  ]);
}

type AttrKind = Extract<AttrSpec, string>;

/** How a value of each kind is written. */
const KINDS: { readonly [K in AttrKind]: readonly [form: string, meaning: string] } = {
  int: ['`-3`', 'an integer'],
  real: [
    '`0.25`',
    'a finite number, in the shortest form that reads back to the same double; −0 is written 0',
  ],
  bool: ['`true`, `false`', 'yes or no'],
  string: ['`"input"`', 'a JSON string'],
  ints: ['`[1, 2]`', 'a list of integers'],
  const: [
    '`@c0ffee012345`',
    'a tensor, by the first twelve hex digits of the SHA-256 of its type and shape (`f32[3,2]`) followed by its bytes',
  ],
  map: [
    '`(0: 4*16 16*1)(_: 64*0)`',
    'an index map: segments laid end to end, each `start:` and loops `count*stride`, outermost first; `_` is a ' +
      'hole, whose elements are 0 ([why](rationale/index-maps.md))',
  ],
  axes: [
    '`[groups:4/space, rows:17/space, channels:16/space]`',
    'axes of a population, each unrolled in `space` (a neuron for every index) or in `time` (one after another)',
  ],
};

const GRAMMAR = `file     = "snnir " version " " stage " @" name attrs? NL
           { constant } { node } return { table }
constant = "const " @digest12 " : " dtype shape " : " sha256 NL
node     = %id " = " operator "(" [ %id { ", " %id } ] ")" attrs? " : " element shape " from " string NL
return   = "return " %id { ", " %id } NL
table    = "table " name " " rows " (" column { ", " column } ")" NL { " " int { " " int } NL }
attrs    = " {" name "=" value { ", " name "=" value } "}"
value    = kind as in the table below | word | variant attrs? | "[" [ variant { ", " variant } ] "]"
element  = "real" | "fixed<" sign "." integer "." fraction ">"
shape    = "[" [ int { "," int } ] "]"
dtype    = "f64" | "f32" | "i8" | "u8" | "i16" | "i32"`;

function textForm(): readonly string[] {
  const { text, tensors } = printGraph(example());
  return [
    '## Text form',
    'One node a line, operands before their readers; attributes in the order of the tables below, optional ones ' +
      'left out where they are not set. `print → parse → print` is the identity, of the text and of the tensors.',
    fence(GRAMMAR),
    'The bytes of the tensors stand in a side file, little-endian, in the order of the `const` lines and without ' +
      'gaps. Both files are checked: text that is not of its stage gives E0201 with line and column, bytes that do ' +
      'not have the digest E0202.',
    '`fixed<s.i.f>` has s sign bits, i integer bits and f fraction bits: the integer q stands for q · 2^−f. f may be ' +
      'negative. Rounding is half up, overflow saturates.',
    'The string behind `from` is the user’s own ONNX node, which every message about the node names.',
    table(
      ['kind', 'written', 'is'],
      Object.entries(KINDS).map(([kind, [form, meaning]]) => [`\`${kind}\``, form, meaning]),
    ),
    `A network of stage \`ann\` that transposes its image and puts one linear layer behind it (its side file has ${tensors.length} bytes):`,
    fence(text.trimEnd()),
  ];
}

/** Small enough to read, with a map, a constant and a JSON string in it. */
function example(): AnnGraph {
  const constants = createConstants();
  const data = Float32Array.from({ length: 6 }, (_, i) => i / 4);
  const weight = constants.add({ dtype: 'f32', shape: [3, 2], data });
  const real = (...shape: number[]) => ({ element: 'real', shape }) as const;
  const map = compressMap([0, 2, 4, 1, 3, 5]);
  return {
    dialect: ann,
    name: 'example',
    attrs: {},
    nodes: [
      { kind: 'input', id: '%x', operands: [], attrs: { name: 'image' }, type: real(3, 2), origin: 'image' },
      { kind: 'view', id: '%t', operands: ['%x'], attrs: { map }, type: real(2, 3), origin: '/Transpose' },
      {
        kind: 'linear',
        id: '%y',
        operands: ['%t'],
        attrs: { weight },
        type: real(2, 2),
        origin: '/fc/MatMul',
      },
      { kind: 'output', id: '%o', operands: ['%y'], attrs: { name: 'y' }, type: real(2, 2), origin: 'y' },
    ],
    outputs: ['%o'],
    constants,
    tables: {},
  };
}

/** `like`: a stage whose operators this one shares, so that they are not printed twice. */
function stagePages(dialect: Dialect, like?: Dialect): readonly string[] {
  const { stage, summary, graph, ops, tables } = dialect;
  const shared = like !== undefined && ops === like.ops;
  const names = Object.keys(tables);
  return [
    `## Stage \`${stage}\``,
    summary,
    ...(Object.keys(graph).length === 0 ? [] : [`Attributes of the network: ${inlineAttrs(graph)}.`]),
    ...(names.length === 0 ? [] : [`Tables, one row per line: ${list(names)}.`]),
    ...(names.length === 0 ? [] : [table(['table', 'columns'], Object.entries(tables).map(tableRow))]),
    ...(shared ? [`Operators are those of [\`${like.stage}\`](#stage-${like.stage}).`] : []),
    ...(shared ? [] : Object.entries(ops).map(([kind, spec]) => operator(stage, kind, spec))),
  ];
}

const tableRow = ([name, columns]: readonly [string, readonly string[]]) => [`\`${name}\``, list(columns)];

function operator(stage: string, kind: string, { summary, source, operands, attrs, result }: OpSpec): string {
  const lines = [
    `### ${stage} · \`${kind}(${operands.join(', ')})\``,
    `${summary}${source === undefined ? '' : ` _Source: ${source}._`}`,
    `Result: ${result}.`,
  ];
  const rows = Object.entries(attrs).flatMap(([name, spec]) => attrRows(name, spec));
  return rows.length === 0 ? lines.join('\n\n') : [...lines, table(['attribute', 'kind'], rows)].join('\n\n');
}

/** A variant gets a row for each of its forms. */
function attrRows(key: string, spec: AttrSpec): readonly (readonly string[])[] {
  const name = `\`${key.replace(/\?$/, '')}\`${key.endsWith('?') ? ' (optional)' : ''}`;
  if (typeof spec === 'string') return [[name, `\`${spec}\``]];
  if ('oneOf' in spec) return [[name, `one of ${list(spec.oneOf)}`]];
  const [forms, word] = 'variant' in spec ? [spec.variant, 'one of'] : [spec.variants, 'list of'];
  const rows = Object.entries(forms).map(([form, own]) => {
    const inner = Object.keys(own).length === 0 ? '' : `: ${inlineAttrs(own)}`;
    return ['', `\`${form}\`${inner}`];
  });
  return [[name, word], ...rows];
}

const inlineAttrs = (specs: AttrSpecs): string =>
  Object.entries(specs)
    .map(([key, spec]) => {
      const kind = typeof spec === 'string' ? spec : 'oneOf' in spec ? spec.oneOf.join(' \\| ') : 'variant';
      return `\`${key.replace(/\?$/, '')}\` ${kind}${key.endsWith('?') ? ' (optional)' : ''}`;
    })
    .join(', ');

// ----------------------------------------------------------------------------------------------- messages

const BANDS: { readonly [band: string]: string } = {
  '00': 'Command line',
  '01': 'File and ONNX',
  '02': 'Stages and their text form',
  '03': 'Conversion',
  '04': 'Quantization',
  '05': 'Resources, mapping and descriptors',
  '06': 'Manifest and deployment folder',
  '07': 'Simulation and validation',
  '08': 'Device',
};

const EXITS: { readonly [E in Entry['exit']]: string } = {
  1: 'the model or the result does not pass',
  2: 'wrong usage',
  3: 'the target cannot hold it',
  4: 'device, input or output',
};

export function errorReference(): string {
  const codes = Object.entries<Entry>(catalogue).sort(([a], [b]) =>
    a.slice(1) + a < b.slice(1) + b ? -1 : 1,
  );
  const sections = Object.entries(BANDS).flatMap(([band, title]) => {
    const own = codes.filter(([code]) => code.slice(1, 3) === band);
    return own.length === 0 ? [] : [`## ${band} · ${title}`, ...own.map(message)];
  });
  return page([
    '# Messages',
    GENERATED,
    'Every message has a code; `snnc explain CODE` prints what stands here. `E` ends the command with the exit code ' +
      'given, `W` does not. A number is never used for a second message.',
    table(
      ['exit code', 'means'],
      [['0', 'done'], ...Object.entries(EXITS), ['70', 'a fault of snnc itself']],
    ),
    ...sections,
  ]);
}

function message([code, { message: text, why, help, exit }]: readonly [string, Entry]): string {
  const ends = code.startsWith('E') ? `Exit code ${exit}.` : 'A warning.';
  return [`### ${code}`, fence(text), `${why} ${ends}`, `**Way out:** ${help}`].join('\n\n');
}

// ---------------------------------------------------------------------------------------------- operators

const DOMAIN_TITLES: { readonly [domain: string]: string } = {
  '': 'Standard operators (operator set 7 and newer)',
  'com.microsoft': 'Operators that onnxruntime’s optimizer writes (`com.microsoft`)',
};

export function operatorReference(): string {
  const domains = [...new Set(supportedOperators.map(({ domain }) => domain))].toSorted();
  return page([
    '# ONNX operators that are read',
    GENERATED,
    'Of an operator’s operands each may depend on the image or be a constant of the file. What only constants go ' +
      'into is computed when the file is read, in the file’s own element types. “Data” is what depends on the image. ' +
      'A use that is not supported gives E0106 with the reason, an operator that is not listed E0103; both name the node.',
    'Reading says nothing about what a chip can hold: a network may use an activation here that conversion then ' +
      'refuses by name.',
    'How this is held true: `npm run bench -- onnx-node --data FOLDER` runs the node tests of the `onnx` package ' +
      '(written by `bench/onnx-node-data.py`) and, for old operator sets and for `com.microsoft`, cases with ' +
      'onnxruntime’s results (`bench/onnx-ort-data.py`).',
    ...domains.flatMap(domain => {
      const own = supportedOperators.filter(entry => entry.domain === domain);
      const rows = own.map(({ operator: name, limits }) => [`\`${name}\``, limits ?? '']);
      return [`## ${DOMAIN_TITLES[domain] ?? domain}`, table(['operator', 'limits'], rows)];
    }),
  ]);
}

// ----------------------------------------------------------------------------------------------- Markdown

const page = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
const fence = (text: string): string => `\`\`\`\n${text}\n\`\`\``;
const list = (words: readonly string[]): string => words.map(word => `\`${word}\``).join(', ');

/** Cells padded to their column, as Biome formats them, so that formatting the checkout changes nothing here. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) =>
    Math.max(3, ...[head, ...rows].map(cells => [...(cells[i] ?? '')].length)),
  );
  const pad = (cell: string, i: number) => cell + ' '.repeat(widths[i]! - [...cell].length);
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(' | ')} |`;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, make] of Object.entries(PAGES)) {
    writeFileSync(path, make());
    process.stdout.write(`${path}\n`);
  }
}
