/**
 * What the spikes of every site meet: weights of linears, partners in products. Static, from the network with any
 * emits at all, as Eq. 30 counts it.
 */
import { annMacs, type CountedProjection, countedPopulations } from '../../ir/count/counts.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import type { SnnEmit, SnnGraph } from '../../ir/snn.ts';
import { findRead, placesIn } from '../read-neurons.ts';

export interface SiteLoad {
  /** Weights that one term of each element meets, and partners: positions of the other operand. */
  readonly linear: Float64Array;
  readonly partners: Float64Array;
  /** Site of the other operand of each product; undefined: it is not sent as spikes. */
  readonly products: readonly { readonly partner: ValueId | undefined; readonly pairs: number }[];
}

export interface Loads {
  readonly sites: ReadonlyMap<ValueId, SiteLoad>;
  /** ACs that are counted whatever fires: the head. */
  readonly fixed: number;
  /** MACs of the ANN in the paper's count. */
  readonly annMacs: number;
}

/**
 * `whole` before, `graph` after what nobody reads was left out: such elements meet nothing. `emits`: those that both
 * were made with; each stands for its site, so all are objects of their own.
 */
export function loadsOf(whole: SnnGraph, graph: SnnGraph, emits: ReadonlyMap<ValueId, SnnEmit>): Loads {
  const siteOfEmit = new Map([...emits].map(([site, emit]) => [emit, site]));
  const siteOf = new Map<ValueId, ValueId>();
  const sites = new Map<ValueId, Building>();
  const read = findRead(whole);
  for (const node of whole.nodes) {
    const site = node.kind === 'population' ? siteOfEmit.get(node.attrs.emit) : undefined;
    if (site === undefined) continue;
    const { shape } = node.type;
    const kept = read.get(node.id);
    siteOf.set(node.id, site);
    sites.set(site, {
      linear: new Float64Array(sizeOf(shape)),
      partners: new Float64Array(sizeOf(shape)),
      products: [],
      places: kept === undefined ? undefined : placesIn(shape, kept),
    });
  }
  let fixed = 0;
  for (const { projections } of countedPopulations(graph)) {
    for (const projection of projections) {
      if (projection.isHead) fixed += projection.annMacs;
      if (!projection.isEmbedding && !projection.isHead) addLoad(projection, siteOf, sites);
    }
  }
  return { sites, fixed, annMacs: annMacs(countedPopulations(whole)).paper };
}

interface Building extends SiteLoad {
  readonly products: Product[];
  /** Where the elements that are read stand; undefined: all are. */
  readonly places: ArrayLike<number> | undefined;
}

interface Product {
  readonly partner: ValueId | undefined;
  readonly pairs: number;
}

function addLoad(
  { node, uses, annMacs: pairs }: CountedProjection,
  siteOf: ReadonlyMap<ValueId, ValueId>,
  sites: ReadonlyMap<ValueId, Building>,
): void {
  const at = (operand: number) => siteOf.get(node.operands[operand]!);
  const spread = (operand: number, kind: 'linear' | 'partners', factor: number) => {
    const site = sites.get(at(operand)!);
    if (site === undefined) return;
    for (const [i, count] of uses[operand]!.entries()) site[kind][site.places?.[i] ?? i]! += count * factor;
  };
  switch (node.kind) {
    case 'linear':
      spread(0, 'linear', node.type.shape.at(-1)!);
      break;
    case 'depthwise':
      spread(0, 'linear', 1);
      break;
    case 'product':
    case 'hadamard': {
      const [, rows, columns] = node.type.shape as [number, number, number];
      const isProduct = node.kind === 'product';
      spread(0, 'partners', isProduct ? columns : 1);
      spread(1, 'partners', isProduct ? rows : 1);
      // Counted once a pair: the first operand's site holds it.
      sites.get(at(0)!)?.products.push({ partner: at(1), pairs });
      break;
    }
    case 'relay':
    case 'maximum':
    case 'bias':
      break;
    default:
      node satisfies never;
  }
}
