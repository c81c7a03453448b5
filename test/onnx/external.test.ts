/** Weights in files beside the model: where they are read from, and where from not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openModelFile, sha256Of } from '../../cli/model-files.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import { sha256 } from '../../ir/constants.ts';
import { createDiagnostics, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { messagesOf, read, readSound } from './read.ts';
import { model, type Tree } from './wire-writer.ts';

const root = mkdtempSync(join(tmpdir(), 'snnc-external-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, 'model');
mkdirSync(join(folder, 'parts'), { recursive: true });

const NUMBERS = Float32Array.from({ length: 8 }, (_, i) => i + 0.5);
const bytes = new Uint8Array(NUMBERS.buffer);
writeFileSync(join(folder, 'weights.bin'), bytes);
writeFileSync(join(folder, 'parts', 'more.bin'), bytes);
writeFileSync(join(root, 'secret.bin'), bytes);
symlinkSync(join(root, 'secret.bin'), join(folder, 'leaves.bin'));
symlinkSync(root, join(folder, 'up'));
symlinkSync('weights.bin', join(folder, 'stays.bin'));
symlinkSync('circle.bin', join(folder, 'circle.bin'));
const hasPipe = process.platform !== 'win32';
if (hasPipe) execFileSync('mkfifo', [join(folder, 'pipe')]);

type Keys = Readonly<Record<string, string | number>>;
const tensor = (name: string, keys: Keys): Tree => [
  ...[2, 4].map(size => [1, size] as const),
  [2, 1],
  [8, name],
  ...Object.entries(keys).map(
    ([key, value]) =>
      [
        13,
        [
          [1, key],
          [2, `${value}`],
        ],
      ] as const,
  ),
  [14, 1],
];

let count = 0;
/** A model in the folder, with one external tensor for each set of keys. */
function write(...tensors: readonly Keys[]): string {
  const path = join(folder, `model${count++}.onnx`);
  const graph: Tree = tensors.map((keys, i) => [5, tensor(`w${i}`, keys)] as const);
  writeFileSync(path, model([{ op: 'MatMul', in: ['x', 'w0'], out: ['y'] }], { graph }));
  return path;
}

test('one file or many, with and without offset and length, in the folder and below', () => {
  writeFileSync(join(folder, 'long.bin'), new Uint8Array([...new Uint8Array(12), ...bytes, 1, 2, 3]));
  const path = write(
    { location: 'weights.bin' },
    { location: './parts/more.bin', length: 32 },
    { location: 'long.bin', offset: 12, length: 32, checksum: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' },
    { location: 'long.bin', offset: 12 },
    { location: 'stays.bin', offset: 0 },
  );
  const { graph } = readSound(openModelFile(path));
  for (const source of graph.initializers.values()) {
    assert.equal(source.problem, undefined);
    assert.deepEqual([...source.load().data], [...NUMBERS], source.name);
    assert.equal(source.bytes, 32);
  }
});

const REFUSED: readonly (readonly [Keys, RegExp])[] = [
  [{ location: '../secret.bin' }, /leads out of the folder/],
  [{ location: 'parts/../../secret.bin' }, /leads out of the folder/],
  [{ location: join(root, 'secret.bin') }, /absolute/],
  [{ location: 'C:/weights.bin' }, /absolute/],
  [{ location: '..\\secret.bin' }, /backslash/],
  [{ location: 'weights.bin\0.txt' }, /NUL/],
  [{ location: 'leaves.bin' }, /by a symbolic link/],
  [{ location: 'up/secret.bin' }, /by a symbolic link/],
  [{ location: 'circle.bin' }, /circle/],
  [{ location: 'parts' }, /is a folder/],
  [{ location: '.' }, /is a folder/],
  [{ location: 'nowhere.bin' }, /no such file/],
  [{ location: 'weights.bin/x' }, /no folder/],
  [{ location: 'x'.repeat(400) }, /too long/],
  [{ location: 'weights.bin', offset: 4 }, /ends after 32 bytes/],
  [{ location: 'weights.bin', offset: 2 ** 40, length: 32 }, /ends after 32 bytes/],
  ...(hasPipe ? [[{ location: 'pipe' }, /device or a pipe/] as const] : []),
];

test('only regular files in the model’s own folder are read', () => {
  for (const [keys, reason] of REFUSED) {
    const { list } = read(openModelFile(write(keys)));
    assert.deepEqual(
      list.map(d => d.code),
      ['E0105'],
      `${keys.location}`,
    );
    assert.match(list[0]?.message ?? '', reason);
    assert.equal(list[0]?.facts.tensor, 'w0');
  }
});

test('what is wrong with one file is said once', () => {
  const weights = Array.from({ length: 30 }, () => ({ location: 'lost.bin' }));
  const diagnostics = createDiagnostics();
  const path = write(...weights, { location: '../secret.bin' });
  assert.equal(importOnnx(openModelFile(path), path, diagnostics), undefined);
  assert.deepEqual(
    diagnostics.list.map(d => [d.code, d.facts.location, d.facts.count]),
    [
      ['E0105', 'lost.bin', 30],
      ['E0105', '../secret.bin', 1],
    ],
  );
  const many = Array.from({ length: 50 }, (_, i) => ({ location: `lost${i}.bin` }));
  const { list } = read(openModelFile(write(...many)));
  assert.equal(list.length, 21);
  assert.match(list[20]?.message ?? '', /30 more files.*\(30 tensor/);
});

test('external data that contradict their tensor', () => {
  const problems = [
    { location: 'weights.bin', length: 31 },
    { location: 'weights.bin', length: -1 },
    { location: 'weights.bin', offset: '0x10' },
    { location: 'weights.bin', offset: '99999999999999999999' },
    {},
  ].map(keys => {
    const { model, list } = read(openModelFile(write(keys as Keys)));
    assert.deepEqual(list, []);
    const problem = model?.graph.initializers.get('w0')?.problem;
    return problem?.kind === 'broken' ? problem.reason : '';
  });
  const wanted = [/32 bytes, .* 31 bytes/, /no number/, /no number/, /no number/, /without a name/];
  wanted.forEach((pattern, i) => {
    assert.match(problems[i] ?? '', pattern);
  });
});

test('a model given as bytes has no folder', () => {
  const graph: Tree = [[5, tensor('w', { location: 'weights.bin' })]];
  const { list } = read(model([{ op: 'Relu', in: ['x'], out: ['y'] }], { graph }));
  assert.match(messagesOf(list)[0] ?? '', /E0105 .*without the folder/);
});

const failureOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return messagesOf(error.diagnostics).join('\n');
    throw error;
  }
  return 'none';
};

test('models that are no files', () => {
  assert.match(
    failureOf(() => openModelFile(join(folder, 'none.onnx'))),
    /E0101 .*no such file/,
  );
  assert.match(
    failureOf(() => openModelFile(folder)),
    /E0101 .*is a folder/,
  );
  if (hasPipe)
    assert.match(
      failureOf(() => openModelFile(join(folder, 'pipe'))),
      /E0101 .*a pipe/,
    );
});

test('a file that changes while it is read is noticed', () => {
  const path = join(folder, 'growing.bin');
  writeFileSync(path, bytes);
  const { graph } = readSound(openModelFile(write({ location: 'growing.bin' })));
  appendFileSync(path, bytes);
  assert.match(
    failureOf(() => graph.initializers.get('w0')?.load()),
    /E0101 .*changed while it was read/,
  );
});

test('the hash of a file is that of its bytes', () => {
  assert.equal(sha256Of(openModelFile(join(folder, 'weights.bin')).bytes), sha256(bytes));
});
