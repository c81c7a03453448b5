import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalize } from '../../compiler/passes/canonicalize.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { printGraph } from '../../ir/text.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { furthest, logitsOf, randomImages } from '../kit.ts';
import { buildModel, type ModelBuilder } from '../onnx/build.ts';
import { assertNear, imported, outputsOf } from '../onnx/run.ts';
import { FUSED, IMAGE_SIZE, type Spelling, writeVit } from '../onnx/vit.ts';

function canonical(graph: AnnGraph): AnnGraph {
  const { report, list } = createDiagnostics();
  const result = canonicalize.run(graph, undefined, report);
  assert.deepEqual(list, []);
  assert.deepEqual(verifyGraph(result), []);
  return result;
}

/** The text without what may differ: whose nodes they were, and the names of input and output. */
const textOf = (graph: AnnGraph): string =>
  printGraph(graph)
    .text.replace(/ from ".*"$/gm, '')
    .replace(/name="[^"]*"/g, 'name');

const kindsOf = (graph: AnnGraph): readonly string[] =>
  graph.nodes.map(node => (node.kind === 'pointwise' ? node.attrs.function : node.kind));

const image = (seed: number): Float64Array => {
  const random = createRandom(seed);
  return Float64Array.from({ length: IMAGE_SIZE }, () => random.normal());
};

test('a fused export is embedding, blocks and head, one node for each module', () => {
  const kinds = kindsOf(canonical(imported(writeVit(FUSED))));
  const count = (kind: string) => kinds.filter(k => k === kind).length;
  const counts = [
    'linear',
    'matmul',
    'softmax',
    'layernorm',
    'gelu',
    'add',
    'affine',
    'mul',
    'reduce',
    'erf',
  ].map(count);
  assert.deepEqual(counts, [1 + 2 * 6 + 1, 4, 2, 5, 2, 4, 1, 0, 0, 0]);
});

const SPELLINGS: { readonly [name: string]: Partial<Spelling> } = {
  'legacy 13': { opset: 13, norm: 'pow' },
  'opset 12: axes and split sizes as attributes': { opset: 12, norm: 'pow' },
  'opset 9: slices as attributes': { opset: 9, norm: 'pow', qkv: 'slice' },
  'dynamo 18': { opset: 18, gelu: 'dynamo', qkv: 'slice' },
  'opset 18 decomposed: reduced axes as input': { opset: 18, norm: 'pow' },
  'opset 20 with Gelu': { opset: 20, gelu: 'op' },
  'three projections, scale on the scores': { opset: 14, norm: 'pow', qkv: 'separate', scale: 'scores' },
  'three Gemms, scores divided': {
    opset: 14,
    norm: 'reciprocal',
    qkv: 'gemm',
    scale: 'division',
    gelu: 'half-first',
  },
  'scale out of the shape': { opset: 14, norm: 'rsqrt', scale: 'folded-shape', gelu: 'commuted' },
  'heads interleaved': { qkv: 'interleaved', norm: 'mul' },
  'query, key and value gathered': { qkv: 'gather', token: 'constant' },
  einsum: { product: 'einsum' },
};

for (const [name, spelling] of Object.entries(SPELLINGS)) {
  test(`equal text for every exporter: ${name}`, () => {
    const wanted = canonical(imported(writeVit(FUSED)));
    const raw = imported(writeVit({ ...FUSED, ...spelling }));
    assert.equal(textOf(canonical(raw)), textOf(wanted));
    assertNear(outputsOf(raw, image(1)), outputsOf(wanted, image(1)), 1e-5);
  });
}

/** One function of 12 channels, with a linear on either side. */
function functionBetween(write: (m: ModelBuilder, x: string) => string): AnnGraph {
  const m = buildModel(17);
  const random = createRandom(3);
  const weight = () =>
    m.weight(
      [12, 12],
      Float32Array.from({ length: 144 }, () => random.normal()),
    );
  const x = m.op('MatMul', ['input', weight()]);
  return imported(m.bytes(['batch', 4, 12], [m.op('MatMul', [write(m, x), weight()])]));
}

/** √(2/π) and 0.044715, as every framework has them. */
const tanhGelu = (m: ModelBuilder, x: string, cube: string, isFactored: boolean): string => {
  const inner = m.op('Add', [x, m.op('Mul', [cube, m.scalar(0.044715)])]);
  const step = m.op('Add', [
    m.op('Tanh', [m.op('Mul', [inner, m.scalar(Math.sqrt(2 / Math.PI))])]),
    m.scalar(1),
  ]);
  return isFactored
    ? m.op('Mul', [m.op('Mul', [m.scalar(0.5), x]), step])
    : m.op('Mul', [m.op('Mul', [x, step]), m.scalar(0.5)]);
};

