/** `snnc compile`: ONNX → deployment folder, with the chip simulated on a sample before anything is written. */
import { basename, dirname, join } from 'node:path';
import { createAccounting } from '../backends/accounting.ts';
import { findBackendsFolder } from '../backends/descriptor/shipped.ts';
import { checkPlace, createFolder, createHashes } from '../backends/folder.ts';
import { type Manifest, printManifest } from '../backends/manifest.ts';
import { loadCandidates, type Target } from '../backends/target.ts';
import { outlineOf } from '../compiler/check.ts';
import { readNetwork } from '../compiler/compile.ts';
import { synapsesOf } from '../compiler/estimate/least-cores.ts';
import { estimatePlaced } from '../compiler/estimate/modes.ts';
import { tileWork } from '../compiler/estimate/tile-work.ts';
import type { SomaArithmetic } from '../compiler/integers/formats.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import type { Favour } from '../compiler/mapping/joint.ts';
import type { Strategy } from '../compiler/mapping/strategy.ts';
import type { Stopping } from '../compiler/margins.ts';
import type { Decay, RESETS } from '../compiler/nir/neurons.ts';
import type { Effort } from '../compiler/placement/solve.ts';
import { describePreprocess } from '../compiler/preprocess/resolve.ts';
import { defaultProfile, uniformProfile } from '../compiler/profile.ts';
import { refuseTarget } from '../compiler/refuse-target.ts';
import { countMacs } from '../compiler/samples.ts';
import { printSettings } from '../compiler/site-settings.ts';
import { THRESHOLD_RULES } from '../compiler/thresholds.ts';
import { calibratedMet } from '../compiler/widths/calibrated.ts';
import { proveWidths } from '../compiler/widths/prove.ts';
import { imageRange, reportOpenWidths, widthReport } from '../compiler/widths/summary.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics, fail, type Report, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { Coding } from '../ir/snn.ts';
import { makeReport } from '../report/report.ts';
import type { Report as ChipReport } from '../report/schema.ts';
import { renderSummary } from '../report/summary.ts';
import type { MeasuredActivity } from './activity.ts';
import { calibrationSet, foldInto } from './calibration.ts';
import { compareModes, nothingCompared } from './compare-modes.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { type ConvertOptions, convertMeasured } from './convert.ts';
import { goldenFile, writeStages } from './deployment-files.ts';
import { mapFastest, modesOf } from './fitting.ts';
import { reportFiles } from './kept-report.ts';
import { makeManifest } from './make-manifest.ts';
import { openModelFile, watchOpened } from './model-files.ts';
import { isHdf5 } from './nir-file.ts';
import type { DataOptions, Shared } from './options.ts';
import { readPins } from './pins.ts';
import { findPreprocess, type PreprocessFlags } from './preprocess.ts';
import { answersFacts } from './report-answers.ts';
import { factsOf } from './report-facts.ts';
import { curveCsv, goalOf, renderSearch, type SearchArguments, searchRecord } from './search.ts';
import { encodeAndSimulate, sampleSize } from './simulate-sample.ts';
import { BIASES, writeBiases } from './stages.ts';
import { readThresholds, writeText } from './threshold-files.ts';

export interface CompileArguments extends Shared, DataOptions, PreprocessFlags, SearchArguments {
  readonly foldNormalisation: boolean;
  readonly model: string;
  readonly target: string;
  readonly calibrate?: string | undefined;
  readonly inputShape?: string | undefined;
  readonly output?: string | undefined;
  readonly out?: string | undefined;
  /** Everything but the folder. */
  readonly dryRun: boolean;
  /** Images that the chip is simulated on; undefined: as many as are worth it. */
  readonly simulate?: number | undefined;
  readonly coding: Coding;
  /** Undefined: 1, or 2 with `anytime`. */
  readonly steps?: number | undefined;
  /** Percent of images that go on to the next step. */
  readonly anytime?: Stopping | undefined;
  readonly mode: Mode | 'auto';
  readonly strategy: Strategy;
  readonly favour: Favour;
  readonly coarse?: number | undefined;
  readonly shift: number | 'auto';
  readonly terms: number;
  /** Of every ladder; undefined: from calibration. */
  readonly levels?: number | undefined;
  readonly uniform: boolean;
  /** A rule, or a file of thresholds. */
  readonly thresholds: string;
  readonly saveThresholds?: string | undefined;
  readonly bits: number;
  readonly functions: SomaArithmetic;
  readonly biasCorrection: boolean;
  readonly keepUnread: boolean;
  readonly compare: boolean;
  readonly effort: Effort;
  /** A file of pins. */
  readonly pin?: string | undefined;
  readonly seed: number;
  /** NIR: seconds of a timestep. */
  readonly dt?: number | undefined;
  readonly decay: Decay;
  readonly reset: (typeof RESETS)[number];
}

