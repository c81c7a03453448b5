/** No bound is ever passed: random networks, images that try. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantBox, zeroBox } from '../compiler/widths/box.ts';
import { emissionBox, emissionJoint, membraneReach } from '../compiler/widths/emission.ts';
import { functionBounds } from '../compiler/widths/functions.ts';
import { boundProjection, type Sent } from '../compiler/widths/gathers.ts';
import { createMeter } from '../compiler/widths/met.ts';
import { bitsFor, proveWidths, type Width } from '../compiler/widths/prove.ts';
import { stretchBounds } from '../compiler/widths/spectral.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createConstants } from '../ir/constants.ts';
import { sizeOf, type ValueId } from '../ir/dialect.ts';
import { fire } from '../ir/fixed.ts';
import type { IntGraph, IntOf } from '../ir/int.ts';
import { createIntRunner, createProbedRunner, projectionScale } from '../ir/interpret/int.ts';
import { prepareProjection } from '../ir/interpret/projections.ts';
import { makeSomaFunction, somaFunction } from '../ir/interpret/soma.ts';
import { mapIndices } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { SOMA_POINTWISE } from '../ir/snn.ts';
import { remainderTable } from '../ir/soma-forms.ts';
import { descend, randomImages } from './kit.ts';

const REACH = 6;

/** Corners of the allowed range, and the image that was worst so far with some numbers turned over. */
function hardImages(graph: IntGraph, seed: number, tries: number): readonly Width[] {
  const random = createRandom(seed);
  const size = sizeOf(graph.nodes.find(n => n.kind === 'input')!.type.shape);
  const meter = createMeter();
  const runner = createProbedRunner(graph, meter.probe);
  const corner = () => (random.chance(0.5) ? REACH : -REACH);
  let worst = Float64Array.from({ length: size }, corner);
  let best = 0;
  for (let i = 0; i < tries; i++) {
    const share = random.pick([0.05, 0.3, 1]);
    const image = worst.map(x =>
      random.chance(share) ? random.pick([corner(), 0, REACH * random.normal() * 0.3]) : x,
    );
    const clipped = image.map(x => Math.max(-REACH, Math.min(REACH, x)));
    const logits = runner.run(clipped, meter.observe).at(-1)!;
    const size = logits.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    if (size > best) [worst, best] = [clipped, size];
  }
  return proveWidths(graph, { low: -REACH, high: REACH }, meter.met);
}

function checkBounds(ann: AnnGraph, seed: number, options: Parameters<typeof descend>[2]): readonly Width[] {
  const { int } = descend(ann, randomImages(ann, 4, seed), options);
  const widths = hardImages(int, seed, 25);
  for (const { node, quantity, worst, met } of widths) {
    assert.ok(met !== null && met <= worst, `seed ${seed} ${node} ${quantity}: ${met} > ${worst}`);
  }
  return widths;
}

const LADDERS = [
  { coding: 'sum', steps: 1, shift: 4, terms: 3 },
  { coding: 'sum', steps: 3, shift: 2, terms: 1 },
  { coding: 'rate', steps: 3, shift: 3, terms: 2 },
  { coding: 'sum', steps: 1, shift: 0, terms: 1 },
] as const;

test('what a network reaches stays within what was proved, whatever the image', () => {
  let used = 0;
  for (let seed = 0; seed < 24; seed++) {
    const options = LADDERS[seed % LADDERS.length]!;
    const widths = checkBounds(seed % 3 === 0 ? randomModern(seed) : randomAnn(seed), seed, options);
    used += widths.filter(w => w.met! > w.worst / 4).length / widths.length;
  }
  // A bound that nothing comes near proves nothing worth knowing.
  assert.ok(used / 24 > 0.2, `only ${used / 24} of the bounds are within 2 bits of what was met`);
});

test('fire never passes the bounds of what a population can have sent: every membrane of a small neuron', () => {
  const out = { payload: 0, terms: 0, clipped: false };
  const outFraction = 4;
  for (const levels of [1, 2, 4]) {
    for (const terms of [1, 2, 3]) {
      for (const band of [1, 2, 3, 4, 6]) {
        const emit = { kind: 'mt', theta: 2, levels, terms, band } as const;
        for (let sent = -6; sent <= 6; sent++) {
          for (let y = -200; y <= 200; y++) {
            fire(y - 4 * sent, 2, levels, terms, band, out);
            const end = Float64Array.of(y);
            const before = Float64Array.of(sent);
            const { low, high } = emissionBox(
              { low: end, high: end },
              { low: before, high: before },
              emit,
              outFraction,
            );
            const now = sent + out.payload;
            assert.ok(low[0]! <= now && now <= high[0]!, `y ${y} E ${sent}: ${now} of ${low}…${high}`);
          }
        }
      }
    }
  }
});

