/** How right the answers are, and what the paper's energy count says: on calibration images, and where it was validated. */
import type { Validation } from '../../backends/validation.ts';
import type { NO_OPERATIONS } from '../../ir/count/counts.ts';
import { energyRatio, FLOAT_COSTS_PJ, INTEGER_COSTS_PJ } from '../../ir/count/energy.ts';
import type { Facts } from '../facts.ts';
import { round } from '../print.ts';
import type { Report } from '../schema.ts';
import { paperRatio } from './summary.ts';

type Accuracy = Report['accuracy'];

export function accuracyOf(facts: Facts): Accuracy {
  const { manifest, ran, accuracy } = facts;
  const { network, calibration, search } = manifest;
  return {
    ...accuracy,
    chosen: {
      coding: network.coding,
      steps: network.steps,
      accuracy: facts.answers.integer,
      agreement: round(facts.answers.agreement),
      logitMse: round(calibration.logitMse),
      eq30: round(paperRatio(facts)),
    },
    chain: chainOf(calibration.logitMse, ran.images, network.steps, convertedError(facts)),
    search:
      search === null
        ? null
        : {
            limit: search.limit,
            value: search.value,
            eq30: search.curve.map(point => round(point.eq30)),
            logitMse: search.curve.map(point => round(point.logitMse)),
          },
    validation: null,
  };
}

const MEAN_SQUARE = 'mean square of the logits’ error ÷ their variance, on calibration images';

/** Of the network as real numbers, where the curve passes the chosen point. */
function convertedError({ accuracy, manifest: { network } }: Facts): number | null {
  const own = accuracy.curve.find(({ coding }) => coding === network.coding);
  const at = own?.steps.indexOf(network.steps) ?? -1;
  return network.exit === undefined ? (own?.logitMse[at] ?? null) : null;
}

/** Each stage against the one above. */
function chainOf(
  logitMse: number,
  images: number,
  steps: number,
  converted: number | null,
): Accuracy['chain'] {
  const unchecked = { holds: null, maxError: null };
  return [
    {
      ...{ from: 'onnx', to: 'ann', class: 'bounded', ...unchecked },
      says: 'float rounding; checked by validate --logits',
    },
    {
      ...{ from: 'ann', to: 'snn', class: 'bounded', holds: null, maxError: converted },
      says: `thresholds at T = ${steps}: ${MEAN_SQUARE}`,
    },
    {
      ...{ from: 'ann', to: 'int', class: 'bounded', holds: null, maxError: round(logitMse) },
      says: MEAN_SQUARE,
    },
    {
      ...{ from: 'int', to: 'chip', class: 'exact', holds: images === 0 ? null : true },
      maxError: images === 0 ? null : 0,
      says: images === 0 ? 'no image was simulated' : `bit for bit on ${images} image(s)`,
    },
  ];
}

export function eq30Of(facts: Facts): Report['eq30'] {
  const { predicted, manifest } = facts;
  const { annMacs } = manifest.network;
  const { mac, ac } = FLOAT_COSTS_PJ;
  const rounded = ({ acs, macs, lookups }: typeof NO_OPERATIONS) => ({
    ...{ acs: round(acs), macs: round(macs), lookups: round(lookups) },
  });
  return {
    formula: `E_SNN/E_ANN = (MACs_SNN·${mac} pJ + ACs·${ac} pJ) / (MACs_ANN·${mac} pJ)`,
    pricesPj: { float: { ...FLOAT_COSTS_PJ }, integer: { ...INTEGER_COSTS_PJ } },
    annMacs: { ...annMacs },
    predicted: {
      paper: round(paperRatio(facts)),
      performed: round(energyRatio(predicted.performed, annMacs.performed)),
      integer: round(energyRatio(predicted.performed, annMacs.performed, INTEGER_COSTS_PJ)),
    },
    counts: { paper: rounded(predicted.paper), performed: rounded(predicted.performed) },
    measured: null,
  };
}

/** The report with what `snnc validate` found of the same deployment; one of another is left out. */
export function withValidation(report: Report, validation: Validation | undefined): Report {
  if (validation === undefined || validation.manifest !== report.provenance.manifest) return report;
  const { accuracy, agreement, logitMse, eq30, data, samples, firstDifference } = validation;
  const last = <T>(list: readonly T[]): T | null => list.at(-1) ?? null;
  const measured = measuredOf(eq30);
  const isEqual = firstDifference === null;
  return {
    ...report,
    verdict: {
      ...report.verdict,
      accuracy: {
        ...{ source: data, images: samples, isCalibration: false, float: accuracy.ann },
        ...{ converted: last(accuracy.snn), integer: last(accuracy.int), simulated: last(accuracy.chip) },
        agreement: last(agreement.int),
      },
      verified: isEqual
        ? `chip = integer network bit for bit on ${samples} image(s) of ${data}`
        : `chip and integer network differ: ${firstDifference}`,
    },
    accuracy: {
      ...report.accuracy,
      chain: report.accuracy.chain.map(link => validatedLink(link, validation)),
      validation: {
        ...{ data, samples, float: accuracy.ann, converted: [...accuracy.snn], integer: [...accuracy.int] },
        ...{ simulated: [...accuracy.chip], agreement: agreement.int.map(round1) },
        ...{ logitMse: logitMse.int.map(round1), firstDifference },
      },
    },
    eq30: { ...report.eq30, measured },
  };
}

const round1 = (x: number | null): number | null => round(x);

function validatedLink(
  link: Accuracy['chain'][number],
  { stages, logitMse, samples, firstDifference }: Validation,
): Accuracy['chain'][number] {
  const found = stages.find(stage => stage.from === link.from && stage.to === link.to);
  if (link.to === 'ann') {
    const maxError = found?.maxError ?? null;
    return maxError === null
      ? link
      : { ...link, maxError: round(maxError), says: 'largest error of a logit' };
  }
  if (link.to === 'chip')
    return {
      ...{ ...link, holds: firstDifference === null, maxError: firstDifference === null ? 0 : null },
      says: firstDifference ?? `bit for bit on ${samples} image(s)`,
    };
  const error = (link.to === 'snn' ? logitMse.snn : logitMse.int).at(-1) ?? null;
  const says = `mean square of the logits’ error ÷ their variance, on ${samples} image(s)`;
  return error === null ? link : { ...link, maxError: round(error), says };
}

function measuredOf(eq30: Validation['eq30']): Report['eq30']['measured'] {
  const [paper, performed, integer] = [eq30.paper, eq30.performed, eq30.integer].map(
    list => list.at(-1) ?? null,
  );
  if (paper == null || performed == null || integer == null) return null;
  const { acs, macs, lookups, identity, identityImages, predictionError } = eq30;
  return {
    ...{ paper: round(paper), performed: round(performed), integer: round(integer) },
    ...{ acs: round(acs), macs: round(macs), lookups: round(lookups) },
    identity: identityImages === 0 ? null : identity,
    identityImages,
    predictionError: round(predictionError),
  };
}
