/**
 * Random networks of stage `ann` with the parts that Vision Transformers have gained since: RMSNorm, gated MLPs,
 * rotations, query and key norms, masks and biases on scores, layer scale, registers, pools, taps, concatenations.
 */
import { type AnnGraph, ann } from '../ann.ts';
import { createConstants } from '../constants.ts';
import type { ValueId } from '../dialect.ts';
import { compressMap, HOLE } from '../map.ts';
import { type Builder, createBuilder } from './ann.ts';
import { createRandom, type Random } from './seeded.ts';

interface Site {
  readonly build: Builder;
  readonly random: Random;
  readonly n: number;
  readonly dim: number;
}
type Block = (x: ValueId, site: Site) => ValueId;

/** One block of each kind, in the order of the seed, so that a few seeds meet everything. */
export function randomModern(seed: number, only?: readonly (keyof typeof MODERN_BLOCKS)[]): AnnGraph {
  const random = createRandom(seed);
  const constants = createConstants();
  const build = createBuilder(random, constants);
  const [tokens, patch, registers] = [random.int(3, 6), random.int(2, 5), random.int(0, 3)];
  const dim = 2 * random.int(2, 4) * random.int(1, 2);
  const n = tokens + registers;
  const image = build.node('input', [], { name: 'input' }, [tokens, patch]);
  const embedded = build.linear(image, tokens, patch, dim);
  const shifted = Array.from({ length: n * dim }, (_, i) =>
    i < registers * dim ? HOLE : i - registers * dim,
  );
  let x = build.node('view', [embedded], { map: compressMap(shifted) }, [n, dim]);
  x = build.node('affine', [x], { shift: build.constant([n, dim], 0.5) }, [n, dim]);
  const names = only ?? [random.pick(BLOCK_NAMES), random.pick(BLOCK_NAMES)];
  for (const name of names) x = MODERN_BLOCKS[name](x, { build, random, n, dim });
  const logits = build.linear(pooled(x, { build, random, n, dim }), 1, dim, 3);
  const output = build.node('output', [logits], { name: 'logits' }, [1, 3]);
  const nodes = build.nodes;
  return { dialect: ann, name: `modern-${seed}`, attrs: {}, nodes, outputs: [output], constants, tables: {} };
}

const indices = (length: number, at: (i: number) => number) => ({
  map: compressMap(Array.from({ length }, (_, i) => at(i))),
});

function norm(x: ValueId, { build, random, n, dim }: Site): ValueId {
  const gamma = build.constant([dim], 1);
  if (random.chance(0.4)) return build.norm(x, n, dim);
  return build.node('rmsnorm', [x], { epsilon: 1e-6, gamma }, [n, dim]);
}

/** The head's token: the first one, or the mean of all. */
function pooled(x: ValueId, site: Site): ValueId {
  const { build, random, n, dim } = site;
  const normed = norm(x, site);
  if (random.chance(0.5))
    return build.node(
      'view',
      [normed],
      indices(dim, c => c),
      [1, dim],
    );
  const turned = build.node(
    'view',
    [normed],
    indices(dim * n, i => (i % n) * dim + Math.floor(i / n)),
    [dim, n],
  );
  const mean = build.node('reduce', [turned], { op: random.pick(['mean', 'sum'] as const) }, [dim, 1]);
  return build.node(
    'view',
    [mean],
    indices(dim, c => c),
    [1, dim],
  );
}

const residual = (x: ValueId, branch: ValueId, { build, random, n, dim }: Site): ValueId => {
  const isScaled = random.chance(0.5);
  const scaled = isScaled
    ? build.node('affine', [branch], { scale: build.constant([dim], 0.5) }, [n, dim])
    : branch;
  return build.node('add', [x, scaled], {}, [n, dim]);
};

const attention: Block = (x, site) => {
  const { build, random, n, dim } = site;
  const heads = random.pick([1, 2]);
  const d = dim / heads;
  const normed = norm(x, site);
  // A window that reaches over the edge has tokens of zeros.
  const isPadded = random.chance(0.3);
  const rows = indices(heads * n * d, i => {
    const [h, token, c] = [Math.floor(i / (n * d)), Math.floor(i / d) % n, i % d];
    if (isPadded && token === n - 1) return HOLE;
    return token * dim + h * d + c;
  });
  const columns = indices(heads * n * d, i => {
    const [h, c, token] = [Math.floor(i / (n * d)), Math.floor(i / n) % d, i % n];
    return token * dim + h * d + c;
  });
  const shape = [heads, n, d];
  const hasNorm = random.chance(0.5);
  const turns = random.chance(0.5);
  const operand = () => {
    let q = build.node('view', [build.linear(normed, n, dim, dim)], rows, shape);
    if (hasNorm) q = build.node('rmsnorm', [q], { epsilon: 1e-5, gamma: build.constant([d], 1) }, shape);
    return turns ? rotated(q, heads, n, d, site) : q;
  };
  const [q, k] = [operand(), operand()];
  const v = build.node('view', [build.linear(normed, n, dim, dim)], columns, [heads, d, n]);
  let scores = build.node('matmul', [q, k], {}, [heads, n, n]);
  if (random.chance(0.6)) scores = biased(scores, heads, n, site);
  const weights = build.node('softmax', [scores], { scale: 1 / Math.sqrt(d), base: 'e' }, [heads, n, n]);
  const mixed = build.node('matmul', [weights, v], {}, shape);
  const joined = indices(n * dim, i => {
    const [token, channel] = [Math.floor(i / dim), i % dim];
    return (Math.floor(channel / d) * n + token) * d + (channel % d);
  });
  const flat = build.node('view', [mixed], joined, [n, dim]);
  return residual(x, build.linear(flat, n, dim, dim), site);
};

