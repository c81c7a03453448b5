/** Messages are data; text is made of them at the very end (render.ts). */
import { type Code, catalogue, type Facts } from './catalogue.ts';

/** Where in the user's world a message belongs. */
export interface Place {
  /** The ONNX node, file or descriptor path as the user knows it. */
  readonly origin: string;
  readonly pass?: string | undefined;
}

export interface Diagnostic {
  readonly code: Code;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly at: Place;
  readonly facts: { readonly [name: string]: string | number };
  /** A way out made for this very case; the catalogue's general one stands where it is missing. */
  readonly help?: string | undefined;
  /** Where one message stands for many things: all of them, a line each. */
  readonly list?: readonly string[] | undefined;
}

export function makeDiagnostic<C extends Code>(
  code: C,
  at: Place,
  facts: Facts<C>,
  help?: string,
  list?: readonly string[],
): Diagnostic {
  const entry = catalogue[code];
  const values = facts as { readonly [name: string]: string | number };
  const message = entry.message.replace(/\{(\w+)\}/g, (_, name: string) => formatFact(values[name]));
  const severity = code.startsWith('E') ? 'error' : 'warning';
  return { code, severity, message, at, facts: values, help, ...(list !== undefined && { list }) };
}

function formatFact(value: string | number | undefined): string {
  return typeof value === 'number'
    ? value.toLocaleString('en-US', { maximumFractionDigits: 6 })
    : printable(`${value}`);
}

/** Names come out of a stranger's file, and whole lists of them may stand in one message. */
const LONGEST_TEXT = 1000;

/** One line, of bounded length, that a terminal takes for text: control characters are written as escapes. */
export function printable(text: string): string {
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return short.replace(
    /\p{Cc}/gu,
    found => `\\x${found.codePointAt(0)?.toString(16).padStart(2, '0') ?? ''}`,
  );
}

export type Report = <C extends Code>(
  code: C,
  at: Place,
  facts: Facts<C>,
  help?: string,
  list?: readonly string[],
) => void;

/** Collects, so that one run can say everything that stands in the way; what is said twice alike is said once. */
export interface Diagnostics {
  readonly report: Report;
  readonly list: readonly Diagnostic[];
  /** What another collection has said, as if it had been said here. */
  take(said: readonly Diagnostic[]): void;
  hasErrors(): boolean;
}

export function createDiagnostics(): Diagnostics {
  const list: Diagnostic[] = [];
  const said = new Set<string>();
  const add = (made: Diagnostic): void => {
    const key = `${made.code} ${made.at.origin} ${made.message}`;
    if (!said.has(key)) list.push(made);
    said.add(key);
  };
  return {
    list,
    report: (code, at, facts, help, list) => add(makeDiagnostic(code, at, facts, help, list)),
    take: other => other.forEach(add),
    hasErrors: () => list.some(d => d.severity === 'error'),
  };
}

/** The user's fault, and no way to go on: carries one or more diagnostics to the command line. */
export class UserError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(d => `${d.code}: ${d.message}`).join('\n'));
    this.name = 'UserError';
    this.diagnostics = diagnostics;
  }
}

export function fail<C extends Code>(code: C, at: Place, facts: Facts<C>, help?: string): never {
  throw new UserError([makeDiagnostic(code, at, facts, help)]);
}

export function throwIfErrors(diagnostics: Diagnostics): void {
  if (diagnostics.hasErrors()) throw new UserError(diagnostics.list);
}

/** Our own fault: the command line prints it with a reproducer and exits with 70. */
export function defect(message: string): never {
  throw new Error(`internal defect: ${message}`);
}
