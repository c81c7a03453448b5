/**
 * Writing `ann` graphs. Equal nodes are written once; views compose; elementwise functions are computed before
 * the views through which they are seen. Everything that writes a graph writes it here, so equal networks come
 * out alike however they were spelled.
 */
import { type AnnGraph, type AnnNode, type AnnOf, ann, type PointwiseName } from '../../ir/ann.ts';
import type { ConstantPool, ConstId } from '../../ir/constants.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf, type ValueId } from '../../ir/dialect.ts';
import { keepsPhase, type StridedMap } from '../../ir/map.ts';
import { eachRun } from '../../ir/runs.ts';
import {
  commonSource,
  indexOf,
  plainSource,
  type Selection,
  type Source,
  sameIndex,
  selectAll,
  squeezed,
  tidy,
  wholeSource,
} from './selection.ts';
import { type Field, fieldAt, fieldOf, storeField, storeNumbers, type Values } from './values.ts';

export interface Draft {
  readonly constants: ConstantPool;
  readonly nodes: AnnNode[];
  /** Content of a node → its id. */
  readonly known: Map<string, ValueId>;
}

export const createDraft = (constants: ConstantPool): Draft => ({ constants, nodes: [], known: new Map() });

type Unnamed<N> = N extends AnnNode ? Omit<N, 'id' | 'type'> & { readonly shape: readonly number[] } : never;

function put(draft: Draft, { shape, ...rest }: Unnamed<AnnNode>): Source {
  const key = JSON.stringify([rest.kind, rest.operands, rest.attrs, shape]);
  const known = draft.known.get(key);
  if (known !== undefined) return { id: known, shape };
  const id: ValueId = `%${draft.nodes.length}`;
  draft.known.set(key, id);
  draft.nodes.push({ ...rest, id, type: { element: 'real', shape } });
  return { id, shape };
}

/** The graph of what the outputs need; the input stays even where nothing reads it. */
export function finishDraft(draft: Draft, name: string): AnnGraph {
  const needed = new Set<ValueId>();
  for (const node of draft.nodes.toReversed()) {
    if (node.kind === 'output' || node.kind === 'input') needed.add(node.id);
    if (needed.has(node.id)) for (const operand of node.operands) needed.add(operand);
  }
  const nodes = draft.nodes.filter(node => needed.has(node.id));
  const outputs = nodes.filter(node => node.kind === 'output').map(node => node.id);
  return { dialect: ann, name, attrs: {}, nodes, outputs, constants: draft.constants, tables: {} };
}

export const putInput = (draft: Draft, name: string, shape: readonly number[], origin: string): Selection =>
  selectAll(put(draft, { kind: 'input', operands: [], attrs: { name }, shape, origin }));

export function putOutput(draft: Draft, x: Selection, name: string, origin: string): void {
  put(draft, {
    kind: 'output',
    operands: [asNode(draft, x, x.shape, origin).id],
    attrs: { name },
    shape: x.shape,
    origin,
  });
}

/** `x` as a node of exactly this shape: itself, or a view. */
export function asNode(draft: Draft, x: Selection, shape: readonly number[], origin: string): Source {
  if (sizeOf(x.shape) !== sizeOf(shape)) defect(`[${x.shape}] is not [${shape}]`);
  const clean = tidy(x);
  const whole = wholeSource(clean);
  if (whole !== undefined && `${whole.shape}` === `${shape}`) return whole;
  const operands = clean.sources.map(source => source.id);
  return put(draft, { kind: 'view', operands, attrs: { map: indexOf(clean) }, shape, origin });
}

/** `x` as a node whose last axis has the size of x's: a source that is seen whole keeps its other axes. */
function asRows(draft: Draft, x: Selection, origin: string): Source {
  const whole = wholeSource(tidy(x));
  const fits = whole !== undefined && whole.shape.at(-1) === x.shape.at(-1);
  return fits ? whole : asNode(draft, x, squeezed(x.shape), origin);
}

/** `x` as a node of any shape. */
const asAny = (draft: Draft, x: Selection, origin: string): Source =>
  plainSource(x) ?? asNode(draft, x, squeezed(x.shape), origin);