/** Without a model: the bundled digits model with its calibration images, written into the current folder. */
export function withDefaultModel<
  A extends { model?: string | undefined; calibrate?: string | undefined; out?: string | undefined },
>(args: A): A & { model: string } {
  if (args.model !== undefined) return { ...args, model: args.model };
  const digits = join(dirname(findBackendsFolder()), 'examples', 'digits');
  const calibrate = args.calibrate ?? join(digits, 'digits-calib.npz');
  return { ...args, model: join(digits, 'vit-digits.onnx'), calibrate, out: args.out ?? 'vit-digits.snnc' };
}

/** Steps of a compile, in their order. */
const planOf = (args: CompileArguments): readonly string[] => [
  ...['import', 'canonicalize', 'load-weights', 'preprocess', 'calibrate'],
  ...(args.maxDrop === undefined && args.maxDivergence === undefined ? [] : ['search']),
  ...['thresholds', 'convert'],
  ...(args.biasCorrection && THRESHOLD_RULES.every(rule => rule === 'pow2' || rule !== args.thresholds)
    ? ['correct-bias']
    : []),
  ...['quantize', 'measure', 'widths', 'partition', 'place', 'route', 'assemble', 'encode'],
  ...(args.simulate === 0 ? [] : ['simulate']),
  ...['write', 'compare', 'quality'],
];

/** Every option that another one decides. Errors: E0320, E0530, E0531 */
function settled(given: CompileArguments) {
  const { mode } = given;
  const isAnytime = given.anytime !== undefined;
  const steps = given.steps ?? (isAnytime ? 2 : 1);
  if (isAnytime && steps < 2) fail('E0320', { origin: '--anytime' }, { steps });
  if (isAnytime && mode !== 'auto' && mode !== 'layerwise') fail('E0531', { origin: '--mode' }, { mode });
  if (mode === 'streaming' && steps > 1) fail('E0530', { origin: '--mode' }, { steps });
  return { ...given, steps };
}

