/**
 * Where an answer turns: the first populations of the network send what the integers sent, the rest is computed from
 * that in floating point. With none of them the answer is the float network's, with all of them the integer one's;
 * between them lies a population at which it turns.
 *
 * Cost  log2(populations) float runs per image
 */
import type { ValueId } from '../../ir/dialect.ts';
import type { SnnReplay, SnnRunner } from '../../ir/interpret/snn.ts';

/** What every population sent, per step, as real numbers. */
export type Recording = ReadonlyMap<string, NonNullable<ReturnType<SnnReplay>>>;
export const recordKey = (step: number, id: ValueId): string => `${step} ${id}`;

export const argMax = (x: ArrayLike<number>): number =>
  Array.from(x).reduce((best, y, i) => (y > x[best]! ? i : best), 0);

/** Needs: the reference answers `wanted` and the recording another. */
export function findFlip(
  reference: SnnRunner,
  populations: readonly ValueId[],
  recording: Recording,
  image: Float64Array,
  wanted: number,
): ValueId {
  let [agrees, differs] = [0, populations.length];
  while (differs - agrees > 1) {
    const middle = (agrees + differs) >> 1;
    const replayed = new Set(populations.slice(0, middle));
    const logits = reference.run(image, undefined, (step, id) =>
      replayed.has(id) ? recording.get(recordKey(step, id)) : undefined,
    );
    if (argMax(logits.at(-1)!) === wanted) agrees = middle;
    else differs = middle;
  }
  return populations[differs - 1]!;
}
