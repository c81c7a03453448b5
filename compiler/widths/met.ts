/** What a run of the integer network met: the largest magnitude of every number that widths.ts bounds. */
import type { ValueId } from '../../ir/dialect.ts';
import { pow2 } from '../../ir/fixed.ts';
import type { IntOf } from '../../ir/int.ts';
import type { IntObserver, IntProbe } from '../../ir/interpret/int.ts';
import type { Met, Quantity } from './prove.ts';

export interface Meter {
  readonly probe: IntProbe;
  readonly observe: IntObserver;
  readonly met: Met;
}

export function createMeter(): Meter {
  const peaks = new Map<string, number>();
  const key = (id: ValueId, quantity: Quantity) => `${id} ${quantity}`;
  const raise = (id: ValueId, quantity: Quantity, values: Float64Array | Int32Array) => {
    let peak = peaks.get(key(id, quantity)) ?? 0;
    for (const value of values) if (Math.abs(value) > peak) peak = Math.abs(value);
    peaks.set(key(id, quantity), peak);
  };
  return {
    met: (id, quantity) => peaks.get(key(id, quantity)),
    probe: (_, node, { state, target, accumulators, sums }) => {
      node.operands.forEach((id, i) => {
        raise(id, 'accumulator', accumulators[i]!);
      });
      raise(node.id, 'state', state);
      raise(node.id, 'target', target);
      raise(node.id, 'inner', innerSums(node, state));
      const { emit, outFraction } = node.attrs;
      if (emit.kind !== 'mt') return;
      const theta = pow2(outFraction - emit.theta);
      raise(
        node.id,
        'membrane',
        target.map((y, i) => y - sums[i]! * theta),
      );
    },
    observe: (_, node, { sums }) => {
      if (node.kind === 'population' && node.attrs.emit.kind === 'mt') raise(node.id, 'sent', sums);
    },
  };
}

/** The sums that a function forms over a group (interpret/soma.ts). */
function innerSums({ attrs, type }: IntOf<'population'>, state: Float64Array): Float64Array {
  const fn = attrs.function;
  const channels = type.shape.at(-1)!;
  if (fn.kind !== 'layernorm' && fn.kind !== 'softmax') return new Float64Array(0);
  const out = new Float64Array(state.length);
  for (let at = 0; at < state.length; at += channels) {
    const group = state.subarray(at, at + channels);
    const total = group.reduce((a, b) => a + b, 0);
    const top = group.reduce(
      (a, b) => Math.max(a, b * Math.sign(fn.kind === 'softmax' ? fn.scale : 1)),
      -Infinity,
    );
    for (let c = 0; c < channels; c++) {
      out[at + c] =
        fn.kind === 'layernorm'
          ? channels * group[c]! - total
          : group[c]! * fn.scale - top * Math.abs(fn.scale);
    }
  }
  return out;
}
