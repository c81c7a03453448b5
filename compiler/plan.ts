/**
 * Which values of a network become populations, what each gathers and in which forms it is sent: followed back
 * from the outputs. convert.ts makes populations of the plan, sites.ts finds in it where the network fires.
 */
import type { AnnGraph, AnnNode } from '../ir/ann.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, type ValueId } from '../ir/dialect.ts';
import type { SnnFunction } from '../ir/snn.ts';
import { checkDepth } from './depth.ts';
import { createGatherer, type Gatherer, type Seen, type Term } from './gather.ts';
import { functionOf, isNorm } from './population-functions.ts';

/** As spikes, as graded values, or as the answer of the network. */
export type Form = 'spikes' | 'graded' | 'readout';

export interface Planned {
  readonly node: AnnNode;
  /** Undefined: nothing but the sum. */
  readonly fn: SnnFunction | undefined;
  readonly terms: readonly Term[];
  readonly forms: ReadonlySet<Form>;
}

export interface Plan {
  readonly populations: ReadonlyMap<ValueId, Planned>;
  /** The values that the outputs answer with, in order. */
  readonly readouts: readonly ValueId[];
}

/**
 * Errors  E0302 a chain without end
 * Cost    the maps of all views on the way, expanded once
 */
export function planPopulations(graph: AnnGraph): Plan {
  checkDepth(graph);
  const byId = nodeMap(graph.nodes);
  const gatherer = createGatherer(graph);
  const populations = new Map<ValueId, Planned & { readonly forms: Set<Form> }>();
  const open: Planned[] = [];
  const note = (id: ValueId, form: Form) => {
    const node = byId.get(id) ?? defect(`${id} is not a node`);
    const known = populations.get(id) ?? { ...gathered(node, gatherer), node, forms: new Set<Form>() };
    if (!populations.has(id)) open.push(known);
    populations.set(id, known);
    known.forms.add(form);
  };
  const readouts = graph.outputs.map(output => {
    const node = byId.get(output);
    const value = node?.kind === 'output' ? node.operands[0]! : output;
    const { value: base, map } = gatherer.seen(value);
    return map === undefined ? base : value;
  });
  for (const id of readouts) note(id, 'readout');
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.node.kind === 'input') continue;
    for (const term of next.terms) for (const [x, form] of readsOf(term)) note(x.value, form);
  }
  return { populations, readouts };
}

/** A norm needs its channels whole, so it reads what is finished; other functions sit right on their gather. */
function gathered(node: AnnNode, gatherer: Gatherer) {
  const fn = functionOf(node);
  if (fn === undefined) return { fn, terms: gatherer.gather(node.id, true) };
  const operand = node.operands[0]!;
  const isDirect = !isNorm(fn) && gatherer.hasOneReader(operand);
  return { fn, terms: isDirect ? gatherer.gather(operand, true) : gatherer.relayed(operand) };
}

/** What a term reads, and in which form. */
export function readsOf(term: Term): readonly (readonly [Seen, Form])[] {
  switch (term.kind) {
    case 'linear':
    case 'depthwise':
      return [[term.x, 'spikes']];
    case 'relay':
    case 'maximum':
      return [[term.x, 'graded']];
    case 'product':
    case 'hadamard':
      return [
        [term.a, 'spikes'],
        [term.b, 'spikes'],
      ];
    case 'bias':
      return [];
    default:
      return term satisfies never;
  }
}
