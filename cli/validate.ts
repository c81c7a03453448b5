/** `snnc validate`: every stage on real data, each against the one above; accuracy, agreement, Eq. 30, identity. */
import { basename, join } from 'node:path';
import { type Deployment, openFolder, replaceFile } from '../backends/folder.ts';
import { printManifest } from '../backends/manifest.ts';
import { VALIDATION } from '../backends/validation.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { sha256 } from '../ir/constants.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import {
  type Activity,
  type AnnMacs,
  addOperations,
  annMacs,
  type CountedPopulation,
  type Counts,
  countedPopulations,
  NO_OPERATIONS,
  type Operations,
} from '../ir/count/counts.ts';
import { energyRatio, INTEGER_COSTS_PJ } from '../ir/count/energy.ts';
import { eventCounts } from '../ir/count/events.ts';
import { summariseSaturations } from '../ir/count/saturations.ts';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import type { IntGraph } from '../ir/int.ts';
import { argMax } from '../ir/logits.ts';
import type { Accounts } from '../report/accounts.ts';
import { createSimulator, defaultWorkers } from '../runtime-sim/simulator.ts';
import { type Comparison, type ComparisonObservers, compareImages } from './compare.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { readBytes } from './data.ts';
import { accountsOfRun } from './deployment-report.ts';
import { createExitTally, type ExitTally } from './exit-row.ts';
import { openImages } from './images.ts';
import type { DataOptions, Shared } from './options.ts';
import { takerOf } from './preprocess.ts';
import { readStages } from './stages.ts';
import { renderValidation } from './validation-table.ts';

export interface ValidateArguments extends Shared, DataOptions {
  readonly folder: string;
  readonly data: string;
  readonly limit?: number | undefined;
  readonly logits?: string | undefined;
  readonly tolerance: number;
  /** Images whose events are counted one by one. */
  readonly identity: number | 'all';
  readonly workers: number | undefined;
}

type PerStep<T> = T[];

