/**
 * What conversion costs a trained network: accuracy, agreement and error of the logits at stage int on test images,
 * and Eq. 30 in its three counts. Thresholds, shifts and biases come from calibration images alone.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadTarget } from '../backends/target.ts';
import { calibrationSet, foldInto } from '../cli/calibration.ts';
import { createConsole } from '../cli/console.ts';
import { type ConvertOptions, convertMeasured, type MeasuredNetwork } from '../cli/convert.ts';
import { openImages } from '../cli/images.ts';
import { openModelFile } from '../cli/model-files.ts';
import { findPreprocess, isAssumed } from '../cli/preprocess.ts';
import { type Chosen, relativeError } from '../compiler/choose-shift.ts';
import { readNetwork } from '../compiler/compile.ts';
import { nameSites } from '../compiler/population-names.ts';
import { defaultProfile } from '../compiler/profile.ts';
import type { Goal } from '../compiler/search/goal.ts';
import { findSites } from '../compiler/sites.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { addOperations, countedPopulations, NO_OPERATIONS } from '../ir/count/counts.ts';
import { energyRatio, INTEGER_COSTS_PJ } from '../ir/count/energy.ts';
import {
  describeSaturations,
  type SaturationSummary,
  summariseSaturations,
} from '../ir/count/saturations.ts';
import { exitStep } from '../ir/exit.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import { argMax } from '../ir/logits.ts';
import { wilsonInterval } from '../report/interval.ts';

export interface Setting {
  readonly name: string;
  readonly shift: number | 'auto';
  readonly bits: number;
  readonly keepUnread?: boolean;
  /** Calibrated on synthetic images. */
  readonly isDataFree?: boolean;
  readonly options?: Partial<Omit<ConvertOptions, 'shift' | 'weightBits' | 'keepUnread' | 'search'>>;
  /** Thresholds site by site, by search. */
  readonly goal?: Goal;
}

export interface ConversionRow {
  readonly model: string;
  readonly setting: string;
  readonly images: number;
  readonly float: number;
  readonly accuracy: number;
  readonly interval: readonly [number, number];
  readonly agreement: number;
  readonly logitMse: number;
  readonly calibrationMse: number;
  readonly isBiasCorrected: boolean;
  /** null: site by site. */
  readonly shift: number | null;
  readonly eq30: { readonly paper: number; readonly performed: number; readonly integer: number };
  readonly multiplications: number;
  readonly saturations: SaturationSummary;
  /** Share of images that take a second step, where the host may stop. */
  readonly continued: number | null;
  /** Terms a neuron, by kind of site. */
  readonly rates: Readonly<Record<string, number>>;
}

const TARGET = 'loihi2';

/** Rows of a folder with one or more MODEL.onnx, one *-calib.npz and one *-test*.npz with labels. */
export async function measureConversions(
  folder: string,
  settings: readonly Setting[],
  {
    only = '',
    limit = Number.POSITIVE_INFINITY,
  }: { readonly only?: string | undefined; readonly limit?: number },
): Promise<readonly ConversionRow[]> {
  const files = readdirSync(folder).toSorted();
  const models = files.filter(file => file.endsWith('.onnx') && file.includes(only));
  const find = (part: string) => files.find(file => file.includes(part) && file.endsWith('.npz')) ?? '';
  const paths = { calibrate: join(folder, find('-calib')), test: join(folder, find('-test')) };
  const rows: ConversionRow[] = [];
  for (const model of models) {
    for (const setting of settings) {
      const row = await measureOne({ model: join(folder, model), ...paths }, setting, limit);
      console.log(printRow(row));
      rows.push(row);
    }
  }
  return rows;
}

interface Paths {
  readonly model: string;
  readonly calibrate: string;
  readonly test: string;
}

async function measureOne(paths: Paths, setting: Setting, limit: number): Promise<ConversionRow> {
  const console_ = createConsole({ json: true, quiet: true });
  const { report } = console_.diagnostics;
  const target = await loadTarget(TARGET);
  const read = readNetwork(openModelFile(paths.model), paths.model, console_);
  const { shape } = read.ann.nodes.find(node => node.kind === 'input')!.type;
  const resolved = findPreprocess({}, paths.model, read.metadata, shape, report);
  const { ann, centre } = foldInto(read.ann, resolved, true, console_);
  const calibrate = setting.isDataFree === true ? undefined : paths.calibrate;
  const about = { shape, resolved, centre };
  const { images, labels: known } = await calibrationSet({ model: paths.model, calibrate }, about, console_);
  const base = {
    coding: 'sum',
    steps: 1,
    thresholds: 'pow2',
    seed: 1,
    effort: 'fast',
    biasCorrection: true,
  } as const;
  const options = {
    ...{ ...base, shift: setting.shift, weightBits: setting.bits, keepUnread: setting.keepUnread ?? false },
    profileOf: (shift: number) => defaultProfile(shift),
    search: setting.goal && { goal: setting.goal, labels: known, maxTerms: 3 },
    ...setting.options,
  };
  const where = {
    target,
    isPixels: centre !== null,
    origin: paths.model,
    isSynthetic: setting.isDataFree === true,
  };
  const chosen = convertMeasured(ann, images, options, where, console_);
  const taker = { shape, preprocess: resolved.preprocess, centre, isAssumed: isAssumed(resolved) };
  const set = await openImages(paths.test, taker, {}, report);
  const count = Math.min(limit, set.count);
  const tests = await Promise.all(Array.from({ length: count }, (_, i) => set.image(i)));
  const labels = Array.from({ length: count }, (_, i) => set.labels?.[i] ?? -1);
  return rowOf(paths.model, setting, chosen, ann, tests, labels);
}

