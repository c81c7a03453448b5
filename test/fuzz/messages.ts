/** What no message to a user may hold. */
import { catalogue } from '../../ir/diagnostics/catalogue.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../../ir/diagnostics/render.ts';

const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a value that is none', /\bundefined\b|\[object|\bfunction\b.*=>/],
  ['a number that is none', /\bNaN\b/],
  ['a stack trace', /\n\s+at |\.[jt]s:\d+/],
  ['a path of the machine', /node_modules|\/build\/|file:\/\/\S*\.[jt]s/],
  ['our own fault', /internal defect|RangeError|TypeError|Maximum call stack/],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  ['control characters', /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/],
];

/** A screen or two; a name of a megabyte is no help. */
const LONGEST = 4000;

/** Undefined where the message is fit to be read. */
export function faultOf(diagnostic: Diagnostic): string | undefined {
  if (!Object.hasOwn(catalogue, diagnostic.code)) return 'a code that nobody knows';
  if (diagnostic.message === '' || diagnostic.at.origin === '') return 'it says nothing, or not where';
  const text = renderDiagnostic(diagnostic);
  if (text.length > LONGEST) return `${text.length} characters`;
  if (text.split('\n').length !== 3) return 'a message of more than one line';
  return FORBIDDEN.find(([, pattern]) => pattern.test(text))?.[0];
}
