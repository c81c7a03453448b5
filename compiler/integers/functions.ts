/** Functions of a population in integers: tables, and constants in the log domain. */
import type { ConstantPool, ConstId, TensorData } from '../../ir/constants.ts';
import type { IntFunction } from '../../ir/int.ts';
import { logKey } from '../../ir/interpret/soma.ts';
import type { SnnFunction, SnnOf } from '../../ir/snn.ts';
import { remainderTable, tableEntries } from '../../ir/soma-forms.ts';
import { constantFactor } from './weights.ts';

/** Fraction bits of remainder tables: more would not help. */
const TABLE_FRACTION = 12;

export interface FunctionFormat {
  readonly fraction: number;
  readonly outFraction: number;
  /** Undefined: by multiplication, division and root. */
  readonly tables: { readonly log2: ConstId; readonly exp2: ConstId } | undefined;
}

type NormFunction = Extract<SnnFunction, { kind: 'layernorm' | 'rmsnorm' }>;

export function integerFunction(
  { attrs, type }: SnnOf<'population'>,
  format: FunctionFormat,
  constants: ConstantPool,
): IntFunction {
  const fn = attrs.function;
  const { tables } = format;
  switch (fn.kind) {
    case 'identity':
      return fn;
    case 'softmax':
      return { kind: 'softmax', ...constantFactor(logScale(fn)), ...tables };
    case 'layernorm':
    case 'rmsnorm':
      return integerNorm(fn, type.shape.at(-1)!, format, constants);
    case 'pointwise': {
      const entries = tables === undefined ? 0 : tableEntries(fn.name);
      const data = remainderTable(fn.name, TABLE_FRACTION);
      const table = entries === 0 ? undefined : constants.add({ dtype: 'i32', shape: [entries], data });
      return { kind: 'pointwise', name: fn.name, table, tableFraction: TABLE_FRACTION };
    }
    default:
      return fn satisfies never;
  }
}

/** The factor that brings scores to the log2 domain. */
export const logScale = ({ scale, base }: Extract<SnnFunction, { kind: 'softmax' }>): number =>
  base === 'e' ? scale * Math.LOG2E : scale;

function integerNorm(
  fn: NormFunction,
  channels: number,
  { fraction, outFraction, tables }: FunctionFormat,
  constants: ConstantPool,
): IntFunction {
  const beta = fn.kind === 'layernorm' ? fn.beta : undefined;
  const squares = fn.kind === 'layernorm' ? channels ** 3 : channels;
  const put = (data: Int32Array, shape: readonly number[]) => constants.add({ dtype: 'i32', shape, data });
  const offset = (data: TensorData) =>
    put(
      Int32Array.from(data, b => Math.floor(b * 2 ** outFraction + 0.5)),
      [channels],
    );
  const keys = {
    epsilonKey: logKey(Math.max(squares * fn.epsilon * 4 ** fraction, TINY)),
    channelKey: logKey(channels),
    gain: fn.gamma === undefined ? undefined : put(gainKeys(constants.get(fn.gamma).data), [2, channels]),
    offset: beta === undefined ? undefined : offset(constants.get(beta).data),
  };
  return { kind: fn.kind, ...keys, ...tables };
}

/** An ε of 0 still has a logarithm; this one is below every sum of squares that is not 0. */
const TINY = 2 ** -32;

/** lg|γ| of every channel, then sign(γ). */
function gainKeys(gamma: TensorData): Int32Array {
  const out = new Int32Array(2 * gamma.length);
  for (let c = 0; c < gamma.length; c++) {
    const g = gamma[c]!;
    out[c] = g === 0 ? 0 : logKey(Math.abs(g));
    out[gamma.length + c] = Math.sign(g);
  }
  return out;
}
