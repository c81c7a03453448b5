/** The neurons of the comparison methods against membranes that are walked step by step, as published. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { calibratedForms, methodNetworks } from '../compiler/methods/networks.ts';
import { METHODS, type Method, type PairNeuron } from '../compiler/methods/table.ts';
import { siteThresholds } from '../compiler/methods/thresholds.ts';
import { axesOf } from '../compiler/passes/convert.ts';
import { quantize } from '../compiler/passes/quantize.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { measureRanges } from '../compiler/ranges.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createConstants } from '../ir/constants.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createFastSnnRunner, fastParts } from '../ir/fast/snn.ts';
import { createSlot, emitRule } from '../ir/interpret/emit.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { createTwoPhaseRunner } from '../ir/interpret/two-phase.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { type EmitOf, type SnnGraph, type SnnOf, snn } from '../ir/snn.ts';
import { verifyGraph } from '../ir/verify.ts';
import { furthest, logitsOf, randomImages } from './kit.ts';

const THETA = 0.5;
const STEPS = 16;
/** A half: its inputs, in θ, → what it sends in each step, in θ. */
type Walk = (inputs: readonly number[]) => readonly number[];

/** Integrate and fire with soft reset: v += I, a spike at 1, v −= 1. */
const integrateAndFire =
  (start: number, drift = 0, most = 1): Walk =>
  inputs => {
    let v = start;
    return inputs.map(input => {
      v += input + drift;
      let sent = 0;
      while (sent < most && v >= 1) {
        v -= 1;
        sent += 1;
      }
      return sent;
    });
  };

/** SNM: a negative spike at −1 while more has been sent than taken back. */
const signedWithMemory: Walk = inputs => {
  let [v, memory] = [0, 0];
  return inputs.map(input => {
    v += input;
    const spike = v >= 1 ? 1 : v <= -1 && memory > 0 ? -1 : 0;
    v -= spike;
    memory += spike;
    return spike;
  });
};

/** STA: the same, then up to two spikes of ½, those downwards within memory. */
const halfBursts: Walk = inputs => {
  let [v, memory] = [0, 0];
  return inputs.map(input => {
    v += input;
    const spike = v >= 1 ? 1 : v <= -1 && memory > 0 ? -1 : 0;
    v -= spike;
    memory += spike;
    const rest = Math.max(-memory, v);
    const halves = Math.max(-2, Math.min(2, Math.floor(Math.abs(rest) / 0.5) * Math.sign(rest)));
    v -= halves / 2;
    memory += halves / 2;
    return spike + halves / 2;
  });
};

const WALKS: Readonly<Record<string, Walk>> = {
  rmp: integrateAndFire(0),
  'rmp-robust': integrateAndFire(0),
  snm: signedWithMemory,
  ts: integrateAndFire(0, 0.5 / STEPS),
  qcfs: integrateAndFire(0.5),
  srp: integrateAndFire(0.5),
  cos: integrateAndFire(0.5),
  burst: integrateAndFire(0, 0, 5),
  sta: halfBursts,
};

const pairOf = (neuron: PairNeuron): EmitOf<'pair'> => ({
  ...{ kind: 'pair', ...neuron, theta: THETA, drift: neuron.drift / STEPS },
});

/** Inputs in sixty-fourths of θ: membranes are exact, and meet edges. */
function dyadicInputs(seed: number): readonly number[] {
  const random = createRandom(seed);
  const level = Math.round(40 * random.normal());
  return Array.from({ length: STEPS }, () => (level + Math.round(60 * random.normal())) / 64);
}

for (const { id, rule } of METHODS) {
  if (rule.kind !== 'pair') continue;
  test(`${id}: spikes of the telescoped pair are those of two membranes walked as published`, () => {
    const emit = pairOf(rule.neuron);
    const fire = emitRule(emit);
    let spikes = 0;
    for (let seed = 0; seed < 300; seed++) {
      const inputs = dyadicInputs(seed);
      const [plus, minus] = [WALKS[id]!(inputs), WALKS[id]!(inputs.map(x => -x))];
      const slot = createSlot(1, emit);
      inputs.forEach((input, i) => {
        slot.step = i + 1;
        slot.target[0]! += input * THETA;
        fire(slot, 0);
        slot.sums[0]! += slot.values[0]!;
        assert.equal(slot.values[0]! / THETA, plus[i]! - minus[i]! + 0, `seed ${seed} step ${i + 1}`);
        spikes += slot.terms[0]!;
      });
    }
    assert.ok(spikes > 500, `${spikes}`);
  });
}

