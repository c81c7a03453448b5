/** `snnc explain CODE`: what a message means. */
import { type Code, catalogue } from '../ir/diagnostics/catalogue.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole } from './console.ts';
import type { Shared } from './options.ts';

const isCode = (text: string): text is Code => Object.hasOwn(catalogue, text);

export async function explainCommand(args: Shared & { code: string }): Promise<number> {
  const code = args.code.toUpperCase();
  if (!isCode(code))
    return fail('E0001', { origin: 'explain' }, { problem: `no message has the code ${args.code}` });
  const out = createConsole(args);
  const { message, why, help, exit } = catalogue[code];
  out.line(`${code}: ${message}\n\n${why}\n\nWay out: ${help}\nExit code: ${exit}`);
  out.result({ code, message, why, help, exit });
  return 0;
}