export async function compileCommand(given: CompileArguments): Promise<number> {
  if (isHdf5(given.model)) return (await import('./compile-nir.ts')).compileNir(given);
  if (given.bits > 8)
    fail('E0001', { origin: '--bits' }, { problem: 'weights of an ONNX model have 2 to 8 bits' });
  const args = settled(given);
  const console_ = createConsole(args, planOf(args));
  const { diagnostics, step } = console_;
  const start = performance.now();
  const out = args.out ?? `${args.model.replace(/\.onnx$/, '')}.snnc`;
  if (!args.dryRun) checkPlace(out);
  const candidates = await loadCandidates(args.target);
  const { file, opened } = watchOpened(openModelFile(args.model));
  const read = readNetwork(file, args.model, console_, {
    inputShape: args.inputShape?.split(',').map(Number),
    output: args.output,
  });
  const { shape } = read.ann.nodes.find(node => node.kind === 'input')!.type;
  const resolved = findPreprocess(args, args.model, read.metadata, shape, diagnostics.report);
  const { ann, centre } = foldInto(read.ann, resolved, args.foldNormalisation, console_);
  refuseEarly(read.late, candidates[0]!, args);
  const data = await calibrationSet(args, { shape, resolved, centre, macs: countMacs(ann) }, console_);
  const { images } = data;
  const goal = goalOf(args, data.labels);
  const rule = THRESHOLD_RULES.find(name => name === args.thresholds);
  const options: ConvertOptions = {
    coding: args.coding,
    steps: args.steps,
    thresholds: rule ?? 'pow2',
    settingsOf: rule === undefined ? sites => readThresholds(args.thresholds, sites) : undefined,
    search: goal && { goal, labels: data.labels, maxTerms: args.terms },
    shift: args.shift,
    profileOf: shift => (args.uniform ? uniformProfile : defaultProfile)(shift, args.terms),
    weightBits: args.bits,
    seed: args.seed,
    effort: args.effort,
    strategy: args.strategy,
    favour: args.favour,
    pins: args.pin === undefined ? undefined : readPins(args.pin),
    biasCorrection: args.biasCorrection,
    keepUnread: args.keepUnread,
    anytime: args.anytime,
    coarse: args.coarse,
    levels: args.levels,
    functions: args.functions,
  };
  const about = {
    ...{ target: candidates[0]!, isPixels: centre !== null, origin: args.model },
    isSynthetic: data.isSynthetic,
  };
  const chosen = convertMeasured(ann, images, options, about, console_);
  const { converted, int, ranges, activity, margins, weightBits, settings, found: searched } = chosen.made;
  if (args.levels !== undefined) reportClipped(args.levels, activity, args.model, diagnostics.report);
  step('widths');
  const range = imageRange(images, centre);
  const widths = widthReport(range, proveWidths(int, range, calibratedMet(int, ranges), console_.advance));
  reportOpenWidths(widths, diagnostics.report);
  const rates = new Map([...activity.rates].map(([id, { rate }]) => [id, rate]));
  const modes = modesOf(args, int.attrs.steps);
  const { target, mapped, said } = mapFastest(candidates, modes, (board, own, mode) =>
    mapNetwork(int, board, rates, { ...options, weightBits, mode }, { ...console_, diagnostics: own }),
  );
  diagnostics.take(said);
  const folder = args.dryRun ? createHashes() : createFolder(out);
  try {
    const macs = converted.annMacs.performed * int.attrs.steps;
    const sample = images.slice(0, sampleSize(args.simulate, macs, args.model, diagnostics.report));
    const taken = { images: sample, margins, origin: args.model, target };
    const { proof, simulated } = await encodeAndSimulate(mapped, folder, taken, console_);
    step('write');
    const stages = writeStages(folder, { ann, snn: converted.snn, int: mapped.int, chip: mapped.chip });
    if (converted.biases.size > 0) folder.add(BIASES, writeBiases(converted.biases));
    if (simulated !== undefined) folder.add('golden.npz', goldenFile(sample, simulated.readouts));
    const search = searched && searchRecord(searched);
    const mapping = { activity: activity.rates, ...options, weightBits };
    const work = tileWork(mapped.chip, mapping.activity, weightBits);
    const found = estimatePlaced(mapped.chip, target, mapped.accounting, mapping, work);
    const manifest = makeManifest(
      { ...args, bits: weightBits },
      {
        file,
        opened,
        converted,
        chosen,
        mapped,
        usage: found.usage,
        target,
        activity,
        margins,
        preprocess: {
          ...resolved.preprocess,
          sources: resolved.sources,
          folded: centre === null ? null : { centre: [...centre] },
        },
        stages,
        files: folder.files,
        proof,
        images: images.length,
        settings: [...settings],
        isSiteBySite: searched !== undefined || rule === undefined,
        search,
      },
    );
    step('compare');
    const command = `snnc check ${basename(args.model)} --target ${basename(args.target)}`;
    const compared = args.compare
      ? compareModes(int, candidates, found, mapping, command, console_.advance)
      : nothingCompared(command);
    step('quality');
    const answered = answersFacts(chosen.made, int, { ...data, ann, source: args.calibrate }, args);
    const seconds = (performance.now() - start) / 1000;
    const build = {
      seconds,
      steps: console_.seconds(),
      peaks: console_.peaks(),
      peakBytes: process.resourceUsage().maxRSS * 1024,
      node: process.version,
    };
    const facts = factsOf({
      ...{ manifest, mapped, target, found, work, weightBits, simulated, activity, compared, widths },
      ...{ ...answered, diagnostics: diagnostics.list, build },
    });
    const { report } = makeReport(facts);
    const preprocessing = describePreprocess(resolved, centre);
    folder.add('manifest.json', printManifest(manifest));
    for (const [name, text] of reportFiles(report)) folder.add(name, text);
    folder.add('build.json', `${JSON.stringify(build, null, 2)}\n`);
    folder.commit();
    if (args.saveThresholds !== undefined) writeText(args.saveThresholds, printSettings(settings));
    if (args.saveCurve !== undefined && search !== undefined) writeText(args.saveCurve, curveCsv(search));
    return finish(args, console_, {
      ...{ out, summary: renderSummary(report), manifest, report, build, preprocessing },
      weights: synapsesOf(mapped.int),
    });
  } catch (error) {
    folder.discard();
    throw error;
  }
}

