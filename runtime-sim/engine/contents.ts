/** Numbers for arrays by what they hold: cores repeat weights and tables, which are worth finding once. */
import { sha256 } from '../../ir/constants.ts';

type Data = Int8Array | Int16Array | Int32Array | Uint8Array | Float64Array;
/** Equal arrays have equal numbers. */
export type Contents = (data: Data) => number;

export function createContents(): Contents {
  const known = new Map<string, number>();
  const seen = new WeakMap<Data, number>();
  return data => {
    const old = seen.get(data);
    if (old !== undefined) return old;
    const { buffer, byteOffset, byteLength, length } = data;
    const key = `${length} ${byteLength} ${sha256(new Uint8Array(buffer, byteOffset, byteLength))}`;
    const number = known.get(key) ?? known.size;
    known.set(key, number);
    seen.set(data, number);
    return number;
  };
}
