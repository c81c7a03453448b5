/** Files, ranges, keys and sums of shards; what engines are given. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { dataKey } from '../../cli/shards/data-key.ts';
import { kubernetesJob, type Submission, slurmScripts } from '../../cli/shards/engines.ts';
import { printCommand, printIndices } from '../../cli/shards/merge.ts';
import { type Columns, countsToColumns } from '../../cli/shards/part.ts';
import { decodeShard, encodeShard, type Shard } from '../../cli/shards/shard-file.ts';
import { findShards, makeJob, writeShard } from '../../cli/shards/shard-folder.ts';
import { keyOf, rangeOf, workOf } from '../../cli/shards/work.ts';
import { IDENTITY, type ValidationFacts, type ValidationPart } from '../../cli/validation-part.ts';
import { createValidationSum } from '../../cli/validation-summary.ts';
import { createCounts, type MachineCounts } from '../../runtime-sim/counts.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-parts-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const WORK = workOf('validate', 10, { manifest: 'a', data: 'b' }, { name: 'x.npz', tolerance: 1 });

const shardOf = (columns: Columns, facts: unknown = { deep: [1, null] }): Omit<Shard, 'hash'> => ({
  ...{ key: keyOf(WORK), work: WORK, index: 1, count: 3, ...rangeOf(10, 1, 3) },
  ...{ facts, columns },
});

const columns = fc.record({
  f64: fc.float64Array({ maxLength: 5 }),
  i32: fc.int32Array({ maxLength: 5 }),
  u8: fc.uint8Array({ maxLength: 7 }),
  more: fc.float64Array({ maxLength: 2 }),
});

test('a shard is read as it was written, every double and NaN of it, and equal ones have equal hashes', () => {
  fc.assert(
    fc.property(columns, found => {
      const { bytes, hash } = encodeShard(shardOf(found));
      const read = decodeShard(bytes, 'x');
      assert.deepEqual(read, { ...shardOf(found), hash, columns: read.columns });
      for (const [name, column] of Object.entries(found)) assert.deepEqual(read.columns[name], column);
      assert.ok(Buffer.from(encodeShard(shardOf(read.columns)).bytes).equals(Buffer.from(bytes)));
    }),
  );
});

test('E0771: no byte can be changed or left out without a word, and no other error comes of it', () => {
  const { bytes } = encodeShard(shardOf({ f64: Float64Array.of(1, 2, 3), u8: Uint8Array.of(4) }));
  const isRefused = (damaged: Uint8Array) =>
    assert.throws(() => decodeShard(damaged, 'x'), { name: 'UserError', message: /^E0771/ });
  for (let i = 0; i < bytes.length; i++) {
    const changed = Uint8Array.from(bytes);
    changed[i]! ^= 1 + (i % 255);
    isRefused(changed);
    isRefused(bytes.subarray(0, i));
  }
});

test('E0773: two sound results of one index that differ', () => {
  mkdirSync(at('conflict'));
  const job = makeJob(WORK, 3, at('nothing'), []);
  for (const other of [1, 2]) {
    writeShard(at('conflict'), shardOf({ f64: Float64Array.of(other) }));
    const [name] = readdirSync(at('conflict')).filter(file => !file.startsWith('copy'));
    writeFileSync(join(at('conflict'), `copy-${other}.shard`), readFileSync(join(at('conflict'), name!)));
    if (other === 1) assert.equal(findShards(at('conflict'), job).duplicates, 1);
    else assert.throws(() => findShards(at('conflict'), job), { message: /^E0773/ });
  }
});

test('ranges are disjoint, whole and even, however many there are', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 300 }), (total, count) => {
      const ranges = Array.from({ length: count }, (_, i) => rangeOf(total, i, count));
      let next = 0;
      for (const { first, end } of ranges) {
        assert.equal(first, next);
        assert.ok(end - first === Math.floor(total / count) || end - first === Math.ceil(total / count));
        next = end;
      }
      assert.equal(next, total);
    }),
  );
});

test('a key says inputs and options, in whatever order they stand, and nothing else', () => {
  const { tool, kind, total, inputs, options } = WORK;
  assert.equal(keyOf({ options: { tolerance: 1, name: 'x.npz' }, inputs, total, kind, tool }), keyOf(WORK));
  const others = [
    workOf('simulate', total, inputs, options),
    workOf(kind, 11, inputs, options),
    workOf(kind, total, { ...inputs, data: 'c' }, options),
    workOf(kind, total, inputs, { ...options, tolerance: 2 }),
    { ...WORK, tool: 'snnc 9.9.9' },
  ];
  assert.equal(new Set([WORK, ...others].map(keyOf)).size, 6);
});

test('the key of data depends on every byte, name and array that is asked for', () => {
  mkdirSync(at('set/7'), { recursive: true });
  writeFileSync(at('set/7/a.png'), 'one');
  writeFileSync(at('set/7/b.png'), '');
  writeFileSync(at('one.npz'), 'one');
  const keys = [dataKey(at('set')), dataKey(at('one.npz')), dataKey(join(at('one.npz'), 'x'))];
  writeFileSync(at('set/7/b.png'), 'x');
  keys.push(dataKey(at('set')));
  writeFileSync(at('set/7/b.png'), 'y');
  keys.push(dataKey(at('set')));
  writeFileSync(at('one.npz'), 'onE');
  keys.push(dataKey(at('one.npz')));
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(dataKey(at('one.npz')), keys.at(-1));
});

/** Any numbers that a validation could find. */
const STEPS = 2;
const image = fc.record({
  label: fc.integer({ min: -1, max: 3 }),
  ann: fc.nat(3),
  snn: fc.tuple(fc.nat(3), fc.nat(3)),
  int: fc.tuple(fc.nat(3), fc.nat(3)),
  exit: fc.constantFrom(1, 2),
  identity: fc.constantFrom(IDENTITY.notWalked, IDENTITY.holds),
  reals: fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { minLength: 6, maxLength: 6 }),
  counts: fc.array(fc.nat(1e9), { minLength: 12, maxLength: 12 }),
});
type Image = typeof image extends fc.Arbitrary<infer T> ? T : never;

