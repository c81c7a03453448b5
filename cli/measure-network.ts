/** A network of stage `snn` on images: what it answers after each T, and what the paper's count charges for it. */
import type { MethodNetwork } from '../compiler/methods/networks.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { annMacs, countedPopulations } from '../ir/count/counts.ts';
import { energyRatio, FLOAT_COSTS_PJ } from '../ir/count/energy.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createFastSnnRunner, fastParts } from '../ir/fast/snn.ts';
import type { SnnObserver } from '../ir/interpret/snn.ts';
import { createTwoPhaseRunner, keptNumbers, type TwoPhaseRunner } from '../ir/interpret/two-phase.ts';
import { argMax } from '../ir/logits.ts';
import type { SnnGraph } from '../ir/snn.ts';
import { wilsonInterval } from '../report/interval.ts';

/** A method at one T. */
export interface Point {
  readonly steps: number;
  /** Null without labels. */
  readonly accuracy: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  /** Share of images with the float network's answer. */
  readonly agreement: number;
  /** Mean square of the logits' error, in variances of the float logits. */
  readonly logitMse: number;
  /** Eq. 30, the paper's count. */
  readonly eq30: number;
}

/** The float network's answers to the same images. */
export interface FloatAnswers {
  readonly accuracy: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly variance: number;
  readonly count: number;
}

export interface FloatTally {
  see(logits: Float64Array, label: number | undefined): void;
  answers(): FloatAnswers;
}

export function createFloatTally(): FloatTally {
  const seen = { images: 0, labelled: 0, right: 0, numbers: 0, sum: 0, squares: 0 };
  return {
    see(logits, label) {
      seen.images += 1;
      if (label !== undefined) seen.labelled += 1;
      if (argMax(logits) === label) seen.right += 1;
      for (const x of logits) {
        seen.numbers += 1;
        seen.sum += x;
        seen.squares += x * x;
      }
    },
    answers: () => ({
      ...shareOf(seen.right, seen.labelled),
      variance: seen.squares / seen.numbers - (seen.sum / seen.numbers) ** 2,
      count: seen.images,
    }),
  };
}

const shareOf = (right: number, count: number) =>
  count === 0
    ? { accuracy: null, interval: null }
    : { accuracy: right / count, interval: wilsonInterval(right, count) };

export interface NetworkMeter {
  see(image: Float64Array, float: Float64Array, label: number | undefined): void;
  points(float: FloatAnswers): readonly Point[];
}

/**
 * Weights are packed once; `watch` sees every emission of the phase that answers. `annMacs`: of all of the float network,
 * where `network` leaves out what nobody reads.
 */
export function createNetworkMeter(
  network: MethodNetwork,
  watch?: SnnObserver,
  annMacs?: number,
): NetworkMeter {
  const { snn, steps } = network;
  const charge = createCharge(snn);
  const run = createRun(network);
  const totals = steps.map(t => ({
    ...{ steps: t, right: 0, labelled: 0, agree: 0, squares: 0, numbers: 0, work: 0 },
  }));
  return {
    see(image, float, label) {
      const work = new Float64Array(snn.attrs.steps);
      let first = 0;
      const [chargeFirst, chargeStep] = [charge.begin(image), charge.begin(image)];
      const observe: SnnObserver = (step, node, emission) => {
        work[step - 1]! += chargeStep(step, node, emission);
        watch?.(step, node, emission);
      };
      const readouts = run(image, observe, (step, node, emission) => {
        first += chargeFirst(step, node, emission);
      });
      const best = argMax(float);
      for (const total of totals) {
        const logits = readouts[total.steps - 1]!;
        if (label !== undefined) total.labelled += 1;
        if (argMax(logits) === label) total.right += 1;
        if (argMax(logits) === best) total.agree += 1;
        for (let c = 0; c < float.length; c++) total.squares += (logits[c]! - float[c]!) ** 2;
        total.numbers += float.length;
        total.work += work.subarray(0, total.steps).reduce((a, b) => a + b, first);
      }
    },
    points: ({ count, variance }) =>
      totals.map(({ steps: t, right, labelled, agree, squares, numbers, work }) => ({
        steps: t,
        ...shareOf(right, labelled),
        agreement: agree / count,
        logitMse: squares / numbers / variance,
        eq30: energyRatio({ acs: work / count, macs: 0, lookups: 0 }, annMacs ?? charge.annMacs),
      })),
  };
}

/** Numbers that one run may keep: 2 GiB of them. */
const MOST_NUMBERS = 2 ** 28;

/** Errors: E0335 a first phase that keeps too much. */
function createRun({ snn, phase }: MethodNetwork): TwoPhaseRunner['run'] {
  if (phase !== undefined) {
    const numbers = keptNumbers(snn, phase);
    if (numbers > MOST_NUMBERS) {
      const method = phase.kind === 'shift' ? 'cos' : 'srp';
      fail('E0335', { origin: snn.name }, { method, gibibytes: Math.ceil(numbers / 2 ** 27) });
    }
    return createTwoPhaseRunner(snn, phase, fastParts(snn)).run;
  }
  const runner = createFastSnnRunner(snn);
  return (image, observe) => runner.run(image, observe);
}

/** Work of one population in one step by the paper's count, in units of an AC; `annMacs` is the other side of Eq. 30. */
function createCharge(snn: SnnGraph) {
  const populations = countedPopulations(snn);
  const byId = new Map(populations.map(p => [p.node.id, p]));
  const inputs = snn.nodes.filter(node => node.kind === 'input');
  const { coding } = snn.attrs;
  return {
    annMacs: annMacs(populations).paper,
    begin(image: Float64Array) {
      const log = createActivityLog();
      const shown = Uint8Array.from(image, x => (x === 0 ? 0 : 1));
      const nothing = new Uint8Array(image.length);
      let last = 0;
      return (...[step, { id }, emission]: Parameters<SnnObserver>): number => {
        if (step !== last) {
          const terms = coding === 'rate' || step === 1 ? shown : nothing;
          for (const input of inputs) log.record(step, input.id, { terms, sums: image });
          last = step;
        }
        log.record(step, id, emission);
        const { acs, macs } = closedFormCounts(byId.get(id)!, coding, step, log).paper;
        return acs + macs * (FLOAT_COSTS_PJ.mac / FLOAT_COSTS_PJ.ac);
      };
    },
  };
}
