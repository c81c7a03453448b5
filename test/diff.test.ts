/** `snnc diff`: nothing that differs stays unsaid, and equal is equal byte for byte. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type Manifest, parseManifest, printManifest } from '../backends/manifest.ts';
import type { Validation } from '../backends/validation.ts';
import { readDeployed } from '../cli/diff.ts';
import { writeNpz } from '../cli/npz.ts';
import { sha256 } from '../ir/constants.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';
import type { Deployed } from '../report/deployed.ts';
import { diffDeployments } from '../report/diff.ts';
import { renderDiffPage } from '../report/diff-page/page.ts';
import { type DiffResult, diffSchema } from '../report/diff-result.ts';
import { renderDiff } from '../report/diff-table.ts';
import { escapeText } from '../report/html/markup.ts';
import { firstDifference } from '../report/stage-text.ts';
import { DIGITS, readDigits } from './digits.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-diff-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

const QUICK = [
  '--quiet',
  '--no-bias-correction',
  '--effort',
  'fast',
  '--no-compare',
  '--calibrate',
  fewImages(4),
];

/** Normalised digits: what is compared here does not grow with their number. */
function fewImages(count: number): string {
  const path = join(folder, 'few.npz');
  const images = readDigits(0).calibration.slice(0, count);
  const data = Float64Array.from(images.flatMap(image => [...image]));
  writeFileSync(path, writeNpz([{ name: 'images', shape: [count, 1, 8, 8], data }]));
  return path;
}

function compile(name: string, ...options: string[]): string {
  const out = join(folder, name);
  const { code, err } = snnc('compile', `${DIGITS}/vit-digits.onnx`, ...options, ...QUICK, '--out', out);
  assert.equal(code, 0, err);
  return out;
}

const FIRST = compile('first.snnc', '--shift', '3');
const OTHER = compile('other.snnc', '--bits', '4', '--shift', '2');

/** As the command prints it. */
function diff(a: string, b: string): DiffResult {
  const found = diffDeployments(readDeployed(a), readDeployed(b));
  return diffSchema.parse(JSON.parse(JSON.stringify(found)));
}

const codeOf = (path: string): string | undefined => {
  try {
    readAll(readDeployed(path));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof UserError);
    return error.diagnostics.map(d => d.code).join();
  }
};
const readAll = ({ manifest, read }: Deployed) => manifest.files.forEach(({ path }) => void read?.(path));

const manifestOf = (path: string): Manifest =>
  parseManifest(readFileSync(join(path, 'manifest.json'), 'utf8'), path);

const bare = (manifest: Manifest): Deployed => ({
  ...{ path: 'x', manifest, digest: sha256(printManifest(manifest)) },
  ...{ report: undefined, validation: undefined, read: undefined },
});

test('a copy is equal, exit code 0; another compile is not, exit code 1, and the table says why', () => {
  const copy = join(folder, 'copy.snnc');
  cpSync(FIRST, copy, { recursive: true });
  const same = diff(FIRST, copy);
  assert.deepEqual([same.equal, same.changes], [true, []]);
  assert.equal(snnc('diff', FIRST, copy).code, 0);
  const printed = snnc('diff', FIRST, OTHER, '--json');
  assert.equal(printed.code, 1);
  const found = diff(FIRST, OTHER);
  assert.equal(found.equal, false);
  assert.deepEqual(JSON.parse(printed.out), found);
  const bits = found.changes.find(change => change.section === 'options' && change.name === 'bits');
  assert.deepEqual(bits, {
    ...{ section: 'options', name: 'bits', unit: '', a: 8, b: 4, delta: -4, ratio: 0.5 },
  });
  const programs = found.files.filter(file => file.isProgram);
  assert.ok(programs.length > 0 && programs.every(file => !file.equal && file.firstByte !== null));
  assert.deepEqual(
    found.stages.map(({ name, equal }) => [name, equal]),
    [
      ['ann', true],
      ['snn', false],
      ['int', false],
      ['chip', false],
    ],
  );
  assert.match(found.stages[2]!.first?.where ?? '', /^%/);
  const theta = found.populations.changed.flatMap(p => p.changes).filter(c => c.name.startsWith('θ'));
  assert.ok(theta.length > 0);
  const text = renderDiff(found);
  assert.match(text, /bits +8 → 4 +−4 \(−50\.0 %\)/);
  assert.match(text, /synops .*→/);
  assert.match(text, /different\n$/);
});

