/** The emulated device equals the simulator, every spike of every population: it is a third reading of one semantics. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadTarget, type Target } from '../backends/target.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { MODES } from '../ir/chip.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { bootDevice } from '../runtime-sim/device/boot.ts';
import { createMachine } from '../runtime-sim/device/machine.ts';
import { Refusal } from '../runtime-sim/device/refusal.ts';
import { createLifReference } from '../runtime-sim/lif/reference.ts';
import { assertSame, bytesOf, deviceOf } from './device-kit.ts';
import { integerNetworks } from './integer-networks.ts';
import { cramped, descend, mapTo, randomImages, reload } from './kit.ts';
import { randomNet, randomPrograms, withCurrents } from './lif/random-net.ts';
import { spikingMlp } from './spiking-mlp.ts';

let hostile: Target;
before(async () => {
  hostile = await loadTarget('loihi2');
});

const UNTIDY = { tokens: 5, dim: 24, heads: 3, mlp: 50, depth: 1, classes: 5, patch: 12 } as const;

test('one step, in every mode, whole and cut, images behind each other', async () => {
  const large = await loadTarget('loihi2');
  const small = cramped(large, 150, 1500);
  for (const { number, name, int, images } of integerNetworks(UNTIDY, 1)) {
    const mode = MODES[number % 3]!;
    const target = number % 2 === 0 ? large : small;
    assertSame(`${name} ${mode}`, mapTo(int, target, { mode }), images.slice(0, 2));
  }
});

test('several steps in every coding', async () => {
  const large = await loadTarget('loihi2');
  for (const { number, name, int, images } of integerNetworks(UNTIDY, 3)) {
    const mode = (['pipelined', 'layerwise'] as const)[number % 2]!;
    assertSame(`${name} ${mode}`, mapTo(int, large, { mode }), images);
  }
});

test('binary spikes', async () => {
  const target = await loadTarget('loihi1');
  const { int, images, options, context } = await spikingMlp(target, [37, 29, 23, 11], 2);
  assertSame('binary', reload(mapNetwork(int, target, new Map(), options, context)), images);
});

test('plain neurons that run freely: spikes and potentials', () => {
  let fired = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const net = seed % 4 === 0 ? randomNet(seed) : withCurrents(randomNet(seed), seed);
    const [sumBits, stateBits] = seed % 3 === 0 ? [12, 13] : [26, 30];
    const programs = randomPrograms(net, sumBits, stateBits);
    const machine = deviceOf(programs);
    const reference = createLifReference(programs);
    const { tiles } = reference.network;
    for (let run = 0; run < 2; run++) {
      reference.run(
        run === 0 ? 25 : 0,
        step => {
          const wanted = new Map<number, number[]>();
          tiles.forEach(({ program, members }, t) => {
            const own = wanted.get(program.population) ?? [];
            wanted.set(program.population, own);
            for (let i = step.fired.starts[t]!; i < step.fired.starts[t + 1]!; i++)
              own.push(members[step.fired.neurons[i]!]!);
          });
          const elements = Array.from(net.host(step.step)).toSorted((a, b) => a - b);
          const input =
            reference.network.hostSize === 0 ? undefined : { elements, values: elements.map(() => 1) };
          const { emissions } = machine.advance(input);
          for (const { population, neurons } of emissions) {
            assert.deepEqual(
              neurons,
              wanted.get(population)!.toSorted((a, b) => a - b),
              `seed ${seed}`,
            );
            fired += neurons.length;
          }
        },
        net.host,
      );
      if (run === 0)
        machine.booted.tiles.forEach((tile, t) => {
          assert.deepEqual(Array.from(machine.stateOf(tile)!.target), Array.from(reference.potentials(t)));
        });
      machine.restart();
    }
    assert.equal(machine.timestep, 0);
    const again = deviceOf(programs);
    const host = { elements: Array.from(net.host(0)).toSorted((a, b) => a - b), values: [] as number[] };
    host.values.push(...host.elements.map(() => 1));
    const input = reference.network.hostSize === 0 ? undefined : host;
    assert.deepEqual(machine.advance(input), again.advance(input));
  }
  assert.ok(fired > 1000, `${fired}`);
});

test('whatever bytes are loaded, the device boots and runs or refuses', () => {
  const random = createRandom(5);
  const { int } = descend(randomAnn(2), randomImages(randomAnn(2), 1, 2), {
    coding: 'sum',
    steps: 2,
    shift: 4,
    terms: 2,
  });
  let refused = 0;
  for (const mode of ['pipelined', 'streaming'] as const) {
    if (mode === 'streaming' && int.attrs.steps > 1) continue;
    const sound = bytesOf(mapTo(int, hostile, { mode }));
    for (let round = 0; round < 300; round++) {
      const damaged = new Map([...sound].map(([chip, bytes]) => [chip, Uint8Array.from(bytes)] as const));
      const bytes = random.pick([...damaged.values()]);
      for (let n = random.int(1, 3); n > 0; n--) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
      try {
        const machine = createMachine(bootDevice(damaged));
        for (let now = 0; now < 4; now++)
          machine.advance(now === 0 ? { elements: [0], values: [5] } : undefined);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused += 1;
      }
    }
  }
  assert.ok(refused > 50, `${refused}`);
});
