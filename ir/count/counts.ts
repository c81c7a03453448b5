/**
 * What is counted. One spike *term* (a signed power of two) that meets one weight is one accumulation (AC);
 * whatever multiplies two data-dependent numbers is a MAC; a table read is a lookup and is never hidden.
 */
import type { ConstantPool } from '../constants.ts';
import { nodeMap, sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph, IntNode, IntOf, IntProjection } from '../int.ts';
import { HOLE, mapIndices } from '../map.ts';
import { isSpiking, type SnnGraph, type SnnNode, type SnnOf, type SnnProjection } from '../snn.ts';

export interface Operations {
  readonly acs: number;
  readonly macs: number;
  readonly lookups: number;
}
export const NO_OPERATIONS: Operations = { acs: 0, macs: 0, lookups: 0 };
export const addOperations = (a: Operations, b: Operations): Operations => ({
  acs: a.acs + b.acs,
  macs: a.macs + b.macs,
  lookups: a.lookups + b.lookups,
});

/**
 * `paper`: Eq. 30 as the authors count – linears, three products of the attention matrices, head dense;
 * embedding, expectation compensation and neurons free. `performed`: everything that the network executes.
 */
export interface Counts {
  readonly paper: Operations;
  readonly performed: Operations;
}

/** What a counter needs to know of one step of one population (or the input). */
export interface Activity {
  readonly terms: Uint8Array;
  /** Sum of everything emitted so far, this step included; only zero or not matters. */
  readonly sums: ArrayLike<number>;
}

export type SpikingGraph = SnnGraph | IntGraph;
export type SpikingNode = SnnNode | IntNode;
export type Population = SnnOf<'population'> | IntOf<'population'>;
export type Linear = SnnOf<'linear'> | IntOf<'linear'>;
export type Product = SnnOf<'product'> | IntOf<'product'>;
export type Hadamard = SnnOf<'hadamard'> | IntOf<'hadamard'>;
export type Projection = SnnProjection | IntProjection;

/** A projection together with everything static that counting it needs. */
export interface CountedProjection {
  readonly node: Projection;
  /** For each element of each source: how many positions of the operand it feeds. */
  readonly uses: readonly Int32Array[];
  /** Of a product, element by element or not: which element of each source stands at each position. */
  readonly places: readonly Int32Array[];
  readonly isEmbedding: boolean;
  readonly isHead: boolean;
  /** Does the source send graded values, so that a linear multiplies? */
  readonly graded: readonly boolean[];
  /** Does the source send partial sums on their way to one population? */
  readonly partial: readonly boolean[];
  /** Multiply-accumulates of the same layer in the ANN. */
  readonly annMacs: number;
}
export interface CountedPopulation {
  readonly node: Population;
  readonly projections: readonly CountedProjection[];
}

/** Static tables of a network, made once. */
export function countedPopulations(graph: SpikingGraph): readonly CountedPopulation[] {
  const nodes: readonly SpikingNode[] = graph.nodes;
  const byId = nodeMap(nodes);
  const find = (id: ValueId) => byId.get(id)!;
  return nodes.flatMap(node => {
    if (node.kind !== 'population') return [];
    const projections = node.operands.map((id): CountedProjection => {
      const projection = find(id) as Projection;
      const sources = projection.operands.map(find);
      return {
        node: projection,
        uses: usesOf(projection, sources, graph),
        places: isProduct(projection) ? operandIndices(projection, graph.constants) : [],
        isEmbedding: sources.length > 0 && sources.every(source => isImage(source, byId)),
        isHead: node.attrs.emit.kind === 'readout',
        graded: sources.map(source => source.kind !== 'population' || !isSpiking(source.attrs.emit)),
        partial: sources.map(
          source => source.kind === 'population' && source.attrs.function.kind === 'partial',
        ),
        annMacs: annMacsOf(projection, graph),
      };
    });
    return [{ node, projections }];
  });
}

const isProduct = ({ kind }: Projection): boolean => kind === 'product' || kind === 'hadamard';

/** The input, or a population that only encodes it. */
function isImage(node: SpikingNode, byId: ReadonlyMap<ValueId, SpikingNode>): boolean {
  if (node.kind === 'input') return true;
  return (
    node.kind === 'population' &&
    node.operands.every(id => {
      const projection = byId.get(id)!;
      return projection.kind === 'relay' && byId.get(projection.operands[0]!)?.kind === 'input';
    })
  );
}

function usesOf(node: Projection, sources: readonly SpikingNode[], graph: SpikingGraph): Int32Array[] {
  return operandIndices(node, graph.constants).map((indices, i) => {
    const uses = new Int32Array(sizeOf(sources[i]!.type.shape));
    for (const index of indices) if (index !== HOLE) uses[index]! += 1;
    return uses;
  });
}

/** For each operand of a projection: which element of its source stands at each position. */
export function operandIndices(node: Projection, constants: ConstantPool): readonly Int32Array[] {
  const size = sizeOf(node.type.shape);
  switch (node.kind) {
    case 'linear': {
      const inputs = constants.get(node.attrs.weight).shape[0]!;
      return [mapIndices(node.attrs.map, node.attrs.rows * inputs)];
    }
    case 'product': {
      const [groups, rows, columns] = node.type.shape as [number, number, number];
      const { inner, mapA, mapB } = node.attrs;
      return [mapIndices(mapA, groups * rows * inner), mapIndices(mapB, groups * columns * inner)];
    }
    case 'hadamard':
      return [mapIndices(node.attrs.mapA, size), mapIndices(node.attrs.mapB, size)];
    case 'depthwise':
      return [mapIndices(node.attrs.map, size * constants.get(node.attrs.weight).shape[0]!)];
    case 'maximum':
      return [mapIndices(node.attrs.map, size * node.attrs.taps)];
    case 'relay': {
      const indices = mapIndices(node.attrs.map, size);
      return node.operands.map(() => indices);
    }
    case 'bias':
      return [];
    default:
      return node satisfies never;
  }
}

function annMacsOf(node: Projection, graph: SpikingGraph): number {
  const present = () =>
    operandIndices(node, graph.constants)[0]!.reduce((n, i) => n + (i === HOLE ? 0 : 1), 0);
  switch (node.kind) {
    case 'linear':
      return present() * node.type.shape.at(-1)!;
    case 'product':
      return sizeOf(node.type.shape) * node.attrs.inner;
    case 'hadamard':
    case 'depthwise':
      return present();
    case 'relay':
    case 'maximum':
    case 'bias':
      return 0;
    default:
      return node satisfies never;
  }
}

/** ANN side of Eq. 30: `paper` leaves the patch embedding out, `performed` has it. */
export interface AnnMacs {
  readonly paper: number;
  readonly performed: number;
}

export function annMacs(populations: readonly CountedPopulation[]): AnnMacs {
  const all = populations.flatMap(p => p.projections);
  const sum = (list: readonly CountedProjection[]) => list.reduce((n, p) => n + p.annMacs, 0);
  return { paper: sum(all.filter(p => !p.isEmbedding)), performed: sum(all) };
}
