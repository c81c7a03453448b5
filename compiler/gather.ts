/**
 * How a value of the network is a sum of things that a population can gather. Says what is read and in which
 * form, nothing of who sends it: convert.ts makes populations of it.
 *
 *     add(%x, affine(linear(view(%h))) {scale, shift})   →   relay %x  +  linear %h (weights · scale)  +  bias
 *
 * Scales move into the weights in front of them; a scale without weights becomes taps of its own, a constant a
 * bias. A value that others read too is relayed, unless it is the one to be `opened`.
 */
import type { AnnGraph, AnnNode, AnnOf } from '../ir/ann.ts';
import type { ConstantPool, ConstId, TensorData } from '../ir/constants.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, readersOf, sizeOf, type ValueId } from '../ir/dialect.ts';
import { composeMaps, compressMap, expandMap, HOLE, isIdentity, type StridedMap } from '../ir/map.ts';
import { deriveConstant } from './ann/values.ts';

/** A value seen through a view. */
export interface Seen {
  readonly value: ValueId;
  readonly map: StridedMap | undefined;
}

/** `x`, `a` and `b` are read as spikes where their site fires; by relays and maxima as graded values. */
export type Term =
  | { readonly kind: 'relay'; readonly x: Seen }
  | {
      readonly kind: 'linear';
      readonly node: ValueId;
      readonly x: Seen;
      readonly weight: ConstId;
      readonly bias: ConstId | undefined;
      /** 1 for each row that there is; a view made the others, which stay 0, bias and all. */
      readonly present: Uint8Array | undefined;
      readonly origin: string;
    }
  | { readonly kind: 'depthwise'; readonly x: Seen; readonly weight: ConstId; readonly origin: string }
  | {
      readonly kind: 'product';
      readonly node: ValueId;
      readonly a: Seen;
      readonly b: Seen;
      readonly inner: number;
      readonly origin: string;
    }
  | { readonly kind: 'hadamard'; readonly a: Seen; readonly b: Seen; readonly origin: string }
  | { readonly kind: 'maximum'; readonly x: Seen; readonly taps: number; readonly origin: string }
  | { readonly kind: 'bias'; readonly value: ConstId; readonly origin: string };
export type TermOf<K extends Term['kind']> = Extract<Term, { kind: K }>;

export interface Gatherer {
  /** Needs: `value` has no function of its own where it is to be opened. */
  gather(value: ValueId, opened: boolean): readonly Term[];
  relayed(value: ValueId): readonly Term[];
  hasOneReader(value: ValueId): boolean;
  /** What is behind the views of one operand; without a map where they change nothing but the shape. */
  seen(value: ValueId): Seen;
}