function countsOf(images: readonly Image[]): MachineCounts {
  const counts = createCounts(2, 1, 1, 2);
  counts.images = images.length;
  for (const { counts: own } of images) {
    counts.ran[1]! += 1;
    counts.tiles[0]!.spikes += own[0]!;
    counts.work[2]!.words[1]! += own[1]!;
    const links = counts.links[1]!;
    links.set(own[2]! % 5, (links.get(own[2]! % 5) ?? 0) + own[3]!);
  }
  return counts;
}

function partOf(images: readonly Image[]): ValidationPart {
  const counts = countsToColumns(countsOf(images));
  const reals = (...indices: readonly number[]) =>
    Float64Array.from(images.flatMap(own => indices.map(i => own.reals[i]!)));
  const whole = (of: (own: Image) => readonly number[]) => Int32Array.from(images.flatMap(of));
  const facts: ValidationFacts = {
    steps: STEPS,
    logits: images.length === 0 ? 0 : 4,
    hasLabels: true,
    annMacs: { paper: 1, performed: 2 },
    annError: images.reduce((most, own) => Math.max(most, own.reals[0]!), 0),
    firstDifference: null,
    saturations: [['%a', { accumulator: images.length, state: 0, threshold: 2 }]],
    counts: counts.facts,
  };
  return {
    facts,
    columns: {
      label: whole(own => [own.label]),
      ann: whole(own => [own.ann]),
      snn: whole(own => own.snn),
      int: whole(own => own.int),
      exit: whole(own => [own.exit]),
      identity: Uint8Array.from(images, own => own.identity),
      sum: reals(0),
      squares: reals(1),
      'error.snn': reals(2, 3),
      'error.int': reals(4, 5),
      operations: Float64Array.from(images.flatMap(own => own.counts)),
      input: Uint8Array.from(images.flatMap(own => new Array<number>(16).fill(own.counts[0]! % 256))),
      ...counts.columns,
    },
  };
}

