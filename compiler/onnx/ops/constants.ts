/** Operators that make constants, or that work on nothing else. */
import { sizeOf } from '../../../ir/dialect.ts';
import { transposePick } from '../../ann/indices.ts';
import {
  axisIn,
  checkShape,
  constantAt,
  constantOf,
  inputAt,
  numberAttr,
  numbersAttr,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
} from '../context.ts';
import { type ElementType, elementOf } from '../tensor.ts';
import { makeConstant } from './arithmetic.ts';
import { ON_CONSTANTS, type OpTable } from './entry.ts';
import { axesLast } from './groups.ts';
import { matrixProduct } from './linear.ts';

/** Attributes that hold the numbers themselves, and whether they are a list. */
const PLAIN: readonly (readonly [name: string, element: ElementType, isList: boolean])[] = [
  ['value_float', 'float32', false],
  ['value_int', 'int64', false],
  ['value_floats', 'float32', true],
  ['value_ints', 'int64', true],
];

const constant: OpRule = context => {
  const { attributes } = context.node;
  const value = attributes.get('value');
  if (value?.kind === 'tensor') return [context.load(value.tensor)];
  for (const [name, element, isList] of PLAIN) {
    const numbers = numbersAttr(context, name);
    if (numbers !== undefined)
      return [makeConstant(element, isList ? [numbers.length] : [], i => numbers[i] ?? 0)];
  }
  return refuse(`attributes ${[...attributes.keys()].join(', ')}; numbers as a dense tensor are supported`);
};

const constantOfShape: OpRule = context => {
  const shape = checkShape(Array.from(constantAt(context, 0, 'the shape').data));
  const value = context.node.attributes.get('value');
  const fill =
    value?.kind === 'tensor' ? context.load(value.tensor) : constantOf('float32', [1], new Float32Array(1));
  const number = fill.data[0] ?? 0;
  return [makeConstant(fill.element, shape, () => number)];
};

const range: OpRule = context => {
  const [start, limit, delta] = ['the start', 'the limit', 'the step'].map((what, at) =>
    constantAt(context, at, what),
  );
  const { element, data } = start ?? refuse('it has no start');
  const [from, to, step] = [data[0] ?? 0, limit?.data[0] ?? 0, delta?.data[0] ?? 0];
  if (step === 0) refuse('a step of 0');
  return [makeConstant(element, [Math.max(0, Math.ceil((to - from) / step))], i => from + i * step)];
};

const eyeLike: OpRule = context => {
  const x = inputAt(context, 0);
  const [rows, columns] = x.shape;
  if (rows === undefined || columns === undefined || x.shape.length !== 2)
    return refuse(`[${x.shape}] is no matrix`);
  const given = context.node.attributes.has('dtype') ? elementOf(numberAttr(context, 'dtype', 0)) : undefined;
  const element = given ?? (x.kind === 'constant' ? x.element : 'float32');
  const k = numberAttr(context, 'k', 0);
  return [
    makeConstant(element, [rows, columns], i => ((i % columns) - Math.floor(i / columns) === k ? 1 : 0)),
  ];
};

/** An index that is out of range is nowhere. */
const oneHot: OpRule = context => {
  const indices = constantAt(context, 0, 'the index');
  const depth = Math.trunc(constantAt(context, 1, 'the depth').data[0] ?? 0);
  const { element, data } = constantAt(context, 2, 'the values');
  const rank = indices.shape.length + 1;
  const axis = axisIn(numberAttr(context, 'axis', -1), rank);
  const [off, on] = [data[0] ?? 0, data[1] ?? 1];
  const rows = makeConstant(element, [...indices.shape, depth], i => {
    const index = indices.data[Math.floor(i / depth)]!;
    return (index < 0 ? index + depth : index) === i % depth ? on : off;
  });
  const order = [...indices.shape.keys()].toSpliced(axis, 0, rank - 1);
  return [pickValue(rows, transposePick(rows.shape, order))];
};

