/** ECMT equation by equation, at stage `snn`: the names of the tests are its numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrate } from '../compiler/calibrate.ts';
import { convert } from '../compiler/passes/convert.ts';
import { parallelNormalisation } from '../compiler/passes/parallel-normalisation.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { findSites } from '../compiler/sites.ts';
import { emitsOf, type ThresholdRule } from '../compiler/thresholds.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts, type StepActivity } from '../ir/count/closed-form.ts';
import { type CountedProjection, countedPopulations } from '../ir/count/counts.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createSlot, emitRule } from '../ir/interpret/emit.ts';
import { createSnnRunner } from '../ir/interpret/snn.ts';
import { createUnfusedRunner } from '../ir/interpret/unfused.ts';
import { HOLE, mapIndices } from '../ir/map.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { randomModern } from '../ir/random/modern.ts';
import { createRandom } from '../ir/random/seeded.ts';
import type { EmitOf, SnnEmit, SnnGraph, Ties } from '../ir/snn.ts';
import { verifyGraph } from '../ir/verify.ts';
import { readDigits } from './digits.ts';
import { furthest, logitsOf, randomImages } from './kit.ts';

interface PaperOptions {
  readonly steps: number;
  readonly levels?: number;
  readonly ties?: Ties;
  readonly rule?: ThresholdRule;
  /** Base thresholds of the i-th site, from those of calibration. */
  readonly adjust?: (theta: number, i: number) => number;
}

function paperNetwork(
  graph: AnnGraph,
  images: readonly Float64Array[],
  { steps, levels = 8, ties, rule = 'paper', adjust = theta => theta }: PaperOptions,
): SnnGraph {
  const { report, list } = createDiagnostics();
  const sites = findSites(graph);
  const options = { rule, profile: defaultProfile(4), levels, maxLevels: 16 };
  const emits = emitsOf(
    sites,
    calibrate(graph, sites, images),
    ties === undefined ? options : { ...options, ties },
    report,
  );
  const used = new Map(
    [...emits].map(([id, emit], i): [typeof id, SnnEmit] => {
      if (emit.kind !== 'mt') return [id, emit];
      return [id, { ...emit, theta1: adjust(emit.theta1, i), theta2: adjust(emit.theta2, i) }];
    }),
  );
  const snn = convert.run(graph, { coding: 'rate', steps, emits: used }, report);
  assert.deepEqual(list, []);
  assert.deepEqual(verifyGraph(snn), []);
  return snn;
}

const mt = (theta1: number, theta2: number, levels: number, ties: Ties): EmitOf<'mt'> => ({
  ...({ kind: 'mt', theta1, theta2, levels, terms: 1, band: 0.5, rule: 'paper', ties } as const),
});

/** Powers of two, so that payloads scale weights exactly. */
const toPowerOfTwo = (theta: number): number => (theta > 0 ? 2 ** Math.round(Math.log2(theta)) : theta);

/**
 * A percentile is the activation of some neuron, and a square's percentile the square of a percentile: membranes
 * then meet edges exactly, where rounding decides. Thresholds beside those values keep them apart.
 */
const besideActivations = (theta: number, i: number): number => theta * (1 - 0.013 * (1 + i));

/** What one neuron with membrane `m` fires. */
function fired(emit: SnnEmit, m: number): number {
  const slot = createSlot(1, emit);
  slot.target[0] = m;
  emitRule(emit)(slot, 0);
  return slot.values[0]!;
}

/** Eq. 25 as it is printed: intervals closed on the left and open on the right. */
function equation25(m: number, theta1: number, theta2: number, levels: number): number {
  for (let p = 0; p < levels; p++) {
    const [low, high] = [2 ** p * theta1 - theta1 / 2, 2 ** (p + 1) * theta1 - theta1 / 2];
    if (m >= low && (m < high || p === levels - 1)) return 2 ** p * theta1;
    const [near, far] = [-(2 ** p) * theta2 + theta2 / 2, -(2 ** (p + 1)) * theta2 + theta2 / 2];
    if (m < near && (m >= far || p === levels - 1)) return -(2 ** p) * theta2;
  }
  return 0;
}

test('Eqs. 19, 22, 23, 25: separate base thresholds, n = 4, 6, 8, both tie rules, edges included', () => {
  const random = createRandom(5);
  for (const levels of [4, 6, 8]) {
    for (const [theta1, theta2] of [
      [1, 1],
      [0.25, 0.0625],
      [0.5, 2],
      [0.375, 0.75],
    ] as const) {
      const edges = Array.from({ length: levels + 1 }, (_, p) => [
        2 ** p * theta1 - theta1 / 2,
        -(2 ** p) * theta2 + theta2 / 2,
      ]).flat();
      const others = Array.from({ length: 200 }, () => 2 ** levels * random.normal());
      for (const m of [0, ...edges, ...others]) {
        assert.equal(fired(mt(theta1, theta2, levels, 'paper'), m), equation25(m, theta1, theta2, levels));
        const symmetric = fired(mt(theta1, theta2, levels, 'symmetric'), m);
        const mirrored = fired(mt(theta2, theta1, levels, 'symmetric'), -m);
        assert.equal(symmetric, mirrored === 0 ? 0 : -mirrored, `m ${m}`);
      }
    }
  }
});

