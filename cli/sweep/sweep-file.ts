/** The file of a sweep: options of `snnc compile`, those with a list of values in every combination. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { COMPILE_OPTIONS } from '../command-options.ts';
import { cannotRead } from '../data.ts';

export type Scalar = string | number | boolean | null;

export interface Sweep {
  readonly path: string;
  /** Paths in the file are seen from here. */
  readonly dir: string;
  /** Fields with several values, in the order of the file. */
  readonly axes: readonly string[];
  readonly fixed: Readonly<Record<string, Scalar>>;
  /** Every combination, the last axis fastest. */
  readonly points: readonly Readonly<Record<string, Scalar>>[];
}

/** What `validate` is told; all other fields are options of `compile`. */
export const MEASURED_FIELDS = ['data', 'limit'] as const;
/** Written by the sweep itself, or of no effect on what is compiled. */
const OWN = ['out', 'json', 'quiet', 'dry-run', 'save-thresholds', 'save-curve', 'compare', 'config'];
const SWEEP_FIELDS: readonly string[] = [
  'model',
  ...MEASURED_FIELDS,
  ...Object.keys(COMPILE_OPTIONS).filter(name => !OWN.includes(name)),
];
/** Their files are part of what is computed; those of the second list may be names as well. */
export const PATH_FIELDS = ['model', 'calibrate', 'data', 'pin', 'preprocess'] as const;
export const MAYBE_PATH_FIELDS = ['thresholds', 'target'] as const;

const MOST_POINTS = 10_000;

/** Errors: E0101, E0783 */
export function readSweep(path: string): Sweep {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return cannotRead(path, error);
  }
  const refuse = (problem: string): never => fail('E0783', { origin: path }, { problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('it is no JSON object');
  const fields = Object.entries(value).map(([name, given]) => {
    if (!SWEEP_FIELDS.includes(name)) refuse(`${name} is none of ${SWEEP_FIELDS.join(', ')}`);
    const values: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (values.length === 0) refuse(`${name} has no values`);
    if (new Set(values).size < values.length) refuse(`${name} has a value twice`);
    return {
      name,
      values: values.map(each =>
        isScalar(each) ? each : refuse(`${name} holds what is no text, number, true, false or null`),
      ),
    };
  });
  if (!fields.some(({ name }) => name === 'model')) refuse('it names no model');
  const count = fields.reduce((product, { values }) => product * values.length, 1);
  if (count > MOST_POINTS) refuse(`it has ${count} points, more than ${MOST_POINTS}`);
  const axes = fields.filter(({ values }) => values.length > 1);
  return {
    path,
    dir: dirname(resolve(path)),
    axes: axes.map(({ name }) => name),
    fixed: Object.fromEntries(
      fields.filter(({ values }) => values.length === 1).map(({ name, values }) => [name, values[0]!]),
    ),
    points: axes.reduce<readonly Readonly<Record<string, Scalar>>[]>(
      (points, { name, values }) => points.flatMap(point => values.map(each => ({ ...point, [name]: each }))),
      [{}],
    ),
  };
}

const isScalar = (value: unknown): value is Scalar =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);