test('cores are compared seat by seat: each side lists all of its own, and what changed is what differs', () => {
  const { cores } = diff(FIRST, OTHER);
  for (const [side, path] of [
    [cores.a, FIRST],
    [cores.b, OTHER],
  ] as const) {
    const own = manifestOf(path).cores;
    assert.deepEqual(
      side.core.map((_, i) => [
        side.chip[i],
        side.x[i],
        side.y[i],
        side.slot[i],
        cores.resources[side.binding[i]!],
      ]),
      own.map(({ chip, x, y, slot, binding }) => [chip, x, y, slot, binding]),
    );
    for (const i of side.population) assert.ok(i >= 0 && i < cores.populations.length);
  }
  const counted = (state: number) =>
    [cores.a, cores.b].map(side => side.state.filter(s => s === state).length);
  const here = cores.changed.filter(({ a, b }) => a !== null && b !== null).length;
  assert.deepEqual(counted(1), [here, here]);
  assert.equal(counted(2)[0]! + counted(2)[1]! + here, cores.changed.length);
  const same = diff(FIRST, FIRST);
  assert.ok(same.cores.changed.length === 0 && same.cores.a.state.every(state => state === 0));
  assert.ok(same.figures.length > 15 && same.figures.every(figure => figure.a === figure.b));
});

