/** What calibration met of every number that prove.ts bounds: the float ranges, in the integer network's units. */
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { pow2 } from '../../ir/fixed.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { projectionScale } from '../../ir/interpret/int.ts';
import type { PopulationRange, Ranges } from '../ranges.ts';
import type { Met, Quantity } from './prove.ts';

/** Needs: the ranges of the network that `graph` was made from. */
export function calibratedMet(graph: IntGraph, ranges: Ranges): Met {
  const byId = nodeMap(graph.nodes);
  const accumulators = new Map<ValueId, number>();
  for (const { currents } of ranges.values()) {
    for (const [id, peaks] of currents) {
      const node = byId.get(id);
      if (node === undefined || node.kind === 'population' || node.kind === 'input') continue;
      const scale = projectionScale(node, graph.constants);
      const inUnits = peaks.map((peak, c) => peak * pow2(scale[c % scale.length]!));
      accumulators.set(
        id,
        inUnits.reduce((a, b) => Math.max(a, b), 0),
      );
    }
  }
  // In `rate` ranges are of means; sums are up to T times as large.
  const growth = graph.attrs.coding === 'rate' ? graph.attrs.steps : 1;
  return (id, quantity) => {
    if (quantity === 'accumulator') return accumulators.get(id);
    const node = byId.get(id);
    const range = ranges.get(id);
    if (node?.kind !== 'population' || range === undefined) return undefined;
    return SIZES[quantity](node, range, graph.attrs.steps) * growth;
  };
}

type Size = (node: IntOf<'population'>, range: PopulationRange, steps: number) => number;

const state: Size = ({ attrs }, { input }) => input * pow2(attrs.fraction);
const target: Size = ({ attrs }, { output }) => output * pow2(attrs.outFraction);

const SIZES: { readonly [Q in Exclude<Quantity, 'accumulator'>]: Size } = {
  state,
  target,
  /** y − E: later steps may have to take back all that an earlier one sent. */
  membrane: (node, range, steps) => target(node, range, steps) * (steps > 1 ? 2 : 1),
  sent: ({ attrs: { emit } }, { output }) => (emit.kind === 'mt' ? output * pow2(emit.theta) + 1 : 0),
  /** Differences of two states, C of them in a layer norm, scaled in a softmax. */
  inner: (node, range, steps) => {
    const fn = node.attrs.function;
    const factor = fn.kind === 'softmax' ? Math.abs(fn.scale) : node.type.shape.at(-1)!;
    return 2 * factor * state(node, range, steps);
  },
};
