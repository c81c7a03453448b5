/** NIR → groups and synapses: maps by their definition, graphs in graphs, delays and loops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RealEdge, RealNetwork } from '../../compiler/nir/network.ts';
import { scheduleGroups } from '../../compiler/nir/schedule.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { chain, file, graph, input, node, output, randomLayers, real, whole } from './nets.ts';
import { lif, read } from './reading.ts';

const dense = ({ synapses: { starts, targets, weights } }: RealEdge, size: number) =>
  Array.from({ length: starts.length - 1 }, (_, i) => {
    const row = new Array<number>(size).fill(0);
    for (let s = starts[i]!; s < starts[i + 1]!; s++) row[targets[s]!]! += weights[s]!;
    return row;
  });

/** By the definition, from the outputs. */
test('convolutions have the synapses of their definition: groups, strides, paddings, dilations', () => {
  const random = createRandom(5);
  for (let run = 0; run < 30; run++) {
    const groups = random.int(1, 2);
    const [ins, outs] = [groups * random.int(1, 2), groups * random.int(1, 2)];
    const [kh, kw] = [random.int(1, 3), random.int(1, 3)];
    const [sh, sw, ph, pw] = [random.int(1, 2), random.int(1, 3), random.int(0, 2), random.int(0, 2)];
    const dilation = random.int(1, 2);
    const [height, width] = [random.int(5, 7), random.int(5, 8)];
    const weights = Array.from({ length: (outs * ins * kh * kw) / groups }, (_, i) => i + 1);
    const oh = Math.floor((height + 2 * ph - dilation * (kh - 1) - 1) / sh) + 1;
    const ow = Math.floor((width + 2 * pw - dilation * (kw - 1) - 1) / sw) + 1;
    const net = read(
      chain([
        ['in', input(ins, height, width)],
        [
          'conv',
          node('Conv2d', {
            weight: real(weights, [outs, ins / groups, kh, kw]),
            ...{ stride: whole([sh, sw]), padding: whole([ph, pw]), dilation: whole([dilation], []) },
            ...{ groups: whole([groups], []), bias: real(Array(outs).fill(0)) },
          }),
        ],
        ['if', node('IF', { r: real([1]), v_threshold: real([1]) })],
        ['out', output(outs, oh, ow)],
      ]),
    );
    const found = dense(net.edges[0]!, outs * oh * ow);
    for (let o = 0; o < outs; o++)
      for (let y = 0; y < oh; y++)
        for (let x = 0; x < ow; x++)
          for (let c = 0; c < ins; c++)
            for (let i = 0; i < height; i++)
              for (let j = 0; j < width; j++) {
                const [row, column] = [i + ph - y * sh, j + pw - x * sw];
                const isIn = row % dilation === 0 && column % dilation === 0;
                const [a, b] = [row / dilation, column / dilation];
                const isSame = Math.floor(c / (ins / groups)) === Math.floor(o / (outs / groups));
                const at = ((o * (ins / groups) + (c % (ins / groups))) * kh + a) * kw + b;
                const expected = isIn && isSame && a >= 0 && a < kh && b >= 0 && b < kw ? weights[at]! : 0;
                assert.equal(found[(c * height + i) * width + j]![(o * oh + y) * ow + x], expected);
              }
  }
});

test('pools, scales and layers between neurons are composed, biases through them', () => {
  const net = read(
    chain([
      ['in', input(1, 2, 4)],
      [
        'pool',
        node('AvgPool2d', { kernel_size: whole([2, 2]), stride: whole([2, 2]), padding: whole([0, 0]) }),
      ],
      [
        'flat',
        node('Flatten', {
          start_dim: whole([0], []),
          end_dim: whole([-1], []),
          input_type: whole([1, 1, 2]),
        }),
      ],
      ['fc', node('Affine', { weight: real([1, 2, 3, 4, 5, 6], [3, 2]), bias: real([1, -1, 2]) })],
      ['scale', node('Scale', { scale: real([2, 4, -8]) })],
      ['if', node('IF', { r: real([1, 1, 1]), v_threshold: real([1, 1, 1]) })],
      ['out', output(3)],
    ]),
  );
  const left = [0.5, 3, -10];
  const right = [1, 4, -12];
  assert.deepEqual(dense(net.edges[0]!, 3), [left, left, right, right, left, left, right, right]);
  assert.deepEqual(Array.from(net.groups[0]!.drive), [2, -4, -16]);
  const summed = read(
    chain([
      ['in', input(1, 2, 2)],
      [
        'pool',
        node('SumPool2d', { kernel_size: whole([2], []), stride: whole([1], []), padding: whole([1], []) }),
      ],
      ['t', node('Threshold', { threshold: real([0.5]) })],
      ['out', output(1, 3, 3)],
    ]),
  );
  assert.deepEqual(dense(summed.edges[0]!, 9)[0], [1, 1, 0, 1, 1, 0, 0, 0, 0]);
});

