/**
 * What the integers cost, population by population: what each has sent against the value that it has without
 * thresholds, integer weights and tables, and with one of the three alone.
 *
 * Cost  five runs per image, and a few more for an image that is answered differently
 */

import type { ValueId } from '../../ir/dialect.ts';
import { createFastProbedRunner } from '../../ir/fast/int.ts';
import { pow2 } from '../../ir/fixed.ts';
import type { IntOf } from '../../ir/int.ts';
import type { Saturations } from '../../ir/interpret/int.ts';
import { argMax } from '../../ir/logits.ts';
import type { SnnOf } from '../../ir/snn.ts';
import { createMeter, type Meter } from '../widths/met.ts';
import { createReplayRunner, findFlip, recordKey, type Sent } from './flips.ts';
import { compare, createFidelity, createSpread, type Fidelity, type Spread } from './spread.ts';
import { createVariant, type Lowered, payloadFraction, VARIANTS, type VariantName } from './variants.ts';

/** Everything against the reference: the three variants, and the integer network with all of them. */
export const SOURCES = ['integer', 'thresholds', 'weights', 'tables'] as const;
export type Source = (typeof SOURCES)[number];
type Each<T> = Readonly<Record<Source, T>>;

const forEachSource = <T>(make: (source: Source) => T): Each<T> => ({
  integer: make('integer'),
  thresholds: make('thresholds'),
  weights: make('weights'),
  tables: make('tables'),
});

export interface Answers {
  agreed: number;
  /** Σ of squared errors of the logits. */
  noise: number;
}

export interface PopulationTally {
  readonly node: SnnOf<'population'>;
  readonly integer: IntOf<'population'> | undefined;
  readonly fidelity: Each<Fidelity>;
  /** What firing alone leaves out: of the population's own target, in the run with thresholds alone. */
  readonly firing: Fidelity;
  /** The table function alone: on values that the reference meets. */
  readonly table: Fidelity;
  readonly range: Spread;
  /** Neurons that sent something, terms that they sent, and how many neurons and steps there were. */
  readonly fired: { spikes: number; terms: number; chances: number };
}

export interface NumericsTally {
  readonly images: number;
  readonly populations: readonly PopulationTally[];
  readonly answers: Each<Answers>;
  /** Of the reference's logits. */
  readonly logits: { readonly count: number; readonly sum: number; readonly squares: number };
  /** Image and the population at which its answer turns. */
  readonly flips: readonly { readonly image: number; readonly population: ValueId }[];
  readonly meter: Meter;
  readonly saturations: ReadonlyMap<ValueId, Saturations>;
}

export interface Numerics {
  add(image: Float64Array): void;
  readonly tally: NumericsTally;
}

export function createNumerics(lowered: Lowered): Numerics {
  const { snn, int } = lowered;
  const tallies = createTallies(lowered);
  const runners = Object.fromEntries(
    Object.entries(VARIANTS).map(([name, variant]) => [
      name,
      createVariant(lowered, variant, ({ id }, exact, table) =>
        compare(tallies.get(id)!.table, exact, table),
      ),
    ]),
  ) as Readonly<Record<VariantName, ReturnType<typeof createVariant>>>;
  const replay = createReplayRunner(lowered);
  const meter = createMeter();
  const ids = [...tallies.keys()];
  const { coding, steps } = snn.attrs;
  /** `rate` sends T times the value. */
  const mean = coding === 'rate' ? 1 / steps : 1;
  const answers = forEachSource((): Answers => ({ agreed: 0, noise: 0 }));
  const logits = { count: 0, sum: 0, squares: 0 };
  const flips: { image: number; population: ValueId }[] = [];
  let images = 0;

  const whole = createFastProbedRunner(int, (step, node, inside) => {
    meter.probe(step, node, inside);
    const unit = pow2(-node.attrs.outFraction) * mean;
    if (step === steps) tallies.get(node.id)?.range.add(inside.target, unit);
  });

  function runReference(image: Float64Array) {
    const values = new Map<ValueId, Float64Array>();
    const readout = runners.reference.run(image, (step, { id }, { target }) => {
      if (step === steps)
        values.set(
          id,
          target.map(y => y * mean),
        );
    });
    for (const x of readout.at(-1)!) {
      logits.count += 1;
      logits.sum += x;
      logits.squares += x * x;
    }
    return { values, logits: readout.at(-1)! };
  }

  function runInteger(image: Float64Array, values: ReadonlyMap<ValueId, Float64Array>) {
    const recording = new Map<string, Sent>();
    const readout = whole.run(image, (step, node, emission) => {
      meter.observe(step, node, emission);
      const { values: sent, terms, sums } = emission;
      const tally = tallies.get(node.id);
      if (tally === undefined) return;
      const unit = pow2(-payloadFraction(node));
      const real = (data: Int32Array) => Float64Array.from(data, x => x * unit);
      const recorded = { values: real(sent), terms: terms.slice(), sums: real(sums) };
      recording.set(recordKey(step, node.id), recorded);
      countTerms(tally, terms);
      if (step === steps) compare(tally.fidelity.integer, values.get(node.id)!, recorded.sums, mean);
    });
    return { recording, logits: readout.at(-1)! };
  }

  function judge(source: Source, got: Float64Array, wanted: Float64Array): boolean {
    const agrees = argMax(got) === argMax(wanted);
    answers[source].agreed += agrees ? 1 : 0;
    answers[source].noise += wanted.reduce((sum, x, c) => sum + (x - got[c]!) ** 2, 0);
    return agrees;
  }

  return {
    add(image) {
      const reference = runReference(image);
      for (const name of ['thresholds', 'weights', 'tables'] as const) {
        const readout = runners[name].run(image, (step, { id }, { sums, target }) => {
          if (step !== steps) return;
          const tally = tallies.get(id)!;
          compare(tally.fidelity[name], reference.values.get(id)!, sums, mean);
          if (name === 'thresholds') compare(tally.firing, target, sums);
        });
        judge(name, readout.at(-1)!, reference.logits);
      }
      const integer = runInteger(image, reference.values);
      if (!judge('integer', integer.logits, reference.logits)) {
        const wanted = argMax(reference.logits);
        const population = findFlip(replay, ids, integer.recording, image, wanted);
        flips.push({ image: images, population });
      }
      images += 1;
    },
    get tally() {
      const populations = [...tallies.values()];
      return { images, populations, answers, logits, flips, meter, saturations: whole.saturations };
    },
  };
}

function createTallies({ snn, int }: Lowered): ReadonlyMap<ValueId, PopulationTally> {
  const integers = new Map(int.nodes.flatMap(n => (n.kind === 'population' ? [[n.id, n] as const] : [])));
  return new Map(
    snn.nodes.flatMap(node => {
      if (node.kind !== 'population') return [];
      const tally: PopulationTally = {
        node,
        integer: integers.get(node.id),
        fidelity: forEachSource(createFidelity),
        firing: createFidelity(),
        table: createFidelity(),
        range: createSpread(),
        fired: { spikes: 0, terms: 0, chances: 0 },
      };
      return [[node.id, tally] as const];
    }),
  );
}

function countTerms({ fired }: PopulationTally, terms: Uint8Array): void {
  for (const n of terms) {
    fired.spikes += n === 0 ? 0 : 1;
    fired.terms += n;
  }
  fired.chances += terms.length;
}
