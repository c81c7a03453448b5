/**
 * What is counted. One spike *term* (a signed power of two) that meets one weight is one accumulation (AC);
 * whatever multiplies two data-dependent numbers is a MAC; a table read is a lookup and is never hidden.
 */
import { nodeMap, sizeOf, type ValueId } from '../dialect.ts';
import type { IntGraph, IntNode, IntOf } from '../int.ts';
import { HOLE, mapIndices } from '../map.ts';
import type { SnnGraph, SnnNode, SnnOf } from '../snn.ts';

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
export type Relay = SnnOf<'relay'> | IntOf<'relay'>;

/** A projection together with everything static that counting it needs. */
export interface CountedProjection {
  readonly node: Linear | Product | Relay;
  /** For each element of the source: how many (row, input) positions it feeds. Shape of the source. */
  readonly uses: readonly Int32Array[];
  readonly isEmbedding: boolean;
  readonly isHead: boolean;
  /** Does the source send graded values, so that a linear multiplies? */
  readonly graded: readonly boolean[];
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
      const projection = find(id) as Linear | Product | Relay;
      const sources = projection.operands.map(find);
      return {
        node: projection,
        uses: usesOf(projection, sources, graph),
        isEmbedding: sources.every(source => isImage(source, byId)),
        isHead: node.attrs.emit.kind === 'readout',
        graded: sources.map(source => source.kind !== 'population' || source.attrs.emit.kind !== 'mt'),
        annMacs: annMacsOf(projection, graph),
      };
    });
    return [{ node, projections }];
  });
}

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

function usesOf(
  node: Linear | Product | Relay,
  sources: readonly SpikingNode[],
  graph: SpikingGraph,
): Int32Array[] {
  const sizes = sources.map(source => sizeOf(source.type.shape));
  const count = (indices: Int32Array, size: number) => {
    const uses = new Int32Array(size);
    for (const i of indices) if (i !== HOLE) uses[i]! += 1;
    return uses;
  };
  switch (node.kind) {
    case 'linear': {
      const inputs = graph.constants.get(node.attrs.weight).shape[0]!;
      return [count(mapIndices(node.attrs.map, node.attrs.rows * inputs), sizes[0]!)];
    }
    case 'relay':
      return sizes.map(size => count(mapIndices(node.attrs.map, size), size));
    case 'product':
      return [node.attrs.mapA, node.attrs.mapB].map((map, i) => count(mapIndices(map, sizes[i]!), sizes[i]!));
    default:
      return node satisfies never;
  }
}

function annMacsOf(node: Linear | Product | Relay, graph: SpikingGraph): number {
  if (node.kind === 'relay') return 0;
  if (node.kind === 'product') return sizeOf(node.type.shape) * node.attrs.inner;
  const [inputs, channels] = graph.constants.get(node.attrs.weight).shape as [number, number];
  const present = mapIndices(node.attrs.map, node.attrs.rows * inputs).reduce(
    (n, i) => n + (i === HOLE ? 0 : 1),
    0,
  );
  return present * channels;
}

/** ANN side of Eq. 30: `paper` leaves the patch embedding out, `performed` has it. */
export function annMacs(populations: readonly CountedPopulation[]): { paper: number; performed: number } {
  const all = populations.flatMap(p => p.projections);
  const sum = (list: readonly CountedProjection[]) => list.reduce((n, p) => n + p.annMacs, 0);
  return { paper: sum(all.filter(p => !p.isEmbedding)), performed: sum(all) };
}