/** One image → spikes → readout: the whole network is the neuron. */
function oneLayer(neurons: number, emit: EmitOf<'pair'>, steps: number): SnnGraph {
  const shape = [1, 1, neurons];
  const type = { element: 'real', shape } as const;
  const population = (id: string, from: string, sends: SnnOf<'population'>['attrs']['emit']) => ({
    ...({ kind: 'population', id: `%${id}`, operands: [`%${from}`], type, origin: id } as const),
    attrs: {
      axes: axesOf(shape),
      function: { kind: 'identity' as const },
      emit: sends,
    },
  });
  const relay = (id: string, from: string) =>
    ({ kind: 'relay', id: `%${id}`, operands: [`%${from}`], attrs: {}, type, origin: id }) as const;
  return {
    dialect: snn,
    name: 'one layer',
    attrs: { coding: 'rate', steps },
    nodes: [
      { kind: 'input', id: '%image', operands: [], attrs: { name: 'image' }, type, origin: 'image' },
      relay('in', 'image'),
      population('fires', 'in', emit),
      relay('out', 'fires'),
      population('reads', 'out', { kind: 'readout' }),
    ],
    outputs: ['%reads'],
    constants: createConstants(),
    tables: {},
  };
}

const HALF = pairOf({ start: 0.5, drift: 0, extra: 0, share: 1, correction: 'none' });
const GRID = Float64Array.from({ length: 161 }, (_, i) => ((i - 80) / 64) * THETA);

test('SRP: a half whose membrane ends the first phase at 0 or below is silent, the others fire as from the start', () => {
  const graph = oneLayer(GRID.length, HALF, 6);
  assert.deepEqual(verifyGraph(graph), []);
  const readouts = createTwoPhaseRunner(graph, { kind: 'mute', steps: 3 }).run(GRID);
  let silent = 0;
  GRID.forEach((x, i) => {
    const halves = [x / THETA, -x / THETA].map(input => {
      const first = integrateAndFire(0.5)([input, input, input]).reduce((a, b) => a + b, 0);
      const residual = 0.5 + 3 * input - first;
      if (residual <= 1e-3) silent += 1;
      return residual > 1e-3 ? integrateAndFire(0.5)(new Array(6).fill(input)).reduce((a, b) => a + b, 0) : 0;
    });
    assert.equal(readouts[5]![i], ((halves[0]! - halves[1]!) * THETA) / 6, `${x}`);
  });
  assert.ok(silent > GRID.length / 4);
});

/** COS as published: one half, its potential after the first phase → the one that it starts with. */
function offsetStart(inputs: readonly number[], first: number): number {
  let v = 0.5;
  const fired: number[] = [];
  const silent: number[] = [];
  for (const input of inputs.slice(0, first)) {
    v += input;
    if (v >= 1) {
      fired.push(v);
      v -= 1;
    } else silent.push(v);
  }
  if (v < 0 && fired.length > 0) return 0.5 - Math.max(1, Math.min(...fired) - 0.999);
  if (v >= 1) return 0.5 + (silent.length > 0 ? Math.max(1, 1.001 - Math.max(...silent)) : 1);
  return 0.5;
}

test('COS: a half that fired once too often or too rarely starts one spike lower or higher', () => {
  const random = createRandom(3);
  let shifted = 0;
  // Two layers: the second sees uneven spikes of the first, where offsets come from.
  for (let seed = 0; seed < 40; seed++) {
    const image = Float64Array.from({ length: 3 }, () => Math.round(40 * random.normal()) / 64);
    const mix = [1, -1.5, 0.75];
    const graph = twoLayers(mix, 6);
    const sentByFirst = new Map<number, number[]>();
    const answers = createTwoPhaseRunner(graph, { kind: 'shift', steps: 4 }).run(
      image,
      (step, node, { values }) => {
        if (node.id === '%fires') sentByFirst.set(step, [...values]);
      },
    );
    const inputs = Array.from(
      { length: 6 },
      (_, t) => sentByFirst.get(t + 1)!.reduce((sum, x, i) => sum + x * mix[i]!, 0) / THETA,
    );
    const sum = [inputs, inputs.map(x => -x)].map(half => {
      const start = offsetStart(half, 4);
      if (start !== 0.5) shifted += 1;
      return integrateAndFire(start)(half).reduce((a, b) => a + b, 0);
    });
    assert.ok(Math.abs(answers[5]![0]! - ((sum[0]! - sum[1]!) * THETA) / 6) < 1e-12, `seed ${seed}`);
  }
  assert.ok(shifted >= 3, `${shifted}`);
});

/** Three neurons and, behind weights, one more. */
function twoLayers(mix: readonly number[], steps: number): SnnGraph {
  const graph = oneLayer(3, HALF, steps);
  const one = { element: 'real', shape: [1, 1, 1] } as const;
  const weight = graph.constants.add({ dtype: 'f64', shape: [3, 1], data: Float64Array.from(mix) });
  const axes = axesOf([1, 1, 1]);
  const [image, relayed, fires] = graph.nodes as [
    SnnGraph['nodes'][0],
    SnnGraph['nodes'][0],
    SnnGraph['nodes'][0],
  ];
  const identity = { kind: 'identity' } as const;
  return {
    ...graph,
    nodes: [
      image,
      relayed,
      fires,
      {
        kind: 'linear',
        id: '%mix',
        operands: ['%fires'],
        attrs: { weight, rows: 1 },
        type: one,
        origin: 'mix',
      },
      {
        ...{ kind: 'population', id: '%second', operands: ['%mix'], type: one, origin: 'second' },
        attrs: { axes, function: identity, emit: HALF },
      },
      { kind: 'relay', id: '%out', operands: ['%second'], attrs: {}, type: one, origin: 'out' },
      {
        ...{ kind: 'population', id: '%reads', operands: ['%out'], type: one, origin: 'reads' },
        attrs: { axes, function: identity, emit: { kind: 'readout' } },
      },
    ],
  };
}