test('a convolution along one axis', () => {
  const net = read(
    chain([
      ['in', input(1, 5)],
      [
        'conv',
        node('Conv1d', {
          ...{ weight: real([1, 2, 3], [1, 1, 3]), stride: whole([2], []), padding: whole([1], []) },
          ...{
            dilation: whole([1], []),
            groups: whole([1], []),
            bias: real([0]),
            input_shape: whole([5], []),
          },
        }),
      ],
      ['if', node('IF', { r: real([1]), v_threshold: real([1]) })],
      ['out', output(1, 3)],
    ]),
  );
  assert.deepEqual(net.groups[0]!.shape, [1, 3]);
  assert.deepEqual(dense(net.edges[0]!, 3), [
    [2, 0, 0],
    [3, 1, 0],
    [0, 2, 0],
    [0, 3, 1],
    [0, 0, 2],
  ]);
});

test('Euler keeps 1 − dt/τ, exponential exp(−dt/τ); a current has both constants', () => {
  const cuba = chain([
    ['in', input(1)],
    ['fc', node('Linear', { weight: real([1], [1, 1]) })],
    [
      'n',
      node('CubaLIF', {
        ...{ tau_mem: real([4e-3]), tau_syn: real([2e-3]), r: real([3]), w_in: real([5]) },
        ...{ v_leak: real([0.5]), v_threshold: real([1]) },
      }),
    ],
    ['out', output(1)],
  ]);
  const numbers = (net: RealNetwork) => {
    const { keep, keepCurrent, gain, bias } = net.groups[0]!.neurons;
    return [keep[0]!, keepCurrent[0]!, gain[0]!, bias[0]!];
  };
  assert.deepEqual(numbers(read(cuba)), [0.75, 0.5, 0.25 * 3 * 0.5 * 5, 0.125]);
  const [a, b] = [Math.exp(-0.25), Math.exp(-0.5)];
  assert.deepEqual(numbers(read(cuba, { decay: 'exponential' })), [
    a,
    b,
    (1 - a) * 3 * ((1 - b) * 5),
    (1 - a) * 0.5,
  ]);
});

test('graphs in graphs are unfolded; a threshold behind an integrator is a neuron without reset', () => {
  const inner = graph(
    {
      input: input(2),
      lif: lif(2),
      w: node('Linear', { weight: real([1, 2, 3, 4], [2, 2]) }),
      output: output(2),
    },
    [
      ['input', 'lif'],
      ['lif', 'w'],
      ['w', 'lif'],
      ['lif', 'output'],
    ],
  );
  const net = read(
    chain([
      ['in', input(2)],
      ['rnn', inner],
      ['li', node('LI', { tau: real([4e-3]), r: real([4]), v_leak: real([0]) })],
      ['th', node('Threshold', { threshold: real([2, 3]) })],
      ['out', output(2)],
    ]),
  );
  assert.deepEqual(
    net.groups.map(({ name }) => name),
    ['rnn.lif', 'li'],
  );
  assert.deepEqual(net.groups[1]!.neurons.reset, 'none');
  assert.deepEqual(Array.from(net.groups[1]!.neurons.threshold), [2, 3]);
  const { depths, lags, delays } = scheduleGroups(net, 'net.nir', () => assert.fail('a warning'));
  assert.deepEqual(depths, [1, 2]);
  const loop = net.edges.findIndex(({ from, to }) => from === 0 && to === 0);
  assert.deepEqual([lags[loop], delays[loop]], [1, 0]);
});

test('what takes a shorter way waits; a delay of the file counts as one', () => {
  const net = read(randomLayers(createRandom(1)));
  const { depths, delays, lags } = scheduleGroups(net, 'net.nir', () => undefined);
  const named = new Map(net.groups.map(({ name }, i) => [name, depths[i]!]));
  assert.deepEqual([named.get('a'), named.get('b'), named.get('c')], [1, 2, 3]);
  const toC = net.edges.flatMap(({ from, to }, e) =>
    net.groups[to]!.name === 'c' && from !== 'host' ? [[net.groups[from]!.name, lags[e], delays[e]]] : [],
  );
  assert.deepEqual(toC.sort(), [
    ['a', 2, 3],
    ['a', 3, 4],
    ['b', 0, 0],
  ]);
});

test('a loop over two groups takes two timesteps, and a warning says so', () => {
  const w = node('Linear', { weight: real([1], [1, 1]) });
  const net = read(
    file({ in: input(1), w0: w, a: lif(1), w1: w, b: lif(1), w2: w, out: output(1) }, [
      ['in', 'w0'],
      ['w0', 'a'],
      ['a', 'w1'],
      ['w1', 'b'],
      ['b', 'w2'],
      ['w2', 'a'],
      ['b', 'out'],
    ]),
  );
  const said: string[] = [];
  const { depths, lags } = scheduleGroups(net, 'net.nir', code => void said.push(code));
  assert.deepEqual(said, ['W0136']);
  assert.deepEqual(depths, [1, 1]);
  assert.deepEqual(lags, [0, 1, 1].sort());
});

test('an output that no neuron gives directly is a group that adds up and is read', () => {
  const net = read(
    file(
      {
        in: input(1),
        a: lif(2),
        w: node('Linear', { weight: real([1, 2], [1, 2]) }),
        out: output(1),
        s: node('Linear', { weight: real([1, 1], [2, 1]) }),
      },
      [
        ['in', 's'],
        ['s', 'a'],
        ['a', 'w'],
        ['w', 'out'],
      ],
    ),
  );
  assert.deepEqual(
    net.outputs.map(({ name, group }) => [name, group]),
    [['out', 1]],
  );
  assert.equal(net.groups[1]!.neurons.threshold[0], Number.POSITIVE_INFINITY);
});
