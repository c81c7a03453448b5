/** Rows of archives that are not read whole: the same as when they are. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { openLargeZip, openZip } from '../../cli/array-images.ts';
import { writeNpz } from '../../cli/npz.ts';
import { listZip, openEntry } from '../../cli/zip-rows.ts';
import { createRandom } from '../../ir/random/seeded.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-zip-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** Stored and deflated ones, longer than what is read at once. */
const random = createRandom(3);
const noise = Uint8Array.from({ length: 700_000 }, () => random.int(0, 255));
const files = {
  'small.npy': noise.subarray(0, 11),
  'noise.npy': noise,
  'flat.npy': new Uint8Array(900_000).fill(7, 1000),
};
const archives = [0, 6].map(level => {
  const path = at(`level-${level}.zip`);
  writeFileSync(path, zipSync(files, { level: level as 0 | 6, comment: 'with a comment' }));
  return path;
});

test('any part of any file, in any order', () => {
  for (const path of archives) {
    const entries = listZip(path);
    assert.deepEqual(
      entries.map(({ name, size }) => [name, size]),
      Object.entries(files).map(([name, { length }]) => [name, length]),
    );
    for (const entry of entries) {
      const reader = openEntry(path, entry);
      const whole = files[entry.name as keyof typeof files];
      const parts = fc.array(fc.tuple(fc.nat(entry.size), fc.nat(300_000)), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(parts, list => {
          for (const [from, length] of list) {
            const part = whole.subarray(from, from + length);
            assert.ok(Buffer.from(reader.read(from, part.length)).equals(Buffer.from(part)));
          }
        }),
        { numRuns: 15 },
      );
    }
  }
});

test('E0113: archives that are cut off or changed, where that is met', () => {
  const [stored, deflated] = archives.map(path => ({ path, entries: listZip(path) }));
  const isRefused = (work: () => unknown) => assert.throws(work, { name: 'UserError', message: /^E0113/ });
  isRefused(() => openEntry(stored!.path, stored!.entries[1]!).read(699_999, 2));
  const deep = deflated!.entries[1]!;
  isRefused(() => openEntry(deflated!.path, { ...deep, packed: 5000 }).read(600_000, 2));
  isRefused(() => openEntry(deflated!.path, { ...deep, offset: deep.offset + 1 }));
  isRefused(() => openEntry(deflated!.path, { ...stored!.entries[1]!, isDeflated: true }).read(600_000, 9));
  writeFileSync(at('none.npz'), noise);
  isRefused(() => listZip(at('none.npz')));
  const bytes = zipSync(files, { level: 0 });
  for (const [offset, value] of [
    [bytes.length - 12, 255],
    [bytes.length - 6, 255],
    [bytes.length - 100, 9],
  ] as const) {
    const changed = Uint8Array.from(bytes);
    changed[offset] = value;
    writeFileSync(at('changed.npz'), changed);
    try {
      for (const entry of listZip(at('changed.npz'))) openEntry(at('changed.npz'), entry).read(0, 1);
    } catch (error) {
      assert.match(`${error}`, /E0113/);
    }
  }
});

test('images and labels of a large archive are those of a small one', () => {
  const data = Float64Array.from({ length: 40 * 12 }, () => random.normal());
  const labels = Float64Array.from({ length: 40 }, (_, i) => i % 3);
  const bytes = writeNpz([
    { name: 'labels', shape: [40], data: labels },
    { name: 'images', shape: [40, 12], data },
  ]);
  writeFileSync(at('images.npz'), bytes);
  const source = {
    path: at('images.npz'),
    taker: {
      shape: [12],
      preprocess: { mean: [0], std: [1] },
      centre: null,
      isAssumed: true,
    } as never,
    options: {},
    report: () => undefined,
    toNumbers: () => new Float64Array(0),
  };
  const [small, large] = [openZip(bytes, source, undefined), openLargeZip(source, undefined)];
  assert.equal(large.count, 40);
  assert.deepEqual(large.labels, small.labels);
  for (const i of [0, 39, 5, 6, 7, 0]) assert.deepEqual(large.image(i), small.image(i));
  assert.throws(() => openLargeZip(source, 'other'), { message: /^E0120/ });
});
