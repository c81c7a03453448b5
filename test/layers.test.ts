/** The architecture as a test: who may import whom, and the budgets of the house style. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { test } from 'node:test';

/** Folders that each folder may import besides itself; those that are not named may import all of ours. */
const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map([
  ['ir', []],
  ['backends', ['ir']],
  ['compiler', ['ir', 'backends']],
  ['runtime-sim', ['ir', 'backends']],
  ['report', ['ir', 'backends', 'runtime-sim']],
  ['export', ['ir', 'backends', 'runtime-sim']],
]);
const FREE = ['cli', 'api', 'bench', 'test', 'examples'];
const FOLDERS = [...ALLOWED.keys(), ...FREE];

/** 300 lines are the aim; a file above this is cut in two. */
const MAX_LINES = 400;
/** One table of text each, longer with every entry and never harder to read. */
const TABLE_FILES: ReadonlySet<string> = new Set(['ir/diagnostics/catalogue.ts', 'api/results.ts']);

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources: readonly Source[] = FOLDERS.flatMap(folder =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
    .map(path => ({ path, text: readFileSync(path, 'utf8') })),
);

/** Static and dynamic imports and re-exports, `import type` included: a type binds two layers as well. */
const IMPORT = /(?:^|[\s;])(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/gm;

const importsOf = (text: string): readonly string[] => [...text.matchAll(IMPORT)].map(match => match[1]!);

const layerOf = (path: string): string => path.split('/')[0]!;

function wrongImport({ path, text }: Source): readonly string[] {
  const layer = layerOf(path);
  const allowed = ALLOWED.get(layer);
  return importsOf(text).flatMap(specifier => {
    if (!/^\.\.?\//.test(specifier)) return [];
    const target = normalize(join(dirname(path), specifier));
    // AssemblyScript writes the ending itself.
    const ending = path.endsWith('.assembly.ts') ? '.assembly' : '.ts';
    if (!specifier.endsWith(ending)) return [`${path}: ${specifier} does not end in ${ending}`];
    if (allowed === undefined || layerOf(target) === layer || allowed.includes(layerOf(target))) return [];
    return [`${path} imports ${target}`];
  });
}

/** Code with comments and string contents blanked, so that words in prose are no code; lines stay lines. */
function codeOf(text: string): string {
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g;
  return text.replace(pattern, found => found.replace(/[^\n]/g, ' '));
}

const linesWith = (pattern: RegExp) =>
  sources.flatMap(({ path, text }) =>
    codeOf(text)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  );

test('imports point one way: ir ← backends ← compiler; ir, backends ← runtime-sim ← report', () => {
  for (const layer of ['ir', 'backends', 'compiler', 'runtime-sim']) {
    assert.ok(
      sources.some(({ path }) => layerOf(path) === layer),
      `no sources of ${layer} found`,
    );
  }
  assert.deepEqual(sources.flatMap(wrongImport), []);
});

test('the import test sees every form of import', () => {
  const forms = [
    "import { a } from '../compiler/pass.ts';",
    "import type { A } from '../compiler/pass.ts';",
    "import {\n  a,\n  b,\n} from '../compiler/pass.ts';",
    "export * from '../compiler/pass.ts';",
    "import '../compiler/pass.ts';",
    "const { a } = await import('../compiler/pass.ts');",
    'type A = import("../compiler/pass.ts").A;',
  ];
  for (const text of forms) {
    assert.deepEqual(wrongImport({ path: 'runtime-sim/x.ts', text }), [
      'runtime-sim/x.ts imports compiler/pass.ts',
    ]);
    assert.deepEqual(wrongImport({ path: 'cli/x.ts', text }), []);
  }
  const own = { path: 'ir/text/x.ts', text: "import { a } from '../map.ts'; import 'node:fs'" };
  assert.deepEqual(wrongImport(own), []);
});

test('compiler and runtime-sim do not know each other', () => {
  const pairs = [
    ['compiler', 'runtime-sim'],
    ['runtime-sim', 'compiler'],
  ] as const;
  for (const [from, to] of pairs) assert.ok(!ALLOWED.get(from)!.includes(to));
});

test('no default exports, no `any`, no enum, no namespace', () => {
  assert.deepEqual(linesWith(/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/), []);
  assert.deepEqual(linesWith(/(?::|\bas|<|,|\|)\s*any\b(?!\s*[:(])/), []);
  assert.deepEqual(linesWith(/^\s*(?:export\s+)?(?:const\s+)?(?:enum|namespace)\s+\w+\s*\{/), []);
});

test(`no file is longer than ${MAX_LINES} lines`, () => {
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > MAX_LINES && !TABLE_FILES.has(path))
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  assert.deepEqual(long, []);
});
