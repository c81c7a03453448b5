/** Functions of a soma in integers against what they mean; ties; masks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantFactor } from '../compiler/integers/weights.ts';
import type { AnnGraph, AnnNode } from '../ir/ann.ts';
import { fire, makeExp2Table, makeLog2Table } from '../ir/fixed.ts';
import { logKey, type SomaKind, somaFunction } from '../ir/interpret/soma.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { scalarFunction } from '../ir/scalar.ts';
import { SOMA_POINTWISE } from '../ir/snn.ts';
import { remainderTable, SOMA_FORMS, tableEntries } from '../ir/soma-forms.ts';
import { printGraph } from '../ir/text.ts';
import { descend, randomImages } from './kit.ts';

const [log2, exp2] = [makeLog2Table(), makeExp2Table()];
const FRACTION = 12;

function soma(fn: SomaKind, channels: number, remainder: Int32Array = new Int32Array(0)) {
  const tables = { log2, exp2, remainder };
  const spec = {
    fn,
    channels,
    fraction: FRACTION,
    outFraction: FRACTION,
    stateBits: 24,
    rate: false,
    tables,
  };
  const f = somaFunction(spec);
  return (x: readonly number[]) => {
    const u = Float64Array.from(x, v => Math.floor(v * 2 ** FRACTION + 0.5));
    return Array.from(f(u, 1), y => y / 2 ** FRACTION);
  };
}

for (const name of SOMA_POINTWISE) {
  test(`${name}: a ramp minus 16 entries a unit, within half an entry's slope everywhere`, () => {
    const fn = { kind: 'pointwise', name, tableFraction: 12 } as const;
    const f = soma(fn, 1, remainderTable(name, 12));
    const exact = scalarFunction(name);
    const span = tableEntries(name) / 16;
    for (let x = -12; x <= 12; x += 1 / 128) {
      const [y] = f([x]);
      // What is left where the table ends: SiLU is the slowest to become a ramp.
      const tail = Math.abs(x) >= span - 1 / 32 ? 0.005 : 0.02;
      assert.ok(Math.abs(y! - exact(x)) <= tail, `${name}(${x}) = ${y}, should be ${exact(x)}`);
    }
    if (SOMA_FORMS[name].kind === 'clip') assert.deepEqual(f([3, -3, 7]), [3, -3, 7].map(exact));
  });
}

/** ε small enough to change nothing. */
const norm = (kind: 'layernorm' | 'rmsnorm', channels: number, gain?: Int32Array, offset?: Int32Array) => {
  const squares = kind === 'layernorm' ? channels ** 3 : channels;
  const epsilonKey = logKey(squares * 1e-6 * 4 ** FRACTION);
  return soma({ kind, epsilonKey, channelKey: logKey(channels), gain, offset }, channels);
};

test('rmsnorm and layernorm with γ and β: a factor is an addition of logarithms', () => {
  const random = createRandom(5);
  for (const channels of [5, 48]) {
    const x = Array.from({ length: channels }, () => 2 * random.normal() + 0.7);
    const gamma = Array.from({ length: channels }, (_, c) => (c === 2 ? 0 : random.normal()));
    const beta = Array.from({ length: channels }, () => random.normal());
    const keys = gamma.map(g => (g === 0 ? 0 : logKey(Math.abs(g))));
    const gain = Int32Array.from([...keys, ...gamma.map(Math.sign)]);
    const offset = Int32Array.from(beta, b => Math.round(b * 2 ** FRACTION));
    const mean = x.reduce((a, b) => a + b) / channels;
    for (const kind of ['layernorm', 'rmsnorm'] as const) {
      const d = kind === 'layernorm' ? x.map(v => v - mean) : x;
      const root = Math.sqrt(d.reduce((a, v) => a + v * v, 0) / channels + 1e-6);
      const wanted = d.map((v, c) => (v / root) * gamma[c]! + beta[c]!);
      const got = norm(kind, channels, gain, offset)(x);
      wanted.forEach((w, c) => {
        assert.ok(
          Math.abs(got[c]! - w) <= 0.02 * Math.abs(w - beta[c]!) + 1e-3,
          `${kind} ${c}: ${got[c]}, ${w}`,
        );
      });
      assert.ok(Math.abs(got[2]! - beta[2]!) < 1e-3, 'γ = 0 leaves β');
    }
  }
});

