/** The search's parts, each against what it stands for: counted element by element, enumerated, or worked by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '../../compiler/search/build.ts';
import { type CurvePoint, paretoCurve, predictAcs } from '../../compiler/search/curve.ts';
import { divergenceOf } from '../../compiler/search/divergence.ts';
import type { Goal, Optimize } from '../../compiler/search/goal.ts';
import type { Loads, SiteLoad } from '../../compiler/search/load.ts';
import type { Outcome } from '../../compiler/search/measure.ts';
import { firingOptions, settingsUpTo } from '../../compiler/search/options.ts';
import { search } from '../../compiler/search/search.ts';
import { createRecorder, type SiteOption } from '../../compiler/search/statistics.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { emitRule } from '../../ir/interpret/emit.ts';
import { createRandom, type Random } from '../../ir/random/seeded.ts';

const near = (got: number, wanted: number, share: number, what: string) =>
  assert.ok(Math.abs(got - wanted) <= share * Math.abs(wanted) + 1e-9, `${what}: ${got}, not ${wanted}`);

test('an option is judged from bins as it is element by element', () => {
  const random = createRandom(5);
  const size = 700;
  const numbers = (scale: number) => Float64Array.from({ length: size }, () => scale * random.normal());
  const images = Array.from({ length: 3 }, () => ({
    values: numbers(2),
    gradients: [numbers(1), numbers(1)],
  }));
  const load: SiteLoad = {
    linear: numbers(1).map(x => Math.round(10 * Math.abs(x))),
    partners: numbers(1).map(x => (x > 0 ? 7 : 0)),
    products: [],
  };
  const max = Math.max(...images.map(({ values }) => Math.max(...values.map(Math.abs))));
  const statistics = { theta1: 4, theta2: 4, magnitude: 4, max };
  const options = firingOptions(statistics, settingsUpTo(3));
  const recorder = createRecorder(max, load, options);
  for (const { values, gradients } of images) recorder.record(values, gradients);
  const judged = recorder.judge();
  assert.equal(judged.length, options.length);
  options.forEach(({ emit }, o) => {
    const fire = emitRule(emit);
    const total = { error: 0, linear: 0, terms: 0, nonzero: 0, partners: 0 };
    for (const { values, gradients } of images) {
      const slot = {
        values: values.slice(),
        terms: new Uint8Array(size),
        sums: new Float64Array(size),
        target: values,
        step: 1,
      };
      for (let i = 0; i < size; i++) fire(slot, i);
      for (const gradient of gradients) {
        const moved = gradient.reduce((sum, g, i) => sum + g * (values[i]! - slot.values[i]!), 0);
        total.error += moved ** 2 / gradients.length;
      }
      slot.terms.forEach((terms, i) => {
        total.linear += terms * load.linear[i]!;
        total.terms += terms * load.partners[i]!;
        total.nonzero += terms === 0 ? 0 : load.partners[i]!;
        total.partners += load.partners[i]!;
      });
    }
    const { shift, terms, band } = judged[o]!.setting;
    const what = `shift ${shift}, ${terms} terms, band ${band}`;
    near(judged[o]!.linearAcs, total.linear / images.length, 0.03, `${what} linear`);
    near(judged[o]!.terms, total.terms / total.partners, 0.03, `${what} terms`);
    near(judged[o]!.nonzero, total.nonzero / total.partners, 0.02, `${what} nonzero`);
    // Fine thresholds leave errors of the size of a bin.
    if (shift <= 3) near(judged[o]!.error, total.error / images.length, 0.25, `${what} error`);
  });
});

function randomOptions(random: Random, count: number): readonly SiteOption[] {
  return Array.from({ length: count }, (_, i) => ({
    setting: { shift: i, terms: 1, band: 1 },
    error: random.next(),
    linearAcs: random.int(0, 1000),
    terms: 2 * random.next(),
    nonzero: random.next(),
  }));
}

const noLoad = (products: SiteLoad['products']): SiteLoad => ({
  linear: new Float64Array(0),
  partners: new Float64Array(0),
  products,
});

test('no choice beats a point of the curve in both error and cost', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const ids: readonly ValueId[] = ['%a', '%b', '%c'];
    const options = new Map(ids.map(id => [id, randomOptions(random, 5)]));
    const loads: Loads = { sites: new Map(ids.map(id => [id, noLoad([])])), fixed: 10, annMacs: 1000 };
    const curve = paretoCurve(options, loads);
    const all = options.get('%a')!.flatMap(a =>
      options.get('%b')!.flatMap(b =>
        options.get('%c')!.map(c => ({
          error: a.error + b.error + c.error,
          acs: 10 + a.linearAcs + b.linearAcs + c.linearAcs,
        })),
      ),
    );
    for (const { error, acs } of curve) {
      assert.ok(!all.some(one => one.error < error - 1e-9 && one.acs < acs), `seed ${seed}`);
    }
    const [first, last] = [curve[0]!, curve.at(-1)!];
    near(first.error, Math.min(...all.map(one => one.error)), 1e-9, 'least error');
    near(last.acs, Math.min(...all.map(one => one.acs)), 1e-9, 'least cost');
    for (let i = 1; i < curve.length; i++) assert.ok(curve[i]!.acs < curve[i - 1]!.acs);
  }
});

test('Eq. 30: a product costs a·b + a·B + A·b over its pairs', () => {
  const a = { setting: { shift: 0, terms: 1, band: 1 }, error: 0, linearAcs: 5, terms: 1.5, nonzero: 0.75 };
  const b = { ...a, linearAcs: 0, terms: 0.5, nonzero: 0.25 };
  const sites = new Map<ValueId, SiteLoad>([
    [
      '%a',
      noLoad([
        { partner: '%b', pairs: 100 },
        { partner: undefined, pairs: 10 },
      ]),
    ],
    ['%b', noLoad([])],
  ]);
  const acs = predictAcs(
    new Map([
      ['%a', a],
      ['%b', b],
    ] as const),
    { sites, fixed: 3, annMacs: 1 },
  );
  const fired = 100 * (1.5 * 0.5 + 1.5 * 0.25 + 0.75 * 0.5);
  const graded = 10 * (1.5 + 1.5 + 0.75);
  near(acs, 3 + 5 + fired + graded, 1e-12, 'accumulations');
});

test('divergence: error over variance, agreement, and accuracy with its expected drop', () => {
  const float = [Float64Array.of(0, 2), Float64Array.of(2, 0)];
  const same = divergenceOf({ float, spiking: float, labels: [1, 0] });
  assert.deepEqual(
    [same.mse, same.agreement, same.expectedAgreement, same.accuracy],
    [0, 1, 1, { float: 1, spiking: 1, drop: 0, dropError: 0 }],
  );
  const spiking = [Float64Array.of(0, 2), Float64Array.of(-1, 0)];
  const other = divergenceOf({ float, spiking, labels: [1, 0] });
  // Squares 9 over 4 numbers of variance 1; the error (−3, 0) turns the second image, and would not turn the first.
  near(other.mse, 9 / 4, 1e-12, 'mse');
  assert.equal(other.agreement, 0.5);
  assert.equal(other.expectedAgreement, 0.75);
  assert.equal(other.accuracy!.spiking, 0.5);
  near(other.accuracy!.drop, 0.5, 1e-12, 'drop: every change costs its label, half of the answers change');
  assert.equal(divergenceOf({ float, spiking }).accuracy, undefined);
});

const outcome = (acs: number, mse: number): Outcome => ({
  ...{ acs, mse, energy: acs / 1000, agreement: 1, expectedAgreement: 1, accuracy: undefined, images: 8 },
});
const goal = (optimize: Optimize, value: number): Goal => ({
  optimize,
  limit: { kind: 'divergence', value },
});

/** Point i costs 100 − i and errs by i: the best within a limit of n is point n. */
function needs(optimize: Optimize, limit: number) {
  const curve: readonly CurvePoint[] = Array.from({ length: 100 }, (_, i) => ({
    settings: new Map([['%x', { shift: i, terms: 1, band: 1 }]] as const),
    error: i,
    acs: 100 - i,
  }));
  const at = ({ settings }: Candidate) => settings.get('%x')!.shift;
  const run = (candidate: Candidate) => {
    const finer = candidate.weightBits < 8 ? (8 - candidate.weightBits) * 5 : 0;
    const steps = candidate.steps - 1;
    return outcome(100 - at(candidate) + 30 * steps, at(candidate) + finer - 20 * steps);
  };
  return {
    curve,
    presets: [],
    codings: [{ coding: 'sum', steps: 1 } as const],
    weightBits: [8],
    goal: goal(optimize, limit),
    guess: 50,
    choose: run,
    verify: run,
  };
}

