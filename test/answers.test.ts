/** What is printed of answers; options that name no images and no choice. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from '../backends/folder.ts';
import { accuracyOf, answerLines } from '../report/answers.ts';
import { said } from './kit.ts';

test('accuracy where there are labels; the first answers where there are many', () => {
  assert.equal(accuracyOf([1, 2, 3, 4], undefined), null);
  assert.equal(accuracyOf([1, 2, 3, 4], [1, 2, 0, 4, 9]), 0.75);
  assert.deepEqual(answerLines([7, 8], null), ['classes               7 8']);
  const [accuracy, classes] = answerLines(new Array<number>(500).fill(3), 0.5);
  assert.match(accuracy!, /50\.00 % of 500 images/);
  assert.match(classes!, /^classes( +3){20} and 480 more/);
});

test('E0001: no images at all, and a choice that is none', async () => {
  assert.match(await said('validate', 'x', '--data', 'y', '--limit', '0'), /^2 [\s\S]*E0001[\s\S]*--limit/);
  const choice = await said('simulate', 'x', '--input', 'y', '--trace-of', 'chip');
  assert.match(choice, /^2 [\s\S]*E0001[\s\S]*"chip"[\s\S]*"stream", "image"/);
});

test('folders are made with those above them, and refused where that cannot be', () => {
  const root = mkdtempSync(join(tmpdir(), 'snnc-folder-'));
  try {
    makeFolder(join(root, 'a', 'b'));
    makeFolder(join(root, 'a', 'b'));
    assert.throws(() => makeFolder('/proc/nothing/here'));
  } finally {
    rmSync(root, { recursive: true });
  }
});