test('rmsnorm of zeros is zero, layernorm of equal channels is β', () => {
  assert.deepEqual(norm('rmsnorm', 4)([0, 0, 0, 0]), [0, 0, 0, 0]);
  const offset = Int32Array.from([1, 2, 3, 4], b => b * 2 ** FRACTION);
  assert.deepEqual(norm('layernorm', 4, undefined, offset)([3, 3, 3, 3]), [1, 2, 3, 4]);
});

test('softmax takes its scale in by constant shift-adds', () => {
  for (const scale of [1, 0.25, 0.37, 5.5, -0.6]) {
    const factor = constantFactor(scale * Math.LOG2E);
    assert.ok(Math.abs(factor.scale * 2 ** -factor.shift - scale * Math.LOG2E) < 1e-3 * Math.abs(scale));
    const x = [0.3, -1.2, 2.5, 0, 1.1];
    const powers = x.map(v => Math.exp(v * scale));
    const sum = powers.reduce((a, b) => a + b);
    const got = soma({ kind: 'softmax', ...factor }, x.length)(x);
    powers.forEach((p, c) => {
      assert.ok(Math.abs(got[c]! - p / sum) < 0.01, `${scale}: ${got[c]}, ${p / sum}`);
    });
  }
  assert.deepEqual(constantFactor(1), { scale: 1, shift: 0 });
  assert.deepEqual(constantFactor(0.125), { scale: 1, shift: 3 });
  assert.deepEqual(constantFactor(1e-30), { scale: 0, shift: 0 });
});

test('Eq. 24 at a tie: half a threshold is one term, not a term and its opposite', () => {
  const out = { payload: 0, terms: 0, clipped: false };
  assert.deepEqual({ ...fire(8, 4, 6, 3, 2, out) }, { payload: 1, terms: 1, clipped: false });
  assert.deepEqual({ ...fire(-8, 4, 6, 3, 2, out) }, { payload: -1, terms: 1, clipped: false });
  assert.deepEqual({ ...fire(24, 4, 6, 3, 2, out) }, { payload: 2, terms: 1, clipped: false });
});

const isMask = (data: ArrayLike<number>): boolean => Array.from(data).some(x => x <= -100);

/** The same network with masks that are this low. */
function masked(graph: AnnGraph, low: number): AnnGraph {
  const { constants } = graph;
  const nodes = graph.nodes.map((node): AnnNode => {
    if (node.kind !== 'affine' || node.attrs.shift === undefined) return node;
    const { shape, data } = constants.get(node.attrs.shift);
    if (!isMask(data)) return node;
    const lowered = Float64Array.from(data, x => (x <= -100 ? low : x));
    return {
      ...node,
      attrs: { ...node.attrs, shift: constants.add({ dtype: 'f64', shape, data: lowered }) },
    };
  });
  return { ...graph, nodes };
}

test('masks of −∞, −1e9 and −1000 give one integer network, and cost no precision', () => {
  let met = 0;
  for (let seed = 0; seed < 30; seed++) {
    const graph = randomModern(seed, ['attention']);
    const hasMask = graph.nodes.some(
      ({ kind, attrs }) => kind === 'affine' && attrs.shift && isMask(graph.constants.get(attrs.shift).data),
    );
    if (!hasMask) continue;
    met += 1;
    const images = randomImages(graph, 4, 1);
    const texts = [Number.NEGATIVE_INFINITY, -1e9, -1000].map(low => {
      const { int } = descend(masked(graph, low), images, {
        coding: 'sum',
        steps: 1,
        shift: 6,
        terms: 3,
      });
      const scores = int.nodes.find(n => n.kind === 'population' && n.attrs.function.kind === 'softmax');
      assert.ok(scores?.kind === 'population' && scores.attrs.fraction >= 9, `seed ${seed}`);
      return printGraph(int).text;
    });
    assert.deepEqual([texts[1], texts[2]], [texts[0], texts[0]], `seed ${seed}`);
  }
  assert.ok(met > 3);
});
