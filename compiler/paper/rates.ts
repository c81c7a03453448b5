/**
 * Eq. 30 from firing rates alone: what Table 1 of the paper would print for a network whose neurons fire with
 * rate r(t) at every site, independently of each other.
 *
 *     E(T) = 0.9/4.6 · Σ_{t≤T} [ L·r(t) + P·(r(t)² + 2·r(t)) + H ] / (L + P + H)
 *
 * L, P, H: multiply-accumulates of linears, products and the head, which is dense. A product is charged
 * a·b + a·B + A·b (three products, at t = 1 as well) with sums A, B that are nonzero everywhere, which they are
 * after a few steps: at t = 1 this is too much by P·2·r·(1 − r). Compensation and embedding are charged nothing.
 *
 * Source  ECMT §5.5, Table 1; the three products are those of its counter
 */
import { FLOAT_COSTS_PJ } from '../../ir/count/energy.ts';

export interface MacShares {
  readonly linear: number;
  readonly product: number;
  readonly head: number;
}

/** E(1) … E(rates.length). */
export function energyFromRates(
  { linear, product, head }: MacShares,
  rates: readonly number[],
): readonly number[] {
  const scale = FLOAT_COSTS_PJ.ac / (FLOAT_COSTS_PJ.mac * (linear + product + head));
  let acs = 0;
  return rates.map(rate => {
    acs += linear * rate + product * (rate ** 2 + 2 * rate) + head;
    return scale * acs;
  });
}

/** The rate that, held for T steps at every layer, gives this ratio. */
export const meanRate = (eq30: number, steps: number): number =>
  (eq30 * FLOAT_COSTS_PJ.mac) / (FLOAT_COSTS_PJ.ac * steps);
