/** Plain neurons written as NIR and compiled again are the same integers; other networks are refused in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChipProgram } from '../../backends/program/program.ts';
import { loadTarget } from '../../backends/target.ts';
import { measureReal } from '../../cli/nir-runs.ts';
import { drawSpikes } from '../../cli/spike-data.ts';
import { importNir } from '../../compiler/nir/import.ts';
import { quantizeNetwork } from '../../compiler/nir/quantize.ts';
import { scheduleGroups } from '../../compiler/nir/schedule.ts';
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import { mapPlain } from '../../compiler/plain-neurons/map.ts';
import type { PlainNetwork } from '../../compiler/plain-neurons/network.ts';
import { sliceGroups } from '../../compiler/plain-neurons/slices.ts';
import { exportNir } from '../../export/nir/export.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import type { NirGroup } from '../../ir/nir-value.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import { cramped } from '../kit.ts';
import { lif } from '../lif/random-net.ts';
import { chain, input, node, output, randomLayers, real } from '../nir/nets.ts';

const target = cramped(await loadTarget('loihi2'), 9, 300);

function compileNir(net: NirGroup, reset: 'zero' | 'subtract' = 'zero') {
  const network = importNir(net, { dt: 1e-3, decay: 'euler', reset }, 'net.nir');
  const schedule = scheduleGroups(network, 'net.nir', () => undefined);
  const set = drawSpikes(network.hostSize, 40, 1);
  const { largest, rates } = measureReal(network, schedule, set);
  const options = { weightBits: 8, accumulatorBits: 24, stateBits: 24 };
  const quantized = quantizeNetwork(network, schedule, largest, options);
  const mapped = mapPlain(quantized.network, target, quantized.widths, {
    weightBits: 8,
    seed: 1,
    effort: 'fast',
    rates,
  });
  const { inputs, outputs, groups } = network;
  const names = {
    ...{ dt: 1e-3, inputs, fractions: quantized.fractions },
    outputs: outputs.map(({ name, group }) => ({ name, population: groups[group]!.name })),
  };
  return { names, programs: mapped.programs, quantized, depths: schedule.depths };
}

/** Who fires of each population, in its own time. */
function spikesOf(programs: readonly ChipProgram[], depths: ReadonlyMap<string, number>, host: number) {
  const machine = createLifMachine(programs);
  const { populations } = programs[0]!.header;
  const set = drawSpikes(host, 60, 7);
  const sent = set.sample(0);
  const seen = new Map<string, string[]>();
  machine.run(
    60,
    step => {
      for (const { number, program, members } of machine.network.tiles) {
        const { name } = populations[program.population]!;
        const own = seen.get(name) ?? [];
        seen.set(name, own);
        for (let f = step.fired.starts[number]!; f < step.fired.starts[number + 1]!; f++)
          own.push(`${step.step - depths.get(name)!}:${members[step.fired.neurons[f]!]}`);
      }
    },
    now => sent[now]!,
  );
  return new Map([...seen].map(([name, own]) => [name, own.sort()]));
}

test('written and compiled again a network fires the same spikes', () => {
  for (let seed = 1; seed <= 8; seed++) {
    const reset = seed % 2 === 0 ? 'subtract' : 'zero';
    const first = compileNir(randomLayers(createRandom(seed)), reset);
    const { file, lost, summary } = exportNir(first.programs, first.names, 'x.snnc');
    assert.equal(
      lost.some(text => text.includes('subtraction')),
      reset === 'subtract',
    );
    assert.ok(summary.weights > 100);
    // The file says itself how its neurons are reset.
    const again = compileNir(file);
    const depths = ({ quantized, depths: own }: typeof first) =>
      new Map(quantized.network.groups.map(({ name }, g) => [name, own[g]!]));
    const host = first.quantized.network.hostSize;
    const [a, b] = [first, again].map(made => spikesOf(made.programs, depths(made), host));
    const fired = [...a!.values()].reduce((n, { length }) => n + length, 0);
    assert.ok(fired > 50, `seed ${seed}: ${fired} spikes`);
    for (const [name, own] of a!) assert.deepEqual(b!.get(name), own, `seed ${seed}, ${name}`);
  }
});

test('thresholds without reset are an integrator and a Threshold; biases without an edge a potential', () => {
  const one = (value: number) => Int32Array.of(value);
  const network: PlainNetwork = {
    hostSize: 0,
    groups: [
      { name: 'a/b', size: 2, neurons: lif({ bias: Int32Array.of(3, 5), threshold: one(20) }) },
      { name: 'c', size: 1, neurons: lif({ threshold: one(9), reset: 'none', leak: one(1024) }) },
    ],
    edges: [{ from: 0, to: 1, delay: 2, synapses: Int8Array.of(4, 7) }],
  };
  const programs = buildPrograms(network, sliceGroups(network, [1, 1], { height: 2, slots: 1 }));
  const { file } = exportNir(programs, { dt: null, inputs: [], outputs: [], fractions: [0, 0] }, 'x.snnc');
  const real_ = importNir(file, { dt: 1, decay: 'euler', reset: 'zero' }, 'x.nir');
  assert.deepEqual(
    real_.groups.map(({ name, neurons }) => [name, neurons.reset]),
    [
      ['a.b', 'hard'],
      ['c', 'none'],
    ],
  );
  const [a, c] = real_.groups;
  assert.ok(Math.abs(a!.neurons.bias[1]! - 5) < 1e-9 && Math.abs(a!.neurons.keep[0]! - 1) < 1e-9);
  assert.equal(c!.neurons.keep[0], 0.75);
  assert.equal(real_.edges[0]!.delay, 3);
  assert.deepEqual(Array.from(real_.edges[0]!.synapses.weights), [4, 7]);
  assert.deepEqual(
    real_.outputs.map(({ name }) => name),
    ['c.out'],
  );
});

test('what NIR cannot say is refused', () => {
  const network: PlainNetwork = {
    hostSize: 0,
    groups: [{ name: 'a', size: 1, neurons: lif({ initial: Int32Array.of(3) }) }],
    edges: [{ from: 0, to: 0, delay: 0, synapses: Int8Array.of(1) }],
  };
  const programs = buildPrograms(network, sliceGroups(network, [1], { height: 1, slots: 1 }));
  assert.throws(
    () => exportNir(programs, { dt: 1, inputs: [], outputs: [], fractions: [0] }, 'x.snnc'),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0762',
  );
});

test('a potential that an integrator reaches is read after as many timesteps', () => {
  const { programs, names } = compileNir(
    chain([
      ['in', input(2)],
      ['w', node('Affine', { weight: real([0.5, 0.25], [1, 2]), bias: real([0.125]) })],
      ['i', node('I', { r: real([1]) })],
      ['out', output(1)],
    ]),
  );
  const { file } = exportNir(programs, names, 'x.snnc');
  const again = compileNir(file);
  assert.deepEqual(again.quantized.network.groups, compileNir(file).quantized.network.groups);
  const machine = createLifMachine(again.programs);
  machine.run(9, undefined, now => Int32Array.from(now === 0 ? [0, 1] : []));
  assert.equal(machine.potentials(0)[0]! / 2 ** again.quantized.fractions[0]!, 0.75 + 8 * 0.125);
});