function rowOf(
  model: string,
  setting: Setting,
  { made, shift, logitMse }: Chosen<MeasuredNetwork>,
  ann: AnnGraph,
  images: readonly Float64Array[],
  labels: readonly number[],
): ConversionRow {
  const { answers, performed, paper, continued, saturations } = run(made, images);
  const runner = createFastAnnRunner(ann);
  const wanted = images.map(image => [...runner.run(image).values()][0]!);
  const share = (hit: (i: number) => boolean) => images.filter((_, i) => hit(i)).length;
  const right = share(i => argMax(answers[i]!) === labels[i]);
  const n = images.length;
  const { annMacs } = made.converted;
  const perImage = { ...performed, acs: performed.acs / n, macs: performed.macs / n };
  return {
    model: model.split('/').at(-1)!,
    setting: setting.name,
    images: n,
    float: share(i => argMax(wanted[i]!) === labels[i]) / n,
    accuracy: right / n,
    interval: wilsonInterval(right, n),
    agreement: share(i => argMax(answers[i]!) === argMax(wanted[i]!)) / n,
    logitMse: relativeError(wanted, answers),
    calibrationMse: logitMse,
    isBiasCorrected: made.converted.isBiasCorrected,
    shift: made.found === undefined ? shift : null,
    eq30: {
      paper: energyRatio({ ...paper, acs: paper.acs / n, macs: paper.macs / n }, annMacs.paper),
      performed: energyRatio(perImage, annMacs.performed),
      integer: energyRatio(perImage, annMacs.performed, INTEGER_COSTS_PJ),
    },
    multiplications: performed.macs,
    saturations,
    continued,
    rates: ratesOf(made),
  };
}

/** Counts and answers of the integer network, each image as far as the host lets it go. */
function run({ int, margins = [] }: MeasuredNetwork, images: readonly Float64Array[]) {
  const runner = createFastIntRunner(int);
  const populations = new Map(countedPopulations(int).map(p => [p.node.id, p]));
  let [paper, performed, continued] = [NO_OPERATIONS, NO_OPERATIONS, 0];
  const answers = images.map(image => {
    const log = createActivityLog();
    const steps = Array.from({ length: int.attrs.steps }, () => ({
      paper: NO_OPERATIONS,
      performed: NO_OPERATIONS,
    }));
    const readouts = runner.run(image, (step, node, emission) => {
      log.record(step, node.id, emission);
      const population = populations.get(node.id);
      if (population === undefined) return;
      const counts = closedFormCounts(population, int.attrs.coding, step, log);
      const own = steps[step - 1]!;
      own.paper = addOperations(own.paper, counts.paper);
      own.performed = addOperations(own.performed, counts.performed);
    });
    const taken = exitStep(readouts, margins);
    for (const own of steps.slice(0, taken)) {
      paper = addOperations(paper, own.paper);
      performed = addOperations(performed, own.performed);
    }
    if (taken > 1) continued += 1;
    return readouts[taken - 1]!.slice();
  });
  const saturations = summariseSaturations(runner.saturations);
  const share = margins.length > 0 ? continued / images.length : null;
  return { answers, paper, performed, continued: share, saturations };
}

/** On calibration images. A site’s population has the site’s name. */
function ratesOf({ converted, activity }: MeasuredNetwork): Readonly<Record<string, number>> {
  const names = nameSites(converted.ann);
  const sums = new Map<string, { terms: number; count: number }>();
  for (const [value, kind] of findSites(converted.ann)) {
    const rate = activity.rates.get(`%${names.get(value)}`);
    if (rate === undefined) continue;
    const sum = sums.get(kind) ?? { terms: 0, count: 0 };
    sums.set(kind, { terms: sum.terms + rate.terms, count: sum.count + 1 });
  }
  return Object.fromEntries([...sums].map(([kind, { terms, count }]) => [kind, terms / count]));
}

function printRow(r: ConversionRow): string {
  const percent = (x: number) => (100 * x).toFixed(2);
  const { paper, performed, integer } = r.eq30;
  const energy = [paper, performed, integer].map(e => e.toFixed(4)).join(' ');
  const [low, high] = r.interval;
  const rates = Object.entries(r.rates).map(([kind, rate]) => `${kind} ${rate.toFixed(2)}`);
  return [
    `${r.model}  ${r.setting}: ${r.images} images, float ${percent(r.float)} %, int ${percent(r.accuracy)} % [${percent(low)}, ${percent(high)}], agreement ${percent(r.agreement)} %`,
    `  ${r.shift === null ? 'site by site' : `shift ${r.shift}`}, logit mse ${r.logitMse.toFixed(4)} (calibration ${r.calibrationMse.toFixed(4)}${r.isBiasCorrected ? ', biases corrected' : ''}), E paper · performed · integer ${energy}, ${r.multiplications} multiplications${r.continued === null ? '' : `, ${percent(r.continued)} % of images go on`}`,
    `  saturations: ${describeSaturations(r.saturations, 'test images')}`,
    `  terms a neuron: ${rates.join(', ')}`,
  ].join('\n');
}
