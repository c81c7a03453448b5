/** What a terminal is shown, and what a file or another program gets instead. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { clock, drawLine } from '../cli/status-bar.ts';
import { columnsOf, foldLine, isColoured, painterOf, plainText, widthOf } from '../cli/terminal.ts';
import { counted } from '../compiler/progress.ts';
import { layoutTable } from '../report/table.ts';
import { DIGITS } from './digits.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-terminal-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ENTRY = 'build/test/cli-entry.js';
const ESCAPE = '\x1b';

function snnc(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { FORCE_COLOR: _, NO_COLOR: __, ...rest } = process.env;
  const run = spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', env: { ...rest, ...env } });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** The same behind a pseudo-terminal so many columns wide: what it shows, escapes and all. */
function onTerminal(args: readonly string[], columns: number, env: Readonly<Record<string, string>> = {}) {
  const { FORCE_COLOR: _, NO_COLOR: __, ...rest } = process.env;
  const log = join(folder, 'log');
  const command = `stty cols ${columns}; ${process.execPath} ${ENTRY} ${args.join(' ')}`;
  const run = spawnSync('script', ['--quiet', '--return', '--command', command, log], {
    encoding: 'utf8',
    env: { ...rest, TERM: 'xterm', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  assert.equal(run.error, undefined, 'util-linux has `script`');
  const text = readFileSync(log, 'utf8').split('\n').slice(1, -2).join('\n');
  return { code: run.status, text };
}

const PAPER = ['paper', `${DIGITS}/vit-digits.onnx`, '--only', 'table3'];

test('colours: FORCE_COLOR, then NO_COLOR, then whether it is a terminal', () => {
  const terminal = { isTTY: true };
  for (const [screen, env, expected] of [
    [terminal, {}, true],
    [{}, {}, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [terminal, { TERM: 'dumb' }, false],
    [{}, { FORCE_COLOR: '1' }, true],
    [{}, { FORCE_COLOR: '', NO_COLOR: '1' }, true],
    [terminal, { FORCE_COLOR: '0' }, false],
  ] as const) {
    assert.equal(isColoured(screen, env), expected, JSON.stringify([screen, env]));
    const painted = painterOf(screen, env)('red', 'x');
    assert.equal(painted.includes(ESCAPE), expected);
    assert.equal(plainText(painted), 'x');
  }
});

test('only a terminal has a width', () => {
  assert.equal(columnsOf({}, { COLUMNS: '40' }), Number.POSITIVE_INFINITY);
  assert.equal(columnsOf({ isTTY: true, columns: 40 }, {}), 40);
  assert.equal(columnsOf({ isTTY: true, columns: 0 }, { COLUMNS: '50' }), 50);
  assert.equal(columnsOf({ isTTY: true }, {}), 80);
});

test('a folded line has the same words, and fits wherever its words do', () => {
  const word = fc.string({ minLength: 1, maxLength: 15, unit: fc.constantFrom('a', 'b', 'µ', '.', '→') });
  const columns = fc.integer({ min: 20, max: 60 });
  const line = fc.tuple(fc.constantFrom('', '  ', 'name        '), fc.array(word, { maxLength: 30 }));
  fc.assert(
    fc.property(line, columns, ([head, words], width) => {
      const text = `${head}${words.join(' ')}`;
      const folded = foldLine(text, width);
      const split = (s: string) => s.split(/\s+/).filter(part => part !== '');
      assert.deepEqual(split(folded), split(text));
      const lines = folded.split('\n').filter(part => part.trim() !== '');
      for (const each of lines) assert.ok(widthOf(each) <= width || split(each).length <= 2, each);
    }),
  );
});

test('a table too wide becomes blocks, and loses no cell', () => {
  const rows = [
    ['mode', 'cores', 'images/s'],
    ['pipelined', '13', '4,646'],
    ['streaming: does not fit'],
    ['layerwise', '13', ''],
  ];
  assert.deepEqual(layoutTable(rows), [
    'mode       cores  images/s',
    'pipelined  13     4,646',
    'streaming: does not fit',
    'layerwise  13',
  ]);
  assert.deepEqual(layoutTable(rows, { columns: 20 }), [
    'pipelined',
    '  cores     13',
    '  images/s  4,646',
    'streaming: does not fit',
    'layerwise',
    '  cores     13',
  ]);
});

test('the status line: nothing at first, then time, and what is left where that is known', () => {
  const at = (seconds: number, done: number, total: number, columns = 80) =>
    drawLine('[2/3] run', { seconds, done, total, columns });
  assert.equal(at(0.1, 1, 2), undefined);
  assert.equal(at(3, 0, 0), '[2/3] run  3 s');
  assert.match(at(30, 1, 4) ?? '', /^\[2\/3\] run {2}█{5}░{15} 25 % {2}30 s, 1:30 min left$/);
  assert.equal(at(30, 1, 4, 40), '[2/3] run  25 %, 1:30 min left');
  assert.equal(at(30, 4, 4), '[2/3] run  30 s');
  assert.deepEqual([59.4, 61, 3725].map(clock), ['59 s', '1:01 min', '1:02:05 h']);
  const standing = fc.record({
    seconds: fc.double({ min: 0.5, max: 1e6, noNaN: true }),
    done: fc.integer({ min: 0, max: 1000 }),
    total: fc.integer({ min: 0, max: 1000 }),
    columns: fc.integer({ min: 2, max: 120 }),
  });
  fc.assert(
    fc.property(standing, fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), (given, name) => {
      assert.ok(widthOf(drawLine(name, given) ?? '') < given.columns);
    }),
  );
});

test('progress is told after each item', () => {
  const told: string[] = [];
  for (const item of counted(['a', 'b'], (done, total) => told.push(`${done}/${total}`))) told.push(item);
  assert.deepEqual(told, ['a', '1/2', 'b', '2/2']);
});

test('through pipes: numbered steps with times on stderr, results alone on stdout, no escapes', () => {
  const { code, out, err } = snnc(PAPER);
  assert.equal(code, 0);
  assert.match(err, /^\[1\/6\] import +\d\.\d\d s\n\[2\/6\] canonicalize +\d\.\d\d s\n$/);
  assert.match(out, /^\n.*Table 3/);
  assert.ok(!`${out}${err}`.includes(ESCAPE));
  const quiet = snnc([...PAPER, '--quiet']);
  assert.deepEqual([quiet.err, quiet.out], ['', out]);
  const json = snnc([...PAPER, '--json']);
  assert.equal(json.err, '');
  assert.equal(typeof JSON.parse(json.out), 'object');
  const forced = snnc(['explain', 'E9999'], { FORCE_COLOR: '1' });
  assert.ok(forced.err.includes(`${ESCAPE}[31merror[E0001]`));
});

test('on a terminal: the same steps drawn over, colours, and no line wider than it', () => {
  const { code, text } = onTerminal([...PAPER, '--quiet'], 40);
  assert.equal(code, 0);
  const drawn = onTerminal(PAPER, 100).text;
  assert.ok(drawn.includes(`\r${ESCAPE}[K${ESCAPE}[2m[1/6]${ESCAPE}[22m import`));
  assert.match(plainText(drawn), /\[2\/6\] canonicalize +\d\.\d\d s/);
  assert.ok(text.length > 0 && !text.includes('[1/6]'));
  const uncoloured = onTerminal(PAPER, 100, { NO_COLOR: '1' }).text;
  assert.equal(plainText(uncoloured), uncoloured);
  const failed = onTerminal(['explain', 'E9999'], 40);
  assert.equal(failed.code, 2);
  assert.ok(failed.text.includes(`${ESCAPE}[31merror[E0001]`));
  for (const line of failed.text.split(/\r?\n/)) assert.ok(widthOf(line) <= 40, line);
});
