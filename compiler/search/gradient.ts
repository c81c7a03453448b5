/**
 * How the logits answer to the values of every site: a projection of the logits, differentiated by one backward
 * pass over the network at the values of one image.
 *
 *     r random signs  →  E[(r · J e)²] = |J e|²
 *
 * so that the squares of gradients of a few projections weigh what an error at a site does to the logits.
 *
 * Source  Hutchinson's estimator; reverse accumulation
 * Cost    as much as a forward pass
 */
import type { AnnGraph, AnnNode } from '../../ir/ann.ts';
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import { createArena } from '../../ir/fast/arena.ts';
import { behindViews, type Sites } from '../sites.ts';
import { prepareVjp } from './vjp.ts';

export type Values = ReadonlyMap<ValueId, Float64Array>;

export interface Backward {
  /**
   * `seed`: gradient of the logits. `visit` gets the gradient of every site, as far as its value is read as spikes:
   * what else reads it gets the value as it is.
   */
  run(values: Values, seed: Float64Array, visit: (site: ValueId, gradient: Float64Array) => void): void;
}

/** Nodes that read spikes; all others read graded values. */
const READS_SPIKES: ReadonlySet<AnnNode['kind']> = new Set(['linear', 'matmul', 'mul', 'affine', 'reduce']);

const readsSpikes = (node: AnnNode): boolean =>
  READS_SPIKES.has(node.kind) || (node.kind === 'pointwise' && node.attrs.function === 'square');

/** Needs: a graph with one output. */
export function createBackward(graph: AnnGraph, sites: Sites): Backward {
  const arena = createArena();
  const nodes = graph.nodes.map(node => ({ node, vjp: prepareVjp(node, graph, arena) })).toReversed();
  const seenSpikes = valuesOnTheWay(graph, sites);
  return {
    run(values, seed, visit) {
      const whole = new Map<ValueId, Float64Array>([[graph.outputs[0]!, seed]]);
      const spikes = new Map<ValueId, Float64Array>();
      for (const { node, vjp } of nodes) {
        const own = spikes.get(node.id);
        if (sites.has(node.id) && own !== undefined) visit(node.id, own);
        const gradient = whole.get(node.id);
        whole.delete(node.id);
        spikes.delete(node.id);
        if (gradient === undefined) continue;
        const operands = node.operands.map(id => values.get(id)!);
        const value = values.get(node.id)!;
        const back = (g: Float64Array) => vjp({ operands, value, gradient: g });
        const toAll = back(gradient);
        node.operands.forEach((id, i) => {
          if (readsSpikes(node) && seenSpikes.has(id)) add(spikes, id, toAll[i]!);
          add(whole, id, toAll[i]!);
        });
        if (own !== undefined && node.kind === 'view' && node.operands.length === 1 && !sites.has(node.id)) {
          add(spikes, node.operands[0]!, back(own)[0]!);
        }
      }
    },
  };
}

/** Sites, and the views through which they are seen. */
function valuesOnTheWay(graph: AnnGraph, sites: Sites): ReadonlySet<ValueId> {
  const byId = nodeMap(graph.nodes);
  return new Set(graph.nodes.map(node => node.id).filter(id => sites.has(behindViews(id, byId))));
}

/** A gradient that comes first is shared, not copied: vjp may hand out the one that it was given. */
function add(into: Map<ValueId, Float64Array>, id: ValueId, gradient: Float64Array): void {
  const known = into.get(id);
  into.set(id, known === undefined ? gradient : known.map((g, i) => g + gradient[i]!));
}