test('the page has every figure and every core, asks for nothing and escapes what others named', () => {
  const found = diff(FIRST, OTHER);
  const path = join(folder, 'made', 'changes.html');
  assert.equal(snnc('diff', FIRST, OTHER, '--html', path, '--quiet').code, 1);
  const page = readFileSync(path, 'utf8');
  assert.equal(page, renderDiffPage(found));
  for (const { name } of found.figures)
    assert.ok(page.includes(`<th scope="row">${escapeText(name)}</th>`), name);
  const cores = found.cores.a.core.length + found.cores.b.core.length;
  // Once by what changed, once by population.
  assert.equal([...page.matchAll(/<rect class="core /g)].length, 2 * cores);
  assert.match(page, /default-src 'none'/);
  assert.doesNotMatch(page, /<script|https?:|url\(|undefined|NaN|\[object/);
  const named = renderDiffPage({ ...found, a: { ...found.a, path: '<img src=x>' } });
  assert.ok(named.includes('&lt;img src=x&gt;') && !named.includes('<img'));
  const equal = renderDiffPage(diff(FIRST, FIRST));
  assert.match(equal, /Equal, byte for byte/);
});

test('a map of many cores is drawn in strokes, every core once', () => {
  const found = diff(FIRST, OTHER);
  const many = (side: DiffResult['cores']['a']): DiffResult['cores']['a'] => {
    const all = Array.from({ length: 3000 }, (_, i) => i);
    const numbers = (list: readonly number[]) => all.map(i => list[i % list.length]!);
    return {
      core: all.map(i => `0:${i}`),
      chip: all.map(() => 0),
      x: all.map(i => i % 60),
      y: all.map(i => Math.floor(i / 60)),
      slot: all.map(() => 0),
      ...{ binding: numbers(side.binding), fill: numbers(side.fill) },
      ...{ population: numbers(side.population), state: numbers(side.state) },
    };
  };
  const cores = { ...found.cores, a: many(found.cores.a), b: many(found.cores.b) };
  const page = renderDiffPage({ ...found, cores });
  assert.ok(!page.includes('<rect class="core'));
  const strokes = [...page.matchAll(/<path class="core [^>]* d="([^"]*)"/g)].map(match => match[1]!);
  assert.equal(strokes.join('').split('M').length - 1, 4 * 3000);
});

test('manifests alone are compared as far as they go', () => {
  const [a, b] = [FIRST, OTHER].map(path => join(path, 'manifest.json')) as [string, string];
  const found = diff(a, b);
  assert.ok(found.files.some(file => file.isProgram && !file.equal && file.firstByte === null));
  assert.equal(diff(a, a).equal, true);
});

test('whatever field of a manifest changes, the difference is told', () => {
  const manifest = manifestOf(FIRST);
  const leaves = leafPaths(manifest, []);
  fc.assert(
    fc.property(fc.constantFrom(...leaves), path => {
      const changed = structuredClone(manifest);
      if (!alter(changed, path)) return;
      const found = diffDeployments(bare(manifest), bare(changed));
      const { populations: p, changes, files, stages } = found;
      const told = [...changes, ...p.changed, ...p.onlyA, ...[...files, ...stages].filter(e => !e.equal)];
      assert.ok(!found.equal && told.length > 0, path.join('.'));
      assert.match(renderDiff(found), /different\n$/);
    }),
    { numRuns: 150, seed: 6 },
  );
});

function leafPaths(value: unknown, path: readonly string[]): readonly (readonly string[])[] {
  if (value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([key, item]) => leafPaths(item, [...path, key]));
}

/** False where nothing else is allowed there. */
function alter(root: Manifest, path: readonly string[]): boolean {
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], root);
  const key = path.at(-1)!;
  const holder = parent as Record<string, unknown>;
  const before = holder[key];
  holder[key] =
    typeof before === 'number' ? before + 1 : typeof before === 'boolean' ? !before : `${before}0`;
  try {
    printManifest(root);
    return true;
  } catch {
    return false;
  }
}

test('what is no deployment, of another version or damaged is refused by name', () => {
  const twin = (name: string) => {
    const path = join(folder, name);
    cpSync(FIRST, path, { recursive: true });
    return path;
  };
  const old = twin('old.snnc');
  const manifest = JSON.parse(readFileSync(join(old, 'manifest.json'), 'utf8')) as object;
  writeFileSync(join(old, 'manifest.json'), JSON.stringify({ ...manifest, schemaVersion: 99 }));
  const cut = twin('cut.snnc');
  writeFileSync(join(cut, 'program', 'chip-000.bin'), 'SNNC');
  const reportless = twin('reportless.snnc');
  rmSync(join(reportless, 'report.json'));
  const strange = twin('strange.snnc');
  writeFileSync(join(strange, 'report.json'), '{"schema":"snnc-report","schemaVersion":7}');
  mkdirSync(join(folder, 'empty'));
  const cases: readonly (readonly [string, string])[] = [
    [join(folder, 'empty'), 'E0620'],
    [join(folder, 'nowhere'), 'E0620'],
    [`${DIGITS}/vit-digits.onnx`, 'E0610'],
    [old, 'E0612'],
    [cut, 'E0621'],
    [reportless, 'E0545'],
    [strange, 'E0545'],
  ];
  for (const [path, code] of cases) assert.equal(codeOf(path), code, path);
  const { code, out } = snnc('diff', FIRST, join(folder, 'nowhere'), '--json');
  assert.equal(code, 4);
  assert.match(out, /E0620/);
});

test('accuracies are compared where both were validated, and only for the deployment that was', () => {
  const data = [
    '--data',
    `${DIGITS}/digits-test.npz`,
    '--limit',
    '6',
    '--identity',
    '0',
    '--tolerance',
    '100',
  ];
  assert.equal(snnc('validate', FIRST, ...data, '--quiet').code, 0);
  const kept = JSON.parse(readFileSync(join(FIRST, 'validation.json'), 'utf8')) as Validation;
  const other = { ...kept, manifest: readDeployed(OTHER).digest, logitMse: { snn: [0.5], int: [0.5] } };
  writeFileSync(join(OTHER, 'validation.json'), JSON.stringify(other));
  const found = diff(FIRST, OTHER);
  assert.deepEqual([found.a.isValidated, found.b.isValidated], [true, true]);
  const error = found.changes.find(change => change.name === 'logit error');
  assert.deepEqual([error?.section, error?.a, error?.b], ['quality', kept.logitMse.int[0], 0.5]);
  cpSync(join(FIRST, 'validation.json'), join(OTHER, 'validation.json'));
  assert.equal(diff(FIRST, OTHER).b.isValidated, false);
  const locked = join(folder, 'locked.snnc');
  cpSync(FIRST, locked, { recursive: true });
  rmSync(join(locked, 'validation.json'));
  mkdirSync(join(locked, 'validation.json'));
  const { code, err } = snnc('validate', locked, ...data, '--quiet');
  assert.equal(code, 0);
  assert.match(err, /W0545.*validation\.json/s);
});

test('a stage differs first where its text does: header, node, missing node, order, outputs, table row', () => {
  const text = (lines: string) => new TextEncoder().encode(lines.replaceAll(' | ', '\n'));
  const where = (a: string, b: string) => firstDifference(text(a), text(b))?.where;
  const base =
    'snnir 1 int @g | const @1 : x | %a = in() : t from "A" | %b = f(%a) {w=@1} : t from "B" | return %b';
  assert.equal(where(base, base), undefined);
  assert.equal(where(base, base.replace('@g', '@h')), 'header');
  assert.equal(where(base, base.replace('%b = f(%a) {w=@1}', '%b = f(%a) {w=@2}')), '%b');
  const without = base.replace('%a = in() : t from "A" | ', '');
  assert.equal(where(base, without), '%a');
  assert.deepEqual(firstDifference(text(without), text(base))?.a, null);
  assert.equal(where(base, base.replace('return %b', 'return %a')), 'outputs');
  const tables = `${base} | table t 2 (x) |  1 |  2`;
  assert.equal(where(tables, tables.replace('|  2', '|  3')), 'table t, row 1');
  assert.equal(where(tables, base), 'table t');
  const difference = firstDifference(text(base), text(base.replace('w=@1}', 'w=@22}')));
  assert.deepEqual([difference?.origin, difference?.a, difference?.b], ['B', 'w=@1}', 'w=@22}']);
});
