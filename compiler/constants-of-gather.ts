/** Constants of a population's gather: into the bias of its first linear, or one bias of their own. */
import type { ConstantPool, ConstId } from '../ir/constants.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { Term, TermOf } from './gather.ts';

/** A term with the constants that enter with it; no term is a constant where a linear takes them in. */
export interface Settled {
  readonly term: Term;
  readonly bias: ConstId | undefined;
}

/** `shape`: [groups, rows, channels] of the population. */
export function settleConstants(
  terms: readonly Term[],
  shape: readonly number[],
  constants: ConstantPool,
): readonly Settled[] {
  const added = terms.filter(term => term.kind === 'bias');
  const others = terms.filter(term => term.kind !== 'bias');
  const home = others.find(term => term.kind === 'linear');
  const settled = others.map((term): Settled => {
    const bias =
      term.kind === 'linear' ? rowBias(term, term === home ? added : [], shape, constants) : undefined;
    return { term, bias };
  });
  const [first] = added;
  if (home !== undefined || first === undefined) return settled;
  return [...settled, { term: { ...first, value: sumOf(added, constants) }, bias: undefined }];
}

/** The sum of constants that repeat with different periods. */
function sumOf(added: readonly TermOf<'bias'>[], constants: ConstantPool): ConstId {
  const [first, ...more] = added.map(term => term.value);
  if (more.length === 0) return first!;
  const all = added.map(term => constants.get(term.value));
  const longest = all.reduce((a, b) => (b.data.length > a.data.length ? b : a));
  const data = Float64Array.from({ length: longest.data.length }, (_, i) =>
    all.reduce((sum, tensor) => sum + tensor.data[i % tensor.data.length]!, 0),
  );
  return constants.add({ dtype: 'f64', shape: longest.shape, data });
}

/** Bias of a linear, spread over its rows where a view made holes or a constant is added to it. */
function rowBias(
  { bias, present }: TermOf<'linear'>,
  added: readonly TermOf<'bias'>[],
  shape: readonly number[],
  constants: ConstantPool,
): ConstId | undefined {
  if (added.length === 0 && (present === undefined || bias === undefined)) return bias;
  const [, rows, channels] = shape as [number, number, number];
  const own = bias === undefined ? undefined : constants.get(bias).data;
  const extra = added.map(term => constants.get(term.value).data);
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const isThere = present === undefined || present[Math.floor(i / channels)] === 1;
    const start = isThere ? (own?.[i % channels] ?? 0) : 0;
    return extra.reduce((sum, values) => sum + values[i % values.length]!, start);
  });
  return constants.add({ dtype: 'f64', shape: [rows, channels], data });
}
