/** Networks of plain neurons become programs: convolutions, slices, one message to each core that has synapses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import { type Convolution, convolve, convolvedShape } from '../../compiler/plain-neurons/network.ts';
import { sliceGroups } from '../../compiler/plain-neurons/slices.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import { sumOf } from '../../runtime-sim/lif/events.ts';
import { lif } from './random-net.ts';

/** By the definition, from the outputs. */
function slowlyConvolved(convolution: Convolution): readonly string[] {
  const { input, kernel, weights, stride } = convolution;
  const [channels, height, width] = input;
  const [kh, kw, , outs] = kernel;
  const [, outHeight, outWidth] = convolvedShape(convolution);
  const found: string[] = [];
  for (let o = 0; o < outs; o++)
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++)
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const source = (c * height + y * stride[0] + i) * width + x * stride[1] + j;
              const target = (o * outHeight + y) * outWidth + x;
              found.push(`${source} ${target} ${weights[((i * kw + j) * channels + c) * outs + o]}`);
            }
  return found.sort();
}

test('a convolution has the synapses of its definition', () => {
  const random = createRandom(3);
  for (let run = 0; run < 20; run++) {
    const kernel = [random.int(1, 3), random.int(1, 4), random.int(1, 3), random.int(1, 3)] as const;
    const input = [kernel[2], random.int(kernel[0], 8), random.int(kernel[1], 9)] as const;
    const weights = Array.from({ length: kernel.reduce((a, b) => a * b) }, (_, i) => i + 1);
    const stride = [random.int(1, 3), random.int(1, 3)] as const;
    const convolution = { input, kernel, weights, stride };
    const { starts, targets, weights: values } = convolve(convolution);
    const found: string[] = [];
    for (let i = 0; i < starts.length - 1; i++)
      for (let s = starts[i]!; s < starts[i + 1]!; s++) found.push(`${i} ${targets[s]} ${values[s]}`);
    assert.deepEqual(found.sort(), slowlyConvolved(convolution));
  }
});

test('a neuron sends one message to each core that has synapses of it', () => {
  // Neuron 0 reaches neurons on two cores, neuron 1 one of them twice, neuron 2 none.
  const synapses = {
    starts: Int32Array.of(0, 3, 5, 5),
    targets: Int32Array.of(0, 1, 5, 4, 4),
    weights: Int16Array.of(1, 2, 3, 4, 5),
  };
  const always = lif({ bias: Int32Array.of(1) });
  const deaf = lif({ threshold: Int32Array.of(1000) });
  const network = {
    hostSize: 0,
    groups: [
      { name: 'a', size: 3, neurons: always },
      { name: 'b', size: 6, neurons: deaf },
    ],
    edges: [{ from: 0, to: 1, delay: 0, synapses }],
  };
  const mapping = sliceGroups(network, [1, 3], { height: 2, slots: 1 });
  const machine = createLifMachine(buildPrograms(network, mapping));
  machine.run(2);
  const { messagesOut, messagesIn, synops, fired } = machine.totals;
  assert.deepEqual(Array.from(messagesOut), [6, 0, 0, 0]);
  assert.deepEqual(Array.from(messagesIn), [0, 2, 0, 4]);
  assert.deepEqual(Array.from(synops), [0, 4, 0, 6]);
  assert.equal(sumOf(fired), 6);
  assert.deepEqual(Array.from(machine.potentials(1)), [1, 2]);
  assert.deepEqual(Array.from(machine.potentials(3)), [9, 3]);
});