test('sums over parts are those over all images, bit for bit, wherever the cuts are', () => {
  const found = (parts: readonly (readonly Image[])[]) => {
    const sum = createValidationSum(STEPS, [0.5]);
    for (const images of parts) sum.add(partOf(images));
    const { exit, saturations, ...rest } = sum.finish();
    const stopped = exit?.summary(10, true, 3, { paper: 4, performed: 5 });
    // The threshold of saturations is counted per part above.
    return { ...rest, stopped, accumulator: saturations.get('%a')?.accumulator };
  };
  fc.assert(
    fc.property(fc.array(image, { minLength: 1, maxLength: 12 }), fc.array(fc.nat(12)), (images, cuts) => {
      const at_ = [0, ...cuts.filter(cut => cut <= images.length).toSorted((a, b) => a - b), images.length];
      const parts = at_.slice(1).map((end, i) => images.slice(at_[i], end));
      assert.deepEqual(found(parts), found([images]));
    }),
  );
});

const SUBMISSION: Submission = {
  name: 'snnc-validate-abc',
  dir: "/data/it's here",
  count: 12,
  missing: [0, 1, 2, 5, 7, 8],
  workers: 3,
  threads: 2,
  shard: ['/usr/bin/node', '/opt/snnc.js', 'shard', 'validate', '/data/a b.snnc', '--count', '12'],
  merge: ['snnc', 'merge', '/data/shards'],
};

test('Slurm: an array of what is missing, so many at a time, words quoted for the shell', () => {
  assert.equal(printIndices([0, 1, 2, 5, 7, 8]), '0-2,5,7-8');
  assert.equal(printIndices([4]), '4');
  assert.equal(printCommand(['a', "it's", '--x=1,2', '$HOME', '']), "a 'it'\\''s' --x=1,2 '$HOME' ''");
  const { array, merge } = slurmScripts(SUBMISSION);
  assert.match(array, /^#!\/bin\/sh\n/);
  assert.match(array, /\n#SBATCH --array=0-2,5,7-8%3\n/);
  assert.match(array, /\n#SBATCH --cpus-per-task=2\n#SBATCH --requeue\n/);
  assert.match(
    array,
    /\nexec \/usr\/bin\/node \/opt\/snnc\.js shard validate '\/data\/a b\.snnc' --count 12\n$/,
  );
  assert.match(merge, /\nexec snnc merge \/data\/shards\n$/);
});

/** Fields of the published API (batch/v1 Job, core/v1 PodSpec) that are used, with their types and rules. */
test('Kubernetes: an Indexed Job by the rules of batch/v1', () => {
  const job = kubernetesJob(SUBMISSION, { image: 'snnc:1', volumes: ['shared:/data', 'models:/models'] });
  assert.deepEqual(JSON.parse(JSON.stringify(job)), {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'snnc-validate-abc' },
    spec: {
      completionMode: 'Indexed',
      completions: 12,
      parallelism: 3,
      backoffLimit: 12,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'shard',
              image: 'snnc:1',
              command: SUBMISSION.shard,
              resources: { requests: { cpu: '2' } },
              volumeMounts: [
                { name: 'volume-0', mountPath: '/data' },
                { name: 'volume-1', mountPath: '/models' },
              ],
            },
          ],
          volumes: [
            { name: 'volume-0', persistentVolumeClaim: { claimName: 'shared' } },
            { name: 'volume-1', persistentVolumeClaim: { claimName: 'models' } },
          ],
        },
      },
    },
  });
  for (const cluster of [
    { image: undefined, volumes: ['a:/b'] },
    { image: 'x', volumes: [] },
    { image: 'x', volumes: ['a:relative'] },
    { image: 'x', volumes: ['UPPER:/a'] },
  ])
    assert.throws(() => kubernetesJob(SUBMISSION, cluster), { message: /^E0781/ });
});
