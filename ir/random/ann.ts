/** Random Vision Transformers of stage `ann`: sizes are rarely powers of two, structure varies with the seed. */
import { type AnnGraph, type AnnNode, type AnnOf, ann } from '../ann.ts';
import { type ConstantPool, type ConstId, createConstants } from '../constants.ts';
import { sizeOf, type ValueId } from '../dialect.ts';
import { compressMap, HOLE } from '../map.ts';
import { createRandom, type Random } from './seeded.ts';

export interface VitShape {
  readonly tokens: number;
  readonly dim: number;
  readonly heads: number;
  readonly mlp: number;
  readonly depth: number;
  readonly classes: number;
  readonly patch: number;
}

export function randomVitShape(random: Random): VitShape {
  const heads = random.int(1, 3);
  return {
    tokens: random.int(2, 7),
    heads,
    dim: heads * random.int(2, 5),
    mlp: random.int(5, 17),
    depth: random.int(1, 2),
    classes: random.int(2, 5),
    patch: random.int(2, 5),
  };
}

/** The canonical graph of a pre-LN ViT with random weights. */
export function randomAnn(seed: number, shape?: VitShape): AnnGraph {
  const random = createRandom(seed);
  const s = shape ?? randomVitShape(random);
  const constants = createConstants();
  const build = createBuilder(random, constants);
  const image = build.node('input', [], { name: 'input' }, [s.tokens, s.patch]);
  const withToken = random.chance(0.5);
  const n = withToken ? s.tokens + 1 : s.tokens;
  let x = build.linear(image, s.tokens, s.patch, s.dim);
  if (withToken) {
    const rows = Array.from({ length: n * s.dim }, (_, i) => (i < s.dim ? HOLE : i - s.dim));
    x = build.node('view', [x], { map: compressMap(rows) }, [n, s.dim]);
  }
  x = build.node('affine', [x], { shift: build.constant([n, s.dim], 0.3) }, [n, s.dim]);
  for (let block = 0; block < s.depth; block++) x = attentionBlock(build, x, n, s, random);
  const first = Array.from({ length: s.dim }, (_, c) => c);
  const normed = build.norm(x, n, s.dim);
  const token = build.node('view', [normed], { map: compressMap(first) }, [1, s.dim]);
  const logits = build.linear(token, 1, s.dim, s.classes);
  const output = build.node('output', [logits], { name: 'logits' }, [1, s.classes]);
  return {
    dialect: ann,
    name: `random-${seed}`,
    attrs: {},
    nodes: build.nodes,
    outputs: [output],
    constants,
    tables: {},
  };
}

export type Builder = ReturnType<typeof createBuilder>;

export function createBuilder(random: Random, constants: ConstantPool) {
  const nodes: AnnNode[] = [];
  const constant = (shape: readonly number[], scale: number): ConstId =>
    constants.add({
      dtype: 'f64',
      shape,
      data: Float64Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
    });
  const node = <K extends AnnNode['kind']>(
    kind: K,
    operands: ValueId[],
    attrs: AnnOf<K>['attrs'],
    shape: number[],
  ): ValueId => {
    const id: ValueId = `%${nodes.length}`;
    // The kind and its attributes come as a pair from the typed caller; TypeScript cannot follow that into the union.
    nodes.push({
      kind,
      id,
      operands,
      attrs,
      type: { element: 'real', shape },
      origin: `${kind}${nodes.length}`,
    } as unknown as AnnNode);
    return id;
  };
  const linear = (x: ValueId, rows: number, inputs: number, channels: number): ValueId => {
    const weight = constant([inputs, channels], 1 / Math.sqrt(inputs));
    const bias = random.chance(0.8) ? constant([channels], 0.2) : undefined;
    return node('linear', [x], { weight, bias }, [rows, channels]);
  };
  const norm = (x: ValueId, rows: number, channels: number): ValueId =>
    node(
      'layernorm',
      [x],
      { epsilon: 1e-6, gamma: constant([channels], 1), beta: constant([channels], 0.3) },
      [rows, channels],
    );
  return { nodes, constants, constant, node, linear, norm };
}

function attentionBlock(build: Builder, x: ValueId, n: number, s: VitShape, random: Random): ValueId {
  const d = s.dim / s.heads;
  const normed = build.norm(x, n, s.dim);
  const byHead = (inner: (h: number, i: number, c: number) => number, a: number, b: number) =>
    compressMap(
      Array.from({ length: s.heads * a * b }, (_, i) =>
        inner(Math.floor(i / (a * b)), Math.floor(i / b) % a, i % b),
      ),
    );
  const rows = byHead((h, i, c) => i * s.dim + h * d + c, n, d);
  const columns = byHead((h, c, j) => j * s.dim + h * d + c, d, n);
  const q = build.node('view', [build.linear(normed, n, s.dim, s.dim)], { map: rows }, [s.heads, n, d]);
  const k = build.node('view', [build.linear(normed, n, s.dim, s.dim)], { map: rows }, [s.heads, n, d]);
  const v = build.node('view', [build.linear(normed, n, s.dim, s.dim)], { map: columns }, [s.heads, d, n]);
  const scores = build.node('matmul', [q, k], {}, [s.heads, n, n]);
  const weights = build.node('softmax', [scores], { scale: 1 / Math.sqrt(d), base: 'e' }, [s.heads, n, n]);
  const attended = build.node('matmul', [weights, v], {}, [s.heads, n, d]);
  const merged = Array.from({ length: n * s.dim }, (_, i) => {
    const [token, channel] = [Math.floor(i / s.dim), i % s.dim];
    return (Math.floor(channel / d) * n + token) * d + (channel % d);
  });
  const flat = build.node('view', [attended], { map: compressMap(merged) }, [n, s.dim]);
  const first = build.node('add', [x, build.linear(flat, n, s.dim, s.dim)], {}, [n, s.dim]);
  const hidden = build.linear(build.norm(first, n, s.dim), n, s.dim, s.mlp);
  const name = random.pick(['gelu', 'relu', 'silu', 'quick-gelu', 'tanh-gelu'] as const);
  const active = build.node('pointwise', [hidden], { function: name }, [n, s.mlp]);
  return build.node('add', [first, build.linear(active, n, s.mlp, s.dim)], {}, [n, s.dim]);
}
