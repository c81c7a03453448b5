/** Sweeps: which points there are, what nothing beats, and the same result however they are divided. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { writeNpz } from '../../cli/npz.ts';
import { readSweep } from '../../cli/sweep/sweep-file.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { sweepPage } from '../../report/html/sweep.ts';
import { type SweepRow, sweepCsv, sweepLines, sweepResult } from '../../report/sweep.ts';
import { writeMlp } from '../mlp.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'snnc-sweep-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

/** Points are processes of the program that runs, so that it runs in one of its own. */
const snnc = (...args: readonly string[]) =>
  run(process.execPath, ['build/test/cli-entry.js', ...args, '--quiet']).then(({ stdout }) => stdout);

function write(name: string, value: unknown): string {
  writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  return at(name);
}

test('points are all combinations in the order of the file, the last field fastest', () => {
  const sweep = readSweep(
    write('order.json', {
      bits: [8, 4],
      model: 'm.onnx',
      coding: ['sum', 'rate'],
      limit: 5,
      levels: [null, 4],
    }),
  );
  assert.deepEqual(sweep.axes, ['bits', 'coding', 'levels']);
  assert.deepEqual(sweep.fixed, { model: 'm.onnx', limit: 5 });
  assert.equal(sweep.points.length, 8);
  assert.deepEqual(sweep.points.slice(0, 3), [
    { bits: 8, coding: 'sum', levels: null },
    { bits: 8, coding: 'sum', levels: 4 },
    { bits: 8, coding: 'rate', levels: null },
  ]);
});

test('E0783: files that are none of a sweep', () => {
  const many = Array.from({ length: 101 }, (_, i) => i);
  const bad: readonly (readonly [unknown, RegExp])[] = [
    ['{', /it is no JSON/],
    [[1], /no JSON object/],
    [{ bits: 8 }, /names no model/],
    [{ model: 'm', bitz: 8 }, /bitz is none of model, data/],
    [{ model: 'm', out: 'x' }, /out is none of/],
    [{ model: 'm', bits: [] }, /bits has no values/],
    [{ model: 'm', bits: [8, 8] }, /bits has a value twice/],
    [{ model: 'm', bits: [{}] }, /bits holds what is no text/],
    [{ model: 'm', seed: many, shift: many }, /10201 points, more than 10000/],
  ];
  for (const [value, problem] of bad)
    assert.throws(() => readSweep(write('bad.json', value)), { message: problem });
  assert.throws(() => readSweep(at('nothing.json')), { message: /^E0101/ });
});

const figures = fc.record({
  board: fc.constant('b'),
  mode: fc.constant('pipelined'),
  steps: fc.constant(1),
  cores: fc.nat(3),
  chips: fc.constant(1),
  latencySeconds: fc.nat(3),
  throughput: fc.nat(3),
  energyPj: fc.nat(3),
  energyHighPj: fc.nat(3),
  costSet: fc.constant('c'),
  accuracy: fc.nat(3),
  agreement: fc.nat(3),
  logitMse: fc.constant(0),
  eq30: fc.constant(0.5),
});
const problem = { code: 'E0501', message: 'too "large", <b>', origin: 'x' };
const rows = fc.array(fc.option(figures), { maxLength: 12 }).map(list =>
  list.map(
    (own, index): SweepRow => ({
      ...{ index, options: { bits: index }, figures: own },
      problem: own === null ? problem : null,
    }),
  ),
);

test('the front: whoever is on it is beaten by none, whoever is not by one that is', () => {
  const beats = (a: SweepRow, b: SweepRow) => {
    const [x, y] = [a.figures!, b.figures!];
    const gains = [
      x.accuracy! - y.accuracy!,
      x.throughput! - y.throughput!,
      y.energyPj! - x.energyPj!,
      y.cores - x.cores,
      y.latencySeconds! - x.latencySeconds!,
    ];
    return gains.every(gain => gain >= 0) && gains.some(gain => gain > 0);
  };
  fc.assert(
    fc.property(rows, list => {
      const { front, failed } = sweepResult({ axes: ['bits'], fixed: {}, rows: list });
      const done = list.filter(row => row.figures !== null);
      assert.equal(failed, list.length - done.length);
      for (const row of done) {
        const better = done.filter(other => beats(other, row));
        assert.equal(front.includes(row.index), better.length === 0);
        if (better.length > 0) assert.ok(better.some(({ index }) => front.includes(index)));
      }
    }),
  );
});

