/** Powers: whole and half exponents of data are products and roots. */
import { uniformOf } from '../../ann/values.ts';
import { type OpContext, refuse, type Value } from '../context.ts';
import { affine, mapConstant, multiply, pointwise, zip } from './arithmetic.ts';

/** Above, the products of a power are more than any network wants. */
const LARGEST = 64;

export function power(context: OpContext, x: Value, exponent: Value): Value {
  if (exponent.kind === 'data') return powerOfConstant(context, x, exponent);
  if (x.kind === 'constant') return zip(x, exponent, (a, b) => a ** b);
  const p = uniformOf(exponent.data) ?? refuse('its exponents differ; give one for all elements');
  const isSupported = Number.isInteger(2 * p) && Math.abs(p) <= LARGEST;
  if (!isSupported) refuse(`exponent ${p}; whole and half numbers up to ${LARGEST} are supported`);
  const y = positivePower(context, x, Math.abs(p));
  const value = p < 0 ? pointwise(context, y, 'reciprocal') : y;
  return multiply(
    context,
    value,
    mapConstant(exponent, () => 1),
  );
}

/** aˣ = e^(x · ln a) for a > 0. */
function powerOfConstant(context: OpContext, base: Value, x: Value): Value {
  if (base.kind === 'data') return refuse('its base and its exponent depend on the image');
  if (!base.data.every(a => a > 0)) return refuse('its base is not positive and its exponent no constant');
  return pointwise(context, multiply(context, x, mapConstant(base, Math.log, 'float64')), 'exp');
}

/** By repeated squaring; halves are a root. */
function positivePower(context: OpContext, x: Value, p: number): Value {
  if (p === 0) return affine(context, x, 0, 1);
  if (p === 1) return x;
  if (p === 0.5) return pointwise(context, x, 'sqrt');
  if (p === 3) return pointwise(context, x, 'cube');
  if (!Number.isInteger(p))
    return multiply(context, positivePower(context, x, p - 0.5), pointwise(context, x, 'sqrt'));
  if (p % 2 === 1) return multiply(context, positivePower(context, x, p - 1), x);
  return pointwise(context, positivePower(context, x, p / 2), 'square');
}