test('Eq. 25 on its edges: half open on the negative side as printed, closed on both in the authors’ code', () => {
  assert.deepEqual(
    [0.5, 1.5, -0.5, -1.5, -3.5].map(m => fired(mt(1, 1, 4, 'paper'), m)),
    [1, 2, 0, -1, -2],
  );
  assert.deepEqual(
    [0.5, 1.5, -0.5, -1.5, -3.5].map(m => fired(mt(1, 1, 4, 'symmetric'), m)),
    [1, 2, -1, -2, -4],
  );
});

test('Eqs. 21-24: while inputs stay within the largest threshold, membranes stay within half of it less θ/2', () => {
  const random = createRandom(11);
  for (const levels of [4, 6, 8]) {
    const emit = mt(1, 1, levels, 'symmetric');
    const largest = 2 ** (levels - 1);
    const slot = createSlot(50, emit);
    const fire = emitRule(emit);
    let worst = 0;
    for (let t = 0; t < 64; t++) {
      for (let i = 0; i < 50; i++) {
        slot.target[i]! += Math.max(-largest, Math.min(largest, largest * random.normal()));
        fire(slot, i);
        slot.sums[i]! += slot.values[i]!;
        worst = Math.max(worst, Math.abs(slot.target[i]! - slot.sums[i]!));
      }
    }
    assert.ok(worst <= largest / 2 - 0.5 + 1e-9, `n ${levels}: ${worst}`);
    assert.ok(worst > largest / 4, 'the bound is nearly reached');
  }
});

/** Spikes of both forms, all populations and steps, compared as numbers; logits as the largest relative distance. */
function compareForms(graph: SnnGraph, images: readonly Float64Array[]) {
  const [fused, unfused] = [createSnnRunner(graph), createUnfusedRunner(graph)];
  const emits = new Map(
    graph.nodes.flatMap(n => (n.kind === 'population' ? [[n.id, n.attrs.emit.kind]] : [])),
  );
  const found = { spikes: 0, different: 0, logits: 0 };
  for (const image of images) {
    const seen = new Map<string, Float64Array>();
    const first = fused.run(image, (step, { id }, { values }) => seen.set(`${step} ${id}`, values.slice()));
    const second = unfused.run(image, (step, id, values) => {
      if (emits.get(id) !== 'mt') return;
      const other = seen.get(`${step} ${id}`)!;
      for (let i = 0; i < values.length; i++) {
        if (values[i] !== 0) found.spikes += 1;
        if (values[i] !== other[i]) found.different += 1;
      }
    });
    first.forEach((logits, t) => {
      const size = Math.max(...logits.map(Math.abs));
      found.logits = Math.max(found.logits, furthest(logits, second[t]!) / size);
    });
  }
  return found;
}

test('Eqs. 15-18, 21-25: the paper’s modules and membranes send the spikes of the fused form, T = 1…16', () => {
  for (let seed = 0; seed < 12; seed++) {
    const graph = seed % 3 === 2 ? randomModern(seed) : randomAnn(seed);
    const [first, second, ...calibration] = randomImages(graph, 8, seed) as [Float64Array, Float64Array];
    for (const ties of ['symmetric', 'paper'] as const) {
      const snn = paperNetwork(graph, calibration, {
        steps: 16,
        levels: 4 + 2 * (seed % 3),
        ties,
        adjust: besideActivations,
      });
      const { spikes, different, logits } = compareForms(snn, [first, second]);
      assert.ok(spikes > 0);
      assert.equal(different, 0, `seed ${seed}`);
      assert.ok(logits < 1e-12, `seed ${seed}: ${logits}`);
    }
  }
});

test('Eqs. 15-18: unfused compensation is lossless within 1e-12 of the largest logit, neurons off, T = 1…16', () => {
  const { ann, images } = readDigits(1);
  const random = Array.from({ length: 8 }, (_, seed) => {
    const graph = randomAnn(seed);
    return { graph, image: randomImages(graph, 1, seed)[0]! };
  });
  for (const { graph, image } of [...random, { graph: ann, image: images[0]! }]) {
    const { report } = createDiagnostics();
    const snn = convert.run(graph, { coding: 'rate', steps: 16, emits: new Map() }, report);
    const wanted = logitsOf(graph, image);
    const size = Math.max(...wanted.map(Math.abs));
    for (const run of [createUnfusedRunner(snn), createSnnRunner(snn)]) {
      for (const [t, logits] of run.run(image).entries()) {
        assert.ok(furthest(logits, wanted) / size < 1e-12, `${graph.name} T ${t + 1}`);
      }
    }
  }
});

