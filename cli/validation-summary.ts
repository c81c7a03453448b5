/** What `snnc validate` says of a data set, from the columns of its images: the one place where their figures are added up. */
import { basename, join } from 'node:path';
import { type Deployment, replaceFile } from '../backends/folder.ts';
import { printManifest } from '../backends/manifest.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { VALIDATION } from '../backends/validation.ts';
import { sha256 } from '../ir/constants.ts';
import { type AnnMacs, addOperations, NO_OPERATIONS, type Operations } from '../ir/count/counts.ts';
import { energyRatio, INTEGER_COSTS_PJ } from '../ir/count/energy.ts';
import { summariseSaturations } from '../ir/count/saturations.ts';
import { defect, fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { Saturations } from '../ir/interpret/int.ts';
import type { Accounts } from '../report/accounts.ts';
import { type Console, reportDiagnostics } from './console.ts';
import { accountsOfRun } from './deployment-report.ts';
import { createExitTally } from './exit-row.ts';
import { refreshReport } from './kept-report.ts';
import { createInputHash } from './shards/input-hash.ts';
import { createCountsSum } from './shards/part.ts';
import { IDENTITY, OPERATIONS, type ValidationPart } from './validation-part.ts';
import { renderValidation } from './validation-table.ts';

export interface ValidationOptions {
  /** Accuracy points that may be lost. */
  readonly tolerance: number;
  /** As the user names the set. */
  readonly data: string;
}

const ROW = ['paper', 'performed'] as const;

/** Takes parts in the order of their images: sums of doubles depend on it. */
export function createValidationSum(steps: number, margins: readonly number[] | undefined) {
  const zeros = () => new Array<number>(steps).fill(0);
  const tally = {
    images: 0,
    numbers: 0,
    hasLabels: false,
    annMacs: { paper: 0, performed: 0 } as AnnMacs,
    annError: null as number | null,
    firstDifference: null as string | null,
    right: { ann: 0, snn: zeros(), int: zeros() },
    agree: { snn: zeros(), int: zeros() },
    squares: { snn: zeros(), int: zeros() },
    spread: { sum: 0, squares: 0 },
    identity: { images: 0, holds: true },
    /** Of each step. */
    paper: Array.from({ length: steps }, () => NO_OPERATIONS),
    performed: Array.from({ length: steps }, () => NO_OPERATIONS),
    saturations: new Map<string, Saturations>(),
  };
  const counts = createCountsSum();
  const inputs = createInputHash();
  const exit = margins === undefined ? undefined : createExitTally(margins);
  const addImage = (row: (name: string) => ArrayLike<number>, logits: number): void => {
    const [label, ann] = [row('label')[0]!, row('ann')[0]!];
    const operations = row('operations');
    const perStep = Array.from({ length: steps }, (_, t) => {
      const [paper, performed] = ROW.map((_, side) => operationsAt(operations, t * OPERATIONS + side * 3));
      return { paper: paper!, performed: performed! };
    });
    tally.images += 1;
    tally.numbers += logits;
    if (ann === label) tally.right.ann += 1;
    tally.spread.sum += row('sum')[0]!;
    tally.spread.squares += row('squares')[0]!;
    for (const name of ['snn', 'int'] as const) {
      const [classes, errors] = [row(name), row(`error.${name}`)];
      for (let t = 0; t < steps; t++) {
        if (classes[t] === label) tally.right[name][t]! += 1;
        if (classes[t] === ann) tally.agree[name][t]! += 1;
        tally.squares[name][t]! += errors[t]!;
      }
    }
    perStep.forEach((own, t) => {
      for (const side of ROW) tally[side][t] = addOperations(tally[side][t]!, own[side]);
    });
    const identity = row('identity')[0]!;
    if (identity !== IDENTITY.notWalked) tally.identity.images += 1;
    if (identity === IDENTITY.broken) tally.identity.holds = false;
    exit?.add({ taken: row('exit')[0]!, label, ann, classes: row('int'), errors: row('error.int') }, perStep);
  };
  return {
    add({ facts, columns }: ValidationPart): void {
      const images = columns.label!.length;
      for (let i = 0; i < images; i++) {
        const row = (name: string) => {
          const column = columns[name]!;
          const width = column.length / images;
          return column.subarray(i * width, (i + 1) * width);
        };
        addImage(row, facts.logits);
      }
      tally.hasLabels = facts.hasLabels;
      tally.annMacs = facts.annMacs;
      if (facts.annError !== null) tally.annError = Math.max(tally.annError ?? 0, facts.annError);
      tally.firstDifference ??= facts.firstDifference;
      for (const [id, more] of facts.saturations) addSaturations(tally.saturations, id, more);
      counts.add({ facts: facts.counts, columns });
      inputs.add(columns.input as Uint8Array);
    },
    finish: () => ({ ...tally, steps, exit, counts: counts.total(), inputSha256: inputs.hex() }),
  };
}
type Found = ReturnType<ReturnType<typeof createValidationSum>['finish']>;

const operationsAt = (list: ArrayLike<number>, at: number): Operations => ({
  acs: list[at]!,
  macs: list[at + 1]!,
  lookups: list[at + 2]!,
});

function addSaturations(into: Map<string, Saturations>, id: string, more: Saturations): void {
  const old = into.get(id) ?? { accumulator: 0, state: 0, threshold: 0 };
  into.set(id, {
    accumulator: old.accumulator + more.accumulator,
    state: old.state + more.state,
    threshold: old.threshold + more.threshold,
  });
}

function summarise(found: Found, whole: AnnMacs, predicted: number) {
  const { images: count, numbers, spread, hasLabels, exit, firstDifference } = found;
  const share = (list: readonly number[]) => list.map(n => n / count);
  const variance = spread.squares / numbers - (spread.sum / numbers) ** 2;
  const mse = (list: readonly number[]) => list.map(s => s / numbers / variance);
  const upTo = (perStep: readonly Operations[]) =>
    perStep.map((_, t) => {
      const total = perStep.slice(0, t + 1).reduce(addOperations, NO_OPERATIONS);
      return { acs: total.acs / count, macs: total.macs / count, lookups: total.lookups / count };
    });
  const paper = upTo(found.paper);
  const performed = upTo(found.performed);
  const last = performed.at(-1)!;
  const stopped = exit?.summary(count, hasLabels, variance * numbers, whole);
  return {
    samples: count,
    steps: found.steps,
    accuracy: {
      ann: hasLabels ? found.right.ann / count : null,
      snn: hasLabels ? share(found.right.snn) : [],
      int: hasLabels ? share(found.right.int) : [],
      chip: hasLabels && firstDifference === null ? share(found.right.int) : [],
    },
    agreement: { snn: share(found.agree.snn), int: share(found.agree.int) },
    logitMse: { snn: mse(found.squares.snn), int: mse(found.squares.int) },
    eq30: {
      paper: paper.map(o => energyRatio(o, whole.paper)),
      performed: performed.map(o => energyRatio(o, whole.performed)),
      integer: performed.map(o => energyRatio(o, whole.performed, INTEGER_COSTS_PJ)),
      annMacs: whole,
      annUnread: 1 - found.annMacs.paper / whole.paper,
      identity: found.identity.holds,
      identityImages: found.identity.images,
      predictionError: predicted / (stopped?.paperAcs ?? paper.at(-1)!.acs) - 1,
      macs: last.macs,
      acs: last.acs,
      lookups: last.lookups,
    },
    stages: [
      { from: 'onnx', to: 'ann', class: 'bounded', maxError: found.annError },
      { from: 'int', to: 'chip', class: 'exact', equal: firstDifference === null },
    ],
    ...(stopped !== undefined && { exit: stopped }),
    saturations: summariseSaturations(found.saturations as ReadonlyMap<ValueId, Saturations>),
    firstDifference,
    inputSha256: found.inputSha256,
  };
}
export type ValidationResult = ReturnType<typeof summarise> &
  Pick<Accounts, 'energy' | 'energySpan' | 'energyLayers'>;

/** Prints and keeps what all parts say together; the exit code. Errors: E0710 · W0545 */
export function concludeValidation(
  found: Found,
  folder: Deployment,
  programs: readonly ChipProgram[],
  { data, tolerance }: ValidationOptions,
  out: Console,
): number {
  const { manifest, dir } = folder;
  const counts = found.counts ?? defect('a validation without parts');
  const { energy, energySpan, energyLayers } = accountsOfRun(manifest, programs, counts);
  const summary = summarise(found, manifest.network.annMacs, manifest.prediction.paperAcs);
  const result = { ...summary, energy, energySpan, energyLayers };
  out.line(renderValidation(result, result.samples));
  out.result(result);
  keepResult(folder, data, result, out.diagnostics.report);
  refreshReport(dir, out.diagnostics.report);
  reportDiagnostics(out.diagnostics.list, out.json);
  const refuse = (what: string, problem: string) => fail('E0710', { origin: dir }, { what, problem });
  if (result.firstDifference !== null) refuse('chip and integer network', result.firstDifference);
  if (!result.eq30.identity) refuse('counts', 'closed forms and events give other totals');
  const loss = (result.accuracy.ann ?? 0) - (result.accuracy.int.at(-1) ?? 0);
  return loss * 100 > tolerance ? 1 : 0;
}

/** Beside the manifest, for `snnc diff`. Errors: W0545 where the folder cannot be written to. */
function keepResult(
  { dir, manifest }: Deployment,
  data: string,
  result: ValidationResult,
  report: Report,
): void {
  const head = { schema: 'snnc-validation', schemaVersion: 0, manifest: sha256(printManifest(manifest)) };
  const text = `${JSON.stringify({ ...head, data: basename(data), ...result }, null, 2)}\n`;
  try {
    replaceFile(join(dir, VALIDATION), text);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? `${error.code}` : 'unknown';
    report('W0545', { origin: dir }, { file: VALIDATION, reason });
  }
}
