/** Every value and every constant of the integer network: what keeps it, in how many bits, and how full they get. */
import type { ConstId } from '../../ir/constants.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { IntNode, IntOf } from '../../ir/int.ts';
import type { Facts, KeptNumber } from '../facts.ts';
import { round } from '../print.ts';
import type { Report } from '../schema.ts';

type Tensor = Report['tensors'][number];

export function tensorsOf({ int, widths, weightBits }: Facts): readonly Tensor[] {
  const kept = new Map(widths.kept.map(width => [`${width.node} ${width.quantity}`, width]));
  const layers = layersOfNodes(int.nodes);
  const constants = createConstants(int.constants, weightBits);
  return int.nodes.flatMap(node => {
    const layer = layers.get(node.id) ?? null;
    const place = { layer, origin: node.origin };
    return [valueTensor(node, place, kept), ...constants(node, place)];
  });
}

interface Place {
  readonly layer: number | null;
  readonly origin: string;
}

/** Projections belong to the population that gathers them. */
function layersOfNodes(nodes: readonly IntNode[]): ReadonlyMap<ValueId, number> {
  const layers = new Map<ValueId, number>();
  let next = 0;
  for (const node of nodes) {
    if (node.kind !== 'population') continue;
    layers.set(node.id, next);
    for (const projection of node.operands) layers.set(projection, next);
    next += 1;
  }
  return layers;
}

const limitOf = (bits: number): number => 2 ** (bits - 1) - 1;

function valueTensor(node: IntNode, place: Place, kept: ReadonlyMap<string, KeptNumber>): Tensor {
  const name = node.id.slice(1);
  const shape = [...node.type.shape];
  const unknown = { bits: null, met: null, worst: null, limit: null, status: null };
  if (node.kind === 'input') {
    const { fraction } = node.attrs;
    return { name, kind: 'input', ...place, shape, ...unknown, fraction };
  }
  const isPopulation = node.kind === 'population';
  const kind = isPopulation ? (node.attrs.emit.kind === 'readout' ? 'readout' : 'activation') : 'accumulator';
  const quantity = isPopulation ? quantitiesOf(node) : ['accumulator'];
  const width = quantity.map(name => kept.get(`${node.id} ${name}`)).find(found => found !== undefined);
  const fraction = fractionOf(node);
  const { met, worst, bits, status } = width ?? { ...unknown, bits: { available: null } };
  return {
    ...{ name, kind, ...place, shape, bits: bits.available, fraction },
    ...{ met: round(met), worst: round(worst), status },
    limit: bits.available === null ? null : limitOf(bits.available),
  };
}

/** What of a population is proved: what it has sent in units of θ; of graded values their own, or the state that they are. */
const quantitiesOf = ({ attrs }: IntOf<'population'>): readonly string[] =>
  attrs.emit.kind === 'mt' ? ['sent'] : ['target', 'state'];

function fractionOf(node: Exclude<IntNode, IntOf<'input'>>): number | null {
  if (node.kind === 'population')
    return node.attrs.emit.kind === 'mt' ? node.attrs.emit.theta : node.attrs.outFraction;
  return 'fraction' in node.attrs ? node.attrs.fraction : null;
}

/** Constants of a node by the attribute that names them; each is looked through once. */
function createConstants(pool: Facts['int']['constants'], weightBits: number) {
  const largest = new Map<ConstId, number>();
  const largestOf = (id: ConstId): number => {
    const known = largest.get(id);
    if (known !== undefined) return known;
    let most = 0;
    for (const x of pool.get(id).data) if (Math.abs(x) > most) most = Math.abs(x);
    largest.set(id, most);
    return most;
  };
  return (node: IntNode, place: Place): readonly Tensor[] =>
    constantsIn(node.attrs, '').map(([attribute, id]) => {
      const { shape, dtype } = pool.get(id);
      const isWeight = attribute === 'weight';
      const bits = isWeight ? weightBits : Number(dtype.slice(1));
      const limit = dtype.startsWith('u') ? 2 ** bits - 1 : limitOf(bits);
      const most = largestOf(id);
      return {
        ...{ name: `${node.id.slice(1)}.${attribute}`, kind: isWeight ? 'weights' : 'constant', ...place },
        ...{ shape: [...shape], bits, fraction: null, met: most, worst: most, limit },
        status: null,
      };
    });
}

/** Names of constants among attributes, those of variants included. */
function constantsIn(attrs: object, prefix: string): readonly (readonly [string, ConstId])[] {
  return Object.entries(attrs).flatMap(([name, value]): readonly (readonly [string, ConstId])[] => {
    if (typeof value === 'string' && value.startsWith('@')) return [[prefix + name, value as ConstId]];
    const isVariant = typeof value === 'object' && value !== null && 'kind' in value;
    return isVariant ? constantsIn(value, `${prefix}${name}.`) : [];
  });
}