test('Eq. 30 at T = 1: the authors’ counter charges three products, of which one is performed', () => {
  for (let seed = 0; seed < 6; seed++) {
    const graph = randomAnn(seed);
    const images = randomImages(graph, 4, seed);
    const snn = paperNetwork(graph, images, { steps: 1 });
    const log = createActivityLog();
    const products = countedPopulations(snn).filter(({ node }) =>
      node.operands.some(id => id.endsWith('.product')),
    );
    let charged = 0;
    createSnnRunner(snn).run(images[0]!, (step, node, emission) => {
      log.record(step, node.id, emission);
      for (const population of products.filter(p => p.node.id === node.id)) {
        const product = population.projections.filter(({ node: { kind } }) => kind === 'product');
        const { paper } = closedFormCounts({ ...population, projections: product }, 'rate', step, log);
        const [once] = product.map(projection => pairsOf(projection, log));
        assert.equal(paper.acs, 3 * once!, `seed ${seed} ${node.id}`);
        charged += paper.acs;
      }
    });
    assert.ok(charged > 0);
  }
});

/** Pairs of spikes of one step that meet in a product, one by one. */
function pairsOf({ node }: CountedProjection, log: StepActivity): number {
  if (node.kind !== 'product') return 0;
  const [groups, rows, columns] = node.type.shape as [number, number, number];
  const { inner, mapA, mapB } = node.attrs;
  const [left, right] = [mapIndices(mapA, groups * rows * inner), mapIndices(mapB, groups * columns * inner)];
  const [a, b] = node.operands.map(id => log.of(id).terms) as [Uint8Array, Uint8Array];
  let pairs = 0;
  for (let g = 0; g < groups; g++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let c = 0; c < inner; c++) {
          const [p, q] = [left[(g * rows + i) * inner + c]!, right[(g * columns + j) * inner + c]!];
          if (p !== HOLE && q !== HOLE) pairs += a[p]! * b[q]!;
        }
  return pairs;
}

test('digits: 0 of all spikes differ between the two forms, percentiles and the authors’ constants', () => {
  const { ann, images, calibration } = readDigits(1);
  for (const rule of ['paper', 'paper-fixed'] as const) {
    const snn = paperNetwork(ann, calibration.slice(0, 24), { steps: 4, rule });
    const { spikes, different, logits } = compareForms(snn, images);
    assert.ok(spikes > 10_000, `${spikes}`);
    assert.equal(different, 0);
    assert.ok(logits < 1e-12);
  }
});

test('the authors’ constants stand at softmax and fc2 and nowhere else', () => {
  const { ann, calibration } = readDigits(0);
  const sites = findSites(ann);
  const { report } = createDiagnostics();
  const statistics = calibrate(ann, sites, calibration.slice(0, 16));
  const of = (rule: ThresholdRule) =>
    emitsOf(sites, statistics, { rule, profile: defaultProfile(4), levels: 6, maxLevels: 16 }, report);
  const [percentile, fixed] = [of('paper'), of('paper-fixed')];
  for (const [id, kind] of sites) {
    const emit = fixed.get(id);
    if (emit?.kind !== 'mt') continue;
    assert.equal(emit.levels, 6);
    if (kind === 'softmax') assert.deepEqual([emit.theta1, emit.theta2], [0.0125, 0.0125]);
    else if (kind === 'fc2') assert.deepEqual([emit.theta1, emit.theta2], [0.25, 0.08]);
    else assert.deepEqual(emit, percentile.get(id));
  }
});

test('Eqs. 26-29: 2n binary channels with weights λ_p·W equal payloads; exactly where thresholds are powers of two', () => {
  for (let seed = 0; seed < 8; seed++) {
    const graph = randomAnn(seed);
    const images = randomImages(graph, 6, seed);
    for (const adjust of [toPowerOfTwo, besideActivations]) {
      for (const ties of ['symmetric', 'paper'] as const) {
        const snn = paperNetwork(graph, images, { steps: 6, levels: 4 + 2 * (seed % 3), ties, adjust });
        const parallel = parallelNormalisation.run(snn, undefined, () => undefined);
        assert.deepEqual(verifyGraph(parallel), []);
        const changed = parallel.nodes.filter(
          n => n.kind === 'population' && n.attrs.emit.kind === 'channels',
        );
        assert.ok(changed.length >= 4, `${changed.length}`);
        const first = createSnnRunner(snn).run(images[0]!);
        let wrong = 0;
        const second = createSnnRunner(parallel).run(images[0]!, (_, node, { values }) => {
          const { emit } = node.attrs;
          if (emit.kind !== 'channels') return;
          const side = 2 * emit.levels;
          for (let i = 0; i < values.length; i += side) {
            const ones = values.subarray(i, i + side).reduce((n, x) => n + x, 0);
            if (ones > 1 || values.subarray(i, i + side).some(x => x !== 0 && x !== 1)) wrong += 1;
          }
        });
        assert.equal(wrong, 0);
        const size = Math.max(...first.at(-1)!.map(Math.abs));
        first.forEach((logits, t) => {
          if (adjust === toPowerOfTwo) assert.deepEqual(second[t], logits, `seed ${seed} T ${t + 1}`);
          else assert.ok(furthest(second[t]!, logits) / size < 1e-12, `seed ${seed} T ${t + 1}`);
        });
      }
    }
  }
});
