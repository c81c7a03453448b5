/** Comparisons, logic and bits, all of constants, and the choice that a constant makes. */
import { sizeOf } from '../../../ir/dialect.ts';
import { broadcastPick, broadcastShape, indicesOf, pickOf } from '../../ann/indices.ts';
import {
  checkShape,
  constantAt,
  constantOf,
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  refuse,
  stringAttr,
} from '../context.ts';
import { mapConstant, zip } from './arithmetic.ts';
import { ON_CONSTANTS, type OpEntry, type OpTable } from './entry.ts';
import { joinParts } from './join.ts';

const operands = (context: OpContext) => {
  const [a, b] = [inputAt(context, 0), inputAt(context, 1)];
  return a.kind === 'constant' && b.kind === 'constant'
    ? ([a, b] as const)
    : refuse('a comparison of the image decides something; only constants may');
};

const compared = (apply: (a: number, b: number) => boolean): OpEntry => ({
  limits: ON_CONSTANTS,
  rule: context => [zip(...operands(context), (x, y) => (apply(x, y) ? 1 : 0), 'bool')],
});

/** Bits of whole numbers; what is no whole number has none here. */
const bitsOf = (x: number): bigint => (Number.isInteger(x) ? BigInt(x) : refuse(`bits of ${x}`));

const onBits = (apply: (a: bigint, b: bigint) => bigint): OpEntry => ({
  limits: ON_CONSTANTS,
  rule: context => [zip(...operands(context), (x, y) => Number(apply(bitsOf(x), bitsOf(y))))],
});

/** By as many bits as the type has, or more, or less than none: nothing but the sign is left. */
const bitShift: OpRule = context => {
  const isLeft = stringAttr(context, 'direction', 'LEFT') === 'LEFT';
  const shift = (x: bigint, by: bigint) => {
    const all = by < 0n || by > 63n ? 64n : by;
    return isLeft ? x << all : x >> all;
  };
  return [zip(...operands(context), (x, y) => Number(shift(bitsOf(x), bitsOf(y))))];
};

const tested = (apply: (context: OpContext) => (x: number) => boolean): OpEntry => ({
  limits: ON_CONSTANTS,
  rule: context => {
    const test = apply(context);
    return [mapConstant(constantAt(context, 0, 'its operand'), x => (test(x) ? 1 : 0), 'bool')];
  },
});

/** Exporters guard attention against rows that are masked out as a whole: 0 where softmax gives no number. */
const isNaNRule: OpEntry = {
  limits: 'the operand must be a constant or what a softmax gives',
  rule: context => {
    const x = inputAt(context, 0);
    const made = x.kind === 'data' ? x.sources.map(source => source.id) : [];
    const { nodes } = context.draft;
    const isSoftmax = made.every(id => nodes.some(node => node.id === id && node.kind === 'softmax'));
    if (x.kind === 'constant' || !isSoftmax) return tested(() => Number.isNaN).rule(context);
    return [constantOf('bool', x.shape, new Uint8Array(sizeOf(x.shape)))];
  },
};

const isInfinite = (context: OpContext) => {
  const [low, high] = [numberAttr(context, 'detect_negative', 1), numberAttr(context, 'detect_positive', 1)];
  return (x: number) =>
    (x === Number.POSITIVE_INFINITY && high === 1) || (x === Number.NEGATIVE_INFINITY && low === 1);
};

/** Chosen by constants, so a choice between elements that are where they are. */
const where: OpRule = context => {
  const condition = constantAt(context, 0, 'the condition');
  const [a, b] = [inputAt(context, 1), inputAt(context, 2)];
  const chosen = broadcastShape(a.shape, b.shape);
  const joined = chosen && broadcastShape(condition.shape, chosen);
  const shape = checkShape(joined ?? refuse(`shapes [${condition.shape}], [${a.shape}] and [${b.shape}]`));
  const [test, yes, no] = [condition, a, b].map(x => indicesOf(broadcastPick(x.shape, shape)));
  const index = new Int32Array(sizeOf(shape));
  for (let i = 0; i < index.length; i++) {
    const isTrue = condition.data[test?.[i] ?? i] !== 0;
    index[i] = isTrue ? (yes?.[i] ?? i) : sizeOf(a.shape) + (no?.[i] ?? i);
  }
  return [joinParts(context, [a, b], pickOf(index, shape, sizeOf(a.shape) + sizeOf(b.shape)))];
};

export const logicOps: OpTable = {
  Where: { rule: where, limits: 'the condition is a constant' },
  Equal: compared((a, b) => a === b),
  Greater: compared((a, b) => a > b),
  GreaterOrEqual: compared((a, b) => a >= b),
  Less: compared((a, b) => a < b),
  LessOrEqual: compared((a, b) => a <= b),
  And: compared((a, b) => a !== 0 && b !== 0),
  Or: compared((a, b) => a !== 0 || b !== 0),
  Xor: compared((a, b) => (a !== 0) !== (b !== 0)),
  Not: tested(() => x => x === 0),
  IsNaN: isNaNRule,
  IsInf: tested(isInfinite),
  BitwiseAnd: onBits((a, b) => a & b),
  BitwiseOr: onBits((a, b) => a | b),
  BitwiseXor: onBits((a, b) => a ^ b),
  BitwiseNot: {
    rule: context => [mapConstant(constantAt(context, 0, 'its operand'), x => Number(~bitsOf(x)))],
    limits: ON_CONSTANTS,
  },
  BitShift: { rule: bitShift, limits: ON_CONSTANTS },
};
