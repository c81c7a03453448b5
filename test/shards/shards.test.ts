/** Shards of validations and simulations: together they say what one run says, whatever happens to some of them. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { VALIDATION } from '../../backends/validation.ts';
import { writeNpz } from '../../cli/npz.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { writeMlp } from '../mlp.ts';
import { type Said, snnc } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-shards-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const DEPLOYMENT = at('digits.snnc');
const DATA = writeImages('test.npz', 30, 3);
const VALIDATE = [
  'validate',
  DEPLOYMENT,
  '--data',
  DATA,
  '--limit',
  '21',
  '--identity',
  '5',
  '--tolerance',
  '100',
];
const SIMULATE = ['simulate', DEPLOYMENT, '--input', DATA, '--limit', '21'];

const shard = (dir: string, work: readonly string[], count: number, ...more: readonly string[]) =>
  snnc('shard', ...work, '--count', `${count}`, '--out', at(dir), '--quiet', ...more);
const merge = (dir: string, ...more: readonly string[]) => snnc('merge', at(dir), '--json', ...more);
const files = (dir: string) =>
  readdirSync(at(dir))
    .filter(name => name.endsWith('.shard'))
    .toSorted();

/** Labelled noise for a perceptron: what is added up does not depend on the network. */
function writeImages(name: string, count: number, seed: number): string {
  const random = createRandom(seed);
  const data = Float64Array.from({ length: count * 12 }, () => random.normal());
  const labels = Float64Array.from({ length: count }, () => random.int(0, 4));
  const images = { name: 'images', shape: [count, 12], data };
  writeFileSync(at(name), writeNpz([images, { name: 'labels', shape: [count], data: labels }]));
  return at(name);
}

/** Between the best two logits, such that some images go on and some do not. */
const MARGIN = 0.1;

