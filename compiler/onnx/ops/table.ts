/** All operators that can be read. The list of supported operators is made from this table. */
import type { OpRule } from '../context.ts';
import { constantOps } from './constants.ts';
import { einsumOps } from './einsum.ts';
import { elementwiseOps } from './elementwise.ts';
import { groupOps } from './groups.ts';
import { linearOps } from './linear.ts';
import { viewOps } from './views.ts';

const opTable: ReadonlyMap<string, OpRule> = new Map(
  Object.entries({ ...viewOps, ...constantOps, ...elementwiseOps, ...linearOps, ...einsumOps, ...groupOps }),
);

/** Only the standard operator set; `domain` '' is its name. */
export const ruleOf = (domain: string, operator: string): OpRule | undefined =>
  domain === '' ? opTable.get(operator) : undefined;

/** Does the operator only move numbers? Such a one may have a result without elements. */
export const movesNumbers = (operator: string): boolean => Object.hasOwn(viewOps, operator);

export const supportedOperators: readonly string[] = [...opTable.keys()].sort();