const FUNCTIONS: readonly (readonly [string, string, (m: ModelBuilder, x: string) => string])[] = [
  [
    'gelu',
    'x · ½ · (1 + erf(x/√2))',
    (m, x) => {
      const erf = m.op('Erf', [m.op('Div', [x, m.scalar(Math.SQRT2)])]);
      return m.op('Mul', [m.op('Mul', [x, m.scalar(0.5)]), m.op('Add', [m.scalar(1), erf])]);
    },
  ],
  [
    'gelu',
    '½x + ½x · erf(x/√2)',
    (m, x) => {
      const half = m.op('Mul', [x, m.scalar(0.5)]);
      return m.op('Add', [
        half,
        m.op('Mul', [half, m.op('Erf', [m.op('Mul', [x, m.scalar(Math.SQRT1_2)])])]),
      ]);
    },
  ],
  ['tanh-gelu', 'with x³ as a power', (m, x) => tanhGelu(m, x, m.op('Pow', [x, m.scalar(3)]), false)],
  ['tanh-gelu', 'with x³ as products', (m, x) => tanhGelu(m, x, m.op('Mul', [m.op('Mul', [x, x]), x]), true)],
  [
    'quick-gelu',
    'x · σ(1.702x)',
    (m, x) => m.op('Mul', [x, m.op('Sigmoid', [m.op('Mul', [m.scalar(1.702), x])])]),
  ],
  ['silu', 'x · σ(x)', (m, x) => m.op('Mul', [m.op('Sigmoid', [x]), x])],
  [
    'silu',
    'x / (1 + exp(−x))',
    (m, x) => m.op('Div', [x, m.op('Add', [m.scalar(1), m.op('Exp', [m.op('Neg', [x])])])]),
  ],
  ['relu', 'max(0, x)', (m, x) => m.op('Max', [m.scalar(0), x])],
  ['relu', '½(x + |x|)', (m, x) => m.op('Mul', [m.op('Add', [x, m.op('Abs', [x])]), m.scalar(0.5)])],
];

for (const [name, formula, write] of FUNCTIONS) {
  test(`recognised by what it computes: ${name} as ${formula}`, () => {
    const raw = functionBetween(write);
    const result = canonical(raw);
    assert.deepEqual(kindsOf(result), ['input', 'linear', name, 'linear', 'output']);
    const x = image(2).subarray(0, 48);
    assertNear(outputsOf(result, x), outputsOf(raw, x), 1e-4);
  });
}

test('what is like GELU but is not GELU stays what it is', () => {
  const almost = (m: ModelBuilder, x: string) => {
    const erf = m.op('Erf', [m.op('Div', [x, m.scalar(1.42)])]);
    return m.op('Mul', [m.op('Mul', [x, m.scalar(0.5)]), m.op('Add', [m.scalar(1), erf])]);
  };
  const kinds = kindsOf(canonical(functionBetween(almost)));
  assert.ok(!kinds.includes('gelu') && kinds.includes('erf'));
});

test('root-mean-square normalisation out of its parts', () => {
  const graph = functionBetween((m, x) => {
    const mean = m.op('ReduceMean', [m.op('Pow', [x, m.scalar(2)])], { axes: [-1] });
    const root = m.op('Sqrt', [m.op('Add', [mean, m.scalar(1e-5)])]);
    return m.op('Mul', [x, m.op('Div', [m.scalar(1), root])]);
  });
  const result = canonical(graph);
  const norm = result.nodes.find(node => node.kind === 'rmsnorm');
  assert.ok(norm?.kind === 'rmsnorm');
  assert.ok(Math.abs(norm.attrs.epsilon - 1e-5) < 1e-12);
  const x = image(4).subarray(0, 48);
  assertNear(outputsOf(result, x), outputsOf(graph, x), 1e-9);
});

test('a mean that is subtracted from something else is no normalisation', () => {
  const graph = functionBetween((m, x) => {
    const y = m.op('Tanh', [x]);
    const centred = m.op('Sub', [x, m.op('ReduceMean', [y], { axes: [-1] })]);
    const mean = m.op('ReduceMean', [m.op('Mul', [centred, centred])], { axes: [-1] });
    return m.op('Div', [centred, m.op('Sqrt', [m.op('Add', [mean, m.scalar(1e-5)])])]);
  });
  assert.ok(!kindsOf(canonical(graph)).includes('layernorm'));
  const x = image(5).subarray(0, 48);
  assertNear(outputsOf(canonical(graph), x), outputsOf(graph, x), 1e-9);
});

