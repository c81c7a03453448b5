/** What is expected of a network before it is compiled, beside what is counted of it when it runs. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { measureActivity } from '../cli/activity.ts';
import { checkSchema } from '../cli/check-result.ts';
import { writeNpz } from '../cli/npz.ts';
import { convertNetwork, quantizeNetwork } from '../compiler/compile.ts';
import { activityOfSample, nominalActivity } from '../compiler/estimate/activity.ts';
import { estimatePlaced } from '../compiler/estimate/modes.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { MODES } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { ranOf } from '../report/accounts.ts';
import type { Report } from '../report/schema.ts';
import { energyOf } from '../runtime-sim/energy.ts';
import { boundOf } from '../runtime-sim/timing.ts';
import { DIGITS, readDigits } from './digits.ts';
import { bootFromBytes } from './kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-estimate-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const near = (a: number, b: number, share: number, what: string) =>
  assert.ok(Math.abs(a - b) <= share * Math.abs(b), `${what}: ${a} where ${b} were counted`);

test('with measured rates, expected events are those that a simulation counts, in every mode', async () => {
  const { ann, images } = readDigits(3);
  const target = await loadTarget('loihi2');
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const options = {
    ...({ coding: 'sum', steps: 1, thresholds: 'pow2', profile: defaultProfile(3), weightBits: 8 } as const),
    ...({ seed: 1, effort: 'fast', biasCorrection: false, keepUnread: false } as const),
  };
  const { snn } = convertNetwork(ann, images, options, context);
  const int = quantizeNetwork(snn, images, target, 8, context);
  const { rates: activity } = measureActivity(int, images);
  const rates = new Map([...activity].map(([id, { rate }]) => [id, rate]));
  for (const mode of MODES) {
    const mapped = mapNetwork(int, target, rates, { ...options, mode }, context);
    const machine = bootFromBytes(mapped);
    for (const image of images) machine.run(image);
    const counted = ranOf(machine.counts);
    const found = estimatePlaced(mapped.chip, target, mapped.accounting, { activity, weightBits: 8 });
    assert.equal(found.totals.updates, counted.totals.updates);
    for (const event of ['messages', 'synops', 'memoryWords', 'relayAdds', 'spikes', 'terms'] as const)
      near(found.totals[event], counted.totals[event]!, 0.01, `${mode} ${event}`);
    for (const event of ['hopsEastWest', 'hopsNorthSouth'] as const)
      near(found.totals[event], counted.totals[event]!, 0.02, `${mode} ${event}`);
    assert.equal(found.interval, counted.interval);
    const [expected, bound] = [found.peaks, counted.peaks].map(peaks => boundOf(peaks, target.timing, 1));
    near(expected!.intervalSeconds, bound!.intervalSeconds, 0.05, `${mode} interval`);
    near(expected!.layerwiseSeconds, bound!.layerwiseSeconds, 0.05, `${mode} latency`);
    const [set] = target.costSets;
    near(energyOf(found.totals, set!).totalPj, energyOf(counted.totals, set!).totalPj, 0.01, mode);
  }
});

test('a sample sends as conversion would have it send; what has no scale is nominal all the same', () => {
  const limits = { steps: 1, maxLevels: 16 };
  const setting = { shift: 4, terms: 3, band: 0.75 };
  const random = createRandom(7);
  const normal = Float64Array.from({ length: 20_000 }, () => random.normal());
  // θ = 2^round(log2 2.576 − 4) = 2^−3: |x| ≥ 0.75 · θ is met by 92.5 % of normal numbers.
  near(activityOfSample(normal, setting, limits).activity.rate, 0.925, 0.01, 'normal');
  near(nominalActivity({ kind: 'layernorm', epsilon: 0 }, 64, setting, limits).rate, 0.925, 0.02, 'norm');
  const one = activityOfSample(normal, setting, limits).activity;
  const two = activityOfSample(normal, setting, { ...limits, steps: 2 }).activity;
  assert.ok(two.rate < one.rate && 2 * two.rate >= one.rate);
  const relu = nominalActivity({ kind: 'pointwise', name: 'relu' }, 64, setting, limits).rate;
  assert.ok(relu > 0.35 && relu < 0.5, `${relu}`);
  assert.deepEqual(activityOfSample(new Float64Array(8), setting, limits).activity, { rate: 0, terms: 0 });
});

test('snnc check says within 10 % what compile then finds, and its JSON has the shape that is promised', () => {
  const path = join(folder, 'few.npz');
  const images = readDigits(0).calibration.slice(0, 16);
  const data = Float64Array.from(images.flatMap(image => [...image]));
  writeFileSync(path, writeNpz([{ name: 'images', shape: [16, 1, 8, 8], data }]));
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['build/test/cli-entry.js', ...args, '--calibrate', path, '--shift', '3', '--json'],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as unknown;
  };
  const model = `${DIGITS}/vit-digits.onnx`;
  const checked = checkSchema.parse(run('check', model));
  const out = join(folder, 'digits.snnc');
  run('compile', model, '--out', out, '--effort', 'fast', '--no-compare', '--no-bias-correction');
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as { cores: object[] };
  const taken = checked.modes.find(({ mode }) => mode === checked.mode)!;
  near(checked.cores.used!, manifest.cores.length, 0.1, 'cores');
  near(taken.interval!.seconds, report.verdict.interval.seconds, 0.1, 'interval');
  // An image alone waits for the busiest core of every depth, which a slightly other cut moves.
  near(taken.latency!.seconds, report.verdict.latency.seconds, 0.25, 'latency');
  const energies = report.energy.costSets.map(({ totalPj }) => totalPj);
  near(taken.energyPj!.low, Math.min(...energies), 0.1, 'energy');
  near(taken.energyPj!.high, Math.max(...energies), 0.1, 'energy');
  assert.deepEqual(
    checked.modes.map(({ mode, fits }) => [mode, fits]),
    MODES.map(mode => [mode, true]),
  );
  assert.equal(checked.whatIf.length, 3);
});
