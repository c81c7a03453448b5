/**
 * Energy of a count, and Eq. 30.
 * Source  ECMT §5.1, Eq. 30: 4.6 pJ a float MAC, 0.9 pJ a float AC; 8-bit MAC 0.3 pJ and 32-bit add 0.1 pJ:
 *         M. Horowitz, ISSCC 2014, 45 nm (8-bit multiply 0.2 + 32-bit add 0.1)
 */
import type { Operations } from './counts.ts';

export const FLOAT_COSTS_PJ = { mac: 4.6, ac: 0.9 } as const;
export const INTEGER_COSTS_PJ = { mac: 0.3, ac: 0.1 } as const;

/** Eq. 30: E_SNN / E_ANN. Lookups have no published price and stand beside it. */
export function energyRatio(
  { acs, macs }: Operations,
  annMacs: number,
  costs: { readonly mac: number; readonly ac: number } = FLOAT_COSTS_PJ,
): number {
  return (macs * costs.mac + acs * costs.ac) / (annMacs * costs.mac);
}