test('d^−¼ on query and on key becomes one scale', () => {
  const m = buildModel(17);
  const quarter = m.scalar(16 ** -0.25);
  const scores = m.op('MatMul', [
    m.op('Mul', ['input', quarter]),
    m.op('Transpose', [m.op('Mul', ['input', quarter])], { perm: [0, 2, 1] }),
  ]);
  const graph = canonical(imported(m.bytes(['batch', 5, 16], [m.op('Softmax', [scores])])));
  assert.deepEqual(kindsOf(graph), ['input', 'view', 'matmul', 'softmax', 'view', 'output']);
  const [softmax] = graph.nodes.filter(node => node.kind === 'softmax');
  assert.ok(Math.abs((softmax?.attrs.scale ?? 0) - 0.25) < 1e-7);
});

test('mean pooling before a decomposed norm', () => {
  const m = buildModel(18);
  const pooled = m.op('ReduceMean', ['input', m.ints(1)], { keepdims: 0 });
  const centred = m.op('Sub', [pooled, m.op('ReduceMean', [pooled, m.ints(-1)])]);
  const variance = m.op('ReduceMean', [m.op('Pow', [centred, m.scalar(2)]), m.ints(-1)]);
  const y = m.op('Div', [centred, m.op('Sqrt', [m.op('Add', [variance, m.scalar(1e-6)])])]);
  const graph = imported(m.bytes(['batch', 5, 8], [y]));
  assert.ok(kindsOf(canonical(graph)).includes('layernorm'));
});

test('canonical form is a fixed point, and keeps the values, on random networks', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), seed => {
      const graph = randomAnn(seed);
      const [input] = randomImages(graph, 1, seed);
      const once = canonical(graph);
      assert.ok(furthest(logitsOf(graph, input!), logitsOf(once, input!)) < 1e-9);
      assert.equal(textOf(canonical(once)), textOf(once));
    }),
    { numRuns: 25, seed: 1 },
  );
});

/** A query that has a projection of its own and is scaled right behind it. */
const isScaledProjection = ({ qkv, scale }: Spelling): boolean =>
  scale === 'query' && (qkv === 'separate' || qkv === 'gemm');

for (const qkv of ['separate', 'gemm'] as const) {
  test(`equal text for every exporter: ${qkv} projections, scale on the query`, () => {
    const wanted = canonical(imported(writeVit(FUSED)));
    assert.equal(textOf(canonical(imported(writeVit({ ...FUSED, qkv })))), textOf(wanted));
  });
}

test('GELU with √2 in half precision', () => {
  const graph = functionBetween((m, x) => {
    const erf = m.op('Erf', [m.op('Div', [x, m.scalar(1.4140625)])]);
    return m.op('Mul', [m.op('Mul', [x, m.op('Add', [erf, m.scalar(1)])]), m.scalar(0.5)]);
  });
  assert.ok(kindsOf(canonical(graph)).includes('gelu'));
});

test('the gain of a root-mean-square norm moves into it', () => {
  const graph = functionBetween((m, x) => {
    const mean = m.op('ReduceMean', [m.op('Pow', [x, m.scalar(2)])], { axes: [-1] });
    const y = m.op('Div', [x, m.op('Sqrt', [m.op('Add', [mean, m.scalar(1e-5)])])]);
    return m.op('Mul', [
      y,
      m.weight(
        [12],
        Float32Array.from({ length: 12 }, (_, i) => 1 + i / 8),
      ),
    ]);
  });
  const norm = canonical(graph).nodes.find(node => node.kind === 'rmsnorm');
  assert.ok(norm?.kind === 'rmsnorm' && norm.attrs.gamma !== undefined);
});

test('any mixture of spellings gives the same network', () => {
  const spelling = fc.record<Spelling>({
    opset: fc.constantFrom(13, 14, 16),
    norm: fc.constantFrom('pow', 'mul', 'rsqrt', 'reciprocal'),
    gelu: fc.constantFrom('right', 'dynamo', 'half-first', 'commuted'),
    token: fc.constantFrom('expand', 'constant'),
    qkv: fc.constantFrom('split', 'slice', 'gather', 'separate', 'gemm', 'interleaved'),
    scale: fc.constantFrom('query', 'scores', 'division', 'folded-shape'),
    product: fc.constantFrom('matmul', 'einsum'),
  });
  const wanted = textOf(canonical(imported(writeVit(FUSED))));
  fc.assert(
    fc.property(spelling, s => {
      fc.pre(!isScaledProjection(s));
      return textOf(canonical(imported(writeVit(s)))) === wanted;
    }),
    { numRuns: 20, seed: 2 },
  );
});

test('digits: the canonical network gives the values of the raw one', () => {
  const raw = imported(readFileSync('examples/digits/vit-digits.onnx'));
  const result = canonical(raw);
  assert.equal(result.nodes.length, 82);
  const x = image(6).subarray(0, 64);
  assertNear(outputsOf(result, x), outputsOf(raw, x), 1e-5);
});
