/**
 * Where an answer turns: the first populations of the network send what the integers sent, the rest is computed from
 * that in floating point. With none of them the answer is the float network's, with all of them the integer one's;
 * between them lies a population at which it turns.
 *
 * Cost  log2(populations) float runs per image
 */

import { nodeMap, sizeOf, type ValueId } from '../../ir/dialect.ts';
import { fastParts } from '../../ir/fast/snn.ts';
import { biasOf, entersAt, type Gathering } from '../../ir/interpret/projections.ts';
import { createSnnRunner, type SnnStep, slotOf } from '../../ir/interpret/snn.ts';
import { argMax } from '../../ir/logits.ts';
import type { SnnGraph, SnnOf, SnnProjection } from '../../ir/snn.ts';
import { type Lowered, VARIANTS, variantGraph } from './variants.ts';

/** What a population sent in a step, as real numbers. */
export interface Sent {
  readonly values: Float64Array;
  readonly terms: Uint8Array;
  readonly sums: Float64Array;
}
/** What every population sent, per step. */
export type Recording = ReadonlyMap<string, Sent>;
export const recordKey = (step: number, id: ValueId): string => `${step} ${id}`;

/** The logits with the first `count` populations as recorded. */
export type ReplayRunner = (image: Float64Array, recording: Recording, count: number) => Float64Array;

export function createReplayRunner(lowered: Lowered): ReplayRunner {
  const graph = variantGraph(lowered, VARIANTS.reference);
  const order = new Map(graph.nodes.filter(n => n.kind === 'population').map((n, i) => [n.id, i]));
  const parts = fastParts(graph);
  const corrections = correctionsOf(lowered);
  let replayed = 0;
  let heard: Recording = new Map();
  const isReplayed = (id: ValueId) => (order.get(id) ?? Number.POSITIVE_INFINITY) < replayed;

  /** A bias that makes up for what its source's spikes leave out belongs to the spikes. */
  function projection(node: SnnProjection, network: SnnGraph): Gathering {
    const exact = parts.projection(node, network);
    const correction = corrections.get(node.id);
    if (correction === undefined) return exact;
    return (state, t) => {
      exact(state, t);
      if (!isReplayed(node.operands[0]!) || !entersAt(state.coding, t)) return;
      const current = state.currents.get(node.id)!;
      for (let i = 0; i < current.length; i++) current[i]! += correction[i]!;
    };
  }

  function population(node: SnnOf<'population'>, network: SnnGraph): SnnStep {
    const computed = parts.population(node, network);
    const size = sizeOf(node.type.shape);
    return (state, t, observe) => {
      const sent = isReplayed(node.id) ? heard.get(recordKey(t, node.id)) : undefined;
      if (sent === undefined) return computed(state, t, observe);
      const slot = slotOf(state, node.id, size, node.attrs.emit);
      slot.values.set(sent.values);
      slot.terms.set(sent.terms);
      slot.sums.set(sent.sums);
      slot.target.set(sent.sums);
    };
  }

  const runner = createSnnRunner(graph, { projection, population });
  return (image, recording, count) => {
    replayed = count;
    heard = recording;
    return runner.run(image).at(-1)!;
  };
}

/** What correction added to a linear's bias, one number a neuron. */
function correctionsOf({ snn, biases }: Lowered): ReadonlyMap<ValueId, Float64Array> {
  const byId = nodeMap(snn.nodes);
  return new Map(
    [...biases].flatMap(([id, before]) => {
      const node = byId.get(id);
      if (node?.kind !== 'linear') return [];
      const channels = node.type.shape.at(-1)!;
      const after = biasOf(node.attrs.bias, node.attrs.rows, channels, snn.constants);
      return [[id, after.map((b, i) => b - before[i % before.length]!)] as const];
    }),
  );
}

/** Needs: the recording's answer is not `wanted`. */
export function findFlip(
  run: ReplayRunner,
  populations: readonly ValueId[],
  recording: Recording,
  image: Float64Array,
  wanted: number,
): ValueId {
  let [agrees, differs] = [0, populations.length];
  while (differs - agrees > 1) {
    const middle = (agrees + differs) >> 1;
    if (argMax(run(image, recording, middle)) === wanted) agrees = middle;
    else differs = middle;
  }
  return populations[differs - 1]!;
}
