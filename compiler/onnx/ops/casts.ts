/** Changes of type: casts, and the integers that quantized files hold. */
import { gatherPick } from '../../ann/indices.ts';
import {
  axisIn,
  type ConstantValue,
  constantAt,
  derivedConstant,
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  optionalConstantAt,
  pickValue,
  refuse,
  reshapeValue,
  type Value,
} from '../context.ts';
import { type ElementType, elementOf, isFloat, makeNumbers } from '../tensor.ts';
import { expandConstant, makeConstant } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { keeperOf, rangeOf, roundEven } from './numbers.ts';

/** Weights that are cast stay in the file. */
function castConstant(x: ConstantValue, to: ElementType): ConstantValue {
  const keep = keeperOf(to);
  return derivedConstant(x, `as ${to}`, to, x.shape, data => {
    const out = makeNumbers(to, data.length);
    for (let i = 0; i < out.length; i++) out[i] = keep(data[i]!);
    return out;
  });
}

/** The network is compiled in the chip's numbers, so a cast between float types says nothing. */
function castTo(x: Value, to: ElementType): Value {
  if (x.kind === 'constant') return castConstant(x, to);
  return isFloat(to) ? x : refuse(`numbers that depend on the image become ${to}; keep them floating-point`);
}

const cast: OpRule = context => {
  const to = elementOf(numberAttr(context, 'to', 0));
  return [castTo(inputAt(context, 0), to ?? refuse('it casts to a type that is not read'))];
};

const castLike: OpRule = context => {
  const like = inputAt(context, 1);
  return [castTo(inputAt(context, 0), like.kind === 'constant' ? like.element : 'float32')];
};

/** One scale for all, for each channel of an axis, or for each block of it, as a tensor of the shape of x. */
function spreadScale(context: OpContext, scale: ConstantValue, shape: readonly number[]): ConstantValue {
  if (scale.data.length === 1) return expandConstant(reshaped(scale, []), shape);
  const axis = axisIn(numberAttr(context, 'axis', 1), shape.length);
  const size = shape[axis]!;
  const block = numberAttr(context, 'block_size', 0);
  if (scale.shape.length === 1) {
    if (scale.shape[0] !== size) refuse(`${scale.shape[0]} scales for ${size} channels`);
    return expandConstant(
      reshaped(
        scale,
        shape.map((_, a) => (a === axis ? size : 1)),
      ),
      shape,
    );
  }
  const blocks = Array.from({ length: size }, (_, i) => Math.floor(i / Math.max(1, block)));
  const fits = scale.shape.length === shape.length && (blocks.at(-1) ?? 0) < scale.shape[axis]!;
  if (block < 1 || !fits) refuse(`scales [${scale.shape}] for [${shape}] in blocks of ${block}`);
  const all = pickValue(scale, gatherPick(scale.shape, axis, blocks, [size]));
  return all.kind === 'constant' ? all : scale;
}

function reshaped(x: ConstantValue, shape: readonly number[]): ConstantValue {
  const value = reshapeValue(x, shape);
  return value.kind === 'constant' ? value : x;
}

const OF_DATA =
  'it quantizes what depends on the image; export the model in floating point (the compiler chooses the integers ' +
  'of the chip itself; quantized weights may stay)';

function operands(context: OpContext) {
  const x = inputAt(context, 0);
  if (x.kind === 'data') return refuse(OF_DATA);
  const given = constantAt(context, 1, 'the scale');
  const zero = optionalConstantAt(context, 2, 'the zero point');
  const scale = spreadScale(context, given, x.shape);
  const offset = zero === undefined ? undefined : spreadScale(context, zero, x.shape);
  return { x, given, scale, zero, offset };
}

const outputElement = (context: OpContext): ElementType | undefined => {
  const code = numberAttr(context, 'output_dtype', 0);
  return code === 0 ? undefined : (elementOf(code) ?? refuse('it makes numbers of a type that is not read'));
};

const quantize: OpRule = context => {
  const { x, scale, zero, offset } = operands(context);
  const element = zero?.element ?? outputElement(context) ?? 'uint8';
  const [low, high] = rangeOf(element) ?? refuse(`it makes ${element}`);
  const keep = keeperOf(x.element);
  return [
    makeConstant(element, x.shape, i => {
      const q = roundEven(keep(x.data[i]! / scale.data[i]!)) + (offset?.data[i] ?? 0);
      return Math.min(Math.max(q, low), high);
    }),
  ];
};

const dequantize: OpRule = context => {
  const { x, given, scale, offset } = operands(context);
  const element = outputElement(context) ?? given.element;
  return [makeConstant(element, x.shape, i => (x.data[i]! - (offset?.data[i] ?? 0)) * scale.data[i]!)];
};

export const castOps: OpTable = {
  Cast: { rule: cast, movesNumbers: true, limits: 'of data: between floating-point types' },
  CastLike: { rule: castLike, movesNumbers: true, limits: 'of data: between floating-point types' },
  QuantizeLinear: { rule: quantize, limits: 'only of constants, as quantized weights are' },
  DequantizeLinear: { rule: dequantize, limits: 'only of constants, as quantized weights are' },
};