export function createGatherer(graph: AnnGraph): Gatherer {
  const { constants } = graph;
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const annOf = (id: ValueId): AnnNode => byId.get(id) ?? defect(`${id} is not a node`);
  const hasOneReader = (id: ValueId) => readers.get(id)?.length === 1;
  const seen = (id: ValueId) => throughViews(id, undefined, annOf);
  const relayed = (id: ValueId): readonly Term[] => [{ kind: 'relay', x: seen(id) }];

  function gather(id: ValueId, opened: boolean): readonly Term[] {
    const node = annOf(id);
    if (!opened && !hasOneReader(id)) return relayed(id);
    const { origin } = node;
    const [first, second] = node.operands as readonly [ValueId, ValueId];
    switch (node.kind) {
      case 'linear': {
        const { weight, bias } = node.attrs;
        return [{ kind: 'linear', node: id, x: seen(first), weight, bias, present: undefined, origin }];
      }
      case 'matmul': {
        const inner = annOf(first).type.shape.at(-1)!;
        return [{ kind: 'product', node: id, a: seen(first), b: seen(second), inner, origin }];
      }
      case 'mul':
        return [{ kind: 'hadamard', a: seen(first), b: seen(second), origin }];
      case 'add':
        return gatherSum(node);
      case 'affine':
        return gatherAffine(node);
      case 'reduce':
        return gatherReduce(node);
      case 'view':
        return gatherView(node, opened);
      case 'pointwise':
        return gatherPointwise(node);
      case 'input':
      case 'output':
      case 'layernorm':
      case 'rmsnorm':
      case 'softmax':
        return relayed(id);
      default:
        return node satisfies never;
    }
  }

  /** A product fills [groups, rows, columns], a linear one group: where they meet, the linear is relayed. */
  function gatherSum(node: AnnOf<'add'>): readonly Term[] {
    const parts = node.operands.map(id => ({ id, terms: gather(id, false) }));
    const has = (terms: readonly Term[], kind: Term['kind']) => terms.some(term => term.kind === kind);
    const isGrouped = sizeOf(node.type.shape.slice(0, -2)) > 1 && parts.some(p => has(p.terms, 'product'));
    return parts.flatMap(({ id, terms }) => (isGrouped && has(terms, 'linear') ? relayed(id) : terms));
  }

  function gatherAffine({ attrs, operands, origin }: AnnOf<'affine'>): readonly Term[] {
    const terms = scaled(operands[0]!, attrs.scale, origin);
    return attrs.shift === undefined ? terms : [...terms, { kind: 'bias', value: attrs.shift, origin }];
  }

  function scaled(id: ValueId, scale: ConstId | undefined, origin: string): readonly Term[] {
    const inner = gather(id, false);
    if (scale === undefined) return inner;
    const factors = constants.get(scale).data;
    const folded = inner.map(term => scaleTerm(term, factors, origin, constants));
    const isFolded = folded.every(term => term !== undefined);
    return isFolded ? folded : [gain(seen(id), factors, origin, constants)];
  }

  /** What has no function of its own but is spelled as one. */
  function gatherPointwise(node: AnnOf<'pointwise'>): readonly Term[] {
    const x = node.operands[0]!;
    switch (node.attrs.function) {
      case 'square':
        return [{ kind: 'hadamard', a: seen(x), b: seen(x), origin: node.origin }];
      case 'negate':
        return scaled(x, constants.add({ dtype: 'f64', shape: [], data: Float64Array.of(-1) }), node.origin);
      default:
        return relayed(node.id);
    }
  }

  /** A scale of each tap in front of a sum is the weight of that tap: a depthwise convolution. */
  function gatherReduce({ attrs, operands, origin }: AnnOf<'reduce'>): readonly Term[] {
    const operand = annOf(operands[0]!);
    const taps = operand.type.shape.at(-1)!;
    if (taps === 1) return relayed(operand.id);
    if (attrs.op === 'max') return [{ kind: 'maximum', x: seen(operand.id), taps, origin }];
    const isWeighted =
      operand.kind === 'affine' && operand.attrs.shift === undefined && hasOneReader(operand.id);
    const factors = isWeighted ? constants.get(operand.attrs.scale!).data : Float64Array.of(1);
    const x = seen(isWeighted ? operand.operands[0]! : operand.id);
    const share = attrs.op === 'mean' ? 1 / taps : 1;
    const period = factors.length % taps === 0 ? factors.length / taps : 1;
    const data = Float64Array.from({ length: taps * period }, (_, i) => {
      const [tap, neuron] = [Math.floor(i / period), i % period];
      return share * factors[(neuron * taps + tap) % factors.length]!;
    });
    const weight = constants.add({ dtype: 'f64', shape: [taps, period], data });
    return [{ kind: 'depthwise', x, weight, origin }];
  }

  /** Every operand gives its own elements and holes for the others'. */
  function gatherView(node: AnnOf<'view'>, opened: boolean): readonly Term[] {
    if (node.operands.length === 1) {
      const { value, map } = seen(node.id);
      return [rowsOfLinear(value, map, node, opened) ?? { kind: 'relay', x: { value, map } }];
    }
    const indices = expandMap(node.attrs.map);
    let start = 0;
    return node.operands.flatMap((id): readonly Term[] => {
      const [from, to] = [start, start + sizeOf(annOf(id).type.shape)];
      start = to;
      const own = indices.map(i => (i >= from && i < to ? i - from : HOLE));
      if (own.every(i => i === HOLE)) return [];
      const { value, map } = throughViews(id, compressMap(own), annOf);
      return [rowsOfLinear(value, map, node, false) ?? { kind: 'relay', x: { value, map } }];
    });
  }

  /** Where a view shows whole rows of a linear, it moves in front of it. */
  function rowsOfLinear(
    id: ValueId,
    map: StridedMap | undefined,
    view: AnnOf<'view'>,
    opened: boolean,
  ): TermOf<'linear'> | undefined {
    const linear = annOf(id);
    if (linear.kind !== 'linear' || map === undefined || !(opened || hasOneReader(id))) return undefined;
    const channels = linear.type.shape.at(-1)!;
    const rows = view.type.shape.at(-1) === channels ? rowsOf(expandMap(map), channels) : undefined;
    if (rows === undefined) return undefined;
    const inputs = constants.get(linear.attrs.weight).shape[0]!;
    const x = throughViews(linear.operands[0]!, rowSelection(rows, inputs), annOf);
    const { weight, bias } = linear.attrs;
    const present = Uint8Array.from(rows, row => (row === HOLE ? 0 : 1));
    return { kind: 'linear', node: id, x, weight, bias, present, origin: linear.origin };
  }

  return { gather, relayed, hasOneReader, seen };
}

