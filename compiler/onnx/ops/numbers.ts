/** Numbers as their element type holds them: integers wrap around, floats round half to even. */
import type { ElementType } from '../tensor.ts';

/** Half to even, as ONNX has it. */
export function roundEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

const asis = (x: number): number => x;

/** The nearest number with `bits` significant bits; infinite above `max`. */
function roundBits(bits: number, smallest: number, max: number): (x: number) => number {
  const view = new DataView(new ArrayBuffer(8));
  return x => {
    if (x === 0 || !Number.isFinite(x)) return x;
    view.setFloat64(0, x);
    const exponent = ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
    const step = 2 ** Math.max(exponent - bits + 1, smallest);
    const rounded = roundEven(x / step) * step;
    return Math.abs(rounded) > max ? Math.sign(x) * Number.POSITIVE_INFINITY : rounded;
  };
}

/** Modulo 2^bits; numbers up to 2^53 are exact. */
const wrap = (bits: number, isSigned: boolean) => (x: number) => {
  if (Number.isNaN(x)) return 0;
  const [low, high] = integerRange(bits, isSigned);
  const whole = Math.trunc(x);
  if ((whole >= low && whole <= high) || !Number.isFinite(whole))
    return Math.min(Math.max(whole, low), high) + 0;
  const big = BigInt(whole);
  return Number(isSigned ? BigInt.asIntN(bits, big) : BigInt.asUintN(bits, big));
};

const integerRange = (bits: number, isSigned: boolean): readonly [number, number] =>
  isSigned ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];

interface Kind {
  /** A number as the type holds it. */
  readonly keep: (x: number) => number;
  /** Of integers. */
  readonly range?: readonly [low: number, high: number];
}

const integer = (bits: number, isSigned: boolean): Kind => ({
  keep: wrap(bits, isSigned),
  range: integerRange(bits, isSigned),
});

const KINDS: { readonly [E in ElementType]: Kind } = {
  float64: { keep: asis },
  float32: { keep: Math.fround },
  float16: { keep: roundBits(11, -24, 65504) },
  bfloat16: { keep: roundBits(8, -133, 3.3895313892515355e38) },
  int64: integer(64, true),
  int32: integer(32, true),
  int16: integer(16, true),
  int8: integer(8, true),
  uint64: integer(64, false),
  uint32: integer(32, false),
  uint16: integer(16, false),
  uint8: integer(8, false),
  bool: { keep: x => (x === 0 ? 0 : 1) },
};

/** How `element` holds a result of arithmetic. */
export const keeperOf = (element: ElementType): ((x: number) => number) => KINDS[element].keep;

/** Smallest and largest integer of the type; undefined for what is no integer. */
export const rangeOf = (element: ElementType): readonly [low: number, high: number] | undefined =>
  KINDS[element].range;