/** q · cos + half-turned q · sin, cosines and sines by token and channel. */
function rotated(q: ValueId, heads: number, n: number, d: number, { build }: Site): ValueId {
  const shape = [heads, n, d];
  const half = Math.floor(d / 2);
  const turn = indices(heads * n * d, i => i - (i % d) + (((i % d) + half) % d));
  const turned = build.node('view', [q], turn, shape);
  const cos = build.node('affine', [q], { scale: build.constant([n, d], 0.7) }, shape);
  const sin = build.node('affine', [turned], { scale: build.constant([n, d], 0.7) }, shape);
  return build.node('add', [cos, sin], {}, shape);
}

/** Relative position bias, or a mask that leaves at least the diagonal. */
function biased(scores: ValueId, heads: number, n: number, { build, random }: Site): ValueId {
  const shape = [heads, n, n];
  if (random.chance(0.5)) {
    return build.node('affine', [scores], { shift: build.constant(shape, 1) }, shape);
  }
  const low = random.pick([Number.NEGATIVE_INFINITY, -1e9, -100]);
  const data = Float64Array.from({ length: n * n }, (_, i) =>
    i % (n + 1) !== 0 && random.chance(0.4) ? low : 0,
  );
  const shift = build.constants.add({ dtype: 'f64', shape: [n, n], data });
  return build.node('affine', [scores], { shift }, shape);
}

const gatedMlp: Block = (x, site) => {
  const { build, random, n, dim } = site;
  const width = random.int(5, 11);
  const normed = norm(x, site);
  const name = random.pick(['silu', 'sigmoid', 'gelu', 'tanh'] as const);
  const gate = build.node('pointwise', [build.linear(normed, n, dim, width)], { function: name }, [n, width]);
  const hidden = build.node('mul', [gate, build.linear(normed, n, dim, width)], {}, [n, width]);
  return residual(x, build.linear(hidden, n, width, dim), site);
};

/** Attention's place taken by a convolution of every channel over neighbouring tokens, and by a maximum. */
const taps: Block = (x, site) => {
  const { build, random, n, dim } = site;
  const count = 3;
  const window = indices(n * dim * count, i => {
    const [token, channel, tap] = [Math.floor(i / (dim * count)), Math.floor(i / count) % dim, i % count];
    const from = token + tap - 1;
    return from < 0 || from >= n ? HOLE : from * dim + channel;
  });
  const patches = (of: ValueId) => build.node('view', [of], window, [n, dim, count]);
  const weighted = build.node('affine', [patches(x)], { scale: build.constant([dim, count], 0.5) }, [
    n,
    dim,
    count,
  ]);
  const sum = build.node('reduce', [weighted], { op: 'sum' }, [n, dim, 1]);
  const flat = build.node(
    'view',
    [sum],
    indices(n * dim, i => i),
    [n, dim],
  );
  const name = random.pick(['relu', 'relu6', 'hard-swish', 'hard-sigmoid'] as const);
  const active = build.node('pointwise', [flat], { function: name }, [n, dim]);
  const most = build.node('reduce', [patches(active)], { op: 'max' }, [n, dim, 1]);
  return residual(
    x,
    build.node(
      'view',
      [most],
      indices(n * dim, i => i),
      [n, dim],
    ),
    site,
  );
};

/** Channels and rows of several tensors side by side. */
const dense: Block = (x, site) => {
  const { build, n, dim } = site;
  const grown = 3;
  const active = build.node('pointwise', [build.linear(x, n, dim, grown)], { function: 'relu' }, [n, grown]);
  const width = dim + grown;
  const side = indices(n * width, i => {
    const [token, c] = [Math.floor(i / width), i % width];
    return c < dim ? token * dim + c : n * dim + token * grown + (c - dim);
  });
  const wide = build.linear(build.node('view', [x, active], side, [n, width]), n, width, dim);
  const first = build.linear(
    build.node(
      'view',
      [x],
      indices(dim, c => c),
      [1, dim],
    ),
    1,
    dim,
    dim,
  );
  const swapped = indices(n * dim, i => (i < dim ? n * dim + i : i));
  return build.node('view', [wide, first], swapped, [n, dim]);
};

/** Norm behind the sum, read by the next sum as well; branches side by side; what is scaled, squared and negated. */
const postNorm: Block = (x, site) => {
  const { build, n, dim } = site;
  const branch = build.node('pointwise', [build.linear(x, n, dim, dim)], { function: 'gelu' }, [n, dim]);
  const sum = build.node('add', [x, build.linear(branch, n, dim, dim)], {}, [n, dim]);
  const normed = norm(sum, site);
  const square = build.node('pointwise', [normed], { function: 'square' }, [n, dim]);
  const negative = build.node('pointwise', [square], { function: 'negate' }, [n, dim]);
  const scaled = build.node(
    'affine',
    [negative],
    { scale: build.constant([n, dim], 0.2), shift: build.constant([dim], 0.3) },
    [n, dim],
  );
  return build.node('add', [normed, scaled], {}, [n, dim]);
};

export const MODERN_BLOCKS = { attention, gatedMlp, taps, dense, postNorm } as const;
const BLOCK_NAMES = ['attention', 'gatedMlp', 'taps', 'dense', 'postNorm'] as const;
