/** What the table of operators says of each one, besides how it is read. */
import type { OpRule } from '../context.ts';

export interface OpEntry {
  readonly rule: OpRule;
  /** What of the operator is not supported, in a few words; absent: all of it is. */
  readonly limits?: string;
  /** It only moves numbers, so its operands may have no elements. */
  readonly movesNumbers?: boolean;
}

export type OpTable = { readonly [operator: string]: OpEntry };

export const ON_CONSTANTS = 'only of constants';
