/**
 * Units as descriptors write them (a unit and, apart from it, an SI prefix, as in IP-XACT) and the one unit
 * in which each figure is kept once read. Counted things take no prefix.
 */

export const PREFIXES = {
  femto: -15,
  pico: -12,
  nano: -9,
  micro: -6,
  milli: -3,
  kilo: 3,
  mega: 6,
  giga: 9,
  tera: 12,
  peta: 15,
} as const;
export type Prefix = keyof typeof PREFIXES;

/** Kept unit → the unit that is written and its power of ten. */
export const KEPT_UNITS = {
  bit: { written: 'bit' },
  byte: { written: 'byte' },
  word: { written: 'word' },
  neuron: { written: 'neuron' },
  axon: { written: 'axon' },
  entry: { written: 'entry' },
  group: { written: 'group' },
  step: { written: 'step' },
  core: { written: 'core' },
  router: { written: 'router' },
  chip: { written: 'chip' },
  message: { written: 'message' },
  pJ: { written: 'joule', exponent: -12 },
  ns: { written: 'second', exponent: -9 },
  mW: { written: 'watt', exponent: -3 },
  'GB/s': { written: 'byte/second', exponent: 9 },
} as const satisfies { readonly [kept: string]: { readonly written: string; readonly exponent?: number } };
export type KeptUnit = keyof typeof KEPT_UNITS;

export type Converted =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly expected: string };

/** `value` with a written unit and prefix → the number in the kept unit; exact where the prefix is the kept one. */
export function convertUnit(
  value: number,
  unit: string,
  prefix: string | undefined,
  kept: KeptUnit,
): Converted {
  const rule: { readonly written: string; readonly exponent?: number } = KEPT_UNITS[kept];
  const power = prefix === undefined ? 0 : prefixPower(prefix);
  if (unit !== rule.written || power === undefined) return { ok: false, expected: expectedUnit(kept) };
  if (rule.exponent === undefined) {
    return prefix === undefined ? { ok: true, value } : { ok: false, expected: expectedUnit(kept) };
  }
  const shift = power - rule.exponent;
  return {
    ok: true,
    value: shift === 0 ? value : trimNoise(shift < 0 ? value / 10 ** -shift : value * 10 ** shift),
  };
}

/** No hardware figure has twelve digits: what lies beyond them is rounding of this program. */
export function trimNoise(value: number): number {
  return Number(value.toPrecision(12));
}

function prefixPower(prefix: string): number | undefined {
  return isPrefix(prefix) ? PREFIXES[prefix] : undefined;
}

function isPrefix(text: string): text is Prefix {
  return Object.hasOwn(PREFIXES, text);
}

function expectedUnit(kept: KeptUnit): string {
  const rule: { readonly written: string; readonly exponent?: number } = KEPT_UNITS[kept];
  return rule.exponent === undefined
    ? `${rule.written}, without a prefix`
    : `${rule.written} with an SI prefix`;
}
