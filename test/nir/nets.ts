/** Networks of NIR, written by hand or at random, as its files hold them. */
import { sizeOf } from '../../ir/dialect.ts';
import { type NirGroup, type NirNumbers, type NirValue, nirGroup, nirText } from '../../ir/nir-value.ts';
import type { Random } from '../../ir/random/seeded.ts';

export const real = (data: readonly number[], shape: readonly number[] = [data.length]): NirNumbers => ({
  ...{ kind: 'numbers', shape, data: Float64Array.from(data), store: 'float64' },
});
export const whole = (data: readonly number[], shape: readonly number[] = [data.length]): NirNumbers => ({
  ...real(data, shape),
  store: 'int64',
});

export const node = (type: string, fields: Readonly<Record<string, NirValue>> = {}): NirGroup =>
  nirGroup([['type', nirText(type)], ...Object.entries(fields)]);
export const input = (...shape: number[]) => node('Input', { shape: whole(shape) });
export const output = (...shape: number[]) => node('Output', { shape: whole(shape) });

type Edge = readonly [string, string];
export const graph = (nodes: Readonly<Record<string, NirGroup>>, edges: readonly Edge[]): NirGroup =>
  node('NIRGraph', {
    nodes: nirGroup(Object.entries(nodes)),
    edges: { kind: 'texts', columns: 2, texts: edges.flat() },
  });
export const file = (nodes: Readonly<Record<string, NirGroup>>, edges: readonly Edge[]): NirGroup =>
  nirGroup([
    ['node', graph(nodes, edges)],
    ['version', nirText('1.0.8')],
  ]);

/** Nodes in a row, each feeding the next. */
export function chain(nodes: readonly (readonly [string, NirGroup])[]): NirGroup {
  const names = nodes.map(([name]) => name);
  return file(
    Object.fromEntries(nodes),
    names.slice(1).map((name, i) => [names[i]!, name] as const),
  );
}

/** Weights that 8 bits hold, in 64ths; thresholds and decays that are exact too. */
export function randomLayers(random: Random): NirGroup {
  const part = () => random.int(-100, 100) / 64;
  const many = (n: number, make: () => number) => Array.from({ length: n }, make);
  const image = [random.int(1, 2), random.int(5, 7), random.int(5, 7)] as const;
  const channels = random.int(1, 3);
  const stride = random.int(1, 2);
  const padding = random.int(0, 1);
  const out = (size: number) => Math.floor((size + 2 * padding - 3) / stride) + 1;
  const convolved = [channels, out(image[1]), out(image[2])] as const;
  const hidden = random.int(3, 9);
  const all = (shape: readonly number[], value: number) =>
    real(
      many(sizeOf(shape), () => value),
      shape,
    );
  const lif = (shape: readonly number[]) =>
    random.chance(0.5)
      ? node('LIF', {
          ...{ tau: all(shape, 4e-3), r: all(shape, 4), v_leak: all(shape, 0) },
          ...{ v_threshold: all(shape, 0.75), v_reset: all(shape, 0.125) },
        })
      : node('CubaLIF', {
          ...{ tau_mem: all(shape, 8e-3), tau_syn: all(shape, 2e-3), r: all(shape, 8), w_in: all(shape, 2) },
          ...{ v_leak: all(shape, 0), v_threshold: all(shape, 1.5), v_reset: all(shape, 0) },
        });
  const kernel = [channels, image[0], 3, 3];
  const nodes = {
    in: input(...image),
    conv: node('Conv2d', {
      ...{ input_shape: whole(image.slice(1)), weight: real(many(sizeOf(kernel), part), kernel) },
      ...{ stride: whole([stride, stride]), padding: whole([padding, padding]), dilation: whole([1, 1]) },
      ...{ groups: whole([1], []), bias: real(many(channels, () => random.int(-8, 8) / 64)) },
    }),
    a: lif(convolved),
    flat: node('Flatten', {
      start_dim: whole([0], []),
      end_dim: whole([-1], []),
      input_type: whole(convolved),
    }),
    fc: node('Linear', { weight: real(many(hidden * sizeOf(convolved), part), [hidden, sizeOf(convolved)]) }),
    b: lif([hidden]),
    rec: node('Affine', {
      weight: real(many(hidden * hidden, part), [hidden, hidden]),
      bias: real(many(hidden, () => random.int(-4, 12) / 64)),
    }),
    skip: node('Linear', { weight: real(many(2 * sizeOf(convolved), part), [2, sizeOf(convolved)]) }),
    last: node('Linear', { weight: real(many(2 * hidden, part), [2, hidden]) }),
    late: node('Delay', { delay: real([2e-3, 3e-3]) }),
    c: node('LI', { tau: real([4e-3, 2e-3]), r: real([1, 2]), v_leak: real([0, 0.5]) }),
    out: output(2),
  };
  const edges: readonly Edge[] = [
    ...([
      ['in', 'conv'],
      ['conv', 'a'],
      ['a', 'flat'],
      ['flat', 'fc'],
      ['fc', 'b'],
      ['b', 'rec'],
    ] as const),
    ...([
      ['rec', 'b'],
      ['b', 'last'],
      ['flat', 'skip'],
      ['skip', 'late'],
      ['late', 'c'],
    ] as const),
    ...([
      ['last', 'c'],
      ['c', 'out'],
    ] as const),
  ];
  return file(nodes, edges);
}
