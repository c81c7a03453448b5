/** Completion, in the shells themselves where they are installed: bash always, zsh and fish where there are any. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { SCRIPTS, SHELLS } from '../cli/completion/scripts.ts';
import { catalogue } from '../ir/diagnostics/catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-completion-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ENTRY = resolve('build/test/cli-entry.js');
const bin = join(folder, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'snnc'), `#!/bin/sh\nexec '${process.execPath}' '${ENTRY}' "$@"\n`);
chmodSync(join(bin, 'snnc'), 0o755);
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, HOME: folder };
const options = { encoding: 'utf8', env, cwd: folder } as const;

const words = (...line: string[]): readonly string[] => {
  const run = spawnSync('snnc', ['completion', '--words', ...line], options);
  assert.deepEqual([run.status, run.stderr], [0, '']);
  return run.stdout.split('\n').flatMap(row => (row === '' ? [] : [row.split('\t')[0]!]));
};

const isInstalled = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

test('commands are those of --help; options those of the command, each once', () => {
  const help = spawnSync('snnc', ['--help'], options).stdout;
  const listed = [...help.matchAll(/^ {2}snnc (\w+)/gm)].map(match => match[1]!);
  assert.ok(listed.length > 12 && listed.includes('completion'));
  assert.deepEqual(words(''), listed);
  for (const command of listed) {
    const own = spawnSync('snnc', [command, '--help'], options).stdout;
    const offered = words(command, '--').map(word => word.replace(/^--(no-)?/, ''));
    for (const name of offered)
      assert.match(own, new RegExp(`--(\\[?no-\\]?)?${name}\\b`), `${command} --${name}`);
    const described = [...own.matchAll(/^ {2}(?:-\w, )? *--([\w-]+)/gm)].map(match => match[1]!);
    for (const name of described)
      assert.ok(offered.includes(name) || name === 'version', `${command} --${name}`);
  }
});

test('values: choices, targets with their boards, codes; files are left to the shell', () => {
  assert.deepEqual(words('compile', '--mode', ''), ['auto', 'pipelined', 'layerwise', 'streaming']);
  assert.deepEqual(words('compile', '--mode=s'), ['--mode=streaming']);
  assert.deepEqual(words('check', 'x.onnx', '--target', 'loihi2:k'), ['loihi2:kapoho-point']);
  assert.deepEqual(words('targets', 'spinn')[0], 'spinnaker2');
  assert.deepEqual(
    words('explain', 'E'),
    Object.keys(catalogue).filter(code => code.startsWith('E')),
  );
  assert.deepEqual(words('completion', ''), [...SHELLS]);
  assert.deepEqual(words('compile', ''), []);
  assert.deepEqual(words('compile', '--calibrate', ''), []);
  assert.ok(!words('compile', '--quiet', '--').includes('--quiet'));
  assert.ok(words('compile', '--').includes('--no-compare'));
  assert.deepEqual(words('explain', 'nowhere', 'x'), []);
  assert.deepEqual(words('wobble', '--'), []);
  assert.deepEqual(words('shard', 'v'), ['validate']);
  assert.ok(words('shard', 'validate', '--').includes('--count'));
});

test('bash completes what is left of the word behind a colon or an equal sign', () => {
  const script = `
    source <(snnc completion bash)
    ask() { COMP_LINE="$1"; COMP_POINT=\${#1}; _snnc; echo "\${COMPREPLY[*]}"; }
    ask 'snnc comp'
    ask 'snnc compile x.onnx --target loihi2:kap'
    ask 'snnc compile --mode=str'
    ask 'snnc compile --effort '
    complete -p snnc`;
  const run = spawnSync('bash', ['--norc', '-c', script], options);
  assert.deepEqual(
    [run.stderr, run.stdout.trim().split('\n')],
    [
      '',
      [
        'compile completion',
        'kapoho-point',
        'streaming',
        words('compile', '--effort', '').join(' '),
        'complete -o default -F _snnc snnc',
      ],
    ],
  );
});

test('fish completes words with what they are, and files where there are none', {
  skip: !isInstalled('fish'),
}, () => {
  writeFileSync(join(folder, 'model.onnx'), '');
  const script = `
    snnc completion fish | source
    complete -C 'snnc comp'
    complete -C 'snnc check x --target loihi2:kap'
    complete -C 'snnc check mod'`;
  const run = spawnSync('fish', ['--no-config', '-c', script], options);
  const lines = run.stdout.trim().split('\n');
  assert.deepEqual(
    lines.map(line => line.split('\t')[0]),
    ['compile', 'completion', 'loihi2:kapoho-point', 'model.onnx'],
    run.stderr,
  );
  assert.match(lines[0]!, /\tONNX.* → deployment folder/);
});

test('zsh completes in its own line editor', { skip: !isInstalled('zsh') }, () => {
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    put() { zpty -w shell "$1" }
    put 'PS1=; autoload -U compinit; compinit -u; source <(snnc completion zsh); echo rea""dy'
    zpty -r shell text '*ready*'
    zpty -w -n shell $'snnc compile --help --target loihi2:kap\\t; exit\\n'
    while zpty -r shell text; do print -rn -- $text; done`;
  const run = spawnSync('zsh', ['-f', '-c', script], { ...options, timeout: 30_000 });
  assert.match(run.stdout, /loihi2:kapoho-point/, run.stderr);
});

test('scripts are whole: nothing of the template is left, and each shell reads its own', () => {
  for (const shell of SHELLS) {
    const printed = spawnSync('snnc', ['completion', shell], options).stdout;
    assert.equal(printed, SCRIPTS[shell]);
    const path = join(folder, shell);
    writeFileSync(path, printed);
    if (isInstalled(shell)) assert.equal(spawnSync(shell, ['-n', path], options).stderr, '');
  }
});
