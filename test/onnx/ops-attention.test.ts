/** Attention and the operators of onnxruntime's optimizer against the same thing written out in plain operators. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalize } from '../../compiler/passes/canonicalize.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { printGraph } from '../../ir/text.ts';
import { type Attributes, buildModel, integers, type ModelBuilder } from './build.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

const [TOKENS, WIDTH, HEADS] = [3, 4, 2];
const SIZE = WIDTH / HEADS;
const wave = (length: number, phase = 0) => Float32Array.from({ length }, (_, i) => Math.sin(2 * i + phase));
const IMAGE = wave(TOKENS * WIDTH, 1);

/** [1, tokens, width] → [1, heads, tokens, size] */
const split = (m: ModelBuilder, x: string) =>
  m.op('Transpose', [m.op('Reshape', [x, m.ints(1, TOKENS, HEADS, SIZE)])], { perm: [0, 2, 1, 3] });

const joined = (m: ModelBuilder, x: string) =>
  m.op('Reshape', [m.op('Transpose', [x], { perm: [0, 2, 1, 3] }), m.ints(1, TOKENS, WIDTH)]);

/** Scaled dot-product attention in its parts; `mask` is added to the scores. */
function writtenOut(m: ModelBuilder, q: string, k: string, v: string, mask?: string): string {
  const scores = m.op('MatMul', [q, m.op('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  const scaled = m.op('Mul', [scores, m.scalar(1 / Math.sqrt(SIZE))]);
  const masked = mask === undefined ? scaled : m.op('Add', [scaled, mask]);
  return m.op('MatMul', [m.op('Softmax', [masked], { axis: -1 }), v]);
}

const causal = (m: ModelBuilder) =>
  m.weight(
    [TOKENS, TOKENS],
    Array.from({ length: TOKENS ** 2 }, (_, i) => (i % TOKENS <= Math.floor(i / TOKENS) ? 0 : -1e4)),
  );

type Write = (m: ModelBuilder) => string;

function network(write: Write, domain = ''): AnnGraph {
  const m = buildModel(23, domain);
  return imported(m.bytes([1, TOKENS, WIDTH], [write(m)]));
}

const run = (write: Write, domain = '') => outputsOf(network(write, domain), IMAGE);

/** What the network is, whatever its nodes are called. */
function canonicalText(write: Write, domain = ''): string {
  const { report } = createDiagnostics();
  const { text } = printGraph(canonicalize.run(network(write, domain), undefined, report));
  return text.replace(/ from "[^"]*"/g, '').replace(/name="[^"]*"/g, '');
}

const projections = (m: ModelBuilder) =>
  [1, 2, 3].map(phase => m.op('MatMul', ['input', m.weight([WIDTH, WIDTH], wave(WIDTH ** 2, phase))])) as [
    string,
    string,
    string,
  ];

for (const isCausal of [0, 1]) {
  test(`Attention (causal ${isCausal}) is what it stands for`, () => {
    const attributes: Attributes = { q_num_heads: HEADS, kv_num_heads: HEADS, is_causal: isCausal };
    const whole: Write = m => m.op('Attention', projections(m), attributes);
    const parts: Write = m => {
      const [q, k, v] = projections(m).map(x => split(m, x)) as [string, string, string];
      return joined(m, writtenOut(m, q, k, v, isCausal === 1 ? causal(m) : undefined));
    };
    assertNear(run(whole), run(parts), 1e-6);
    assert.equal(canonicalText(whole), canonicalText(parts));
  });
}

test('a mask of truth values hides keys; a query that sees none gives zeros', () => {
  const mask = (m: ModelBuilder) =>
    m.op('Cast', [m.weight([TOKENS, TOKENS], [1, 0, 1, 0, 0, 0, 1, 1, 1])], { to: 9 });
  const attributes: Attributes = { q_num_heads: HEADS, kv_num_heads: HEADS };
  const y = run(m => m.op('Attention', [...projections(m), mask(m)], attributes));
  assertNear(y.slice(WIDTH, 2 * WIDTH), [0, 0, 0, 0], 0);
  const whole = run(m => m.op('Attention', projections(m), attributes));
  assertNear(y.slice(2 * WIDTH), whole.slice(2 * WIDTH), 1e-12);
  assert.notDeepEqual(y.slice(0, WIDTH), whole.slice(0, WIDTH));
});

test('RotaryEmbedding turns pairs of numbers by the angle of their place', () => {
  const angles = Float64Array.from([0, 0.5, 1]);
  const table = (m: ModelBuilder, f: (x: number) => number) => m.weight([TOKENS, 1], angles.map(f));
  const positions = (m: ModelBuilder) => m.tensor(integers('places', [1, TOKENS], [2, 0, 1]));
  for (const interleaved of [0, 1]) {
    const y = run(m =>
      m.op('RotaryEmbedding', ['input', table(m, Math.cos), table(m, Math.sin), positions(m)], {
        num_heads: HEADS,
        interleaved,
      }),
    );
    const wanted = [2, 0, 1].flatMap((place, token) => {
      const [c, s] = [Math.cos(angles[place]!), Math.sin(angles[place]!)].map(Math.fround) as [
        number,
        number,
      ];
      return [0, 1].flatMap(head => {
        const [a, b] = [0, 1].map(i => IMAGE[token * WIDTH + head * SIZE + i]!) as [number, number];
        return [a * c - b * s, a * s + b * c];
      });
    });
    assertNear(y, wanted, 1e-6);
  }
});

/** An operator of com.microsoft and what it stands for, in standard ones. */
const FUSED: readonly (readonly [string, Write, Write])[] = [
  [
    'FastGelu',
    m => m.op('FastGelu', ['input', m.weight([WIDTH], wave(WIDTH))]),
    m => m.op('Gelu', [m.op('Add', ['input', m.weight([WIDTH], wave(WIDTH))])], { approximate: 'tanh' }),
  ],
  [
    'BiasGelu',
    m => m.op('BiasGelu', ['input', m.weight([WIDTH], wave(WIDTH))]),
    m => m.op('Gelu', [m.op('Add', ['input', m.weight([WIDTH], wave(WIDTH))])]),
  ],
  [
    'QuickGelu',
    m => m.op('QuickGelu', ['input'], { alpha: 1.5 }),
    m => m.op('Mul', ['input', m.op('Sigmoid', [m.op('Mul', ['input', m.scalar(1.5)])])]),
  ],
  [
    'FusedMatMul',
    m => m.op('FusedMatMul', ['input', m.weight([2, WIDTH], wave(2 * WIDTH))], { transB: 1, alpha: 0.5 }),
    m =>
      m.op('Mul', [
        m.op('MatMul', [
          'input',
          m.op('Transpose', [m.weight([2, WIDTH], wave(2 * WIDTH))], { perm: [1, 0] }),
        ]),
        m.scalar(0.5),
      ]),
  ],
  [
    'SkipLayerNormalization',
    m =>
      m.op(
        'SkipLayerNormalization',
        ['input', 'input', m.weight([WIDTH], wave(WIDTH)), m.weight([WIDTH], wave(WIDTH, 2))],
        {
          epsilon: 0.001,
        },
      ),
    m =>
      m.op(
        'LayerNormalization',
        [m.op('Add', ['input', 'input']), m.weight([WIDTH], wave(WIDTH)), m.weight([WIDTH], wave(WIDTH, 2))],
        {
          epsilon: 0.001,
        },
      ),
  ],
  [
    'SkipSimplifiedLayerNormalization',
    m =>
      m.op('SkipSimplifiedLayerNormalization', ['input', 'input', m.weight([WIDTH], wave(WIDTH))], {
        epsilon: 0.001,
      }),
    m =>
      m.op('RMSNormalization', [m.op('Add', ['input', 'input']), m.weight([WIDTH], wave(WIDTH))], {
        epsilon: 0.001,
      }),
  ],
  [
    'Attention',
    m =>
      m.op(
        'Attention',
        ['input', m.weight([WIDTH, 3 * WIDTH], wave(3 * WIDTH ** 2)), m.weight([3 * WIDTH], wave(3 * WIDTH))],
        {
          num_heads: HEADS,
          unidirectional: 1,
        },
      ),
    m => {
      const product = m.op('MatMul', ['input', m.weight([WIDTH, 3 * WIDTH], wave(3 * WIDTH ** 2))]);
      const all = m.op('Add', [product, m.weight([3 * WIDTH], wave(3 * WIDTH))]);
      const parts = m.ops('Split', [all, m.ints(WIDTH, WIDTH, WIDTH)], 3, { axis: 2 });
      const [q, k, v] = parts.map(x => split(m, x)) as [string, string, string];
      return joined(m, writtenOut(m, q, k, v, causal(m)));
    },
  ],
  [
    'MultiHeadAttention',
    m => m.op('MultiHeadAttention', ['input', 'input', 'input'], { num_heads: HEADS }),
    m => {
      const x = split(m, 'input');
      return joined(m, writtenOut(m, x, x, x));
    },
  ],
];

for (const [name, fused, plain] of FUSED) {
  test(`com.microsoft.${name} is what it stands for`, () => {
    assertNear(run(fused, 'com.microsoft'), run(plain), 1e-6);
  });
}

test('padding of tokens, past keys and unknown activations are refused', () => {
  const bad: readonly ((m: ModelBuilder) => string)[] = [
    m =>
      m.op('Attention', ['input', m.weight([WIDTH, 3 * WIDTH], wave(3 * WIDTH ** 2)), '', m.ints(1, 2, 3)], {
        num_heads: HEADS,
      }),
    m => m.op('MultiHeadAttention', ['input', 'input', 'input'], { num_heads: 3 }),
    m =>
      m.op('FusedGemm', [m.weight([1, 2], [1, 2]), m.weight([2, 2], [1, 2, 3, 4])], { activation: 'Swish' }),
  ];
  for (const write of bad) {
    const m = buildModel(17, 'com.microsoft');
    const codes = codesOf(refused(m.bytes([1, TOKENS, WIDTH], [write(m)])));
    assert.deepEqual(codes, ['E0106'], write.toString());
  }
});

for (const [name, fused, plain] of FUSED) {
  test(`com.microsoft.${name} becomes the same network as its parts`, () => {
    assert.equal(canonicalText(fused, 'com.microsoft'), canonicalText(plain));
  });
}
