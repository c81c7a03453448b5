/** `snnc completion SHELL`: the script for a shell; and, for these scripts, the words that may stand next. */
import type { Argv } from 'yargs';
import { printable } from '../../ir/diagnostics/diagnostic.ts';
import { createConsole } from '../console.ts';
import type { Shared } from '../options.ts';
import { complete } from './complete.ts';
import { SCRIPTS, type Shell } from './scripts.ts';
import { commandsOf } from './tables.ts';

export async function completionCommand(args: Shared & { shell: Shell }): Promise<number> {
  const out = createConsole(args);
  const script = SCRIPTS[args.shell];
  if (!args.json) process.stdout.write(script);
  out.result({ shell: args.shell, script });
  return 0;
}

/** A line each: word, tab, what it is. Whatever is wrong, a shell that waits for words is told nothing of it. */
export async function printWords(parser: Argv, words: readonly string[]): Promise<number> {
  try {
    const found = await complete(commandsOf(parser), words);
    for (const { word, says } of found) process.stdout.write(`${word}\t${printable(says)}\n`);
  } catch {
    // A folder that is none, a manifest that is broken: the command itself will say so.
  }
  return 0;
}
