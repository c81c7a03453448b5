/** Operators of domain com.microsoft, as onnxruntime's optimizer writes them into the models that it saves. */
import { slicePick, transposePick } from '../../ann/indices.ts';
import {
  entryOf,
  epsilonOf,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { swish } from './activations.ts';
import { add, affine, clamp, multiply, pointwise, subtract } from './arithmetic.ts';
import { attend, defaultScale, joinHeads, maskOf, placesSeen, splitHeads } from './attention.ts';
import { castOps } from './casts.ts';
import { conv } from './conv.ts';
import type { OpTable } from './entry.ts';
import { linearOps, swapLast, vectorProduct } from './linear.ts';
import { isRead, normFrom, normOps } from './norms.ts';

const withBias = (context: OpContext): Value => {
  const [x, bias] = [inputAt(context, 0), context.inputs[1]];
  return bias === undefined ? x : add(context, x, bias);
};

const biasSplitGelu: OpRule = context => {
  const x = withBias(context);
  const half = x.shape.at(-1)! / 2;
  if (!Number.isInteger(half)) refuse(`[${x.shape}] has no halves`);
  const part = (first: number) => pickValue(x, slicePick(x.shape, x.shape.length - 1, first, 1, half));
  return [multiply(context, part(0), pointwise(context, part(half), 'gelu'))];
};

/** The norm of a sum, and the sum itself (output 3). */
const skipNorm =
  (kind: 'layernorm' | 'rmsnorm', biasAt: number): OpRule =>
  context => {
    const sum = add(context, inputAt(context, 0), inputAt(context, 1));
    const bias = context.inputs[biasAt];
    const x = bias === undefined ? sum : add(context, sum, bias);
    const epsilon = epsilonOf(context, 1e-12);
    const beta = kind === 'layernorm' ? context.inputs[3] : undefined;
    const gains = { gamma: inputAt(context, 2), beta };
    if (isRead(context, 1) || isRead(context, 2)) refuse('its mean or deviation is read');
    const y = normFrom(context, x, x.shape.length - 1, { kind, epsilon }, gains);
    return [y, y, y, x];
  };

/** [batch, rows, columns] with its axes turned as the attributes of one operand say. */
function turned(context: OpContext, x: Value, side: 'A' | 'B'): Value {
  const batchFirst = numberAttr(context, `transBatch${side}`, 0) === 1;
  const rank = x.shape.length;
  const order = [...Array.from({ length: rank - 2 }, (_, i) => i + 1), 0, rank - 1];
  const y = batchFirst && rank > 2 ? pickValue(x, transposePick(x.shape, order)) : x;
  return numberAttr(context, `trans${side}`, 0) === 1 && rank > 1 ? swapLast(y) : y;
}

const fusedMatMul: OpRule = context => {
  const a = turned(context, inputAt(context, 0), 'A');
  const b = turned(context, inputAt(context, 1), 'B');
  const y = vectorProduct(context, a, b);
  const alpha = numberAttr(context, 'alpha', 1);
  return [alpha === 1 ? y : affine(context, y, alpha)];
};

type Activation = (context: OpContext, x: Value, parameters: readonly number[]) => Value;

const ACTIVATIONS: { readonly [name: string]: Activation } = {
  '': (_, x) => x,
  Relu: (context, x) => pointwise(context, x, 'relu'),
  Tanh: (context, x) => pointwise(context, x, 'tanh'),
  Sigmoid: (context, x) => pointwise(context, x, 'sigmoid'),
  Clip: (context, x, [low, high]) =>
    clamp(context, x, low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY),
  LeakyRelu: (context, x, [slope = 0.01]) => {
    const relu = pointwise(context, x, 'relu');
    return add(context, relu, affine(context, subtract(context, x, relu), slope));
  },
  HardSigmoid: (context, x, [alpha = 0.2, beta = 0.5]) =>
    clamp(context, affine(context, x, alpha, beta), 0, 1),
};

/** An operator, what is added to it, and an activation behind. */
const fused =
  (rule: OpRule, sumAt: number | undefined): OpRule =>
  context => {
    const [y] = rule(context);
    if (y === undefined) return refuse('it has no result');
    const other = sumAt === undefined ? undefined : context.inputs[sumAt];
    const sum = other === undefined ? y : add(context, y, other);
    const name = stringAttr(context, 'activation', '');
    const single = ['alpha', 'beta'].flatMap(key => numbersAttr(context, `activation_${key}`) ?? []);
    const parameters = numbersAttr(context, 'activation_params') ?? single;
    return [(entryOf(ACTIVATIONS, name) ?? refuse(`activation ${name}`))(context, sum, parameters)];
  };

function refuseInputs(context: OpContext, names: readonly (readonly [at: number, name: string])[]): void {
  for (const [at, name] of names)
    if (context.inputs[at] !== undefined)
      refuse(`${name} is given; export the model without it, an image has no tokens to hide`);
}

function finish(context: OpContext, query: Value, key: Value, value: Value, bias: Value | undefined): Value {
  const [batch = 1, , queries = 1, size = 1] = query.shape;
  const keys = key.shape[2] ?? 1;
  const isCausal = numberAttr(context, 'unidirectional', 0) === 1;
  const seen = isCausal ? placesSeen(batch, queries, keys, (q, k) => k <= q + keys - queries) : undefined;
  const given = numberAttr(context, 'scale', 0);
  const scale = given === 0 ? defaultScale(size) : given;
  const heads = { query, key, value, scale, softcap: 0 };
  return joinHeads(attend(context, heads, maskOf(context, bias, seen)).result);
}

/** Queries, keys and values from one projection. */
const packedAttention: OpRule = context => {
  refuseInputs(context, [
    [3, 'its mask index'],
    [4, 'its past'],
  ]);
  const [x, weight, bias] = [inputAt(context, 0), inputAt(context, 1), context.inputs[2]];
  const product = vectorProduct(context, x, weight);
  const all = bias === undefined ? product : add(context, product, bias);
  const width = all.shape.at(-1)! / 3;
  const [q = width, k = width, v = width] = numbersAttr(context, 'qkv_hidden_sizes') ?? [];
  if (q + k + v !== all.shape.at(-1) || !Number.isInteger(q))
    refuse(`widths ${q}, ${k}, ${v} of [${all.shape}]`);
  const heads = numberAttr(context, 'num_heads', 0);
  const part = (first: number, count: number) =>
    splitHeads(pickValue(all, slicePick(all.shape, all.shape.length - 1, first, 1, count)), heads);
  return [finish(context, part(0, q), part(q, k), part(q + k, v), context.inputs[5])];
};

/** Queries, keys and values apart; their biases lie in one tensor. */
const multiHeadAttention: OpRule = context => {
  refuseInputs(context, [
    [4, 'its padding mask'],
    [6, 'its past key'],
    [7, 'its past value'],
  ]);
  const heads = numberAttr(context, 'num_heads', 0);
  const parts = [0, 1, 2].map(at => inputAt(context, at)) as [Value, Value, Value];
  if (parts[0].shape.length !== 3)
    refuse(`its queries are [${parts[0].shape}]; [batch, tokens, width] is supported`);
  const bias = context.inputs[3];
  let first = 0;
  const [query, key, value] = parts.map(x => {
    const split = x.shape.length === 4 ? x : splitHeads(x, heads);
    const width = split.shape[1]! * split.shape[3]!;
    const own = bias && pickValue(bias, slicePick(bias.shape, 0, first, 1, width));
    first += width;
    if (own === undefined) return split;
    return add(context, split, reshapeValue(own, [split.shape[1]!, 1, split.shape[3]!]));
  }) as [Value, Value, Value];
  return [finish(context, query, key, value, context.inputs[5])];
};

const NO_MASK = 'without padding masks and past keys';

export const microsoftOps: OpTable = {
  Gelu: { rule: context => [pointwise(context, inputAt(context, 0), 'gelu')] },
  FastGelu: { rule: context => [pointwise(context, withBias(context), 'tanh-gelu')] },
  BiasGelu: { rule: context => [pointwise(context, withBias(context), 'gelu')] },
  QuickGelu: {
    rule: context => [swish(context, inputAt(context, 0), numberAttr(context, 'alpha', 1.702))],
  },
  BiasSplitGelu: { rule: biasSplitGelu },
  FusedMatMul: { rule: fusedMatMul },
  FusedGemm: { rule: fused(linearOps.Gemm!.rule, undefined) },
  FusedConv: { rule: fused(conv, 3) },
  LayerNormalization: normOps.LayerNormalization!,
  SimplifiedLayerNormalization: normOps.SimplifiedLayerNormalization!,
  SkipLayerNormalization: { rule: skipNorm('layernorm', 4) },
  SkipSimplifiedLayerNormalization: { rule: skipNorm('rmsnorm', 3) },
  Attention: { rule: packedAttention, limits: NO_MASK },
  MultiHeadAttention: { rule: multiHeadAttention, limits: NO_MASK },
  QuantizeLinear: castOps.QuantizeLinear!,
  DequantizeLinear: castOps.DequantizeLinear!,
};
