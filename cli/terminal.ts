/** What a stream can show: colours, and how wide it is. */
import type { WriteStream } from 'node:tty';

/** The part of a stream that is asked. */
export type Screen = Pick<Partial<WriteStream>, 'isTTY' | 'columns'>;
type Environment = Readonly<
  Partial<Record<'FORCE_COLOR' | 'NO_COLOR' | 'TERM' | 'COLUMNS', string | undefined>>
>;

/** `FORCE_COLOR` and `NO_COLOR` decide; else colours are for terminals. Source: force-color.org, no-color.org */
export function isColoured(screen: Screen, env: Environment = process.env): boolean {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((env.NO_COLOR ?? '') !== '') return false;
  return screen.isTTY === true && env.TERM !== 'dumb';
}

/** Nothing is cut or folded for a file or another program. */
export function columnsOf(screen: Screen, env: Environment = process.env): number {
  const told = Number(env.COLUMNS || Number.NaN);
  if (screen.isTTY !== true) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_COLUMNS, screen.columns || (Number.isInteger(told) ? told : 80));
}

const LEAST_COLUMNS = 20;

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;
export type Style = keyof typeof STYLES;
export type Paint = (style: Style, text: string) => string;

export const painterOf =
  (screen: Screen, env: Environment = process.env): Paint =>
  (style, text) => {
    if (!isColoured(screen, env) || text === '') return text;
    const [on, off] = STYLES[style];
    return `\x1b[${on}m${text}\x1b[${off}m`;
  };

// biome-ignore lint/suspicious/noControlCharactersInRegex: what it looks for is the escape character
const ESCAPES = /\x1b\[[0-9;]*m/g;

export const plainText = (text: string): string => text.replace(ESCAPES, '');

/** Columns that a text takes; colours take none. */
export const widthOf = (text: string): number => [...plainText(text)].length;

/**
 * A line that is too long, folded at spaces: what follows stands below its second column, where it has one (`name    text`),
 * else below its beginning. A word that no line holds is left whole.
 */
export function foldLine(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  const second = /^ *\S+(?: \S+)* {2,}/.exec(line)?.[0].length ?? 0;
  const own = /^ */.exec(line)?.[0].length ?? 0;
  const indent = second > 0 && second <= columns / 2 ? second : Math.min(own + 2, Math.floor(columns / 2));
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > columns) {
    const head = rest.slice(0, columns + 1);
    const first = lines.length === 0 ? own : indent;
    const last = head.lastIndexOf(' ');
    const at = last > first ? last : rest.indexOf(' ', first);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${' '.repeat(indent)}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest].join('\n');
}

export const foldText = (text: string, columns: number): string =>
  Number.isFinite(columns)
    ? text
        .split('\n')
        .map(line => foldLine(line, columns))
        .join('\n')
    : text;
