/** Coding `differential` against the recurrences of its paper; weights of steps; what it reaches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeMap, sizeOf, type ValueId } from '../ir/dialect.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { mapIndices } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { scalarFunction } from '../ir/scalar.ts';
import { CODINGS, type SnnFunction, type SnnGraph, type SnnNode, type SnnOf } from '../ir/snn.ts';
import { stepWeight, TOLERANCE, weightFraction } from '../ir/step-weights.ts';
import { descend, furthest, logitsOf, randomImages } from './kit.ts';

/** So wide that norms have many channels: of two, a norm only knows the sign. */
const WIDE = { tokens: 6, dim: 24, heads: 2, mlp: 36, depth: 2, classes: 5, patch: 12 } as const;

/**
 * The paper's own, unfused form (facts: arXiv 2503.00301): every signal weighs 1/t. A module keeps the mean of its
 * input and sends t · (F_now − F_last); a neuron keeps a membrane and the means of what came in and went out; a product
 * sends x·y/t + x·B̄ + Ā·y. Returns what every population sends in every step.
 */
function unfused(graph: SnnGraph, image: Float64Array): Map<string, Float64Array> {
  const sent = new Map<string, Float64Array>();
  const means = new Map<ValueId, Float64Array>();
  const state = new Map<string, Float64Array>();
  const kept = (key: string, size: number) => {
    const found = state.get(key) ?? new Float64Array(size);
    state.set(key, found);
    return found;
  };
  const byId = nodeMap(graph.nodes);
  for (let t = 1; t <= graph.attrs.steps; t++) {
    const now = new Map<ValueId, Float64Array>();
    for (const node of graph.nodes) {
      const size = sizeOf(node.type.shape);
      if (node.kind === 'input') now.set(node.id, t === 1 ? image : new Float64Array(size));
      else if (node.kind !== 'population') now.set(node.id, current(node, graph, now, means, t));
      else {
        const input = new Float64Array(size);
        for (const id of node.operands) addInto(input, now.get(id)!);
        now.set(node.id, fireUnfused(node, input, t, kept));
        sent.set(`${t} ${node.id}`, now.get(node.id)!);
      }
    }
    for (const [id, values] of now) {
      if (byId.get(id)!.kind !== 'input' && byId.get(id)!.kind !== 'population') continue;
      const mean = means.get(id) ?? new Float64Array(values.length);
      means.set(
        id,
        mean.map((m, i) => m + values[i]! / t),
      );
    }
  }
  return sent;
}

type Signals = ReadonlyMap<ValueId, Float64Array>;

function current(
  node: Exclude<SnnNode, { kind: 'input' | 'population' }>,
  { constants }: SnnGraph,
  now: Signals,
  means: Signals,
  t: number,
): Float64Array {
  const size = sizeOf(node.type.shape);
  const out = new Float64Array(size);
  const x = now.get(node.operands[0]!)!;
  switch (node.kind) {
    case 'bias': {
      const { data } = constants.get(node.attrs.value);
      return t === 1 ? out.map((_, i) => data[i % data.length]!) : out;
    }
    case 'relay': {
      const map = mapIndices(node.attrs.map, size);
      return out.map((_, i) => (map[i]! < 0 ? 0 : x[map[i]!]!));
    }
    case 'linear': {
      const { shape, data } = constants.get(node.attrs.weight);
      const [inputs, channels] = shape as [number, number];
      const map = mapIndices(node.attrs.map, node.attrs.rows * inputs);
      const bias = node.attrs.bias === undefined ? undefined : constants.get(node.attrs.bias).data;
      return out.map((_, i) => {
        const [row, c] = [Math.floor(i / channels), i % channels];
        let sum = t === 1 ? (bias?.[bias.length === channels ? c : i] ?? 0) : 0;
        for (let k = 0; k < inputs; k++) {
          const from = map[row * inputs + k]!;
          if (from >= 0) sum += x[from]! * data[k * channels + c]!;
        }
        return sum;
      });
    }
    case 'product': {
      const [groups, rows, columns] = node.type.shape as [number, number, number];
      const { inner } = node.attrs;
      const y = now.get(node.operands[1]!)!;
      const [meanA, meanB] = node.operands.map(id => means.get(id));
      const mapA = mapIndices(node.attrs.mapA, groups * rows * inner);
      const mapB = mapIndices(node.attrs.mapB, groups * columns * inner);
      return out.map((_, i) => {
        const [g, r, c] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          const [p, q] = [mapA[(g * rows + r) * inner + k]!, mapB[(g * columns + c) * inner + k]!];
          sum += (x[p]! * y[q]!) / t + x[p]! * (meanB?.[q] ?? 0) + (meanA?.[p] ?? 0) * y[q]!;
        }
        return sum;
      });
    }
    default:
      throw new Error(`no recurrence for ${node.kind} here`);
  }
}

