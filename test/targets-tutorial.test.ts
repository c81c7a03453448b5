/** docs/targets.md is true: its commands are run, in order, in a folder of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { loadTarget } from '../backends/target.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-tutorial-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const entry = resolve('build/test/cli-entry.js');
for (const path of ['backends/generic', 'backends/boards', 'examples/digits'])
  cpSync(path, join(folder, path), { recursive: true });

const commands = [...readFileSync('docs/targets.md', 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(
  match => match[1]!.trim().split('\n'),
);

/** Arguments of a command line: words, or what stands between single quotes. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(match => match[1] ?? match[2]!);

/** `s/a/b/` for texts without special characters, first match of each line; what the page needs of sed. */
function substitute(script: string, path: string): void {
  let text = readFileSync(path, 'utf8');
  for (const one of script.split('; ')) {
    const [, from, to] = one.slice(1).split(one[1]!) as [string, string, string];
    assert.ok(text.includes(from), `${path} holds no ${from}`);
    text = text.replace(from, () => to.replaceAll('\\n', '\n'));
  }
  writeFileSync(path, text);
}

const DOES: Readonly<Record<string, (words: readonly string[]) => void>> = {
  mkdir: words => mkdirSync(join(folder, words.at(-1)!), { recursive: true }),
  cp: words => {
    for (const from of words.slice(1, -1)) {
      const to = join(folder, words.at(-1)!);
      cpSync(join(folder, from), to.endsWith('.xml') ? to : join(to, from.split('/').at(-1)!));
    }
  },
  sed: ([, , script, path]) => substitute(script!, join(folder, path!)),
};

function snnc(words: readonly string[]) {
  const run = spawnSync(process.execPath, [entry, ...words.slice(1)], { cwd: folder, encoding: 'utf8' });
  return { code: run.status, text: `${run.stdout}${run.stderr}` };
}

test('every command of the tutorial does what the page says', async () => {
  const said: { readonly line: string; readonly code: number | null; readonly text: string }[] = [];
  for (const line of commands) {
    const words = wordsOf(line);
    if (words[0] === 'snnc') said.push({ line, ...snnc(words) });
    else (DOES[words[0]!] ?? assert.fail(`the test does not know ${line}`))(words);
  }
  assert.deepEqual(
    said.map(({ code }) => code),
    [0, 0, 0, 3],
    said.map(({ line, text }) => `${line}\n${text}`).join('\n'),
  );
  const [targets, small, compiled, binary] = said as [
    (typeof said)[0],
    (typeof said)[0],
    (typeof said)[0],
    (typeof said)[0],
  ];
  assert.match(targets.text, /me:mine:my-core:0\.1\.0 {2}my-chip\/core\.xml/);
  assert.match(small.text, /streaming/);
  assert.match(small.text, /nothing stands in the way/);
  assert.match(compiled.text, /chip = integer network, bit for bit/);
  assert.match(binary.text, /error\[E0510\]: my-chip lacks what \d+ of \d+ populations/);
  const manifest: unknown = JSON.parse(
    readFileSync(join(folder, 'my-chip/digits.snnc/manifest.json'), 'utf8'),
  );
  const text = JSON.stringify(manifest);
  assert.ok(text.includes('My chip, data sheet, revision 3') && text.includes('me:mine:my-board:0.1.0'));
  const target = await loadTarget(join(folder, 'my-chip/board.xml*4'));
  assert.equal(target.limits.neuronsPerCore?.value, 1024);
});
