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
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;
/** Counts below this are shown in full. */
const SHORT = 1e4;

/** Three digits that count, without an exponent between a thousandth and a million. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return grouped(Math.round(value));
  if (size < 1e-4)
    return value.toExponential(2).replace(/e\+?(-?\d+)/, (_, power: string) => `·10${raised(Number(power))}`);
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
  if (value === 0 || value === 100) return String(value);
  if (value > 0 && value < 0.01) return '<\u20090.01';
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2).replace('-', '−');
}

/** A count of at most four signs and a prefix. */
export function short(value: number): string {
  const [scale, prefix] = LARGE.find(([least]) => Math.abs(value) >= least) ?? [1, ''];
  if (Math.abs(value) < SHORT) return Number.isInteger(value) ? grouped(value) : digits(value);
  return `${digits(value / scale)}${SPACE}${prefix}`;
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

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹';

export const powerOfTwo = (exponent: number): string => `2${raised(exponent)}`;

const raised = (n: number): string =>
  String(n)
    .replace(/\d/g, d => RAISED[Number(d)]!)
    .replace('-', '⁻');

export const RESOURCES: Readonly<Record<string, string>> = {
  neurons: 'neurons',
  stateWords: 'state memory',
  synapseWords: 'synapse memory',
  inAxons: 'input axons',
  outAxonEntries: 'output axons',
  groups: 'neuron groups',
  sram: 'core memory',
  sramBytes: 'core memory',
  memoryBytes: 'core memory',
};

/** 'outAxonEntries' → 'out axon entries', where it has no name of its own. */
export const resourceName = (key: string): string => RESOURCES[key] ?? wordsOf(key);

export const wordsOf = (key: string): string =>
  key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);

/** How often each word occurs, in the order in which they first do. */
export function tally(words: readonly string[]): readonly (readonly [word: string, times: number])[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts];
}

/** With a capital and a full stop. */
export const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** CHIP:NUMBER, as people name a core; `i`: its place in the columns. */
export const coreName = (
  { cores }: { readonly cores: { readonly chip: ArrayLike<number>; readonly number: ArrayLike<number> } },
  i: number,
): string => `${cores.chip[i]}:${cores.number[i]}`;
