/** Growth fits, and the compile that writes nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { exponentOf, printGrowth, type ScalePoint } from '../bench/compile-scale.ts';
import { syntheticCount } from '../compiler/data/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-scale-'));
after(() => rmSync(folder, { recursive: true }));

test('exponents are slopes of logarithms', () => {
  const points = [1, 3, 10, 70].map(x => [x, 5 * x ** 1.25] as const);
  assert.ok(Math.abs(exponentOf(points) - 1.25) < 1e-12);
  const row: ScalePoint = {
    model: 'a',
    parameters: 10,
    neurons: 100,
    cores: 1,
    chips: 1,
    routes: 5,
    deliveries: 7,
    cpuSeconds: 2,
    peakBytes: 1e6,
    steps: { place: 1, partition: 1.5 },
  };
  const large = { ...row, model: 'b', parameters: 100, neurons: 1000, cpuSeconds: 20, peakBytes: 1e8 };
  const text = printGrowth([row, large, { model: 'c', problem: 'does not fit' }]);
  assert.match(text, /partition 1.5, place 1.0/);
  assert.match(text, /c: does not fit/);
  assert.match(text, /processor time grows with neurons\^1.00/);
  assert.match(text, /peak memory grows with parameters\^2.00/);
});

test('--dry-run compiles and writes nothing; --simulate 0 says what is not proved (W0540)', () => {
  const out = join(folder, 'deployed');
  const args = [
    'compile',
    'examples/digits/vit-digits.onnx',
    '--calibrate',
    'examples/digits/digits-calib.npz',
  ];
  const quick = [
    '--effort',
    'fast',
    '--shift',
    '3',
    '--no-bias-correction',
    '--no-compare',
    '--out',
    out,
    '--json',
  ];
  const run = (...more: string[]) => {
    const command = ['build/test/cli-entry.js', ...args, ...quick, ...more];
    const { stdout, status } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    assert.equal(status, 0);
    return JSON.parse(stdout);
  };
  const dry = run('--dry-run', '--simulate', '0');
  assert.equal(dry.out, null);
  assert.deepEqual(readdirSync(folder), []);
  assert.ok(dry.diagnostics.some((d: { code: string }) => d.code === 'W0540'));
  assert.ok(dry.deliveries > 0);
  const written = run('--simulate', '1');
  assert.equal(written.out, out);
  assert.ok(existsSync(join(out, 'golden.npz')));
  assert.ok(!written.diagnostics.some((d: { code: string }) => d.code === 'W0540'));
  assert.ok(written.latency.seconds > 0);
  assert.equal(written.deliveries, dry.deliveries);
});

test('large networks have fewer images drawn for them, never none', () => {
  assert.equal(syntheticCount(0), 32);
  assert.equal(syntheticCount(4.6e9), 32);
  assert.equal(syntheticCount(17.6e9), 8);
  assert.equal(syntheticCount(1e15), 2);
});
