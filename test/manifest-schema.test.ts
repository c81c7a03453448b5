import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { manifestJsonSchema } from '../backends/manifest.ts';
import { explainJsonSchema } from '../cli/explain/result.ts';
import { VERSION } from '../cli/version.ts';
import { diffJsonSchema } from '../report/diff-result.ts';

const PUBLISHED = {
  manifest: manifestJsonSchema,
  diff: diffJsonSchema,
  explain: explainJsonSchema,
} as const;

for (const [name, schemaOf] of Object.entries(PUBLISHED)) {
  test(`the published JSON Schema of ${name} is that of the code (UPDATE=1 rewrites it)`, () => {
    const path = `backends/schema/${name}.schema.json`;
    if (process.env.UPDATE === '1') writeFileSync(path, schemaOf());
    assert.equal(readFileSync(path, 'utf8'), schemaOf());
  });
}

test('the version of the command line is that of the package', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.equal(VERSION, manifest.version);
});
