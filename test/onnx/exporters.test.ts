/**
 * Files of real exporters (exporters/README.md): every one imports, gives onnxruntime's answers, and files of one
 * network are one canonical text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf, readZoo, toleranceOf } from '../../bench/zoo.ts';

const FOLDER = 'test/onnx/exporters';

const entries = readZoo(FOLDER);

for (const { name, state, problem, error } of entries) {
  test(`${name} imports and gives the stored answers`, () => {
    assert.equal(problem, '');
    assert.equal(state, 'ok');
    assert.ok(error <= toleranceOf(name), `relative error ${error}`);
  });
}

for (const network of new Set(entries.map(entry => networkOf(entry.name)))) {
  const members = entries.filter(entry => networkOf(entry.name) === network);
  if (members.length < 2) continue;
  test(`${network}: one canonical text out of ${members.map(member => member.name).join(', ')}`, () => {
    for (const { name, text } of members) assert.equal(text, members[0]?.text, name);
  });
}

test('the files are those of several exporters and libraries', () => {
  const exporters = new Set(entries.map(({ name }) => name.split('--')[1]));
  const networks = new Set(entries.map(({ name }) => networkOf(name)));
  assert.ok(
    exporters.size >= 13 && networks.size >= 11,
    `${exporters.size} exporters, ${networks.size} networks`,
  );
});
