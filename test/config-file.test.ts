/** `--config FILE`: the same as writing its options on the command line, which has the last word. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import yargs from 'yargs';
import { withConfig } from '../cli/config-file.ts';
import { UserError } from '../ir/diagnostics/diagnostic.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(content: unknown): string {
  const path = join(folder, 'options.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const parser = yargs([]).command('run <what>', 'runs', y =>
  y.options({
    ...{ config: { type: 'string' }, 'data-layout': { type: 'string' }, bits: { type: 'number' } },
    ...{ out: { type: 'string', alias: 'o' }, compare: { type: 'boolean', default: true } },
    only: { type: 'string', array: true },
  }),
);

const added = (content: unknown, ...given: string[]): readonly string[] => {
  const argv = ['run', 'x', '--config', file(content), ...given];
  const whole = withConfig(parser, argv);
  assert.deepEqual(whole.slice(0, argv.length), argv);
  return whole.slice(argv.length);
};

test('each key becomes its option, however it is spelled; null is no option', () => {
  assert.deepEqual(added({ dataLayout: 'channels-first', bits: 4, compare: false, out: null }), [
    ...['--data-layout=channels-first', '--bits=4', '--no-compare'],
  ]);
  assert.deepEqual(added({ 'data-layout': 'x', compare: true }), ['--data-layout=x', '--compare']);
  assert.deepEqual(added({ only: ['a', 'b'] }), ['--only', 'a', 'b']);
});

test('what is given goes before what the file says', () => {
  const content = { bits: 4, compare: false, out: 'a', data_layout: 'x' };
  const given = ['--bits', '6', '--compare', '-o', 'b', '--dataLayout=y'];
  assert.deepEqual(added(content, ...given), []);
  assert.deepEqual(withConfig(parser, ['run', 'x']), ['run', 'x']);
});

test('a file that is none, keys that are none, values of another kind', () => {
  for (const [content, problem] of [
    ['{', /not JSON/],
    [[1], /no object/],
    ['"bits"', /no object/],
    [{ bits: { n: 4 } }, /bits is no text, number/],
    [{ bit: 4 }, /run has no option bit; there is bits/],
    [{ wobble: 4 }, /run has no option wobble$/],
    [{ config: 'other.json' }, /no option config/],
    [{ compare: 'no' }, /compare is true or false, not "no"/],
    [{ bits: [4, 5] }, /bits takes one value/],
  ] as const) {
    assert.throws(
      () => added(content),
      (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.diagnostics[0]!.code, 'E0004');
        assert.match(error.diagnostics[0]!.message, problem);
        return true;
      },
    );
  }
});

test('through the command line: the file counts, and is refused with exit code 2', () => {
  const snnc = (...args: string[]) =>
    spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  const json = snnc('targets', 'loihi2', '--config', file({ json: true }));
  assert.equal(JSON.parse(json.stdout).name, 'loihi2');
  const missing = snnc('targets', '--config', join(folder, 'nowhere.json'));
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /error\[E0004\].*ENOENT/);
  const choice = snnc('compile', '--config', file({ effort: 'hard' }));
  assert.equal(choice.status, 2);
  assert.match(choice.stderr, /E0001.*effort, Given: "hard"/);
});
