/** What the command line prints: progress on stderr, results on stdout, diagnostics, exit codes. */
import type { Advance, Progress } from '../compiler/progress.ts';
import { catalogue } from '../ir/diagnostics/catalogue.ts';
import {
  createDiagnostics,
  type Diagnostic,
  type Diagnostics,
  UserError,
} from '../ir/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../ir/diagnostics/render.ts';
import { clock } from './status-bar.ts';
import { createStatusLine } from './status-line.ts';
import { columnsOf, foldText, type Paint, painterOf } from './terminal.ts';

export interface Console extends Progress {
  readonly json: boolean;
  readonly diagnostics: Diagnostics;
  readonly advance: Advance;
  readonly found: (text: string) => void;
  /** Seconds spent in each step so far. */
  seconds(): Readonly<Record<string, number>>;
  /** Most bytes held until the end of each. */
  peaks(): Readonly<Record<string, number>>;
  /** A result for people; with --json only `result` prints. */
  line(text: string): void;
  result(value: object): void;
  /** Columns of a result for people; infinite where nobody sees them. */
  readonly columns: number;
  /** Colours of a result for people. */
  readonly paint: Paint;
}

/** There is one line to draw on, whoever of the command draws. */
const statusLine = createStatusLine();

/** `plan`: steps in their order, so that a step is one of so many; those that come again keep their number. */
export function createConsole(
  { json, quiet }: { json: boolean; quiet: boolean },
  plan: readonly string[] = [],
): Console {
  const diagnostics = createDiagnostics();
  const isShown = statusLine.isHeard || (!quiet && !json);
  const numbered = createNumbers(plan);
  const times: Record<string, number> = {};
  const peaks: Record<string, number> = {};
  const dim = (text: string) => painterOf(process.stderr)('dim', text);
  let current: { name: string; head: string; start: number; found: string } | undefined;
  const close = () => {
    if (current === undefined) return;
    const { name, head, start, found } = current;
    const seconds = (performance.now() - start) / 1000;
    times[name] = (times[name] ?? 0) + seconds;
    peaks[name] = process.resourceUsage().maxRSS * 1024;
    const rest = `${' '.repeat(numbered.pad(name))}${dim(took(seconds).padStart(9))}${found === '' ? '' : `  ${found}`}`;
    if (isShown) statusLine.end(`${head}${rest}`, rest, seconds, found);
    current = undefined;
  };
  return {
    json,
    diagnostics,
    step(name) {
      close();
      const { number, of, text } = numbered.next(name);
      const head = `${dim(text)} ${name}`;
      current = { name, head, start: performance.now(), found: '' };
      if (isShown) statusLine.begin(head, { step: name, number, of });
    },
    advance: statusLine.advance,
    found(text) {
      if (current !== undefined) current.found = text;
    },
    seconds: () => {
      close();
      return times;
    },
    peaks: () => peaks,
    line(text) {
      close();
      if (!json) process.stdout.write(`${foldText(text, columnsOf(process.stdout))}\n`);
    },
    result(value) {
      close();
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    columns: columnsOf(process.stdout),
    paint: painterOf(process.stdout),
  };
}

/** `[ 7/12]`, or without a plan `[ 7]`. */
function createNumbers(plan: readonly string[]) {
  const width = Math.max(NAME_WIDTH, ...plan.map(name => name.length));
  const digits = String(plan.length).length;
  let last = 0;
  return {
    pad: (name: string) => Math.max(0, width - name.length),
    next(name: string): { readonly number: number; readonly of: number; readonly text: string } {
      const of = plan.length;
      const at = plan.findIndex(
        step => name === step || (name.startsWith(step) && /^[ ,:]/.test(name.slice(step.length))),
      );
      if (of === 0) last += 1;
      else if (at >= 0) last = at + 1;
      const text = of === 0 ? `[${String(last).padStart(2)}]` : `[${String(last).padStart(digits)}/${of}]`;
      return { number: last, of, text };
    },
  };
}

const NAME_WIDTH = 14;

const took = (seconds: number): string =>
  seconds < 9.995 ? `${seconds.toFixed(2)} s` : seconds < 59.95 ? `${seconds.toFixed(1)} s` : clock(seconds);

/**
 * Diagnostics → stderr, or one JSON object on stdout (`result` where the command has more to say); and the exit code
 * of the gravest.
 */
export function reportDiagnostics(list: readonly Diagnostic[], json: boolean, result?: object): number {
  statusLine.leave();
  const errors = list.filter(d => d.severity === 'error');
  if (json && (errors.length > 0 || result !== undefined))
    process.stdout.write(`${JSON.stringify(result ?? { diagnostics: list })}\n`);
  if (!json) {
    const paint = painterOf(process.stderr);
    for (const d of list) {
      const colour = d.severity === 'error' ? 'red' : 'yellow';
      const text = renderDiagnostic(d, head => paint(colour, head));
      process.stderr.write(`${foldText(text, columnsOf(process.stderr))}\n`);
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
    statusLine.leave();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `snnc: this is a fault of snnc itself; please report it with the command line\n${text}\n`,
    );
    return 70;
  }
}
