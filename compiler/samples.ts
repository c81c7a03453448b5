/**
 * How many calibration images a part of the conversion looks at. Small networks can be run on all of them; large ones
 * on as many as a fixed amount of work allows, so that the time of a conversion is bounded, not proportional to both.
 */
import type { AnnGraph } from '../ir/ann.ts';
import { nodeMap, sizeOf } from '../ir/dialect.ts';

/** Images and the float network's logits for them. */
export interface Answered {
  readonly images: readonly Float64Array[];
  readonly float: readonly Float64Array[];
}

/** Fewer say too little, however large the network. */
const MIN_IMAGES = 8;
/** What bias correction and the choice of the shift look at, at most: more makes no difference. */
const MAX_JUDGED = 64;
/** Multiply-accumulates of the float network. */
const JUDGED_WORK = 4e10;
const RANGES_WORK = 4e10;

export const imagesWithin = (work: number, macs: number): number =>
  Math.max(MIN_IMAGES, Math.floor(work / Math.max(1, macs)));

/** `count` of a list, evenly over all of it: images may be sorted by class. */
export function spread<T>(list: readonly T[], count: number): readonly T[] {
  if (count >= list.length) return list;
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)]!);
}

/** What a conversion is judged by, its biases corrected and its rates counted on. */
export function judgedSample({ images, float }: Answered, macs: number): Answered {
  const count = Math.min(MAX_JUDGED, imagesWithin(JUDGED_WORK, macs));
  return { images: spread(images, count), float: spread(float, count) };
}

/** What number formats are made from. */
export const rangeImages = (images: readonly Float64Array[], macs: number, steps: number) =>
  spread(images, imagesWithin(RANGES_WORK, macs * steps));

/** Multiply-accumulates of linears and products for one image. */
export function countMacs(graph: AnnGraph): number {
  const byId = nodeMap(graph.nodes);
  return graph.nodes.reduce((sum, node) => {
    if (node.kind !== 'linear' && node.kind !== 'matmul') return sum;
    return sum + sizeOf(node.type.shape) * byId.get(node.operands[0]!)!.type.shape.at(-1)!;
  }, 0);
}
