/**
 * How often neurons will send, before anything is converted: a sample of what each site holds, put through the thresholds
 * that conversion would give it. The sample is measured in the float network, or nominal where nothing was run.
 *
 * Units  rate: share of a population's neurons that send in a step; terms: powers of two sent ÷ neurons
 */
import type { AnnGraph } from '../../ir/ann.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { createFastAnnRunner } from '../../ir/fast/ann.ts';
import { createSlot, emitRule } from '../../ir/interpret/emit.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { scalarFunction } from '../../ir/scalar.ts';
import type { EmitOf, SnnFunction } from '../../ir/snn.ts';
import type { SiteStatistics } from '../calibrate.ts';
import { nthSmallest } from '../order-statistics.ts';
import type { SiteSetting } from '../profile.ts';
import type { Sites } from '../sites.ts';
import { thresholdEmit } from '../thresholds.ts';
import type { Activity } from './tile-work.ts';

/** What relays send: all of it once, and nothing of it again. */
export const relayActivity = (steps: number): Activity => ({ rate: 1 / steps, terms: 1 / steps });

/** Emit and activity of a site that holds numbers like these. */
export function activityOfSample(
  sample: Float64Array,
  setting: SiteSetting,
  { steps, maxLevels }: { readonly steps: number; readonly maxLevels: number },
): { readonly emit: EmitOf<'mt'>; readonly activity: Activity } {
  const emit = thresholdEmit(statisticsOf(sample), setting, maxLevels);
  const slot = createSlot(1, emit);
  const fire = emitRule(emit);
  let spikes = 0;
  let terms = 0;
  for (const x of sample) {
    slot.target[0] = x;
    slot.sums[0] = 0;
    for (let t = 1; t <= steps; t++) {
      fire(slot, 0);
      if (slot.values[0] === 0) break;
      spikes += 1;
      terms += slot.terms[0]!;
      slot.sums[0]! += slot.values[0]!;
    }
  }
  const count = Math.max(1, sample.length * steps);
  return { emit, activity: { rate: spikes / count, terms: terms / count } };
}

const PERCENT = 0.99;

function statisticsOf(sample: Float64Array): SiteStatistics {
  const sizes = sample.map(Math.abs);
  const max = sizes.reduce((a, b) => Math.max(a, b), 0);
  const rank = Math.max(1, Math.floor(sizes.length * PERCENT));
  const magnitude = sizes.length === 0 ? 0 : nthSmallest(sizes, rank);
  return { theta1: magnitude, theta2: magnitude, magnitude, max };
}

/** Values of a site that are kept of one image. */
const KEPT = 2 ** 16;

/** Cost: one float pass per image; memory: KEPT numbers per site and image. */
export function measureSites(
  ann: AnnGraph,
  sites: Sites,
  images: readonly Float64Array[],
): ReadonlyMap<ValueId, Float64Array> {
  const runner = createFastAnnRunner(ann);
  const random = createRandom(images.length);
  const kept = new Map<ValueId, Float64Array[]>();
  for (const image of images) {
    runner.run(image, ({ id }, value) => {
      if (!sites.has(id)) return;
      const stride = Math.ceil(value.length / KEPT);
      const count = Math.floor(value.length / stride);
      // A place drawn anew for each, so that no stride meets the channels'.
      const some = Float64Array.from(
        { length: count },
        (_, i) => value[i * stride + (stride === 1 ? 0 : random.int(0, stride - 1))]!,
      );
      kept.set(id, [...(kept.get(id) ?? []), some]);
    });
  }
  return new Map([...kept].map(([id, parts]) => [id, joined(parts)]));
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// --------------------------------------------------------------------------------------------------- nominal

const NOMINAL = 4096;
/** Deviation of what a function of one variable reads: rows of deviation 1 through weights as networks begin with. */
const BEFORE_FUNCTION = 0.5;
/** Where the scale of a site is unknown, thresholds may fall anywhere between two powers of two. */
const SCALES = [-0.4, -0.2, 0, 0.2, 0.4].map(power => 2 ** power);

/** Activity of a site of whose numbers only the function is known that makes them. */
export function nominalActivity(
  fn: SnnFunction,
  channels: number,
  setting: SiteSetting,
  options: { readonly steps: number; readonly maxLevels: number },
): Activity {
  const isScaled = fn.kind === 'layernorm' || fn.kind === 'rmsnorm';
  const sample = nominalSample(fn, channels);
  const found = (isScaled ? [1] : SCALES).map(
    scale =>
      activityOfSample(
        sample.map(x => x * scale),
        setting,
        options,
      ).activity,
  );
  const mean = (pick: (a: Activity) => number) => found.reduce((sum, a) => sum + pick(a), 0) / found.length;
  return { rate: mean(a => a.rate), terms: mean(a => a.terms) };
}

/** Normal numbers, seen through the function; a softmax over rows of them. */
function nominalSample(fn: SnnFunction, channels: number): Float64Array {
  const random = createRandom(1);
  const normal = Float64Array.from({ length: NOMINAL }, () => random.normal());
  if (fn.kind === 'pointwise') {
    const f = scalarFunction(fn.name);
    return normal.map(x => f(BEFORE_FUNCTION * x));
  }
  if (fn.kind !== 'softmax') return normal;
  const width = Math.min(channels, NOMINAL);
  const powers = normal.map(Math.exp).subarray(0, NOMINAL - (NOMINAL % width));
  const sums = new Float64Array(powers.length / width);
  powers.forEach((power, i) => {
    sums[Math.floor(i / width)]! += power;
  });
  return powers.map((power, i) => power / sums[Math.floor(i / width)]!);
}
