/**
 * Where an answer turns: the first populations of the network send what the integers sent, the rest is computed from
 * that in floating point. With none of them the answer is the float network's, with all of them the integer one's;
 * between them lies a population at which it turns.
 *
 * Cost  log2(populations) float runs per image
 */
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { createArena } from '../../ir/fast/arena.ts';
import { gatherFast } from '../../ir/fast/snn.ts';
import { biasOf, entersAt, type Gathering } from '../../ir/interpret/projections.ts';
import { createSnnRunner, type SnnReplay } from '../../ir/interpret/snn.ts';
import type { SnnProjection } from '../../ir/snn.ts';
import { type Lowered, VARIANTS, variantGraph } from './variants.ts';

/** What every population sent, per step, as real numbers. */
export type Recording = ReadonlyMap<string, NonNullable<ReturnType<SnnReplay>>>;
export const recordKey = (step: number, id: ValueId): string => `${step} ${id}`;

export const argMax = (x: ArrayLike<number>): number =>
  Array.from(x).reduce((best, y, i) => (y > x[best]! ? i : best), 0);

/** The logits with the first `count` populations as recorded. */
export type ReplayRunner = (image: Float64Array, recording: Recording, count: number) => Float64Array;

export function createReplayRunner(lowered: Lowered): ReplayRunner {
  const graph = variantGraph(lowered, VARIANTS.reference);
  const order = new Map(graph.nodes.filter(n => n.kind === 'population').map((n, i) => [n.id, i]));
  const arena = createArena();
  let replayed = 0;
  const isReplayed = (id: ValueId) => (order.get(id) ?? Number.POSITIVE_INFINITY) < replayed;
  const corrections = correctionsOf(lowered);
  const gather = (node: SnnProjection): Gathering => {
    const exact = gatherFast(node, graph, arena);
    const correction = corrections.get(node.id);
    if (correction === undefined) return exact;
    // A bias that makes up for what its source's spikes leave out belongs to the spikes.
    return (state, t) => {
      exact(state, t);
      if (!isReplayed(node.operands[0]!) || !entersAt(state.coding, t)) return;
      const current = state.currents.get(node.id)!;
      for (let i = 0; i < current.length; i++) current[i]! += correction[i]!;
    };
  };
  const runner = createSnnRunner(graph, node => gather(node as SnnProjection));
  return (image, recording, count) => {
    replayed = count;
    const readouts = runner.run(image, undefined, (step, id) =>
      isReplayed(id) ? recording.get(recordKey(step, id)) : undefined,
    );
    return readouts.at(-1)!;
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