function networksOf(
  method: Method,
  ann: AnnGraph,
  images: readonly Float64Array[],
  steps: readonly number[],
) {
  const { report, list } = createDiagnostics();
  const forms = calibratedForms(ann, images, report);
  const settings = { steps, profile: defaultProfile(4), levels: 8, ties: 'symmetric', report } as const;
  const networks = methodNetworks(method, { ...forms, ...settings });
  assert.deepEqual(list, []);
  return networks;
}

test('every method converts random networks, and comes nearer to the float network over 64 steps', () => {
  const ann = randomAnn(4);
  const [image, ...calibration] = randomImages(ann, 9, 4) as [Float64Array, ...Float64Array[]];
  const wanted = logitsOf(ann, image);
  for (const method of METHODS.filter(({ rule }) => rule.kind !== 'profile')) {
    const networks = networksOf(method, ann, calibration, [2, 64]);
    assert.deepEqual(
      networks.flatMap(n => n.steps),
      [2, 64],
      method.id,
    );
    const answer = (steps: number) => {
      const { snn: graph, phase } = networks.find(n => n.steps.includes(steps))!;
      assert.deepEqual(verifyGraph(graph), []);
      const run = phase ? createTwoPhaseRunner(graph, phase) : createSnnRunner(graph);
      return furthest(run.run(image)[steps - 1]!, wanted);
    };
    if (method.id === 'compensation') assert.ok(Math.max(answer(2), answer(64)) < 1e-12);
    assert.ok(answer(64) < Math.max(0.7 * answer(2), 0.05), `${method.id}: ${answer(2)} → ${answer(64)}`);
  }
});

test('the fast runner gives the same numbers for every kind of neuron and phase', () => {
  const ann = randomAnn(7);
  const [image, other, ...calibration] = randomImages(ann, 9, 7) as [
    Float64Array,
    Float64Array,
    ...Float64Array[],
  ];
  for (const method of METHODS) {
    for (const { snn: graph, phase } of networksOf(method, ann, calibration, [5])) {
      const make = (isFast: boolean) => {
        if (phase !== undefined)
          return createTwoPhaseRunner(graph, phase, ...(isFast ? [fastParts(graph)] : []));
        return isFast ? createFastSnnRunner(graph) : createSnnRunner(graph);
      };
      const [slow, fast] = [make(false), make(true)];
      // The second image shows that nothing of the first is left.
      for (const x of [image, other, image]) assert.deepEqual(fast.run(x), slow.run(x), method.id);
    }
  }
});

test('θ by least squares: values on a grid of T steps are met exactly', () => {
  const ann = randomAnn(2);
  const images = randomImages(ann, 6, 2);
  const { plain } = calibratedForms(ann, images, () => undefined);
  const [most, squares, robust] = (['max', 'least-squares', 'percentile'] as const).map(kind =>
    siteThresholds(plain, kind === 'percentile' ? { kind, percent: 99 } : { kind }, 8),
  );
  for (const [id, theta] of most!) {
    assert.ok(squares!.get(id)! <= theta && squares!.get(id)! >= 0.059 * theta);
    assert.ok(robust!.get(id)! <= theta);
  }
  assert.ok(
    [...most!].some(([id, theta]) => squares!.get(id)! < theta),
    'clipping pays somewhere',
  );
});

test('E0330: the integer stage refuses neurons that it does not have', () => {
  const ann = randomAnn(1);
  const images = randomImages(ann, 4, 1);
  const [network] = networksOf(METHODS.find(m => m.id === 'rmp')!, ann, images, [2]);
  const { report, list } = createDiagnostics();
  const widths = { weightBits: 8, accumulatorBits: 24, stateBits: 24, inputFraction: 12 };
  quantize.run(network!.snn, { ranges: measureRanges(network!.snn, images), ...widths }, report);
  const pairs = network!.snn.nodes.filter(n => n.kind === 'population' && n.attrs.emit.kind === 'pair');
  const refused = list.filter(d => d.code === 'E0330' && d.facts.neuron === 'pair');
  assert.ok(pairs.length > 0);
  assert.deepEqual(
    refused.map(d => d.at.origin),
    pairs.map(node => node.origin),
  );
});

test('docs/methods.md has every method with its source and status', () => {
  const page = readFileSync('docs/methods.md', 'utf8');
  for (const { id, status, source } of METHODS) {
    const row = page.split('\n').find(line => line.startsWith(`| \`${id}\``)) ?? '';
    assert.ok(row.includes(status), `${id} is ${status}`);
    for (const name of source.split('; '))
      assert.ok(row.includes(name.split(',')[0]!.split(' ')[0]!), `${id}: ${name}`);
  }
  assert.equal(new Set(METHODS.map(m => m.id)).size, METHODS.length);
});
