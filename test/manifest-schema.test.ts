import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { manifestJsonSchema } from '../backends/manifest.ts';
import { VERSION } from '../cli/version.ts';

const SCHEMA = 'backends/schema/manifest.schema.json';

test('the published JSON Schema is that of the code (UPDATE=1 rewrites it)', () => {
  if (process.env.UPDATE === '1') writeFileSync(SCHEMA, manifestJsonSchema());
  assert.equal(readFileSync(SCHEMA, 'utf8'), manifestJsonSchema());
});

test('the version of the command line is that of the package', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  assert.equal(VERSION, manifest.version);
});