function fireUnfused(
  { id, attrs, type }: SnnOf<'population'>,
  input: Float64Array,
  t: number,
  kept: (key: string, size: number) => Float64Array,
): Float64Array {
  const { length } = input;
  const [mean, last] = [kept(`${id} mean`, length), kept(`${id} last`, length)];
  addInto(mean, input, 1 / t);
  const target = applyFunction(attrs.function, mean, type.shape.at(-1)!);
  const output = target.map((y, i) => t * (y - last[i]!));
  last.set(target);
  const { emit } = attrs;
  if (emit.kind !== 'mt') return output;
  const [membrane, came, went] = ['membrane', 'in', 'out'].map(name => kept(`${id} ${name}`, length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return output.map((x, i) => {
    membrane[i]! += x + came[i]! - went[i]!;
    came[i]! += x / t;
    let spike = 0;
    for (let term = 0; term < emit.terms; term++) {
      const m = membrane[i]!;
      if (Math.abs(m) < emit.band * emit.theta1) break;
      const ladder = Array.from({ length: emit.levels }, (_, p) => emit.theta1 * 2 ** p);
      const size = ladder.findLast((rung, p) => p === 0 || Math.abs(m) >= 0.75 * rung)!;
      if (term > 0 && Math.abs(Math.abs(m) - size) >= Math.abs(m)) break;
      spike += Math.sign(m) * size;
      membrane[i]! -= Math.sign(m) * size;
    }
    went[i]! += spike / t;
    return spike;
  });
}

function addInto(sum: Float64Array, x: Float64Array, factor = 1): void {
  for (let i = 0; i < x.length; i++) sum[i]! += factor * x[i]!;
}

function applyFunction(fn: SnnFunction, x: Float64Array, channels: number): Float64Array {
  if (fn.kind === 'identity') return x.slice();
  if (fn.kind === 'pointwise') return x.map(scalarFunction(fn.name));
  const out = x.slice();
  for (let at = 0; at < x.length; at += channels) {
    const group = out.subarray(at, at + channels);
    if (fn.kind === 'softmax') {
      const scale = fn.scale * (fn.base === 'e' ? 1 : Math.LN2);
      const powers = group.map(y => Math.exp(y * scale));
      const sum = powers.reduce((a, b) => a + b);
      group.set(powers.map(p => p / sum));
    } else {
      assert.ok(fn.kind === 'layernorm' && fn.gamma === undefined);
      const mean = group.reduce((a, b) => a + b) / channels;
      const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / channels;
      group.set(group.map(y => (y - mean) / Math.sqrt(variance + fn.epsilon)));
    }
  }
  return out;
}

test('differential: the fused form is spike-identical to the recurrences of modules, neurons and products', () => {
  let spikes = 0;
  for (let seed = 0; seed < 8; seed++) {
    const ann = randomAnn(seed);
    const images = randomImages(ann, 4, seed);
    const { snn } = descend(ann, images, { coding: 'differential', steps: 6, shift: 3, terms: 2 });
    const wanted = unfused(snn, images[0]!);
    createSnnRunner(snn).run(images[0]!, (step, { id, attrs }, { values }) => {
      const isSpiking = attrs.emit.kind === 'mt';
      if (isSpiking && step > 1) spikes += values.reduce((n, x) => n + (x === 0 ? 0 : 1), 0);
      // A graded value is sent as it counts, the recurrence sends it t times.
      const sent = isSpiking ? values : values.map(x => x * step);
      if (attrs.emit.kind !== 'readout')
        assert.ok(furthest(sent, wanted.get(`${step} ${id}`)!) < 1e-7, `${id}, step ${step}, seed ${seed}`);
    });
  }
  assert.ok(spikes > 1000);
});

test('differential approaches the network as T grows, below the floor of sum coding', () => {
  const floors = { sum: 0, differential: 0 };
  for (let seed = 0; seed < 4; seed++) {
    const ann = randomAnn(seed, WIDE);
    const images = randomImages(ann, 8, seed);
    const wanted = logitsOf(ann, images[0]!);
    for (const coding of ['sum', 'differential'] as const) {
      const { snn, int } = descend(ann, images, { coding, steps: 8, shift: 4, terms: 1 });
      const errors = createSnnRunner(snn)
        .run(images[0]!)
        .map(logits => furthest(logits, wanted));
      floors[coding] += errors.at(-1)!;
      if (coding === 'sum') continue;
      assert.ok(errors[7]! < 0.25 * errors[0]!, `seed ${seed}: ${errors}`);
      const whole = furthest(createIntRunner(int).run(images[0]!).at(-1)!, wanted);
      assert.ok(whole < 0.1 * Math.max(...wanted.map(Math.abs)) + 0.05, `int, seed ${seed}: ${whole}`);
    }
  }
  assert.ok(floors.differential < 0.5 * floors.sum, JSON.stringify(floors));
});

test('weights of steps are right within a tenth, and cost no bit where there is one step', () => {
  assert.equal(weightFraction('differential', 1), 0);
  assert.equal(weightFraction('differential', 2), 1);
  for (const coding of ['sum', 'rate'] as const) assert.equal(weightFraction(coding, 16), 0);
  for (let steps = 1; steps <= 64; steps++) {
    const bits = weightFraction('differential', steps);
    assert.ok(bits <= 10);
    for (let t = 1; t <= steps; t++)
      assert.ok(Math.abs((stepWeight(t, bits) * t) / 2 ** bits - 1) <= TOLERANCE);
  }
});

test('in one step every coding is the same network', () => {
  for (let seed = 0; seed < 4; seed++) {
    const ann = randomAnn(seed);
    const images = randomImages(ann, 4, seed);
    const runs = CODINGS.map(coding => {
      const { snn, int } = descend(ann, images, { coding, steps: 1, shift: 4, terms: 3 });
      return [createSnnRunner(snn).run(images[1]!), createIntRunner(int).run(images[1]!)];
    });
    assert.deepEqual(runs[1], runs[0]);
    assert.deepEqual(runs[2], runs[0]);
  }
});
