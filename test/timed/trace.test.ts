/** Traces add up to the counts, and are whole or not there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openFolder } from '../../backends/folder.ts';
import { createConsole } from '../../cli/console.ts';
import { main } from '../../cli/main.ts';
import { createTimedSimulation } from '../../cli/simulate-timed.ts';
import { openGrowingFiles } from '../../cli/trace-files.ts';
import { createMachine } from '../../runtime-sim/chip.ts';
import { said } from '../kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-trace-'));
const deployed = join(folder, 'digits.snnc');
const INPUT = 'examples/digits/digits-test.npz';
after(() => rmSync(folder, { recursive: true }));

async function printed(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  const lines: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = ((text: string) => lines.push(text)) as unknown as typeof write;
  const code = await main(args).finally(() => {
    process.stdout.write = write;
  });
  return { code, text: lines.join('') };
}

const simulate = (...args: readonly string[]) =>
  printed('simulate', deployed, '--input', INPUT, '--limit', '1', '--quiet', ...args);

const table = (file: string) => {
  const [head, ...rows] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split(','));
  const column = (name: string) => rows.map(row => row[head!.indexOf(name)]!);
  return { rows, column, sum: (name: string) => column(name).reduce((n, x) => n + Number(x), 0) };
};

test('the files of a trace have every spike and message once, in time', async () => {
  const compiled = await printed(
    ...['compile', 'examples/digits/vit-digits.onnx', '--calibrate', 'examples/digits/digits-calib.npz'],
    ...[
      '--mode',
      'pipelined',
      '--no-compare',
      '--effort',
      'fast',
      '--simulate',
      '1',
      '--out',
      deployed,
      '--quiet',
    ],
  );
  assert.equal(compiled.code, 0);
  const report = JSON.parse(readFileSync(join(deployed, 'report.json'), 'utf8'));
  assert.equal(report.time.timed.images, 1);
  assert.ok(report.time.timed.latency.seconds.mean >= report.verdict.latency.seconds);
  assert.ok(report.time.timed.stream.imagesPerSecond <= report.verdict.throughput.atMost);
  const { seconds } = report.energy.span.alone;
  assert.ok(Math.abs(seconds / report.time.timed.latency.seconds.mean - 1) < 1e-5);
  assert.equal(seconds, report.verdict.latency.timedSeconds);
  assert.match(readFileSync(join(deployed, 'summary.txt'), 'utf8'), / timed$/m);
  const dir = join(folder, 'trace');
  const { code, text } = await simulate(
    '--trace',
    dir,
    '--trace-of',
    'image',
    '--json',
    '--watch',
    'core:0:1',
  );
  assert.equal(code, 0);
  const result = JSON.parse(text);
  assert.deepEqual(readdirSync(dir).toSorted(), ['messages.csv', 'perf.csv', 'spikes.csv', 'trace.json']);
  const [spikes, messages, perf] = ['spikes', 'messages', 'perf'].map(name =>
    table(join(dir, `${name}.csv`)),
  );
  assert.equal(spikes!.rows.length, result.spikes);
  assert.equal(new Set(spikes!.rows.map(row => row.join())).size, result.spikes);
  assert.deepEqual([perf!.sum('fired'), perf!.sum('packets')], [result.spikes, result.messages]);
  assert.deepEqual([perf!.sum('hops'), perf!.sum('spikes')], [result.hops, result.synops]);
  assert.ok(Math.abs(perf!.sum('sim_time') / result.timed.latency.seconds.mean - 1) < 1e-9);
  const sources = messages!.column('src_hw');
  assert.equal(sources.filter(name => name !== 'host').length, result.messages);
  assert.equal(messages!.sum('spikes'), result.synops);
  for (const row of messages!.rows.slice(0, 5000)) {
    const [sent, received, processed, generation, service, network, blocked] = row.slice(7, 14).map(Number);
    assert.ok(sent! <= received! && received! < processed! && generation! >= 0 && blocked! >= 0);
    assert.ok(processed! - received! >= service! - 1e-15 && Math.abs(received! - sent! - network!) < 1e-15);
    assert.ok(network! >= Number(row[14]) - 1e-15, 'no message is faster than the mesh');
  }
  const { traceEvents } = JSON.parse(readFileSync(join(dir, 'trace.json'), 'utf8'));
  const steps = traceEvents.filter((event: { name: string }) => event.name.startsWith('timestep '));
  assert.equal(steps.length, perf!.rows.length);
  const tracks = new Map<string, number>();
  const nano = (micro: number) => Math.round(micro * 1000);
  for (const { ph, pid, tid, ts, dur } of traceEvents) {
    if (ph !== 'X') continue;
    assert.ok(
      nano(ts) >= (tracks.get(`${pid} ${tid}`) ?? 0),
      'slices of a track follow each other in whole ns',
    );
    tracks.set(`${pid} ${tid}`, nano(ts) + nano(dur));
  }
  const [watched] = result.timed.watched;
  assert.equal(watched.rows.length, steps.length);
  assert.equal(result.timed.unknown.includes('synop'), false);
});

test('W0742: a trace ends where its limit is, whole timesteps before', async () => {
  const dir = join(folder, 'short');
  const lines = await said(
    ...[
      'simulate',
      deployed,
      '--input',
      INPUT,
      '--limit',
      '1',
      '--quiet',
      '--trace',
      dir,
      '--trace-limit',
      '3000',
    ],
  );
  const [, timestep] = /^0 [\s\S]*W0742[\s\S]*from timestep (\d+) on/.exec(lines)!;
  const messages = table(join(dir, 'messages.csv'));
  assert.ok(messages.rows.length <= 3000 && messages.rows.length > 0);
  assert.ok(messages.column('timestep').every(at => Number(at) < Number(timestep)));
  assert.ok(table(join(dir, 'perf.csv')).rows.length > Number(timestep));
});

test('E0740: what is not there cannot be watched, and nothing is written', async () => {
  const dir = join(folder, 'none');
  const watch = (what: string) =>
    said('simulate', deployed, '--input', INPUT, '--trace', dir, '--watch', what);
  assert.match(await watch('core:0:99'), /^2 [\s\S]*E0740[\s\S]*no core 0:99[\s\S]*0:0, 0:1/);
  assert.match(await watch('population:nobody'), /^2 [\s\S]*E0740/);
  assert.match(await watch('link:0:0:0:sideways'), /^2 [\s\S]*E0740/);
  assert.match(await watch('router:3'), /^2 [\s\S]*E0740[\s\S]*neither/);
  assert.match(await watch('core:0:0,'), /^2 [\s\S]*E0740/);
  assert.equal(existsSync(dir), false);
  const { text } = await simulate('--watch', 'population:blocks.0.fc1,link:0:0:0:east');
  assert.match(text, /watched\ttimestep\timage\tstep[\s\S]*\npopulation:blocks\.0\.fc1\t0\t/);
});

test('files that grow are there when they are done, and gone when they are dropped', () => {
  const dir = join(folder, 'growing');
  const files = openGrowingFiles(dir, ['a.csv', 'b.csv']);
  for (let i = 0; i < 30_000; i++) files.write('a.csv', `${i}\n`);
  assert.ok(!existsSync(join(dir, 'a.csv')));
  files.commit();
  assert.equal(readFileSync(join(dir, 'a.csv'), 'utf8').split('\n').length, 30_001);
  assert.equal(readFileSync(join(dir, 'b.csv'), 'utf8'), '');
  const dropped = openGrowingFiles(dir, ['c.csv']);
  dropped.write('c.csv', 'x');
  dropped.discard();
  assert.deepEqual(readdirSync(dir).toSorted(), ['a.csv', 'b.csv']);
});

test('E0725: a trace that cannot be written', async () => {
  const at = join(deployed, 'manifest.json');
  const lines = await said('simulate', deployed, '--input', INPUT, '--limit', '1', '--trace', join(at, 'x'));
  assert.match(lines, /^4 [\s\S]*E0725/);
});

test('W0741: images beyond the memory that is kept for them are run, but not timed', async () => {
  const { manifest, programs } = openFolder(deployed);
  const console_ = createConsole({ json: true, quiet: true });
  const args = { folder: deployed, json: true, timed: true, traceOf: 'stream', traceLimit: 1 } as const;
  const machine = createMachine(programs());
  const timing = createTimedSimulation(programs(), manifest, args, console_, 1000);
  const { size } = programs()[0]!.input!;
  for (const level of [0.3, 0.6, 0.9]) {
    const image = new Float64Array(size).fill(level);
    const record = timing.record(image);
    machine.run(image, record?.take);
    if (record !== undefined) timing.keep(record);
  }
  assert.equal((await timing.finish()).images, 1);
  assert.deepEqual(
    console_.diagnostics.list.map(({ code, facts }) => [code, facts.images]),
    [['W0741', 1]],
  );
});

test('E0611: a descriptor in the manifest that was edited to nonsense', async () => {
  const path = join(deployed, 'manifest.json');
  const whole = readFileSync(path, 'utf8');
  const damaged = (change: (target: Record<string, Record<string, { value: unknown }>>) => void) => {
    const manifest = JSON.parse(whole);
    change(manifest.target);
    writeFileSync(path, JSON.stringify(manifest));
    return said('simulate', deployed, '--input', INPUT, '--limit', '1', '--timed', '--quiet');
  };
  try {
    const fast = (target: Record<string, Record<string, { value: unknown }>>) => {
      target.timing!.synop!.value = 'fast';
    };
    assert.match(await damaged(fast), /^1 [\s\S]*E0611[\s\S]*target\.timing\.synop\.value/);
    const flat = await damaged(target => void delete target.topology);
    assert.match(flat, /^1 [\s\S]*E0611[\s\S]*target\.topology/);
    const gone = (target: Record<string, Record<string, { value: unknown }>>) => {
      target.topology!.chipsX!.value = 0;
    };
    assert.match(await damaged(gone), /^1 [\s\S]*E0611/);
  } finally {
    writeFileSync(path, whole);
  }
});

test('a trace that is interrupted leaves nothing behind', {
  skip: process.platform === 'win32',
}, async () => {
  const dir = join(folder, 'interrupted');
  const command = ['simulate', deployed, '--input', INPUT, '--limit', '100', '--quiet', '--trace', dir];
  const child = spawn(process.execPath, ['bin/snnc.js', ...command, '--trace-limit', '100000000'], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const isUnderWay = () => existsSync(dir) && readdirSync(dir).length > 0;
  while (child.exitCode === null && !isUnderWay()) await setTimeout(20);
  child.kill('SIGINT');
  assert.equal((await ended)[0], 130);
  assert.deepEqual(readdirSync(dir), []);
});
