/**
 * How a soma holds a function of one variable: as a ramp, which is exact and free, minus a remainder that
 * vanishes beyond a few units and is read from a small table.
 *
 *     even   F(x) = max(x, 0) − R(|x|)                                        gelu, silu, hard-swish
 *     odd    F(x) = centre + sign(x) · (min(|x| · 2^−slope, limit) − R(|x|))   sigmoid, tanh
 *     clip   F(x) = min(max(x, 0), limit)                                      relu, relu6; no remainder
 *
 * Source  design 3 §5; facts: 16 entries a unit lose nothing, no interpolation
 */
import { scalarFunction } from './scalar.ts';
import type { SomaPointwise } from './snn.ts';

export type SomaForm =
  | { readonly kind: 'clip'; readonly limit: number }
  | { readonly kind: 'even'; readonly span: number }
  | {
      readonly kind: 'odd';
      readonly span: number;
      readonly centre: number;
      readonly limit: number;
      readonly slope: number;
    };

export const SOMA_FORMS: { readonly [F in SomaPointwise]: SomaForm } = {
  relu: { kind: 'clip', limit: Number.POSITIVE_INFINITY },
  relu6: { kind: 'clip', limit: 6 },
  gelu: { kind: 'even', span: 4 },
  'tanh-gelu': { kind: 'even', span: 4 },
  'quick-gelu': { kind: 'even', span: 4 },
  silu: { kind: 'even', span: 8 },
  'hard-swish': { kind: 'even', span: 4 },
  'hard-sigmoid': { kind: 'odd', span: 4, centre: 0.5, limit: 0.5, slope: 2 },
  sigmoid: { kind: 'odd', span: 8, centre: 0.5, limit: 0.5, slope: 2 },
  tanh: { kind: 'odd', span: 4, centre: 0, limit: 1, slope: 0 },
  erf: { kind: 'odd', span: 4, centre: 0, limit: 1, slope: 0 },
};

/** log2 of the entries of a remainder table per unit. */
export const ENTRY_BITS = 4;

/** Entries of the remainder table of a function; 0 where it needs none. */
export function tableEntries(name: SomaPointwise): number {
  const form = SOMA_FORMS[name];
  return form.kind === 'clip' ? 0 : form.span << ENTRY_BITS;
}

/** R at |x| = 0, 1/16, 2/16 …, with `fraction` fraction bits. */
export function remainderTable(name: SomaPointwise, fraction: number): Int32Array {
  const form = SOMA_FORMS[name];
  const f = scalarFunction(name);
  const ramp = (x: number) =>
    form.kind === 'odd' ? form.centre + Math.min(x * 2 ** -form.slope, form.limit) : x;
  return Int32Array.from({ length: tableEntries(name) }, (_, i) => {
    const x = i / 2 ** ENTRY_BITS;
    return Math.round((ramp(x) - f(x)) * 2 ** fraction);
  });
}
