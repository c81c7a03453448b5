/**
 * snnc as a library. Each function is a command of the command line: it takes the same options (an object, keys in camel
 * case), gives what the command prints with `--json`, and fails with one kind of error. Nothing is printed.
 *
 * Stability: names, options and results that these types declare change only with a new major version.
 */
export { SnncError } from './error.ts';
export type * from './options.ts';
export type * from './progress.ts';
export type * from './results.ts';

import type * as O from './options.ts';
import type { RunOptions } from './progress.ts';
import type * as R from './results.ts';
import { runCommand } from './run.ts';

/** A path that begins with a dash is no option. */
const file = (path: string): string => (path.startsWith('-') ? `./${path}` : path);

const run = async <T>(command: readonly string[], options: object, how: RunOptions): Promise<T> =>
  (await runCommand<T>(command, options, how)).result;

/**
 * A model (ONNX file) → a deployment folder, simulated on a few images and proved before it is written.
 * @throws {SnncError} what stands in the way, all of it at once
 */
export const compile = (
  model: string,
  options: O.CompileOptions = {},
  how: RunOptions = {},
): Promise<R.CompileResult> => run(['compile', file(model)], options, how);

/** Everything that stands in the way of a model, cores, chips, time and energy in every mode: seconds, no build. What is wrong stands in `diagnostics`. */
export const check = (
  model: string,
  options: O.CheckOptions = {},
  how: RunOptions = {},
): Promise<R.CheckResult> => run(['check', file(model)], options, how);

/**
 * Every stage of a deployment on real data. `passed` is false where more accuracy is lost than `tolerance` allows.
 * @throws {SnncError} E0710 where chip and integer network differ
 */
export async function validate(
  folder: string,
  options: O.ValidateOptions,
  how: RunOptions = {},
): Promise<R.ValidateResult & { readonly passed: boolean }> {
  const { result, code } = await runCommand<R.ValidateResult>(['validate', file(folder)], options, how);
  return { ...result, passed: code === 0 };
}

/** Boots a deployment from its folder alone and runs images: answers, counts, time, energy. */
export const simulate = (
  folder: string,
  options: O.SimulateOptions,
  how: RunOptions = {},
): Promise<R.SimulateResult> => run(['simulate', file(folder)], options, how);

/** What thresholds, integer weights and tables cost, population by population. */
export const numerics = (
  folder: string,
  options: O.NumericsOptions,
  how: RunOptions = {},
): Promise<R.NumericsResult> => run(['numerics', file(folder)], options, how);

/** The chip-mapping report of a deployment: report.json. */
export const report = (
  folder: string,
  options: O.ReportOptions = {},
  how: RunOptions = {},
): Promise<R.ReportResult> => run(['report', file(folder)], options, how);

/** What cores hold. */
export const inspect = (
  folder: string,
  options: O.InspectOptions = {},
  how: RunOptions = {},
): Promise<R.InspectResult> => run(['inspect', file(folder)], options, how);

/** What changed between two deployments. */
export const diff = (
  a: string,
  b: string,
  options: O.DiffOptions = {},
  how: RunOptions = {},
): Promise<R.DiffResult> => run(['diff', file(a), file(b)], options, how);

/** A population, a core (`'0:17'`) or a limit of a deployment; without a name, what there is. */
export const explain = (folder: string, thing?: string, how: RunOptions = {}): Promise<R.ExplainResult> =>
  run(['explain', file(folder), ...(thing === undefined ? [] : [thing])], {}, how);

/** The deployment in the files of another tool. */
export const exportTo = (
  folder: string,
  options: O.ExportOptions,
  how: RunOptions = {},
): Promise<R.ExportResult> => run(['export', file(folder)], options, how);

/** Chips and boards that are shipped. */
export const targets = (how: RunOptions = {}): Promise<R.TargetsResult> => run(['targets'], {}, how);

/** ONNX operators that are read. */
export const operators = (how: RunOptions = {}): Promise<R.OperatorsResult> => run(['ops'], {}, how);