export async function validateCommand(args: ValidateArguments): Promise<number> {
  const out = createConsole(args);
  const folder = openFolder(args.folder);
  out.step('read');
  const { ann, snn, int } = readStages(folder);
  const { manifest } = folder;
  const set = await openImages(args.data, takerOf(manifest), args, out.diagnostics.report);
  const count = Math.min(args.limit ?? set.count, set.count);
  const reference =
    args.logits === undefined
      ? undefined
      : readNpz(readBytes(args.logits), args.logits).values().next().value;
  const programs = folder.programs();
  const workers = args.workers ?? defaultWorkers();
  const simulator = createSimulator(programs, { workers });
  const spiking = createFastSnnRunner(snn);
  const floating = createFastAnnRunner(ann);
  const populations = new Map(countedPopulations(int).map(p => [p.node.id as string, p]));
  const { coding, steps } = int.attrs;
  const tally = createTally(steps);
  const walked = args.identity === 'all' ? count : Math.min(args.identity, count);
  const intLog = createActivityLog();
  const sources = new Set(int.nodes.filter(node => node.kind === 'input').map(node => node.id as string));
  const margins = manifest.network.exit?.margins;
  const exit = margins === undefined ? undefined : createExitTally(margins, argMax);
  let annError = 0;
  out.step(`run ${count} images`);
  const observe = (n: number, sent: Map<string, Activity>): ComparisonObservers => ({
    int: (step, node, emission) => {
      if (sources.has(node.id))
        sent.set(`${step} ${node.id}`, { terms: emission.terms.slice(), sums: emission.sums.slice() });
      if (n >= walked) return;
      intLog.record(step, node.id, emission);
      const population = populations.get(node.id);
      if (population !== undefined) addTo(tally.events, step, eventCounts(population, coding, step, intLog));
    },
    chip: (step, id, emission) => sent.set(`${step} ${id}`, emission),
  });
  const add = (n: number, image: Float64Array, sent: Map<string, Activity>, compared: Comparison) => {
    const label = set.labels?.[n];
    const float = [...floating.run(image).values()][0]!;
    if (reference !== undefined) {
      for (let c = 0; c < float.length; c++) {
        annError = Math.max(annError, Math.abs(float[c]! - Number(reference.data[n * float.length + c])));
      }
    }
    const real = spiking.run(image);
    const counts = countSteps(int, sent, populations);
    counts.forEach((own, i) => {
      addTo(tally.counts, i + 1, own);
      if (n < walked) addTo(tally.walked, i + 1, own);
    });
    exit?.add(label, float, compared.readouts, counts);
    if (compared.difference !== undefined) tally.firstDifference ??= `image ${n}: ${compared.difference}`;
    tally.add(label, float, real, compared.readouts);
    tally.saturations = summariseSaturations(compared.saturations);
  };
  for (let first = 0; first < count; first += workers) {
    const images: Float64Array[] = [];
    for (let n = first; n < Math.min(first + workers, count); n++) images.push(await set.image(n));
    const sent = images.map(() => new Map<string, Activity>());
    const compared = compareImages(int, simulator, images, i => observe(first + i, sent[i]!));
    for (const [i, image] of images.entries()) add(first + i, image, sent[i]!, compared[i]!);
  }
  const { energy, energySpan, energyLayers } = accountsOfRun(manifest, programs, simulator.counts);
  simulator.close();
  const summary = summarise(
    tally,
    count,
    { whole: manifest.network.annMacs, read: annMacs([...populations.values()]) },
    manifest.prediction.paperAcs,
    set.labels !== undefined,
    annError,
    args,
    exit,
  );
  const result = { ...summary, energy, energySpan, energyLayers };
  out.line(renderValidation(result, count));
  out.result(result);
  keepResult(folder, args.data, result, out.diagnostics.report);
  reportDiagnostics(out.diagnostics.list, args.json);
  if (tally.firstDifference !== undefined)
    fail(
      'E0710',
      { origin: args.folder },
      { what: 'chip and integer network', problem: tally.firstDifference },
    );
  if (!result.eq30.identity)
    fail(
      'E0710',
      { origin: args.folder },
      { what: 'counts', problem: 'closed forms and events give other totals' },
    );
  const loss = (result.accuracy.ann ?? 0) - (result.accuracy.int.at(-1) ?? 0);
  return loss * 100 > args.tolerance ? 1 : 0;
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

/** Closed forms over what the chip sent, in the network's order: on the chip a source is a step ahead of its reader. */
function countSteps(
  { nodes, attrs }: IntGraph,
  sent: ReadonlyMap<string, Activity>,
  populations: ReadonlyMap<string, CountedPopulation>,
): readonly Counts[] {
  const log = createActivityLog();
  return Array.from({ length: attrs.steps }, (_, i) => {
    const counts = [{ paper: NO_OPERATIONS, performed: NO_OPERATIONS }];
    for (const { id } of nodes) {
      const activity = sent.get(`${i + 1} ${id}`);
      if (activity !== undefined) log.record(i + 1, id, activity);
      const population = populations.get(id);
      if (activity !== undefined && population !== undefined)
        addTo(counts, 1, closedFormCounts(population, attrs.coding, i + 1, log));
    }
    return counts[0]!;
  });
}

function createTally(steps: number) {
  const zeros = () => new Array<number>(steps).fill(0);
  const none = (): Counts => ({ paper: NO_OPERATIONS, performed: NO_OPERATIONS });
  const right = { ann: 0, snn: zeros(), int: zeros() };
  const agree = { snn: zeros(), int: zeros() };
  const squares = { snn: zeros(), int: zeros() };
  const spread = { n: 0, sum: 0, squares: 0 };
  return {
    right,
    agree,
    squares,
    spread,
    counts: Array.from({ length: steps }, none) as PerStep<Counts>,
    /** Of the images whose events were counted one by one: closed forms and events. */
    walked: Array.from({ length: steps }, none) as PerStep<Counts>,
    events: Array.from({ length: steps }, none) as PerStep<Counts>,
    firstDifference: undefined as string | undefined,
    saturations: summariseSaturations(new Map()),
    add(
      label: number | undefined,
      float: Float64Array,
      snn: readonly Float64Array[],
      int: readonly Float64Array[],
    ) {
      const best = argMax(float);
      if (best === label) right.ann += 1;
      for (const x of float) {
        spread.n += 1;
        spread.sum += x;
        spread.squares += x * x;
      }
      for (const [name, runs] of [['snn', snn] as const, ['int', int] as const]) {
        runs.forEach((logits, t) => {
          if (argMax(logits) === label) right[name][t]! += 1;
          if (argMax(logits) === best) agree[name][t]! += 1;
          for (let c = 0; c < float.length; c++) squares[name][t]! += (logits[c]! - float[c]!) ** 2;
        });
      }
    },
  };
}
type Tally = ReturnType<typeof createTally>;

function addTo(list: Counts[], step: number, counts: Counts): void {
  const old = list[step - 1]!;
  list[step - 1] = {
    paper: addOperations(old.paper, counts.paper),
    performed: addOperations(old.performed, counts.performed),
  };
}

function summarise(
  tally: Tally,
  count: number,
  macs: { readonly whole: AnnMacs; readonly read: AnnMacs },
  predicted: number,
  hasLabels: boolean,
  annError: number,
  args: ValidateArguments,
  exit: ExitTally | undefined,
) {
  const share = (list: readonly number[]) => list.map(n => n / count);
  const { spread } = tally;
  const variance = spread.squares / spread.n - (spread.sum / spread.n) ** 2;
  const mse = (list: readonly number[]) => list.map(s => s / spread.n / variance);
  const upTo = (pick: (c: Counts) => Operations) =>
    tally.counts.map((_, t) => {
      const total = tally.counts
        .slice(0, t + 1)
        .map(pick)
        .reduce(addOperations, NO_OPERATIONS);
      return { acs: total.acs / count, macs: total.macs / count, lookups: total.lookups / count };
    });
  const paper = upTo(c => c.paper);
  const performed = upTo(c => c.performed);
  const last = performed.at(-1)!;
  const stopped = exit?.summary(count, hasLabels, variance * spread.n, macs.whole);
  return {
    samples: count,
    steps: tally.counts.length,
    accuracy: {
      ann: hasLabels ? tally.right.ann / count : null,
      snn: hasLabels ? share(tally.right.snn) : [],
      int: hasLabels ? share(tally.right.int) : [],
      chip: hasLabels && tally.firstDifference === undefined ? share(tally.right.int) : [],
    },
    agreement: { snn: share(tally.agree.snn), int: share(tally.agree.int) },
    logitMse: { snn: mse(tally.squares.snn), int: mse(tally.squares.int) },
    eq30: {
      paper: paper.map(o => energyRatio(o, macs.whole.paper)),
      performed: performed.map(o => energyRatio(o, macs.whole.performed)),
      integer: performed.map(o => energyRatio(o, macs.whole.performed, INTEGER_COSTS_PJ)),
      annMacs: macs.whole,
      annUnread: 1 - macs.read.paper / macs.whole.paper,
      identity: JSON.stringify(tally.walked) === JSON.stringify(tally.events),
      identityImages: args.identity === 'all' ? count : Math.min(args.identity, count),
      predictionError: predicted / (stopped?.paperAcs ?? paper.at(-1)!.acs) - 1,
      macs: last.macs,
      acs: last.acs,
      lookups: last.lookups,
    },
    stages: [
      { from: 'onnx', to: 'ann', class: 'bounded', maxError: args.logits === undefined ? null : annError },
      { from: 'int', to: 'chip', class: 'exact', equal: tally.firstDifference === undefined },
    ],
    ...(stopped !== undefined && { exit: stopped }),
    saturations: tally.saturations,
    firstDifference: tally.firstDifference ?? null,
  };
}
export type ValidationResult = ReturnType<typeof summarise> &
  Pick<Accounts, 'energy' | 'energySpan' | 'energyLayers'>;
