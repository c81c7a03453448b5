/** `snnc explain CODE` and `snnc targets`: what the tool knows about itself. */
import { listTargets } from '../backends/target.ts';
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

export async function targetsCommand(args: Shared): Promise<number> {
  const out = createConsole(args);
  const targets = await listTargets();
  for (const target of targets) {
    out.line(`${target.name}: ${target.title}, ${target.coresPerChip} cores a chip`);
    for (const board of target.boards)
      out.line(
        `  ${board.spec.padEnd(26)}${board.chips} chip(s), ${board.cores.toLocaleString('en-US')} cores`,
      );
  }
  out.result({ targets });
  return 0;
}