test('the search halves its way to the cheapest point within the limit', () => {
  for (const limit of [0, 3, 37, 50, 71, 98]) {
    const { best, trials } = search(needs('energy', limit));
    const found = best!.candidate.settings.get('%x')!.shift;
    assert.ok(found <= limit && found >= limit - 5, `limit ${limit}: point ${found}`);
    assert.ok(trials.length <= 8);
  }
});

test('what fails on the other half is not taken; where nothing holds there is no answer', () => {
  const own = needs('energy', 60);
  const strict = search({ ...own, verify: c => outcome(1, c.settings.get('%x')!.shift + 8) });
  assert.ok(strict.best!.candidate.settings.get('%x')!.shift <= 52);
  assert.equal(search({ ...own, verify: () => outcome(1, 1000) }).best, undefined);
  assert.equal(search({ ...own, choose: () => undefined }).best, undefined);
});

test('a preset that is cheaper at the same limit is taken', () => {
  const own = needs('energy', 50);
  const preset = { name: 'profile 4', settings: new Map(), acs: 1 };
  const run = (c: Candidate) => (c.settings === preset.settings ? outcome(1, 49) : own.choose(c));
  const { best } = search({ ...own, presets: [preset], choose: run, verify: run });
  assert.equal(best!.from, 'profile 4');
});

test('least cores: the fewest weight bits within the limit, then the least energy', () => {
  const { best } = search({ ...needs('cores', 12), weightBits: [8, 6, 5, 4] });
  assert.equal(best!.candidate.weightBits, 6);
  const found = best!.candidate.settings.get('%x')!.shift;
  assert.ok(found <= 2, `point ${found}: five of the twelve go to each bit`);
});

test('more timesteps are taken where they cost less, but not where latency counts', () => {
  const codings = [
    { coding: 'sum', steps: 1 },
    { coding: 'sum', steps: 2 },
  ] as const;
  const own = { ...needs('energy', 20), codings };
  const cheap = (c: Candidate) =>
    c.steps === 2
      ? outcome(100 - c.settings.get('%x')!.shift, c.settings.get('%x')!.shift - 60)
      : own.choose(c);
  const energy = search({ ...own, choose: cheap, verify: cheap });
  assert.equal(energy.best!.candidate.steps, 2);
  const latency = search({ ...own, goal: goal('latency', 20), choose: cheap, verify: cheap });
  assert.equal(latency.best!.candidate.steps, 1);
});