test('every function of one variable stays within the box of its interval', () => {
  const random = createRandom(7);
  const constants = createConstants();
  for (const name of SOMA_POINTWISE) {
    const data = remainderTable(name, 12);
    const table = data.length === 0 ? undefined : constants.add({ dtype: 'i32', shape: [data.length], data });
    const fn = { kind: 'pointwise', name, table, tableFraction: 12 } as const;
    const attrs = { axes: [], fraction: 8, outFraction: 10, function: fn, emit: { kind: 'relay' } } as const;
    const type = { element: 'real', shape: [1, 1, 1] } as const;
    const node = { kind: 'population', id: '%f', operands: [], attrs, type, origin: name } as const;
    const spec = { channels: 1, fraction: 8, outFraction: 10, stateBits: 24, rate: false };
    const soma = somaFunction({ ...spec, fn, tables: { remainder: data } });
    for (let i = 0; i < 60; i++) {
      const [a, b] = [0, 1].map(() => Math.round(2 ** random.int(4, 12) * random.normal())) as [
        number,
        number,
      ];
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const u = { low: Float64Array.of(low), high: Float64Array.of(high) };
      const { box } = functionBounds({ node, constants, stateBits: 24 }, u, 1);
      const steps = Math.max(1, Math.floor((high - low) / 200));
      for (let x = low; x <= high; x += steps) {
        const y = soma(Float64Array.of(x), 1)[0]!;
        assert.ok(box.low[0]! <= y && y <= box.high[0]!, `${name}(${x}) = ${y} of ${box.low}…${box.high}`);
      }
    }
  }
});

test('a matrix never stretches a vector beyond its bound, and nearly as far', () => {
  const random = createRandom(11);
  for (const [rows, columns, width] of [
    [7, 12, 4],
    [30, 8, 8],
    [3, 130, 130],
    [20, 66, 33],
  ] as const) {
    const matrix = Float64Array.from({ length: rows * columns }, () => random.normal());
    const bounds = stretchBounds(matrix, columns, width);
    bounds.forEach((bound, run) => {
      // Power iteration: the vector that this run of columns stretches most.
      let x = Float64Array.from({ length: rows }, () => random.normal());
      let reached = 0;
      for (let i = 0; i < 60; i++) {
        const y = Float64Array.from({ length: width }, (_, c) =>
          x.reduce((sum, v, k) => sum + v * matrix[k * columns + run * width + c]!, 0),
        );
        reached = lengthOf(y) / lengthOf(x);
        x = x.map((_, k) => y.reduce((sum, v, c) => sum + v * matrix[k * columns + run * width + c]!, 0));
        const size = lengthOf(x);
        x = x.map(v => v / size);
      }
      assert.ok(reached <= bound && bound < 2 * reached, `${rows}×${columns}/${width}: ${reached}, ${bound}`);
    });
  }
});

test('runs of channels are no longer than a projection’s bound says, from senders of a bounded length', () => {
  const random = createRandom(12);
  const met = { linear: 0, product: 0 };
  for (let seed = 0; seed < 6; seed++) {
    const ann = randomAnn(seed);
    const { int } = descend(ann, randomImages(ann, 3, seed), LADDERS[0]);
    const senders = new Map(int.nodes.map(n => [n.id, n.type.shape]));
    for (const node of int.nodes) {
      if (node.kind !== 'linear' && node.kind !== 'product') continue;
      const columns = node.type.shape.at(-1)!;
      const gather = prepareProjection(node, int);
      const bound = boundProjection(node, int);
      for (let i = 0; i < 20; i++) {
        const slots = new Map<ValueId, { values: Float64Array; sums: Float64Array }>();
        const sent = new Map<ValueId, Sent>();
        for (const id of node.operands) {
          // Runs as wide as a head where a product reads heads, else the last axis.
          const shape = senders.get(id)!;
          const inner = node.kind === 'product' ? headOf(node, id) : undefined;
          const channels = inner ?? shape.at(-1)!;
          const values = Float64Array.from({ length: sizeOf(shape) }, () => random.int(-9, 9));
          const groups = Array.from({ length: values.length / channels }, (_, g) =>
            values.subarray(g * channels, (g + 1) * channels),
          );
          const sum = Math.max(...groups.map(g => g.reduce((a, b) => a + Math.abs(b), 0)));
          const norm = Math.max(...groups.map(lengthOf));
          slots.set(id, { values, sums: values });
          sent.set(id, { box: constantBox(values.length, -9, 9), joint: { channels, sum, norm } });
        }
        const state = { coding: 'sum' as const, slots, currents: new Map<ValueId, Float64Array>() };
        gather(state, 1);
        const { norm } = bound(sent, 1);
        if (norm === undefined) continue;
        met[node.kind] += 1;
        const current = state.currents.get(node.id)!;
        const scale = projectionScale(node, int.constants);
        const real = current.map((x, at) => x * 2 ** -scale[at % scale.length]!);
        for (let at = 0; at < real.length; at += columns) {
          const length = lengthOf(real.subarray(at, at + columns));
          assert.ok(length <= norm(columns) * (1 + 1e-9), `${node.id}: ${length} of ${norm(columns)}`);
        }
      }
    }
  }
  assert.ok(met.linear > 50 && met.product > 20, JSON.stringify(met));
});

