/** Attention as one operator: written out as the products and the softmax that it is. */

import { slicePick, transposePick } from '../../ann/indices.ts';
import {
  type ConstantValue,
  constantAt,
  inputAt,
  MASKED,
  numberAttr,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { add, affine, expandTo, makeConstant, mapConstant, multiply, pointwise, zip } from './arithmetic.ts';
import { foldRows, softmaxRows } from './groups.ts';
import { joinAlong } from './join.ts';
import { matrixProduct, swapLast } from './linear.ts';
import { isRead } from './norms.ts';

/** What constants say of the scores: added to them, and which rows have no key at all. */
export interface Mask {
  readonly bias: Value | undefined;
  /** 0 for a query without any key, else 1; undefined where all have one. */
  readonly keeps: ConstantValue | undefined;
  /** Are there scores that must not count? */
  readonly hides: boolean;
}

export interface Heads {
  /** Shapes [batch, heads, tokens, size]; keys and values may have fewer heads, which are shared. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly scale: number;
  readonly softcap: number;
}

/** [batch, tokens, heads · size] → [batch, heads, tokens, size] */
export function splitHeads(x: Value, heads: number): Value {
  const [batch = 0, tokens = 0, width = 0] = x.shape;
  if (x.shape.length !== 3 || !Number.isInteger(heads) || heads < 1 || width % heads !== 0)
    return refuse(`${heads} heads in [${x.shape}]`);
  const split = reshapeValue(x, [batch, tokens, heads, width / heads]);
  return pickValue(split, transposePick(split.shape, [0, 2, 1, 3]));
}

/** The way back. */
export function joinHeads(x: Value): Value {
  const [batch, heads, tokens, size] = x.shape as readonly [number, number, number, number];
  return reshapeValue(pickValue(x, transposePick(x.shape, [0, 2, 1, 3])), [batch, tokens, heads * size]);
}

/** Each head of keys or values as often as queries share it. */
function shareHeads(x: Value, heads: number): Value {
  const [batch, own, tokens, size] = x.shape as readonly [number, number, number, number];
  if (own === heads) return x;
  if (heads % own !== 0) refuse(`${own} heads of keys for ${heads} of queries`);
  const column = reshapeValue(x, [batch, own, 1, tokens, size]);
  return reshapeValue(expandTo(column, [batch, own, heads / own, tokens, size]), [
    batch,
    heads,
    tokens,
    size,
  ]);
}

/** In single precision, as an attribute would have it and as exporters write it into files. */
export const defaultScale = (size: number): number => Math.fround(1 / Math.sqrt(size));

/** The result, and the scores as they are at each step. */
export function attend(context: OpContext, heads: Heads, { bias, keeps }: Pick<Mask, 'bias' | 'keeps'>) {
  const { query, scale, softcap } = heads;
  const count = query.shape[1]!;
  const [key, value] = [shareHeads(heads.key, count), shareHeads(heads.value, count)];
  const raw = affine(context, matrixProduct(context, query, swapLast(key)), scale);
  const capped =
    softcap === 0
      ? raw
      : affine(context, pointwise(context, affine(context, raw, 1 / softcap), 'tanh'), softcap);
  const biased = bias === undefined ? capped : add(context, capped, bias);
  if (`${biased.shape}` !== `${raw.shape}`) refuse(`a mask of [${bias?.shape}] for scores of [${raw.shape}]`);
  const soft = softmaxRows(context, biased);
  const weights = keeps === undefined ? soft : multiply(context, soft, keeps);
  return { result: matrixProduct(context, weights, value), steps: [raw, capped, biased, weights] as const };
}

/** Which keys a query may see, by their places: [batch, 1, queries, keys]; undefined where all. */
export function placesSeen(
  batch: number,
  queries: number,
  keys: number,
  sees: (query: number, key: number, batch: number) => boolean,
): ConstantValue | undefined {
  const seen = makeConstant('bool', [batch, 1, queries, keys], i => {
    const at = Math.floor(i / (queries * keys));
    return sees(Math.floor(i / keys) % queries, i % keys, at) ? 1 : 0;
  });
  return seen.data.includes(0) ? seen : undefined;
}

/** A mask of the file (what is true may be seen, or numbers to be added) and one of places, in one. */
export function maskOf(context: OpContext, given: Value | undefined, seen: ConstantValue | undefined): Mask {
  const constant = given?.kind === 'constant' ? given : undefined;
  const numbers =
    constant === undefined
      ? undefined
      : constant.element === 'bool'
        ? mapConstant(constant, x => (x === 0 ? Number.NEGATIVE_INFINITY : 0), 'float64')
        : mapConstant(constant, x => x, 'float64');
  const hidden = seen && mapConstant(seen, x => (x === 0 ? Number.NEGATIVE_INFINITY : 0), 'float64');
  const sum = numbers && hidden ? zip(numbers, hidden, (a, b) => a + b) : (numbers ?? hidden);
  const known = sum && mapConstant(sum, x => (x === Number.NEGATIVE_INFINITY ? MASKED : x));
  const any = sum && foldRows(sum, row => (row.some(x => x !== Number.NEGATIVE_INFINITY) ? 1 : 0));
  const keeps = any?.data.includes(0) ? any : undefined;
  const hides = known?.data.includes(MASKED) ?? false;
  if (given?.kind !== 'data') return { bias: known, keeps, hides };
  return { bias: known === undefined ? given : add(context, given, known), keeps, hides };
}

/** Keys behind the end of a mask are not seen. */
function lengthened(context: OpContext, mask: Value | undefined, keys: number): Value | undefined {
  const own = mask?.shape.at(-1);
  if (mask === undefined || own === undefined || own >= keys || own === 1) return mask;
  if (mask.kind === 'data') return refuse(`a mask of ${own} keys for ${keys}`);
  const element = mask.element;
  const rest = makeConstant(element, mask.shape.with(-1, keys - own), () =>
    element === 'bool' ? 0 : Number.NEGATIVE_INFINITY,
  );
  return joinAlong(context, [mask, rest], mask.shape.length - 1);
}

const withPast = (context: OpContext, past: Value | undefined, x: Value): Value =>
  past === undefined ? x : joinAlong(context, [past, x], 2);

/** Windows and the causal order count from the place of the first query among the keys. */
function seenPlaces(context: OpContext, queries: number, keys: number): ConstantValue | undefined {
  const isCausal = numberAttr(context, 'is_causal', 0) === 1;
  const [left, right] = [
    numberAttr(context, 'left_window_size', -1),
    numberAttr(context, 'right_window_size', -1),
  ];
  const lengths = optionalConstantAt(context, 6, 'the number of keys')?.data;
  const past = context.inputs[4]?.shape[2] ?? 0;
  return placesSeen(lengths?.length ?? 1, queries, keys, (query, key, batch) => {
    const length = lengths?.[batch];
    const place = query + (length === undefined ? past : length - queries);
    const isThere = length === undefined || key < length;
    const isNear = (left < 0 || key >= place - left) && (right < 0 || key <= place + right);
    return isThere && isNear && (!isCausal || key <= place);
  });
}

export const attention: OpRule = context => {
  const isFlat = inputAt(context, 0).shape.length === 3;
  const heads = (at: number, name: string): Value => {
    const x = inputAt(context, at);
    const split = isFlat ? splitHeads(x, numberAttr(context, name, 0)) : x;
    return split.shape.length === 4 ? split : refuse(`operand ${at} is [${x.shape}]`);
  };
  const query = heads(0, 'q_num_heads');
  const key = withPast(context, context.inputs[4], heads(1, 'kv_num_heads'));
  const value = withPast(context, context.inputs[5], heads(2, 'kv_num_heads'));
  const [queries, keys] = [query.shape[2]!, key.shape[2]!];
  const given = lengthened(context, context.inputs[3], keys);
  const mask = maskOf(context, given, seenPlaces(context, queries, keys));
  const scale = numberAttr(context, 'scale', defaultScale(query.shape[3]!));
  const softcap = numberAttr(context, 'softcap', 0);
  const { result, steps } = attend(context, { query, key, value, scale, softcap }, mask);
  const step = numberAttr(context, 'qk_matmul_output_mode', 0);
  if (isRead(context, 3) && step === 2 && mask.hides)
    refuse('its masked scores are read, which are infinite');
  const scores = steps[step] ?? refuse(`qk_matmul_output_mode ${step}`);
  return [isFlat ? joinHeads(result) : result, key, value, scores];
};

/** Pairs of numbers turned by an angle that constants give for each place; linear. */
export const rotaryEmbedding: OpRule = context => {
  const x = inputAt(context, 0);
  const isFlat = x.shape.length === 3;
  const heads = isFlat ? splitHeads(x, numberAttr(context, 'num_heads', 0)) : x;
  const positions = optionalConstantAt(context, 3, 'the positions');
  const angles = (at: number) => rotation(constantAt(context, at, 'the rotation'), positions);
  const y = rotate(context, heads, angles(1), angles(2), {
    width: numberAttr(context, 'rotary_embedding_dim', 0) || heads.shape[3]!,
    isInterleaved: numberAttr(context, 'interleaved', 0) === 1,
  });
  return [isFlat ? joinHeads(y) : y];
};

/** Numbers for every place, [batch, 1, tokens, half]. */
export function rotation(cache: ConstantValue, positions: ConstantValue | undefined): ConstantValue {
  const half = cache.shape.at(-1) ?? refuse('a rotation has no axes');
  const [batch = 1, tokens = 1] = positions?.shape ?? cache.shape;
  if (positions === undefined)
    return makeConstant(cache.element, [batch, 1, tokens, half], i => cache.data[i]!);
  const rows = cache.shape[0]!;
  if (positions.data.some(p => !(p >= 0 && p < rows)))
    refuse(`a position beyond the ${rows} of the rotation`);
  return makeConstant(
    cache.element,
    [batch, 1, tokens, half],
    i => cache.data[positions.data[Math.floor(i / half)]! * half + (i % half)]!,
  );
}

/** Shapes x [batch, heads, tokens, size]; the first `width` of each head are turned. */
export function rotate(
  context: OpContext,
  x: Value,
  cos: ConstantValue,
  sin: ConstantValue,
  { width, isInterleaved }: { readonly width: number; readonly isInterleaved: boolean },
): Value {
  const size = x.shape[3] ?? 0;
  const half = width / 2;
  if (x.shape.length !== 4 || !Number.isInteger(half) || width > size || cos.shape.at(-1) !== half)
    return refuse(`[${x.shape}] turned by [${cos.shape}]`);
  const [start, step] = isInterleaved ? [1, 2] : [half, 1];
  const part = (first: number, stride: number, count: number) =>
    pickValue(x, slicePick(x.shape, 3, first, stride, count));
  const [a, b] = [part(0, step, half), part(start, step, half)];
  const minus = mapConstant(sin, v => -v);
  const real = add(context, multiply(context, a, cos), multiply(context, b, minus));
  const imaginary = add(context, multiply(context, a, sin), multiply(context, b, cos));
  const turned = isInterleaved
    ? interleave(context, real, imaginary)
    : joinAlong(context, [real, imaginary], 3);
  return width === size ? turned : joinAlong(context, [turned, part(width, 1, size - width)], 3);
}

function interleave(context: OpContext, a: Value, b: Value): Value {
  const column = (x: Value) => reshapeValue(x, [...x.shape, 1]);
  const pairs = joinAlong(context, [column(a), column(b)], a.shape.length);
  return reshapeValue(pairs, a.shape.with(-1, 2 * a.shape.at(-1)!));
}