/** Two steps, and a host that may stop after the first. */
before(async () => {
  writeFileSync(at('mlp.onnx'), writeMlp([12, 40, 5], 7));
  const { code, err } = await snnc(
    ...['compile', at('mlp.onnx'), '--calibrate', writeImages('few.npz', 6, 4), '--quiet'],
    ...['--steps', '2', '--shift', '2', '--mode', 'layerwise', '--effort', 'fast', '--no-compare'],
    ...['--no-bias-correction', '--levels', '2', '--simulate', '0', '--out', DEPLOYMENT],
  );
  assert.equal(code, 0, err);
  const path = join(DEPLOYMENT, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.network.exit = { margins: [MARGIN] };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
});

/** Merges a folder and compares with what the undivided command prints. */
async function assertMerges(dir: string, work: readonly string[], { code, out }: Said): Promise<void> {
  const merged = await merge(dir);
  assert.equal(merged.out, out, work[0]);
  assert.equal(merged.code, code);
  assert.equal(readFileSync(join(at(dir), 'result.json'), 'utf8'), out);
}

test('16 shards of a validation say what one run says, byte for byte; validation.json too', async () => {
  const whole = await snnc(...VALIDATE, '--json');
  assert.match(whole.out, /"exit":\{"margins":\[0.1\],"continued":\[0\.\d*[1-9]/);
  assert.match(whole.out, /"saturations":\{"accumulator":0,"state":0,"threshold":[1-9]/);
  const kept = readFileSync(join(DEPLOYMENT, VALIDATION), 'utf8');
  rmSync(join(DEPLOYMENT, VALIDATION));
  assert.equal((await shard('sixteen', VALIDATE, 16, '--missing')).code, 0);
  assert.equal(files('sixteen').length, 16);
  await assertMerges('sixteen', VALIDATE, whole);
  assert.equal(readFileSync(join(DEPLOYMENT, VALIDATION), 'utf8'), kept);
  // Another division, and another number of threads.
  assert.equal((await shard('two', VALIDATE, 2, '--missing', '--workers', '2')).code, 0);
  await assertMerges('two', VALIDATE, whole);
});

test('16 shards of a simulation say what one run says, byte for byte', async () => {
  const whole = await snnc(...SIMULATE, '--json');
  assert.equal((await shard('simulated', SIMULATE, 16, '--missing')).code, 0);
  await assertMerges('simulated', SIMULATE, whole);
  // More shards than images.
  assert.equal((await shard('thirty', SIMULATE, 30, '--missing')).code, 0);
  await assertMerges('thirty', SIMULATE, whole);
});

test('killed, repeated, copied and damaged shards change nothing; what is missing is named and run', async () => {
  const { out } = await merge('sixteen');
  const [first, second, third] = files('sixteen').map(name => join(at('sixteen'), name));
  const bytes = readFileSync(second!);
  // Killed: half a file was aside, and none is there.
  rmSync(first!);
  writeFileSync(`${first}.tmp-host-1`, bytes.subarray(0, 100));
  writeFileSync(second!, bytes.subarray(0, bytes.length - 9));
  const missing = await merge('sixteen');
  assert.equal(missing.code, 1);
  const [diagnostic] = JSON.parse(missing.out).diagnostics;
  assert.equal(diagnostic.code, 'E0778');
  assert.match(diagnostic.message, /^2 of 16 shards are missing: 0-1; damaged: \S+-0001-of-0016\.shard$/);
  assert.match(
    diagnostic.help,
    /snnc shard validate \S+digits\.snnc .*--count 16 --missing --out \S+sixteen$/,
  );
  const status = JSON.parse((await snnc('status', at('sixteen'), '--json')).out);
  assert.deepEqual([status.done, status.missing, status.damaged.length], [14, [0, 1], 1]);
  assert.match(
    (await snnc('status', at('sixteen'))).out,
    /done +14 of 16 shards, 19 of 21 images\nmissing +0-1\n/,
  );
  // The command that the message names, word for word.
  const words = diagnostic.help.slice(diagnostic.help.indexOf('snnc ') + 5).split(' ');
  const before = statSync(third!).mtimeMs;
  assert.equal((await snnc(...words, '--quiet')).code, 0);
  assert.equal(statSync(third!).mtimeMs, before, 'what is there is not run again');
  assert.ok(readFileSync(second!).equals(bytes), 'a repeated shard has the same bytes');
  mkdirSync(join(at('sixteen'), 'other-machine'));
  copyFileSync(third!, join(at('sixteen'), 'other-machine', 'copy.shard'));
  writeFileSync(join(at('sixteen'), 'half.shard'), bytes.subarray(0, 50));
  assert.equal((await merge('sixteen')).out, out);
  const again = await snnc('merge', at('sixteen'), '--quiet');
  assert.match(again.err, /W0779[\s\S]*half\.shard/);
  assert.equal((await snnc('status', at('sixteen'), '--json')).code, 0);
});

test('the index comes from the engine where none is given, and one that is there is not run again', async () => {
  process.env.SLURM_ARRAY_TASK_ID = '3';
  const ran = await shard('engine', SIMULATE, 4, '--json');
  delete process.env.SLURM_ARRAY_TASK_ID;
  const [{ index, first, end, wasThere }] = JSON.parse(ran.out).shards;
  assert.deepEqual([index, first, end, wasThere], [3, 15, 21, false]);
  process.env.JOB_COMPLETION_INDEX = '3';
  const repeated = JSON.parse((await shard('engine', SIMULATE, 4, '--json')).out).shards[0];
  assert.equal(repeated.wasThere, true);
  process.env.JOB_COMPLETION_INDEX = 'x';
  assert.match((await shard('engine', SIMULATE, 4)).err, /E0776[\s\S]*JOB_COMPLETION_INDEX says x/);
  delete process.env.JOB_COMPLETION_INDEX;
  assert.match((await shard('engine', SIMULATE, 4)).err, /E0776[\s\S]*none is given/);
  assert.match((await shard('engine', SIMULATE, 4, '--index', '4')).err, /E0776[\s\S]*indices 0 to 3/);
  assert.match((await shard('engine', SIMULATE, 4, '--index', '1', '--missing')).err, /E0776/);
});

test('E0772–E0777: other work in the folder, results that differ, another deployment, no shards, no folder', async () => {
  const other = VALIDATE.with(5, '20');
  assert.match((await shard('sixteen', other, 16, '--missing')).err, /E0772[\s\S]*total 21 and 20/);
  assert.match((await shard('sixteen', VALIDATE, 8, '--missing')).err, /E0772[\s\S]*--count 16 and 8/);
  const harder = VALIDATE.with(9, '50');
  assert.match((await shard('sixteen', harder, 16, '--missing')).err, /E0772[\s\S]*tolerance 100 and 50/);
  await shard('strange', SIMULATE, 2, '--missing');
  const [strange] = files('strange');
  copyFileSync(join(at('strange'), strange!), join(at('two'), 'strange.shard'));
  assert.match((await merge('two')).out, /E0772/);
  rmSync(join(at('two'), 'strange.shard'));
  assert.match((await snnc('merge', at('two'), '--subject', at('thirty'))).err, /E0620/);
  const path = join(DEPLOYMENT, 'manifest.json');
  const manifest = readFileSync(path);
  writeFileSync(path, `${manifest}\n`);
  assert.match((await merge('two')).out, /E0774/);
  writeFileSync(path, manifest);
  mkdirSync(at('empty'));
  assert.match((await merge('empty')).out, /E0777/);
  assert.match((await snnc('status', at('nowhere'))).err, /E0101/);
  const below = join(at('two'), files('two')[0]!, 'x');
  assert.match(
    (await snnc('shard', ...VALIDATE, '--count', '2', '--index', '0', '--out', below)).err,
    /E0775/,
  );
});

test('E0770: logits of fewer images than are compared, or of other classes', async () => {
  const wrong = await snnc(...VALIDATE, '--logits', at('few.npz'));
  assert.match(wrong.err, /E0770[\s\S]*\(6, 12\), and 21 images of 5 classes/);
});

/** Stands for snnc where an engine calls it: index 1 is killed the first time. */
const PROGRAM = `#!/bin/sh
case "$*" in
  *"--index 1") if [ ! -e ${at('killed')} ]; then touch ${at('killed')}; kill -9 $$; fi ;;
esac
exec ${process.execPath} build/test/cli-entry.js "$@"
`;

test('processes of this machine: E0782 one that is killed, only what is missing is run again, then all is merged', async () => {
  writeFileSync(at('program'), PROGRAM, { mode: 0o755 });
  const submit = (...more: readonly string[]) =>
    snnc('submit', ...SIMULATE, '--count', '3', '--engine', 'local', '--out', at('local'), ...more);
  const dry = await submit('--dry-run', '--quiet');
  assert.match(dry.out, /^(\S+ \S+ shard simulate .* --workers 1 --out \S+local --index [0-2]\n){3}$/);
  const killed = await submit('--program', at('program'), '--workers', '2', '--json');
  const [diagnostic] = JSON.parse(killed.out).diagnostics;
  assert.deepEqual([killed.code, diagnostic.code, diagnostic.list.length], [1, 'E0782', 1]);
  assert.match(diagnostic.list[0], /^1: /);
  assert.equal(files('local').length, 2);
  const whole = await snnc(...SIMULATE, '--json');
  const resumed = await submit('--program', at('program'), '--json');
  assert.equal(resumed.out, whole.out);
  const nothing = await submit('--program', '/nothing/there', '--json');
  assert.equal(nothing.out, whole.out, 'all are there: none is run');
});

test('E0780: an engine that is not there; what it would be given is written', async () => {
  const { PATH } = process.env;
  process.env.PATH = folder;
  const submit = (...more: readonly string[]) =>
    snnc('submit', ...SIMULATE, '--count', '3', '--engine', ...more, '--out', at('engines'));
  const { code, err } = await submit('slurm');
  const cluster = await submit('kubernetes', '--image', 'snnc:1', '--volume', 'claim:/work');
  process.env.PATH = PATH;
  assert.equal(code, 4);
  assert.match(err, /E0780[\s\S]*sbatch does not take the job: it is not installed here/);
  assert.match(readFileSync(join(at('engines'), 'array.slurm.sh'), 'utf8'), /--array=0-2\n/);
  assert.equal(cluster.code, 0);
  assert.match(cluster.out, /kubectl apply -f \S+\nthen: kubectl wait .*&& snnc merge /);
});
