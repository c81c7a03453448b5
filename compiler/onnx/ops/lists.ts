/** Lists of tensors of one shape: such a list is a tensor with one more axis, the first. */
import { sizeOf } from '../../../ir/dialect.ts';
import { slicePick, transposePick } from '../../ann/indices.ts';
import {
  axisIn,
  constantAt,
  constantOf,
  inputAt,
  numberAttr,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import type { OpEntry, OpTable } from './entry.ts';
import { joinAlong } from './join.ts';

const EQUAL = 'lists of tensors of one shape';

/** Pieces along an axis; without lengths each is one entry, whose axis `keepdims` keeps. */
const splitToSequence: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  const lengths = optionalConstantAt(context, 1, 'the lengths');
  const [length = 1, ...others] = Array.from(lengths?.data ?? [1]);
  const size = x.shape[axis]!;
  const count = size / length;
  const isLength = Number.isInteger(length) && length > 0;
  const isEven = isLength && Number.isInteger(count) && others.every(other => other === length);
  if (!isEven || (others.length > 0 && others.length + 1 !== count))
    return refuse(`pieces of [${lengths?.data}] of ${size}: their shapes differ`);
  const cut = reshapeValue(x, x.shape.toSpliced(axis, 1, count, length));
  const order = [axis, ...[...cut.shape.keys()].filter(a => a !== axis)];
  const list = pickValue(cut, transposePick(cut.shape, order));
  const drops = lengths === undefined && numberAttr(context, 'keepdims', 1) === 0;
  return [drops ? reshapeValue(list, list.shape.toSpliced(axis + 1, 1)) : list];
};

const sequenceAt: OpRule = context => {
  const list = inputAt(context, 0);
  const [at = 0] = constantAt(context, 1, 'the position').data;
  const index = axisIn(at, list.shape[0] ?? 0);
  return [reshapeValue(pickValue(list, slicePick(list.shape, 0, index, 1, 1)), list.shape.slice(1))];
};

const sequenceConstruct: OpRule = context => {
  const parts = context.inputs.map((_, at) => inputAt(context, at));
  return [
    joinAlong(
      context,
      parts.map(part => reshapeValue(part, [1, ...part.shape])),
      0,
    ),
  ];
};

const concatFromSequence: OpRule = context => {
  const list = inputAt(context, 0);
  const isNew = numberAttr(context, 'new_axis', 0) === 1;
  const rank = list.shape.length - 1 + (isNew ? 1 : 0);
  const axis = axisIn(numberAttr(context, 'axis', 0), rank);
  const order = [...list.shape.keys()].slice(1).toSpliced(axis, 0, 0);
  const moved: Value = pickValue(list, transposePick(list.shape, order));
  if (isNew) return [moved];
  return [reshapeValue(moved, moved.shape.toSpliced(axis, 2, sizeOf(moved.shape.slice(axis, axis + 2))))];
};

const sequenceLength: OpRule = context => [
  constantOf('int64', [], Float64Array.of(inputAt(context, 0).shape[0] ?? 0)),
];

const list = (rule: OpRule): OpEntry => ({ rule, limits: EQUAL, movesNumbers: true });

export const listOps: OpTable = {
  SplitToSequence: list(splitToSequence),
  SequenceAt: list(sequenceAt),
  SequenceConstruct: list(sequenceConstruct),
  ConcatFromSequence: list(concatFromSequence),
  SequenceLength: list(sequenceLength),
};
