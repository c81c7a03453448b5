/**
 * Einstein sums as matrix products, two operands at a time from the left: letters that both operands have and that
 * are still wanted are stacks, letters that only both operands have are summed over, the others are rows and columns.
 */
import { sizeOf } from '../../../ir/dialect.ts';
import { slicePick, transposePick } from '../../ann/indices.ts';
import {
  inputAt,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { expandTo, multiply } from './arithmetic.ts';
import type { OpTable } from './entry.ts';
import { reduceValue, withoutAxes } from './groups.ts';
import { matrixProduct } from './linear.ts';

/** A tensor whose axes have names; those of an ellipsis are "0", "1", … from the last one on. */
interface Lettered {
  readonly value: Value;
  readonly letters: readonly string[];
}

/** The same tensor with its axes in the order of `wanted`, which it all has. */
function ordered({ value, letters }: Lettered, wanted: readonly string[]): Lettered {
  const axes = wanted.map(letter => letters.indexOf(letter));
  return { value: pickValue(value, transposePick(value.shape, axes)), letters: wanted };
}

const sizesOf = ({ value, letters }: Lettered, wanted: readonly string[]): readonly number[] =>
  wanted.map(letter => value.shape[letters.indexOf(letter)] ?? 1);

/** Letters of one term; `...` stands for as many axes as `rank` leaves. */
function lettersOf(term: string, rank: number, equation: string): readonly string[] {
  const [left = '', right, ...more] = term.split('...');
  const named = [...left, ...(right ?? '')];
  const isSound = more.length === 0 && named.every(letter => /^[A-Za-z]$/.test(letter));
  const hidden = rank - named.length;
  if (!isSound || hidden < 0 || (right === undefined && hidden > 0)) refuse(`${equation} with ${rank} axes`);
  return [...left, ...Array.from({ length: hidden }, (_, i) => `${hidden - 1 - i}`), ...(right ?? '')];
}

const isHidden = (letter: string): boolean => /^\d/.test(letter);

function resultLetters(text: string | undefined, operands: readonly Lettered[], equation: string) {
  const all = operands.flatMap(operand => operand.letters);
  const hidden = [...new Set(all.filter(isHidden))].toSorted((a, b) => Number(b) - Number(a));
  const once = all.filter(letter => !isHidden(letter) && all.indexOf(letter) === all.lastIndexOf(letter));
  if (text === undefined) return [...hidden, ...once.toSorted()];
  const rank = text.replace('...', '').length + (text.includes('...') ? hidden.length : 0);
  const letters = lettersOf(text, rank, equation);
  const isMade = letters.every(letter => all.includes(letter)) && new Set(letters).size === letters.length;
  return isMade ? letters : refuse(`equation ${equation}`);
}

/** A letter twice in one term: the diagonal. */
function diagonal({ value, letters }: Lettered): Lettered {
  const twice = letters.find((letter, i) => letters.indexOf(letter) !== i);
  if (twice === undefined) return { value, letters };
  const [i, j] = [letters.indexOf(twice), letters.lastIndexOf(twice)];
  const size = value.shape[i]!;
  if (value.shape[j] !== size) refuse(`${twice} is ${size} and ${value.shape[j]}`);
  const rest = letters.map((_, axis) => axis).filter(axis => axis !== i && axis !== j);
  const last = pickValue(value, transposePick(value.shape, [...rest, i, j]));
  const flat = reshapeValue(last, [...last.shape.slice(0, -2), size * size]);
  const line = pickValue(flat, slicePick(flat.shape, rest.length, 0, size + 1, size));
  return diagonal({ value: line, letters: [...rest.map(axis => letters[axis]!), twice] });
}

/** An axis of size 1 of an ellipsis is as long as its namesake. */
function broadcastHidden(operand: Lettered, sizes: ReadonlyMap<string, number>): Lettered {
  const shape = operand.letters.map((letter, axis) => {
    const [own, size] = [operand.value.shape[axis]!, sizes.get(letter)!];
    return own === size || own === 1 ? size : refuse(`axis ${letter} is ${own} and ${size}`);
  });
  return { ...operand, value: expandTo(operand.value, shape) };
}

function summed(context: OpContext, { value, letters }: Lettered, wanted: readonly string[]): Lettered {
  const axes = letters.flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  const sum = withoutAxes(reduceValue(context, value, 'sum', axes), axes);
  return { value: sum, letters: letters.filter(letter => wanted.includes(letter)) };
}

/** The product of two operands, of whose letters `wanted` stay. */
function contract(
  context: OpContext,
  first: Lettered,
  second: Lettered,
  wanted: readonly string[],
): Lettered {
  const a = summed(context, first, [...wanted, ...second.letters]);
  const b = summed(context, second, [...wanted, ...first.letters]);
  const shared = a.letters.filter(letter => b.letters.includes(letter));
  const stacked = shared.filter(letter => wanted.includes(letter));
  const inner = shared.filter(letter => !wanted.includes(letter));
  const rows = a.letters.filter(letter => !shared.includes(letter));
  const columns = b.letters.filter(letter => !shared.includes(letter));
  const letters = [...stacked, ...rows, ...columns];
  const sizes = [...sizesOf(a, stacked), ...sizesOf(a, rows), ...sizesOf(b, columns)];
  if (inner.length === 0 && (rows.length === 0 || columns.length === 0)) {
    const [x, y] = [ordered(a, [...stacked, ...rows]).value, ordered(b, [...stacked, ...columns]).value];
    const column = (value: Value, count: number) =>
      reshapeValue(value, [...value.shape, ...Array.from({ length: count }, () => 1)]);
    return { value: multiply(context, column(x, columns.length), column(y, rows.length)), letters };
  }
  const [lead, width] = [sizesOf(a, stacked), sizeOf(sizesOf(a, inner))];
  const left = ordered(a, [...stacked, ...rows, ...inner]).value;
  const right = ordered(b, [...stacked, ...inner, ...columns]).value;
  const product = matrixProduct(
    context,
    reshapeValue(left, [...lead, sizeOf(sizesOf(a, rows)), width]),
    reshapeValue(right, [...lead, width, sizeOf(sizesOf(b, columns))]),
  );
  return { value: reshapeValue(product, sizes), letters };
}

const einsum: OpRule = context => {
  const equation = stringAttr(context, 'equation', '');
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (more.length > 0 || terms.length !== context.inputs.length) refuse(`equation ${equation}`);
  const operands = terms.map((term, at) => {
    const value = inputAt(context, at);
    return diagonal({ value, letters: lettersOf(term, value.shape.length, equation) });
  });
  const sizes = new Map<string, number>();
  for (const { value, letters } of operands)
    letters.forEach((letter, axis) => {
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, value.shape[axis]!));
    });
  const result = resultLetters(right, operands, equation);
  const [head, ...others] = operands.map(operand => broadcastHidden(operand, sizes));
  const all = others.reduce(
    (a, b, at) => {
      const later = others.slice(at + 1).flatMap(operand => operand.letters);
      return contract(context, a, b, [...result, ...later]);
    },
    head ?? refuse(`equation ${equation}`),
  );
  return [ordered(summed(context, all, result), result).value];
};

export const einsumOps: OpTable = { Einsum: { rule: einsum } };
