/** The text of `--target`: NAME, NAME:BOARD, NAME:BOARD*COPIES, FILE.xml or FILE.xml*COPIES. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';

export type TargetSpec =
  | { readonly kind: 'name'; readonly name: string; readonly board?: string; readonly copies: number }
  | { readonly kind: 'file'; readonly path: string; readonly copies: number };

const MAX_COPIES = 100_000;
const NAME = /^[a-z0-9][a-z0-9._-]*$/i;

/** Errors: E0570. */
export function parseTargetSpec(spec: string): TargetSpec {
  const refuse = (problem: string): never => fail('E0570', { origin: '--target' }, { spec, problem });
  const star = spec.lastIndexOf('*');
  const body = (star < 0 ? spec : spec.slice(0, star)).trim();
  const count = star < 0 ? '1' : spec.slice(star + 1);
  const copies = Number(count);
  if (!/^\d+$/.test(count) || copies < 1 || copies > MAX_COPIES) {
    return refuse(`the number of boards after * is a whole number from 1 to ${MAX_COPIES}`);
  }
  if (body.endsWith('.xml')) return { kind: 'file', path: body, copies };
  const [name = '', board, ...rest] = body.split(':');
  if (!NAME.test(name) || (board !== undefined && !NAME.test(board)) || rest.length > 0) {
    return refuse('expected NAME or NAME:BOARD, in letters, digits, - _ .');
  }
  if (board === undefined && star >= 0)
    return refuse('*COPIES counts boards: name one, as in NAME:BOARD*COPIES');
  return { kind: 'name', name, ...(board === undefined ? {} : { board }), copies };
}
