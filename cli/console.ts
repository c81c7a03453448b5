/** What the command line prints: progress on stderr, results on stdout, diagnostics, exit codes. */
import { styleText } from 'node:util';
import { catalogue } from '../ir/diagnostics/catalogue.ts';
import {
  createDiagnostics,
  type Diagnostic,
  type Diagnostics,
  UserError,
} from '../ir/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../ir/diagnostics/render.ts';

export interface Console {
  readonly json: boolean;
  readonly diagnostics: Diagnostics;
  /** Starts the next numbered step. */
  step(name: string): void;
  /** Seconds spent in each step so far. */
  seconds(): Readonly<Record<string, number>>;
  /** A result for people; with --json only `result` prints. */
  line(text: string): void;
  result(value: object): void;
}

export function createConsole({ json, quiet }: { json: boolean; quiet: boolean }): Console {
  const diagnostics = createDiagnostics();
  const times: Record<string, number> = {};
  let current: { name: string; start: number } | undefined;
  let number = 0;
  const close = () => {
    if (current === undefined) return;
    times[current.name] = (times[current.name] ?? 0) + (performance.now() - current.start) / 1000;
    current = undefined;
  };
  return {
    json,
    diagnostics,
    step(name) {
      close();
      number += 1;
      current = { name, start: performance.now() };
      if (!quiet && !json) process.stderr.write(`[${String(number).padStart(2)}] ${name}\n`);
    },
    seconds: () => {
      close();
      return times;
    },
    line(text) {
      if (!json) process.stdout.write(`${text}\n`);
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/**
 * Diagnostics → stderr, or one JSON object on stdout (`result` where the command has more to say); and the exit code
 * of the gravest.
 */
export function reportDiagnostics(list: readonly Diagnostic[], json: boolean, result?: object): number {
  const errors = list.filter(d => d.severity === 'error');
  if (json && (errors.length > 0 || result !== undefined))
    process.stdout.write(`${JSON.stringify(result ?? { diagnostics: list })}\n`);
  if (!json) {
    for (const d of list) {
      const colour = d.severity === 'error' ? 'red' : 'yellow';
      const text = renderDiagnostic(d, head => (process.stderr.isTTY ? styleText(colour, head) : head));
      process.stderr.write(`${text}\n`);
    }
  }
  return errors.reduce((code, d) => Math.max(code, catalogue[d.code].exit), 0);
}

/** Runs a command; a user's fault ends in a diagnostic, never in a stack trace. */
export async function guarded(json: boolean, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof UserError) return reportDiagnostics(error.diagnostics, json);
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `snnc: this is a fault of snnc itself; please report it with the command line\n${text}\n`,
    );
    return 70;
  }
}