/** What no core of this target can do is said before anything is calibrated. Errors: E0510, E0511 */
function refuseEarly(
  ann: AnnGraph,
  target: Target,
  { steps = 1, terms, keepUnread, bits }: CompileArguments,
): void {
  const early = createDiagnostics();
  const outline = outlineOf(ann, { steps, terms, keepUnread }, () => undefined);
  refuseTarget(outline, target, createAccounting(target), bits, early.report);
  throwIfErrors(early);
}

/** Of neurons that fire, the share that may be stopped by the highest threshold without a word. */
const CLIPPED = 0.001;

function reportClipped(levels: number, activity: MeasuredActivity, origin: string, report: Report): void {
  const share = activity.saturations.threshold / Math.max(1, activity.firings);
  if (share > CLIPPED) report('W0422', { origin }, { levels, percent: Number((100 * share).toFixed(2)) });
}

function finish(
  args: CompileArguments,
  console_: Console,
  done: {
    out: string;
    summary: string;
    preprocessing: string;
    weights: number;
    manifest: Manifest;
    report: ChipReport;
    build: { seconds: number; steps: Readonly<Record<string, number>>; peakBytes: number };
  },
): number {
  const { out, summary, preprocessing, manifest, report, build } = done;
  const { target, network } = manifest;
  console_.line(`images      ${preprocessing}`);
  if (manifest.search !== null) console_.line(renderSearch(manifest.search));
  console_.line(summary.trimEnd());
  const where = args.dryRun ? 'nothing written, as asked;' : `written to ${out} in`;
  console_.line(`\n${where} ${build.seconds.toFixed(1)} s`);
  console_.result({
    fits: true,
    target: target.name,
    board: target.spec,
    weights: done.weights,
    neurons: network.neurons,
    messages: report.traffic.messages,
    routes: manifest.placement.routes,
    deliveries: manifest.placement.deliveries,
    cores: { used: manifest.cores.length, available: target.cores },
    chips: { used: new Set(manifest.cores.map(core => core.chip)).size, available: target.chips },
    binding: report.verdict.binding,
    steps: network.steps,
    coding: network.coding,
    shift: manifest.options.shift,
    terms: args.terms,
    levels: Math.max(...manifest.populations.map(p => p.levels ?? 0)),
    mode: network.mode,
    search: manifest.search,
    latency: report.verdict.latency,
    throughput: report.verdict.throughput.atMost,
    energy: report.energy.costSets.map(({ name, totalPj, highPj }) => ({ costSet: name, totalPj, highPj })),
    eq30: {
      ...report.eq30,
      predictedPaper: report.eq30.predicted.paper,
      predictedPaperAcs: report.eq30.counts.paper.acs,
    },
    out: args.dryRun ? null : out,
    seconds: build.seconds,
    stepSeconds: build.steps,
    cpuSeconds: process.cpuUsage().user / 1e6,
    peakBytes: build.peakBytes,
    diagnostics: console_.diagnostics.list,
  });
  return reportDiagnostics(console_.diagnostics.list, args.json);
}