const lengthOf = (x: Float64Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

/** Channels of an operand that belong together: what a product of attention reads as one row. */
function headOf({ attrs, operands, type }: IntOf<'product'>, id: ValueId): number {
  const [groups, , columns] = type.shape as [number, number, number];
  if (operands[0] === id) return attrs.inner;
  const indices = mapIndices(attrs.mapB, groups * columns * attrs.inner);
  return indices[1] === indices[0]! + 1 ? attrs.inner : columns;
}

test('a group of a norm is no longer than its bound, a softmax adds up to no more', () => {
  const random = createRandom(3);
  let tightest = 0;
  for (let seed = 0; seed < 12; seed++) {
    const ann = randomAnn(seed);
    const { int } = descend(ann, randomImages(ann, 3, seed), LADDERS[0]);
    for (const node of int.nodes) {
      if (node.kind !== 'population') continue;
      const { fraction, outFraction, emit } = node.attrs;
      const kind = node.attrs.function.kind;
      if (kind !== 'layernorm' && kind !== 'softmax') continue;
      const channels = node.type.shape.at(-1)!;
      const soma = makeSomaFunction({ ...node, type: { ...node.type, shape: [1, 1, channels] } }, int);
      const wide = constantBox(channels, -(2 ** 20), 2 ** 20);
      const y = functionBounds({ node, constants: int.constants, stateBits: 24 }, wide, 1);
      const sent = emissionJoint(
        y.joint,
        membraneReach(y.box, zeroBox(channels), emit, outFraction),
        emit,
        outFraction,
        1,
      );
      for (let i = 0; i < 40; i++) {
        const spread = 2 ** (fraction + random.int(-3, 6));
        const lone = random.chance(0.3);
        const u = Float64Array.from({ length: channels }, (_, c) =>
          Math.round(lone && c > 0 ? 0 : spread * random.normal()),
        );
        const values = Array.from(soma(u, 1));
        const payloads = values.map(v => {
          const out = { payload: v, terms: 0, clipped: false };
          if (emit.kind === 'mt') fire(v, outFraction - emit.theta, emit.levels, emit.terms, emit.band, out);
          return out.payload;
        });
        for (const [list, bound] of [
          [values, y.joint],
          [payloads, sent],
        ] as const) {
          const sum = list.reduce((a, b) => a + Math.abs(b), 0);
          const norm = Math.sqrt(list.reduce((a, b) => a + b * b, 0));
          assert.ok(
            sum <= bound.sum && norm <= bound.norm,
            `${node.id}: ${sum}, ${norm} of ${JSON.stringify(bound)}`,
          );
          tightest = Math.max(tightest, norm / bound.norm);
        }
      }
    }
  }
  assert.ok(tightest > 0.9, `the bounds are never nearer than ${tightest}`);
});

test('where every width is proved nothing saturates; where an image overflows, its width was not proved', () => {
  let overflowing = 0;
  for (let seed = 0; seed < 8; seed++) {
    const ann = randomAnn(seed);
    const { int: wide } = descend(ann, randomImages(ann, 4, seed), LADDERS[0]);
    for (const bits of [24, 14, 11]) {
      const int = { ...wide, attrs: { ...wide.attrs, accumulatorBits: bits, stateBits: bits } };
      const widths = proveWidths(int, { low: -REACH, high: REACH }, () => undefined);
      const unproved = new Set(widths.filter(w => w.status !== 'proved').map(w => w.population));
      const runner = createIntRunner(int);
      const random = createRandom(seed);
      const size = sizeOf(int.nodes[0]!.type.shape);
      for (let i = 0; i < 6; i++) {
        runner.run(Float64Array.from({ length: size }, () => (random.chance(0.5) ? REACH : -REACH)));
      }
      for (const [id, { accumulator, state }] of runner.saturations) {
        if (accumulator + state === 0) continue;
        overflowing += 1;
        assert.ok(unproved.has(id), `${id} overflows ${bits} bits`);
      }
    }
  }
  assert.ok(overflowing > 10);
});

test('bits of a magnitude: saturation leaves out the most negative number', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 127, 128, 2 ** 23 - 1, 2 ** 23].map(bitsFor),
    [1, 2, 3, 3, 4, 8, 9, 24, 25],
  );
});
