/** Operators that make constants. */
import { sizeOf } from '../../../ir/dialect.ts';
import { broadcastPick, broadcastShape, indicesOf, pickOf } from '../../ann/indices.ts';
import { checkShape, constantAt, constantOf, inputAt, numbersAttr, type OpRule, refuse } from '../context.ts';
import { makeNumbers } from '../tensor.ts';
import { joinParts } from './views.ts';

const constant: OpRule = context => {
  const { attributes } = context.node;
  const value = attributes.get('value');
  if (value?.kind === 'tensor') return [context.load(value.tensor)];
  for (const [name, element] of [
    ['value_float', 'float32'],
    ['value_int', 'int64'],
  ] as const) {
    const numbers = numbersAttr(context, name);
    if (numbers !== undefined)
      return [
        constantOf(
          element,
          [],
          makeNumbers(element, 1).map((_, i) => numbers[i] ?? 0),
        ),
      ];
  }
  for (const [name, element] of [
    ['value_floats', 'float32'],
    ['value_ints', 'int64'],
  ] as const) {
    const numbers = numbersAttr(context, name);
    if (numbers === undefined) continue;
    return [
      constantOf(
        element,
        [numbers.length],
        makeNumbers(element, numbers.length).map((_, i) => numbers[i]!),
      ),
    ];
  }
  return refuse(`attributes ${[...attributes.keys()].join(', ')}`);
};

const constantOfShape: OpRule = context => {
  const shape = checkShape(Array.from(constantAt(context, 0, 'the shape').data));
  const value = context.node.attributes.get('value');
  const fill =
    value?.kind === 'tensor' ? context.load(value.tensor) : constantOf('float32', [1], new Float32Array(1));
  return [constantOf(fill.element, shape, makeNumbers(fill.element, sizeOf(shape)).fill(fill.data[0] ?? 0))];
};

const range: OpRule = context => {
  const [start, limit, delta] = ['the start', 'the limit', 'the step'].map((what, at) =>
    constantAt(context, at, what),
  );
  const { element, data } = start ?? refuse('it has no start');
  const [from, to, step] = [data[0] ?? 0, limit?.data[0] ?? 0, delta?.data[0] ?? 0];
  const length = Math.max(0, Math.ceil((to - from) / step));
  checkShape([length]);
  return [
    constantOf(
      element,
      [length],
      makeNumbers(element, length).map((_, i) => from + i * step),
    ),
  ];
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

export const constantOps: { readonly [operator: string]: OpRule } = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Where: where,
};