/** The value behind a chain of views of one operand, and the elements of it that `map` of the chain shows. */
function throughViews(id: ValueId, map: StridedMap | undefined, annOf: (id: ValueId) => AnnNode): Seen {
  let node = annOf(id);
  let shown = map;
  while (node.kind === 'view' && node.operands.length === 1) {
    shown = shown === undefined ? node.attrs.map : composeMaps(shown, node.attrs.map);
    node = annOf(node.operands[0]!);
  }
  const isWhole = shown !== undefined && isIdentity(shown, sizeOf(node.type.shape));
  return { value: node.id, map: isWhole ? undefined : shown };
}

/** Rows that a list of elements shows (a hole: no row), or undefined if it cuts rows apart. */
function rowsOf(indices: Int32Array, channels: number): Int32Array | undefined {
  const rows = new Int32Array(indices.length / channels);
  for (let i = 0; i < indices.length; i++) {
    const first = indices[i - (i % channels)]!;
    const expected = first === HOLE ? HOLE : first + (i % channels);
    if (indices[i] !== expected || (first !== HOLE && first % channels !== 0)) return undefined;
    rows[Math.floor(i / channels)] = first === HOLE ? HOLE : first / channels;
  }
  return rows;
}

/** Row numbers → element map of [rows, inputs]. */
function rowSelection(rows: Int32Array, inputs: number): StridedMap {
  const out = new Int32Array(rows.length * inputs);
  for (let i = 0; i < out.length; i++) {
    const row = rows[Math.floor(i / inputs)]!;
    out[i] = row === HOLE ? HOLE : row * inputs + (i % inputs);
  }
  return compressMap(out);
}

const gain = (x: Seen, factors: TensorData, origin: string, constants: ConstantPool): Term => ({
  kind: 'depthwise',
  x,
  weight: constants.add({ dtype: 'f64', shape: [1, factors.length], data: Float64Array.from(factors) }),
  origin,
});

/** The term times `factors`, which repeat over leading axes; undefined where its weights cannot take them. */
function scaleTerm(
  term: Term,
  factors: TensorData,
  origin: string,
  constants: ConstantPool,
): Term | undefined {
  switch (term.kind) {
    case 'relay':
      return gain(term.x, factors, origin, constants);
    case 'linear': {
      const channels = constants.get(term.weight).shape[1]!;
      if (channels % factors.length !== 0) return undefined;
      const bias = term.bias && timesConstant(term.bias, factors, constants);
      return { ...term, weight: timesColumns(term.weight, factors, constants), bias };
    }
    case 'depthwise':
      return { ...term, weight: timesColumns(term.weight, factors, constants) };
    case 'bias':
      return { ...term, value: timesConstant(term.value, factors, constants) };
    case 'product':
    case 'hadamard':
    case 'maximum':
      return undefined;
    default:
      return term satisfies never;
  }
}

/** A constant that repeats over leading axes, times factors that do; the longer period wins. */
function timesConstant(id: ConstId, factors: TensorData, constants: ConstantPool): ConstId {
  const { shape, data } = constants.get(id);
  const period = Math.max(data.length, factors.length);
  const out = Float64Array.from(
    { length: period },
    (_, i) => data[i % data.length]! * factors[i % factors.length]!,
  );
  return constants.add({ dtype: 'f64', shape: period === data.length ? shape : [period], data: out });
}

/** Weights [inputs, columns], the columns times factors that repeat over them or over which they repeat. */
function timesColumns(id: ConstId, factors: TensorData, constants: ConstantPool): ConstId {
  const [inputs, columns] = constants.get(id).shape as [number, number];
  const width = Math.max(columns, factors.length);
  return deriveConstant(constants, id, `columns times ${factors}`, [inputs, width], data =>
    Float64Array.from({ length: inputs * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return data[row * columns + (column % columns)]! * factors[column % factors.length]!;
    }),
  );
}
