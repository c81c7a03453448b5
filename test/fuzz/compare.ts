/** Are two networks the same function? Compared where floating point has an answer at all. */
import type { AnnGraph, AnnNode } from '../../ir/ann.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { interpretAnn } from '../../ir/interpret/ann.ts';
import { createRandom } from '../../ir/random/seeded.ts';

const MOST_OPERATIONS = 8e6;

function operationsOf(node: AnnNode, shapes: ReadonlyMap<string, readonly number[]>): number {
  const inner =
    node.kind === 'linear' || node.kind === 'matmul' ? (shapes.get(node.operands[0]!)?.at(-1) ?? 1) : 1;
  return sizeOf(node.type.shape) * inner;
}

export function isSmall(graph: AnnGraph): boolean {
  const shapes = new Map(graph.nodes.map(node => [node.id, node.type.shape]));
  return graph.nodes.reduce((sum, node) => sum + operationsOf(node, shapes), 0) <= MOST_OPERATIONS;
}

export function drawImage(graph: AnnGraph): Float64Array {
  const random = createRandom(5);
  const shape = graph.nodes.find(node => node.kind === 'input')?.type.shape ?? [];
  return Float64Array.from({ length: sizeOf(shape) }, () => 4 * random.next() - 2);
}

export const outputsOf = (graph: AnnGraph, image: Float64Array): readonly Float64Array[] => [
  ...interpretAnn(graph, image).values(),
];

/** Noise that stands for the rounding of another order of additions. */
const NOISE = 1e-11;
const UNSTEADY = 1e-5;

/**
 * Outputs of the network, or undefined where rounding alone decides them (a difference of equal numbers is
 * normalised) or they are no numbers at all: another order of additions may give others.
 */
export function steadyOutputs(graph: AnnGraph, image: Float64Array): readonly Float64Array[] | undefined {
  const outputs = outputsOf(graph, image).map(values => values.slice());
  if (outputs.some(values => values.some(x => !Number.isFinite(x)))) return undefined;
  const random = createRandom(9);
  const noisy = [
    ...interpretAnn(graph, image.slice(), (node, value) => {
      if (node.kind === 'view' || node.kind === 'output') return;
      const largest = value.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      for (let i = 0; i < value.length; i++) value[i]! += (random.next() - 0.5) * NOISE * (1 + largest);
    }).values(),
  ];
  return differenceOf(outputs, noisy, UNSTEADY) === undefined ? outputs : undefined;
}

/** Undefined where all are equal within `relative` of the largest. */
export function differenceOf(
  wanted: readonly Float64Array[],
  found: readonly Float64Array[],
  relative: number,
): string | undefined {
  if (wanted.length !== found.length) return `${wanted.length} outputs became ${found.length}`;
  for (const [at, values] of wanted.entries()) {
    const others = found[at]!;
    if (others.length !== values.length)
      return `output ${at}: ${values.length} numbers became ${others.length}`;
    const largest = values.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-6);
    for (let i = 0; i < values.length; i++) {
      if (!(Math.abs(values[i]! - others[i]!) <= relative * largest))
        return `output ${at}, element ${i}: ${values[i]} became ${others[i]}`;
    }
  }
  return undefined;
}
