/** Shapes of what every node gives, from the inputs and from what nodes say of themselves. Cost: linear in nodes and edges */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { type NirGraph, type NirNode, numbersOf } from './graph.ts';
import { isNeuron, ownShape } from './neurons.ts';
import { type LinearMap, MOST_ELEMENTS, OPERATORS, shapeTaken } from './operators.ts';

export interface Shaped {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Of every node that is neither neuron nor input. */
  readonly maps: ReadonlyMap<string, LinearMap>;
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
  /** What cannot be, a line for each node. */
  readonly wrong: readonly string[];
}

export function shapeGraph({ nodes, edges }: NirGraph, origin: string): Shaped {
  const before = new Map(nodes.map(({ name }) => [name, [] as string[]]));
  const after = new Map(nodes.map(({ name }) => [name, [] as string[]]));
  for (const [from, to] of edges) {
    before.get(to)!.push(from);
    after.get(from)!.push(to);
  }
  const shapes = new Map<string, readonly number[]>();
  const maps = new Map<string, LinearMap>();
  const wrong: string[] = [];
  const byName = new Map(nodes.map(node => [node.name, node]));
  const queue: string[] = [];
  const settle = (node: NirNode, taken: readonly number[] | undefined): void => {
    if (shapes.has(node.name) || taken === undefined) return;
    const shape = isNeuron(node) || node.type === 'Input' ? taken : place(node, taken);
    shapes.set(node.name, shape);
    queue.push(node.name);
  };
  const place = (node: NirNode, taken: readonly number[]): readonly number[] => {
    const made = OPERATORS[node.type]?.(node, taken) ?? 'a type that is not read';
    if (typeof made !== 'string') maps.set(node.name, made);
    else wrong.push(`${node.name} (${node.type}): ${made}`);
    return typeof made === 'string' ? [] : made.outShape;
  };
  const spread = () => {
    for (let at = 0; at < queue.length; at++)
      for (const next of after.get(queue[at]!)!) {
        const node = byName.get(next)!;
        if (isNeuron(node) || Object.hasOwn(OPERATORS, node.type)) settle(node, shapes.get(queue[at]!));
      }
    queue.length = 0;
  };
  for (const node of nodes) if (node.type === 'Input') settle(node, inputShape(node, origin));
  spread();
  // What no input leads to says itself what it takes.
  for (const node of nodes) {
    if (isNeuron(node)) settle(node, ownShape(node) ?? [1]);
    else if (Object.hasOwn(OPERATORS, node.type)) settle(node, shapeTaken(node));
    spread();
  }
  for (const { name, type } of nodes)
    if (!shapes.has(name)) wrong.push(`${name} (${type}): nothing says what shape it takes`);
  if (wrong.length === 0) checkEdges(edges, shapes, byName, origin);
  return { shapes, maps, before, after, wrong };
}

function inputShape(node: NirNode, origin: string): readonly number[] {
  const shape = Array.from(numbersOf(node, 'shape')?.data ?? [-1]);
  const isSound = shape.every(n => Number.isInteger(n) && n >= 1) && sizeOf(shape) <= MOST_ELEMENTS;
  if (isSound) return shape;
  const problem = `input ${node.name} has no shape of at most ${MOST_ELEMENTS.toLocaleString('en-US')} elements`;
  return fail('E0133', { origin }, { problem });
}

/** What goes along an edge has as many elements as what else goes there. Errors: E0133 */
function checkEdges(
  edges: NirGraph['edges'],
  shapes: Shaped['shapes'],
  byName: ReadonlyMap<string, NirNode>,
  origin: string,
): void {
  const taken = new Map<string, readonly [from: string, size: number]>();
  for (const [from, to] of edges) {
    const size = sizeOf(shapes.get(from)!);
    const node = byName.get(to)!;
    if (isNeuron(node)) {
      const own = sizeOf(ownShape(node) ?? shapes.get(to)!);
      const problem = `${from} gives [${shapes.get(from)!.join(', ')}] to ${to}, which has ${own} neurons`;
      if (own !== size) fail('E0133', { origin }, { problem });
    }
    if (node.type === 'Input') fail('E0133', { origin }, { problem: `${from} leads to input ${to}` });
    const [other, expected] = taken.get(to) ?? [from, size];
    taken.set(to, [other, expected]);
    const problem = `${to} is given ${size} elements by ${from}, but ${expected} by ${other}`;
    if (size !== expected) fail('E0133', { origin }, { problem });
  }
}
