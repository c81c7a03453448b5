/** A network of NIR on cores: what its bytes do is what its integers do, and those what its real numbers do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeChip } from '../../backends/program/decode.ts';
import { encodeChip } from '../../backends/program/encode.ts';
import { loadTarget } from '../../backends/target.ts';
import { readNirFile, writeNirFile } from '../../cli/nir-file.ts';
import { compareRuns, measureReal } from '../../cli/nir-runs.ts';
import { writeNpz } from '../../cli/npz.ts';
import { drawSpikes } from '../../cli/spike-data.ts';
import { readNpz } from '../../compiler/data/npz.ts';
import { importNir } from '../../compiler/nir/import.ts';
import { quantizeNetwork } from '../../compiler/nir/quantize.ts';
import { scheduleGroups } from '../../compiler/nir/schedule.ts';
import { mapPlain } from '../../compiler/plain-neurons/map.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import type { NirGroup } from '../../ir/nir-value.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import { cramped } from '../kit.ts';
import { chain, input, node, output, randomLayers, real } from './nets.ts';

const folder = mkdtempSync(join(tmpdir(), 'snnc-nir-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const TIME = { dt: 1e-3, decay: 'euler', reset: 'zero' } as const;
const loihi2 = await loadTarget('loihi2');
const small = cramped(loihi2, 9, 300);

function build(net: NirGroup, target = loihi2, seed = 1) {
  const network = importNir(net, TIME, 'net.nir');
  const schedule = scheduleGroups(network, 'net.nir', () => undefined);
  const set = drawSpikes(network.hostSize, 60, seed);
  const measured = measureReal(network, schedule, set);
  const options = { weightBits: 8, accumulatorBits: 24, stateBits: 24 };
  const quantized = quantizeNetwork(network, schedule, measured.largest, options);
  const mapping = { weightBits: 8, seed: 1, effort: 'fast', rates: measured.rates } as const;
  const mapped = mapPlain(quantized.network, target, quantized.widths, mapping);
  const programs = mapped.programs.map(program => decodeChip(encodeChip(program), 'memory'));
  // Throws where the chip is not the network without cores.
  const compared = compareRuns({ network, schedule, quantized, measured }, set, createLifMachine(programs));
  return { network, quantized, mapped, compared };
}

test('random networks on a few cores and on many are the same, spike by spike, and near their real numbers', () => {
  let [float, both, most] = [0, 0, 0];
  for (let seed = 1; seed <= 12; seed++) {
    const net = randomLayers(createRandom(seed));
    const large = build(net, loihi2, seed);
    const cut = build(net, small, seed);
    assert.deepEqual(cut.compared, large.compared);
    most = Math.max(most, cut.mapped.usage.length);
    float += large.compared.agreement.spikes.float;
    both += large.compared.agreement.spikes.both;
  }
  assert.ok(most >= 8, `${most} cores`);
  assert.ok(float > 3000 && both / float > 0.98, `${both} of ${float}`);
});

test('without decay and with weights that 8 bits hold every spike is that of the real numbers', () => {
  const random = createRandom(9);
  const many = (n: number, from: number, to: number) =>
    Array.from({ length: n }, () => random.int(from, to) / 32);
  const net = chain([
    ['in', input(12)],
    ['a', node('Affine', { weight: real(many(240, -40, 90), [20, 12]), bias: real(many(20, -3, 3)) })],
    ['x', node('IF', { r: real(Array(20).fill(1)), v_threshold: real(many(20, 20, 60)) })],
    ['b', node('Linear', { weight: real(many(100, -60, 127), [5, 20]) })],
    ['y', node('IF', { r: real(Array(5).fill(2)), v_threshold: real(Array(5).fill(2)) })],
    ['out', output(5)],
  ]);
  const { compared } = build(net, small);
  const { float, chip, both } = compared.agreement.spikes;
  assert.ok(float > 200);
  assert.deepEqual([chip, both], [float, float]);
});

test('a threshold that no unit holds still parts the potentials where it lies', () => {
  const net = chain([
    ['in', input(2)],
    ['w', node('Linear', { weight: real([1, 1], [1, 2]) })],
    ['n', node('IF', { r: real([1]), v_threshold: real([1.9999999]) })],
    ['out', output(1)],
  ]);
  const { quantized, compared } = build(net);
  const unit = 2 ** quantized.fractions[0]!;
  assert.equal(quantized.network.groups[0]!.neurons.threshold[0], Math.floor(1.9999999 * unit));
  assert.equal(compared.agreement.spikes.both, compared.agreement.spikes.float);
});

test('a neuron that no core holds is named', () => {
  const net = chain([
    ['in', input(400)],
    ['w', node('Linear', { weight: real(Array(800).fill(1), [2, 400]) })],
    ['n', node('IF', { r: real([1, 1]), v_threshold: real([1, 1]) })],
    ['out', output(2)],
  ]);
  assert.throws(
    () => build(net, small),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0512',
  );
});

function snnc(...args: string[]) {
  const run = spawnSync(process.execPath, ['build/test/cli-entry.js', ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

test('from a file to a folder to spikes, with the folder alone', async () => {
  const path = join(folder, 'net.nir');
  const net = randomLayers(createRandom(3));
  await writeNirFile(path, net);
  assert.deepEqual(await readNirFile(path), sorted(net));
  const without = snnc('compile', path, '--quiet');
  assert.equal(without.code, 2);
  assert.match(without.err, /E0134/);
  const made = snnc('compile', path, '--dt', '1e-3', '--quiet', '--json');
  assert.equal(made.code, 0, made.err);
  const { free, out } = JSON.parse(made.out);
  assert.equal(free.outputs[0].kind, 'potentials');
  rmSync(path);
  const golden = readNpz(readFileSync(join(out, 'golden.npz')), 'golden.npz');
  const [spikes, saved] = [join(folder, 'in.npz'), join(folder, 'out.npz')];
  const { shape, data } = golden.get('inputs')!;
  writeFileSync(spikes, writeNpz([{ name: 'spikes', shape, data: Float64Array.from(data) }]));
  const ran = snnc('simulate', out, '--input', spikes, '--save', saved, '--record', 'a', '--json', '--quiet');
  assert.equal(ran.code, 0, ran.err);
  const written = readNpz(readFileSync(saved), 'out.npz');
  assert.deepEqual(written.get('out')!.data, golden.get('output:out')!.data);
  assert.ok(written.get('population:a')!.data.some(x => x === 1));
  const result = JSON.parse(ran.out);
  assert.equal(result.timesteps, shape[1]);
  assert.ok(result.synops > 0 && result.energyPj.davies2018 > 0);
  const wrong = join(folder, 'wrong.npz');
  writeFileSync(wrong, writeNpz([{ name: 'spikes', shape: [4, 3], data: new Float64Array(12) }]));
  assert.match(snnc('simulate', out, '--input', wrong).err, /E0137/);
  writeFileSync(wrong, writeNpz([{ name: 'spikes', shape, data: Float64Array.from(data, x => 2 * x) }]));
  assert.match(snnc('simulate', out, '--input', wrong).err, /E0137.*holds 2/s);
  assert.match(snnc('simulate', out, '--input', spikes, '--record', 'nobody').err, /E0755/);
  assert.match(snnc('simulate', out, '--input', spikes, '--timed').err, /E0716.*--timed/s);
  assert.match(snnc('validate', out, '--data', spikes).err, /E0711/);
  assert.match(snnc('report', out).out, /mode free/);
  assert.equal(snnc('diff', out, out).code, 0);
  assert.match(snnc('compile', path, '--dt', '1e-3').err, /E0101/);
});

/** As a file gives it: entries by name. */
const sorted = ({ kind, entries }: NirGroup): NirGroup => ({
  kind,
  entries: new Map(
    [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, value.kind === 'group' ? sorted(value) : value]),
  ),
});

test('files that are no NIR, cut or damaged, are refused in words', async () => {
  const path = join(folder, 'sound.nir');
  await writeNirFile(path, randomLayers(createRandom(2)));
  const bytes = readFileSync(path);
  const broken = join(folder, 'broken.nir');
  const random = createRandom(4);
  for (let run = 0; run < 60; run++) {
    const damaged = Buffer.from(run % 3 === 0 ? bytes.subarray(0, random.int(8, bytes.length)) : bytes);
    for (let i = 0; i < 3; i++) damaged[random.int(8, damaged.length - 1)] = random.int(0, 255);
    writeFileSync(broken, damaged);
    try {
      importNir(await readNirFile(broken), TIME, broken);
    } catch (error) {
      assert.ok(error instanceof UserError, `run ${run}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  const given = snnc('compile', path, '--dt', '1e-3', '--steps', '4');
  assert.match(given.err, /E0138.*--steps/s);
  const wide = snnc('compile', path, '--dt', '1e-3', '--bits', '12');
  assert.match(wide.err, /E0511/);
  assert.ok(!existsSync(join(folder, 'sound.snnc')));
});
