/** How report.json is written: few digits where more would be noise, lists of numbers on one line. */

const DIGITS = 6;

/** To six significant digits, as what is expected, averaged or timed is worth; whole numbers stay whole. */
export function round(x: number): number;
export function round(x: number | null): number | null;
export function round(x: number | null): number | null {
  if (x === null || Number.isInteger(x)) return x;
  return Number.isFinite(x) ? Number(x.toPrecision(DIGITS)) : null;
}

const COLUMN_DIGITS = 4;

/** Of cores and links, of which there are thousands: four digits. */
export const roundColumn = (values: ArrayLike<number>): number[] =>
  Array.from(values, x =>
    x === 0 || Math.abs(x) >= 10 ** (COLUMN_DIGITS - 1)
      ? Math.round(x)
      : Number(x.toPrecision(COLUMN_DIGITS)),
  );

/** JSON, indented, lists of numbers or short rows of lists on a line of their own. */
export const printJson = (value: unknown): string => `${print(value, '')}\n`;

function print(value: unknown, indent: string): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every(item => item === null || typeof item !== 'object')) return JSON.stringify(value);
    return `[\n${value.map(item => `${inner}${print(item, inner)}`).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return '{}';
  const isFlat = entries.every(([, item]) => item === null || typeof item !== 'object');
  if (isFlat) return JSON.stringify(value);
  const lines = entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${print(item, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
