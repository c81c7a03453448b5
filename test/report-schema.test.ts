import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { reportJsonSchema } from '../report/schema.ts';

const SCHEMA = 'backends/schema/report.schema.json';

test('the published JSON Schema of report.json is that of the code (UPDATE=1 rewrites it)', () => {
  if (process.env.UPDATE === '1') writeFileSync(SCHEMA, reportJsonSchema());
  assert.equal(readFileSync(SCHEMA, 'utf8'), reportJsonSchema());
});