const seenAs = (source: Source, { shape }: Selection): Selection => ({
  sources: [source],
  index: undefined,
  shape,
});

/** Shapes x [..., K], weight [K, C] → [..., C]; the node has two axes. */
export function putLinear(
  draft: Draft,
  x: Selection,
  weight: ConstId,
  bias: ConstId | undefined,
  origin: string,
): Selection {
  const [inputs, channels] = draft.constants.get(weight).shape as readonly [number, number];
  const rows = sizeOf(x.shape) / inputs;
  const operand = asNode(draft, x, [rows, inputs], origin);
  const attrs = bias === undefined ? { weight } : { weight, bias };
  const node = put(draft, { kind: 'linear', operands: [operand.id], attrs, shape: [rows, channels], origin });
  return { sources: [node], index: undefined, shape: [...x.shape.slice(0, -1), channels] };
}

/** Shapes a [G, I, inner], b [G, J, inner] → [G, I, J]. */
export function putMatmul(draft: Draft, a: Selection, b: Selection, origin: string): Selection {
  const operands = [a, b].map(x => asNode(draft, x, x.shape, origin).id);
  const shape = [a.shape[0]!, a.shape[1]!, b.shape[1]!];
  return selectAll(put(draft, { kind: 'matmul', operands, attrs: {}, shape, origin }));
}

/** Element by element; both have one shape. */
export function putBinary(
  draft: Draft,
  kind: 'add' | 'mul',
  a: Selection,
  b: Selection,
  origin: string,
): Selection {
  const [sourceA, sourceB] = [commonSource(a), commonSource(b)];
  const isShared = sourceA !== undefined && sourceB !== undefined && sameIndex(a, b);
  if (isShared && sizeOf(sourceA.shape) === sizeOf(sourceB.shape)) {
    const second = asNode(draft, selectAll(sourceB), sourceA.shape, origin);
    const operands = [sourceA.id, second.id];
    return { ...a, sources: [put(draft, { kind, operands, attrs: {}, shape: sourceA.shape, origin })] };
  }
  const shape = (plainSource(a) ?? plainSource(b))?.shape ?? squeezed(a.shape);
  const operands = [a, b].map(x => asNode(draft, x, shape, origin).id);
  return seenAs(put(draft, { kind, operands, attrs: {}, shape, origin }), a);
}

export function putPointwise(draft: Draft, x: Selection, name: PointwiseName, origin: string): Selection {
  const common = commonSource(x);
  const source = common ?? asAny(draft, x, origin);
  const node = put(draft, {
    kind: 'pointwise',
    operands: [source.id],
    attrs: { function: name },
    shape: source.shape,
    origin,
  });
  return common === undefined ? seenAs(node, x) : { ...x, sources: [node] };
}

/** x · scale + shift; both broadcast to the shape of x. What changes nothing is left away. */
export function putAffine(
  draft: Draft,
  x: Selection,
  scale: Values | undefined,
  shift: Values | undefined,
  origin: string,
): Selection {
  return putFields(draft, x, scale && fieldOf(scale, x.shape), shift && fieldOf(shift, x.shape), origin);
}

/** The same with fields over the elements of x. */
export function putFields(
  draft: Draft,
  x: Selection,
  scale: Field | undefined,
  shift: Field | undefined,
  origin: string,
): Selection {
  const fields = { scale: withoutNeutral(scale, 1), shift: withoutNeutral(shift, 0) };
  if (fields.scale === undefined && fields.shift === undefined) return x;
  const under = affineUnder(x, fields);
  const target = under?.source ?? asAny(draft, x, origin);
  const { scale: s, shift: t } = under?.fields ?? fields;
  const store = (field: Field) => storeField(draft.constants, field, target.shape);
  const attrs = {
    ...(s === undefined ? {} : { scale: store(s) }),
    ...(t === undefined ? {} : { shift: store(t) }),
  };
  const node = put(draft, { kind: 'affine', operands: [target.id], attrs, shape: target.shape, origin });
  return under === undefined ? seenAs(node, x) : { ...x, sources: [node] };
}

