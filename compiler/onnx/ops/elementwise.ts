/** Operators that work element by element. */
import type { PointwiseName } from '../../../ir/ann.ts';
import { inputAt, numberAttr, type OpContext, type OpRule, refuse, type Value } from '../context.ts';
import {
  add,
  affine,
  divide,
  mapConstant,
  maximum,
  minimum,
  multiply,
  negate,
  pointwise,
  subtract,
  zip,
} from './arithmetic.ts';
import { ON_CONSTANTS, type OpEntry, type OpTable } from './entry.ts';
import { roundEven } from './numbers.ts';
import { power } from './power.ts';

type Binary = (context: OpContext, a: Value, b: Value) => Value;
const binary =
  (apply: Binary): OpRule =>
  context => [apply(context, inputAt(context, 0), inputAt(context, 1))];

/** Any number of operands. */
const folded =
  (apply: Binary): OpRule =>
  context => {
    const [head, ...others] = context.inputs.map((_, at) => inputAt(context, at));
    return [others.reduce((a, b) => apply(context, a, b), head ?? refuse('it has no inputs'))];
  };

const mean: OpRule = context => {
  const [total] = folded(add)(context);
  return [affine(context, total ?? refuse('it has no inputs'), 1 / context.inputs.length)];
};

const named = (name: PointwiseName): OpEntry => ({
  rule: context => [pointwise(context, inputAt(context, 0), name)],
});

/** Known when the network is compiled, or not supported: it has no place in a neuron. */
const onConstants = (apply: (value: number) => number): OpEntry => ({
  limits: ON_CONSTANTS,
  rule: context => {
    const x = inputAt(context, 0);
    return x.kind === 'constant' ? [mapConstant(x, apply)] : refuse('it depends on the image');
  },
});

const modulo: OpRule = context => {
  const [a, b] = [inputAt(context, 0), inputAt(context, 1)];
  const isFmod = numberAttr(context, 'fmod', 0) === 1;
  const apply = (x: number, y: number) => {
    const rest = x % y;
    return isFmod || rest === 0 || rest < 0 === y < 0 ? rest : rest + y;
  };
  return a.kind === 'constant' && b.kind === 'constant'
    ? [zip(a, b, apply)]
    : refuse('it depends on the image');
};

export const elementwiseOps: OpTable = {
  Add: { rule: binary(add) },
  Sub: { rule: binary(subtract) },
  Mul: { rule: binary(multiply) },
  Div: { rule: binary(divide) },
  Pow: {
    rule: binary(power),
    limits: 'of data: one whole or half exponent, or a positive constant as base',
  },
  Sum: { rule: folded(add) },
  Mean: { rule: mean },
  Max: { rule: folded(maximum) },
  Min: { rule: folded(minimum) },
  Mod: { rule: modulo, limits: ON_CONSTANTS },
  Neg: { rule: context => [negate(context, inputAt(context, 0))] },
  Relu: named('relu'),
  Erf: named('erf'),
  Tanh: named('tanh'),
  Sigmoid: named('sigmoid'),
  Exp: named('exp'),
  Log: named('log'),
  Sqrt: named('sqrt'),
  Reciprocal: named('reciprocal'),
  Abs: named('abs'),
  Floor: onConstants(Math.floor),
  Ceil: onConstants(Math.ceil),
  Round: onConstants(roundEven),
  Sign: onConstants(Math.sign),
  Sin: onConstants(Math.sin),
  Cos: onConstants(Math.cos),
  Tan: onConstants(Math.tan),
  Asin: onConstants(Math.asin),
  Acos: onConstants(Math.acos),
  Atan: onConstants(Math.atan),
  Sinh: onConstants(Math.sinh),
  Cosh: onConstants(Math.cosh),
  Asinh: onConstants(Math.asinh),
  Acosh: onConstants(Math.acosh),
  Atanh: onConstants(Math.atanh),
};
