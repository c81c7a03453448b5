/** A method, a network and calibration images → the spiking networks that show the method at some T. */
import type { AnnGraph } from '../../ir/ann.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { FirstPhase } from '../../ir/interpret/two-phase.ts';
import type { Coding, SnnEmit, SnnGraph, Ties } from '../../ir/snn.ts';
import { CALIBRATE_DEFAULTS, type Calibration, calibrate } from '../calibrate.ts';
import { convert } from '../passes/convert.ts';
import { foldAttentionScale } from '../passes/fold-attention-scale.ts';
import { foldNorms } from '../passes/fold-norms.ts';
import type { Profile } from '../profile.ts';
import { findSites, type Sites } from '../sites.ts';
import { ANALOG_IN_PAPER, emitsOf, isPaperRule, type ThresholdRule } from '../thresholds.ts';
import type { Method, MethodRule } from './table.ts';
import { siteThresholds } from './thresholds.ts';

/** One run of `network` answers for every T in `steps`. */
export interface MethodNetwork {
  readonly snn: SnnGraph;
  readonly steps: readonly number[];
  readonly phase?: FirstPhase;
}

/** A network, its sites and what calibration images say of them, measured once for each percentile. */
export interface Calibrated {
  readonly ann: AnnGraph;
  readonly sites: Sites;
  readonly images: readonly Float64Array[];
  statistics(percent: number): Calibration;
}

export function createCalibrated(ann: AnnGraph, images: readonly Float64Array[]): Calibrated {
  const sites = findSites(ann);
  const known = new Map<number, Calibration>();
  return {
    ann,
    sites,
    images,
    statistics(percent) {
      const found = known.get(percent) ?? calibrate(ann, sites, images, { ...CALIBRATE_DEFAULTS, percent });
      known.set(percent, found);
      return found;
    },
  };
}

export interface MethodContext {
  /** As it was read: what the paper and the methods before it convert. */
  readonly plain: Calibrated;
  /** With gains, offsets and attention scale in the weights: what ours converts. */
  readonly folded: Calibrated;
  readonly steps: readonly number[];
  readonly profile: Profile;
  readonly levels: number;
  readonly ties: Ties;
  readonly report: Report;
}

export function methodNetworks({ rule }: Method, context: MethodContext): readonly MethodNetwork[] {
  const { steps } = context;
  switch (rule.kind) {
    case 'pair':
      return pairNetworks(rule, context);
    case 'ladder':
      return [{ snn: ladderNetwork('rate', rule.thresholds, context), steps }];
    case 'profile':
      return [{ snn: ladderNetwork(rule.coding, 'pow2', context), steps }];
    default:
      return rule satisfies never;
  }
}

function ladderNetwork(coding: Coding, rule: ThresholdRule, context: MethodContext): SnnGraph {
  const { profile, levels, ties, steps, report } = context;
  const { ann, sites, statistics } = isPaperRule(rule) ? context.plain : context.folded;
  const options = { rule, profile, levels, maxLevels: 16, ties };
  const emits = emitsOf(sites, statistics(CALIBRATE_DEFAULTS.percent), options, report);
  return convert.run(ann, { coding, steps: Math.max(...steps), emits }, report);
}

/** Both forms of a canonical network. */
export function calibratedForms(ann: AnnGraph, images: readonly Float64Array[], report: Report) {
  const folded = foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);
  return { plain: createCalibrated(ann, images), folded: createCalibrated(folded, images) };
}

/** The same sites as in the paper: embedding and head stay analog. */
function pairNetworks(
  { threshold, neuron, phase }: Extract<MethodRule, { kind: 'pair' }>,
  { plain, steps, report }: MethodContext,
): readonly MethodNetwork[] {
  const { ann, sites } = plain;
  const longest = Math.max(...steps);
  const thetas = siteThresholds(plain, threshold, longest);
  const network = (last: number): SnnGraph => {
    const drift = neuron.drift / last;
    const emits = new Map(
      [...sites].flatMap(([id, kind]): [ValueId, SnnEmit][] =>
        ANALOG_IN_PAPER.has(kind)
          ? []
          : [[id, { kind: 'pair', ...neuron, theta: thetas.get(id) ?? 0, drift }]],
      ),
    );
    return convert.run(ann, { coding: 'rate', steps: last, emits }, report);
  };
  const extra = phase === undefined ? {} : { phase };
  const runs = neuron.drift === 0 ? [{ last: longest, at: steps }] : steps.map(t => ({ last: t, at: [t] }));
  return runs.map(({ last, at }) => ({ snn: network(last), steps: at, ...extra }));
}