test('what is not known of every point, or by other costs, is no objective', () => {
  const [own] = fc.sample(figures, { numRuns: 1, seed: 1 });
  const of = (...changes: readonly object[]) =>
    sweepResult({
      ...{ axes: [], fixed: {} },
      rows: changes.map((change, index) => ({
        index,
        options: {},
        figures: { ...own!, ...change },
        problem: null,
      })),
    }).objectives;
  assert.deepEqual(of({}, {}), ['accuracy', 'energyPj', 'cores', 'latencySeconds', 'throughput']);
  assert.deepEqual(of({}, { costSet: 'd' }), ['accuracy', 'cores', 'latencySeconds', 'throughput']);
  assert.deepEqual(of({ accuracy: null }, { energyPj: null }), [
    'agreement',
    'cores',
    'latencySeconds',
    'throughput',
  ]);
});

test('text, CSV and page say every point, in any terminal, and a page loads nothing', () => {
  fc.assert(
    fc.property(rows, fc.constantFrom(20, 80, Number.POSITIVE_INFINITY), (list, columns) => {
      const result = sweepResult({ axes: ['bits'], fixed: { model: '<m>' }, rows: list });
      const csv = sweepCsv(result).trimEnd().split('\n');
      assert.equal(csv.length, list.length + 1);
      for (const line of csv.slice(1)) assert.match(line, /^\d+,\d+,[01],/);
      const text = sweepLines(result, columns).join('\n');
      for (const { index } of list)
        assert.match(text, new RegExp(`(^|\\n)[* ] ?${index}\\b|\\n {2}${index} `));
      const page = sweepPage(result, 'a & b', 'snnc 0');
      assert.ok(!page.includes('<m>') && !page.includes('<b>') && page.includes('&lt;m&gt;'));
      assert.ok(!/(src|href)="?(https?:|\/\/)/.test(page) && page.includes('default-src &#39;none&#39;'));
      assert.equal(page.match(/<th scope="row">/g)?.length ?? 0, list.length + result.front.length);
    }),
    { numRuns: 30 },
  );
});

test('a sweep: figures, failures as rows, an interrupted one goes on, shards of it say the same', async () => {
  const random = createRandom(5);
  const data = Float64Array.from({ length: 8 * 12 }, () => random.normal());
  const labels = Float64Array.from({ length: 8 }, (_, i) => i % 3);
  const images = { name: 'images', shape: [8, 12], data };
  writeFileSync(at('few.npz'), writeNpz([images, { name: 'labels', shape: [8], data: labels }]));
  writeFileSync(at('mlp.onnx'), writeMlp([12, 20, 3], 7));
  const file = write('mlp.json', {
    ...{ model: 'mlp.onnx', calibrate: 'few.npz', data: 'few.npz', limit: 5 },
    ...{ effort: 'fast', 'bias-correction': false, mode: 'pipelined' },
    ...{ shift: 3, target: ['loihi2', 'loihi9'] },
  });
  const out = await snnc('sweep', file, '--json');
  const result = JSON.parse(out);
  assert.deepEqual([result.points, result.failed, result.front], [2, 1, [0]]);
  const [first, second] = result.rows;
  assert.deepEqual([first.options, second.options], [{ target: 'loihi2' }, { target: 'loihi9' }]);
  assert.ok(first.figures.accuracy >= 0 && first.figures.energyPj > 0 && first.figures.cores > 0);
  assert.match(second.problem.code, /^E\d{4}$/);
  const dir = `${file}.sweep.shards`;
  assert.equal(readFileSync(join(dir, 'result.json'), 'utf8'), out);
  const page = readFileSync(join(dir, 'sweep.html'));
  rmSync(join(dir, 'sweep.html'));
  const again = await snnc('sweep', file, '--json');
  assert.equal(again, out);
  assert.ok(readFileSync(join(dir, 'sweep.html')).equals(page));
  await snnc('shard', 'sweep', file, '--count', '1', '--index', '0', '--out', at('one'));
  assert.equal(await snnc('merge', at('one'), '--json'), out);
});
