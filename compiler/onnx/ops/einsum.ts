/**
 * Einstein sums of two operands as matrix products: letters that both operands and the result have are stacks,
 * letters that only the operands have are summed over, the others are rows and columns.
 */
import { sizeOf } from '../../../ir/dialect.ts';
import { transposePick } from '../../ann/indices.ts';
import { inputAt, type OpRule, pickValue, refuse, reshapeValue, stringAttr, type Value } from '../context.ts';
import { matrixProduct } from './linear.ts';

/** A tensor whose axes have names. */
interface Lettered {
  readonly value: Value;
  readonly letters: readonly string[];
}

/** The same tensor with its axes in the order of `letters`, which it all has. */
function ordered({ value, letters }: Lettered, wanted: readonly string[]): Lettered {
  const axes = wanted.map(letter => letters.indexOf(letter));
  return { value: pickValue(value, transposePick(value.shape, axes)), letters: wanted };
}

const sizesOf = ({ value, letters }: Lettered, wanted: readonly string[]): readonly number[] =>
  wanted.map(letter => value.shape[letters.indexOf(letter)] ?? 1);

function parse(equation: string): { operands: readonly (readonly string[])[]; result: readonly string[] } {
  const text = equation.replaceAll(' ', '');
  const [left = '', right] = text.split('->');
  if (!/^[A-Za-z]+(?:,[A-Za-z]+)?$/.test(left) || !/^[A-Za-z]*$/.test(right ?? ''))
    refuse(`equation ${equation}`);
  const operands = left.split(',').map(letters => [...letters]);
  const all = operands.flat();
  const once = [...new Set(all)].filter(letter => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  const result = right === undefined ? once : [...right];
  const isPlain = [...operands, result].every(letters => new Set(letters).size === letters.length);
  const isMade = result.every(letter => all.includes(letter));
  return isPlain && isMade ? { operands, result } : refuse(`equation ${equation}`);
}

const einsum: OpRule = context => {
  const equation = stringAttr(context, 'equation', '');
  const { operands, result } = parse(equation);
  const [a, b] = operands.map((letters, at): Lettered => {
    const value = inputAt(context, at);
    return value.shape.length === letters.length
      ? { value, letters }
      : refuse(`[${value.shape}] in ${equation}`);
  });
  if (a === undefined || operands.length !== context.inputs.length) return refuse(`equation ${equation}`);
  if (b === undefined) {
    return a.letters.length === result.length
      ? [ordered(a, result).value]
      : refuse(`sum over one operand, ${equation}`);
  }
  const inB = (letter: string) => b.letters.includes(letter);
  const stacked = result.filter(letter => a.letters.includes(letter) && inB(letter));
  const summed = a.letters.filter(letter => inB(letter) && !result.includes(letter));
  const rows = a.letters.filter(letter => !inB(letter));
  const columns = b.letters.filter(letter => !a.letters.includes(letter));
  if ([...rows, ...columns].some(letter => !result.includes(letter)))
    refuse(`sum over one operand, ${equation}`);
  for (const letters of [stacked, summed]) {
    if (`${sizesOf(a, letters)}` !== `${sizesOf(b, letters)}`)
      refuse(`[${a.value.shape}] and [${b.value.shape}]`);
  }
  const [lead, inner] = [sizesOf(a, stacked), sizeOf(sizesOf(a, summed))];
  const left = ordered(a, [...stacked, ...rows, ...summed]).value;
  const right = ordered(b, [...stacked, ...summed, ...columns]).value;
  const product = matrixProduct(
    context,
    reshapeValue(left, [...lead, sizeOf(sizesOf(a, rows)), inner]),
    reshapeValue(right, [...lead, inner, sizeOf(sizesOf(b, columns))]),
  );
  const value = reshapeValue(product, [...lead, ...sizesOf(a, rows), ...sizesOf(b, columns)]);
  return [ordered({ value, letters: [...stacked, ...rows, ...columns] }, result).value];
};

export const einsumOps: { readonly [operator: string]: OpRule } = { Einsum: einsum };
