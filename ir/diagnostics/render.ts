/** Diagnostic → text for people. */
import { catalogue } from './catalogue.ts';
import { type Diagnostic, printable } from './diagnostic.ts';

/** `paint` colours the head of the message where the terminal wants it. */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  paint: (text: string) => string = text => text,
): string {
  const { code, severity, message, at, help, list = [] } = diagnostic;
  const pass = at.pass === undefined ? '' : `   [${at.pass}]`;
  return [
    `${paint(`${severity}[${code}]`)}: ${message}`,
    `  --> ${printable(at.origin)}${pass}`,
    ...list.map(line => `  | ${printable(line)}`),
    `  help: ${printable(help ?? catalogue[code].help)}`,
  ].join('\n');
}
