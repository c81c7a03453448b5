/** The documents are true: reference pages equal their tables, and every link leads somewhere. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { errorReference, irReference, PAGES } from '../bench/docs.ts';
import { ann } from '../ir/ann.ts';
import { catalogue } from '../ir/diagnostics/catalogue.ts';
import { parseGraph } from '../ir/text.ts';

for (const [path, make] of Object.entries(PAGES)) {
  test(`${path} is what its tables say (UPDATE=1 rewrites it)`, () => {
    if (process.env.UPDATE === '1') writeFileSync(path, make());
    assert.ok(existsSync(path), `${path} is missing: npm run docs`);
    assert.equal(readFileSync(path, 'utf8'), make());
  });
}

test('the reference of messages has every code, each under the heading of a band', () => {
  const headings = [...errorReference().matchAll(/^### (\w+)$/gm)].map(match => match[1]!);
  assert.deepEqual(headings.toSorted(), Object.keys(catalogue).toSorted());
});

test('the example of the text form parses', () => {
  const text = /```\n(snnir [\s\S]*?)\n```/.exec(irReference())?.[1];
  assert.ok(text !== undefined);
  const tensors = new Uint8Array(Float32Array.from({ length: 6 }, (_, i) => i / 4).buffer);
  assert.equal(parseGraph({ text, tensors }, ann).nodes.length, 4);
});

const pages = ['.', 'docs', 'docs/rationale', 'test/oracle'].flatMap(folder =>
  readdirSync(folder)
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name)),
);

test('every relative link of every page leads to a file', () => {
  assert.ok(pages.length > 8);
  const dead = pages.flatMap(page => {
    const prose = readFileSync(page, 'utf8').replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    const targets = [...prose.matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)].map(match => match[1]!);
    return targets
      .filter(target => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(page), target)))
      .map(target => `${page}: ${target}`);
  });
  assert.deepEqual(dead, []);
});
