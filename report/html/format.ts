/** Numbers as people read them: three digits, thousands, units; shared by the page's maker and the page itself. */

const SPACE = '\u00a0';
export const UNKNOWN = 'unknown';

const PREFIXES: Readonly<Record<string, readonly (readonly [scale: number, unit: string])[]>> = {
  pJ: [
    [1, 'pJ'],
    [1e3, 'nJ'],
    [1e6, 'µJ'],
    [1e9, 'mJ'],
    [1e12, 'J'],
  ],
  s: [
    [1e-12, 'ps'],
    [1e-9, 'ns'],
    [1e-6, 'µs'],
    [1e-3, 'ms'],
    [1, 's'],
  ],
  B: [
    [1, 'B'],
    [1e3, 'kB'],
    [1e6, 'MB'],
    [1e9, 'GB'],
    [1e12, 'TB'],
  ],
};
const LARGE = [
  [1e15, '\u00a0P'],
  [1e12, '\u00a0T'],
  [1e9, '\u00a0G'],
  [1e6, '\u00a0M'],
  [1e4, '\u00a0k'],
] as const;

/** Three digits that count, without an exponent between a thousandth and a million. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return grouped(Math.round(value));
  if (size < 1e-4) return value.toExponential(2).replace('e', '·10^').replace('^-', '^−');
  const places = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return value
    .toFixed(places)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')
    .replace('-', '−');
}

export const grouped = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 0 }).replace('-', '−');

function scaled(value: number, unit: string): string {
  const steps = PREFIXES[unit]!;
  const fits = steps.findLast(([scale]) => Math.abs(value) >= scale * 0.9995);
  const [scale, name] = fits ?? (value === 0 ? steps.find(([s]) => s === 1)! : steps[0]!);
  return `${digits(value / scale)}${SPACE}${name}`;
}

/** Units: '' a count in full, '#' a count in short, '%' of a share, pJ, s, B with their prefixes; any other as it is. */
export function format(value: number | null | undefined, unit = ''): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (unit === '%') return `${percent(value)}${SPACE}%`;
  if (unit === '') return Number.isInteger(value) ? grouped(value) : digits(value);
  if (unit === '#') return short(value);
  if (unit in PREFIXES) return scaled(value, unit);
  return `${digits(value)}${SPACE}${unit}`;
}

/** A share of 0.99999 is not all: 99.9, never 100. */
function percent(share: number): string {
  const value = 100 * share;
  if (value > 99.9 && value < 100) return '99.9';
  if (value > 0 && value < 0.01) return '<\u2009' + '0.01';
  return Math.abs(value) >= 10 ? value.toFixed(1).replace(/\.0$/, '') : digits(value);
}

/** A count of at most four signs and a prefix. */
export function short(value: number): string {
  const found = LARGE.find(([scale]) => Math.abs(value) >= scale);
  if (found === undefined) return Number.isInteger(value) ? grouped(value) : digits(value);
  return `${digits(value / found[0])}${found[1]}`;
}

/** A range whose ends share a unit. */
export function formatBand(low: number, high: number, unit: string): string {
  const [a, b] = [format(low, unit), format(high, unit)];
  if (a === b) return a;
  const [numberA, unitA] = a.split(SPACE);
  const [, unitB] = b.split(SPACE);
  return unitA === unitB ? `${numberA}–${b}` : `${a} – ${b}`;
}

export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${grouped(n)}${SPACE}${n === 1 ? one : many}`;

/** '2^−3' as it is read aloud and seen. */
export const powerOfTwo = (exponent: number): string => `2^${exponent < 0 ? '−' : ''}${Math.abs(exponent)}`;

export const RESOURCES: Readonly<Record<string, string>> = {
  neurons: 'neurons',
  stateWords: 'state memory',
  synapseWords: 'synapse memory',
  inAxons: 'input axons',
  outAxonEntries: 'output axons',
  groups: 'neuron groups',
  sram: 'core memory',
  sramBytes: 'core memory',
};

/** 'outAxonEntries' → 'out axon entries', where it has no name of its own. */
export const resourceName = (key: string): string => RESOURCES[key] ?? wordsOf(key);

export const wordsOf = (key: string): string =>
  key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
