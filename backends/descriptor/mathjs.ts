/**
 * mathjs' parser and nothing else of it. Loaded on first need (`await import`): it is the slowest import of
 * the project, and only what reads descriptors needs it.
 */
import { create, parseDependencies } from 'mathjs/number';
import type { ParseText } from './formula.ts';

export function createFormulaParser(): ParseText {
  const { parse } = create({ ...parseDependencies }, {});
  return text => parse(text);
}