/** Coordinates of what is not 0, one column each. */
const nonZero: OpRule = context => {
  const { data, shape } = constantAt(context, 0, 'its operand');
  const places = Array.from(data.keys()).filter(i => data[i] !== 0);
  const count = places.length;
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  return [
    makeConstant('int64', [shape.length, count], i => {
      const axis = Math.floor(i / count);
      return Math.floor(places[i % count]! / steps[axis]!) % shape[axis]!;
    }),
  ];
};

/** Of equal numbers the one with the lower index comes first. */
const topK: OpRule = context => {
  const x = constantAt(context, 0, 'its operand');
  const k = optionalConstantAt(context, 1, 'k')?.data[0] ?? numberAttr(context, 'k', 0);
  const axis = axisIn(numberAttr(context, 'axis', -1), x.shape.length);
  const sign = numberAttr(context, 'largest', 1) === 1 ? 1 : -1;
  const { value, restore } = axesLast(x, [axis]);
  const size = x.shape[axis]!;
  if (value.kind !== 'constant' || !(k >= 0 && k <= size)) return refuse(`the ${k} largest of ${size}`);
  const { data } = value;
  const shape = value.shape.with(-1, k);
  const order = Array.from({ length: sizeOf(value.shape.slice(0, -1)) }, (_, row) =>
    Array.from({ length: size }, (__, i) => row * size + i)
      .sort((a, b) => sign * (data[b]! - data[a]!) || a - b)
      .slice(0, k),
  ).flat();
  return [
    restore(makeConstant(x.element, shape, i => data[order[i]!]!)),
    restore(makeConstant('int64', shape, i => order[i]! % size)),
  ];
};

/** Which of the numbers along the axis go into number `column`. */
function prefixTest(context: OpContext): (row: number, column: number) => boolean {
  const isExclusive = numberAttr(context, 'exclusive', 0) === 1;
  const isReverse = numberAttr(context, 'reverse', 0) === 1;
  return (row, column) => (isReverse ? row > column : row < column) || (!isExclusive && row === column);
}

function axisInput(context: OpContext, rank: number): number {
  const axis = constantAt(context, 1, 'the axis').data[0];
  return axisIn(axis ?? refuse('it has no axis'), rank);
}

/** A sum over what came before is a product with a triangle of ones. */
const cumulativeSum: OpRule = context => {
  const x = inputAt(context, 0);
  const axis = axisInput(context, x.shape.length);
  const n = x.shape[axis]!;
  const isIn = prefixTest(context);
  const { value, restore } = axesLast(x, [axis]);
  const triangle = makeConstant('float32', [n, n], i => (isIn(Math.floor(i / n), i % n) ? 1 : 0));
  const rows = reshapeValue(value, [sizeOf(value.shape) / Math.max(1, n), n]);
  return [restore(reshapeValue(matrixProduct(context, rows, triangle), value.shape))];
};

const cumulativeProduct: OpRule = context => {
  const x = constantAt(context, 0, 'its operand');
  const axis = axisInput(context, x.shape.length);
  const n = x.shape[axis]!;
  if (sizeOf(x.shape) * n > 2 ** 28) refuse(`[${x.shape}] is too large for it`);
  const isIn = prefixTest(context);
  const { value, restore } = axesLast(x, [axis]);
  if (value.kind !== 'constant') return refuse('it is no constant');
  const { data } = value;
  const product = (i: number) => {
    const first = i - (i % n);
    return Array.from({ length: n }, (_, row) => (isIn(row, i % n) ? data[first + row]! : 1)).reduce(
      (a, b) => a * b,
      1,
    );
  };
  return [restore(makeConstant(x.element, value.shape, product))];
};

export const constantOps: OpTable = {
  Constant: { rule: constant, limits: 'numbers as a dense tensor' },
  ConstantOfShape: { rule: constantOfShape },
  Range: { rule: range, limits: ON_CONSTANTS },
  EyeLike: { rule: eyeLike },
  OneHot: { rule: oneHot, limits: ON_CONSTANTS },
  NonZero: { rule: nonZero, limits: ON_CONSTANTS, movesNumbers: true },
  TopK: { rule: topK, limits: ON_CONSTANTS },
  CumSum: { rule: cumulativeSum },
  CumProd: { rule: cumulativeProduct, limits: ON_CONSTANTS },
};