/** An affine node of another graph on top of `x`, constants and all, where x is a node of the shape that it had. */
export function putSameAffine(
  draft: Draft,
  x: Selection,
  { attrs, type, origin }: AnnOf<'affine'>,
): Selection | undefined {
  const source = wholeSource(tidy(x));
  if (source === undefined || `${source.shape}` !== `${type.shape}`) return undefined;
  return seenAs(put(draft, { kind: 'affine', operands: [source.id], attrs, shape: source.shape, origin }), x);
}

interface Fields {
  readonly scale: Field | undefined;
  readonly shift: Field | undefined;
}

const withoutNeutral = (field: Field | undefined, neutral: number): Field | undefined =>
  field === neutral ? undefined : field;

/** The same affine map before the selection, where its constants agree on every element of the source. */
function affineUnder(x: Selection, fields: Fields): { source: Source; fields: Fields } | undefined {
  const source = commonSource(x);
  if (source === undefined) return undefined;
  const { index } = x;
  if (index === undefined) return { source, fields };
  const size = sizeOf(source.shape);
  const scale = fields.scale === undefined ? undefined : fieldUnder(fields.scale, index, size, 1);
  const shift = fields.shift === undefined ? undefined : fieldUnder(fields.shift, index, size, 0);
  const isLost = (scale ?? fields.scale) !== scale || (shift ?? fields.shift) !== shift;
  return isLost ? undefined : { source, fields: { scale, shift } };
}

function fieldUnder(field: Field, index: StridedMap, size: number, neutral: number): Field | undefined {
  if (typeof field === 'number' || keepsPhase(index, field.length)) return field;
  const out = new Float64Array(size).fill(neutral);
  const isSet = new Uint8Array(size);
  let i = 0;
  const lay = (start: number, stride: number, count: number): boolean => {
    for (let k = 0; k < count; k++, i++) {
      const at = start + k * stride;
      const value = fieldAt(field, i);
      if (isSet[at] === 1 && out[at] !== value) return false;
      out[at] = value;
      isSet[at] = 1;
    }
    return true;
  };
  return index.segments.every(segment => eachRun(segment, lay)) ? out : undefined;
}

/** Reduces the last axis, which stays with size 1. */
export function putReduce(
  draft: Draft,
  x: Selection,
  op: AnnOf<'reduce'>['attrs']['op'],
  origin: string,
): Selection {
  const source = asRows(draft, x, origin);
  const shape = [...source.shape.slice(0, -1), 1];
  const node = put(draft, { kind: 'reduce', operands: [source.id], attrs: { op }, shape, origin });
  return { sources: [node], index: undefined, shape: [...x.shape.slice(0, -1), 1] };
}

export function putSoftmax(
  draft: Draft,
  x: Selection,
  attrs: AnnOf<'softmax'>['attrs'],
  origin: string,
): Selection {
  const source = asRows(draft, x, origin);
  return seenAs(
    put(draft, { kind: 'softmax', operands: [source.id], attrs, shape: source.shape, origin }),
    x,
  );
}

export interface Normalisation {
  readonly kind: 'layernorm' | 'rmsnorm';
  readonly epsilon: number;
  readonly gamma?: ArrayLike<number> | undefined;
  /** Layernorm only. */
  readonly beta?: ArrayLike<number> | undefined;
}

/** Over the last axis; gamma and beta have one number for each of its channels. */
export function putNorm(draft: Draft, x: Selection, norm: Normalisation, origin: string): Selection {
  const { id, shape } = asRows(draft, x, origin);
  const store = (data: ArrayLike<number>) =>
    storeNumbers(draft.constants, Float64Array.from(data), [data.length]);
  const gamma = norm.gamma === undefined ? {} : { gamma: store(norm.gamma) };
  const beta = norm.beta === undefined ? {} : { beta: store(norm.beta) };
  const { epsilon } = norm;
  const common = { operands: [id], shape, origin };
  const node =
    norm.kind === 'layernorm'
      ? put(draft, { ...common, kind: 'layernorm', attrs: { epsilon, ...gamma, ...beta } })
      : put(draft, { ...common, kind: 'rmsnorm', attrs: { epsilon, ...gamma } });
  return seenAs(node, x);
}
