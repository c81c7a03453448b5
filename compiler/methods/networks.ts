/** A method, a network and calibration images → the spiking networks that show the method at some T. */
import type { AnnGraph } from '../../ir/ann.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { FirstPhase } from '../../ir/interpret/two-phase.ts';
import type { Coding, SnnEmit, SnnGraph, Ties } from '../../ir/snn.ts';
import { calibrate } from '../calibrate.ts';
import { convert } from '../passes/convert.ts';
import { foldAttentionScale } from '../passes/fold-attention-scale.ts';
import { foldNorms } from '../passes/fold-norms.ts';
import type { Profile } from '../profile.ts';
import { findSites } from '../sites.ts';
import { ANALOG_IN_PAPER, emitsOf, isPaperRule, type ThresholdRule } from '../thresholds.ts';
import type { Method, MethodRule } from './table.ts';
import { siteThresholds } from './thresholds.ts';

/** One run of `network` answers for every T in `steps`. */
export interface MethodNetwork {
  readonly snn: SnnGraph;
  readonly steps: readonly number[];
  readonly phase?: FirstPhase;
}

export interface MethodContext {
  /** Canonical, not folded. */
  readonly ann: AnnGraph;
  readonly images: readonly Float64Array[];
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
  const { images, profile, levels, ties, report } = context;
  const ann = isPaperRule(rule) ? context.ann : folded(context);
  const sites = findSites(ann);
  const options = { rule, profile, paperLevels: levels, maxLevels: 16, ties };
  const emits = emitsOf(sites, calibrate(ann, sites, images), options, report);
  return convert.run(ann, { coding, steps: Math.max(...context.steps), emits }, report);
}

const folded = ({ ann, report }: MethodContext): AnnGraph =>
  foldAttentionScale.run(foldNorms.run(ann, undefined, report), undefined, report);

/** The same sites as in the paper: embedding and head stay analog. */
function pairNetworks(
  { threshold, neuron, phase }: Extract<MethodRule, { kind: 'pair' }>,
  { ann, images, steps, report }: MethodContext,
): readonly MethodNetwork[] {
  const sites = findSites(ann);
  const longest = Math.max(...steps);
  const thetas = siteThresholds(ann, sites, images, threshold, longest);
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
