/** `snnc methods`: conversion methods side by side on the user's own network – method × T → accuracy and Eq. 30. */
import { resolve } from 'node:path';
import { readNetwork } from '../compiler/compile.ts';
import { calibratedForms, type MethodNetwork, methodNetworks } from '../compiler/methods/networks.ts';
import { METHODS, type Method } from '../compiler/methods/table.ts';
import { checkConvertible } from '../compiler/passes/convert.ts';
import { defaultProfile } from '../compiler/profile.ts';
import type { Advance } from '../compiler/progress.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { fail, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import type { Ties } from '../ir/snn.ts';
import { calibrationImages, foldInto } from './calibration.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { type Images, openImages } from './images.ts';
import {
  createFloatTally,
  createNetworkMeter,
  type FloatAnswers,
  type NetworkMeter,
  type Point,
} from './measure-network.ts';
import { openModelFile } from './model-files.ts';
import type { DataOptions, Shared } from './options.ts';
import { findPreprocess, isAssumed, type PreprocessFlags } from './preprocess.ts';
import { csvText, writeText } from './text-files.ts';

/** A model with the images that it is measured on. */
export interface MeasuredArguments extends Shared, DataOptions, PreprocessFlags {
  readonly model: string;
  readonly data: string;
  readonly calibrate?: string | undefined;
  readonly inputShape?: string | undefined;
  readonly output?: string | undefined;
  readonly limit?: number | undefined;
  readonly steps: readonly number[];
  readonly shift: number;
  readonly terms: number;
  readonly levels: number;
  readonly ties: Ties;
}

export interface MethodsArguments extends MeasuredArguments {
  readonly methods?: string | undefined;
  readonly csv?: string | undefined;
}

export const MEASURE_PLAN = ['import', 'canonicalize', 'load-weights', 'preprocess', 'convert', 'run'];

export interface Measured {
  readonly ann: AnnGraph;
  readonly calibration: readonly Float64Array[];
  readonly test: Images;
  readonly count: number;
}

export async function methodsCommand(args: MethodsArguments): Promise<number> {
  const out = createConsole(args, MEASURE_PLAN);
  const methods = chosenMethods(args.methods);
  const measured = await openMeasured(args, out);
  out.step('convert');
  const { ann, calibration } = measured;
  const { steps, levels, ties } = args;
  const { report } = out.diagnostics;
  const profile = defaultProfile(args.shift, args.terms);
  const context = { ...calibratedForms(ann, calibration, report), steps, profile, levels, ties, report };
  const networks = methods.map(method => ({ method, networks: methodNetworks(method, context) }));
  throwIfErrors(out.diagnostics);
  const { float, rows } = await measure(measured, networks, out);
  out.line(render(float, rows, measured, args));
  if (args.csv !== undefined) writeText(args.csv, toCsv(float, rows));
  out.result({
    samples: measured.count,
    ann: { accuracy: float.accuracy, interval: float.interval },
    methods: rows.map(({ method, points }) => {
      const { id, name, status, source, note } = method;
      return { id, name, status, source, note, points };
    }),
    diagnostics: out.diagnostics.list,
  });
  return reportDiagnostics(out.diagnostics.list, args.json);
}

/** Errors: E0331. */
function chosenMethods(list: string | undefined): readonly Method[] {
  if (list === undefined) return METHODS;
  const known = METHODS.map(({ id }) => id).join(', ');
  const names = list.split(',').map(name => name.trim());
  return [...new Set(names)].map(
    name =>
      METHODS.find(({ id }) => id === name) ??
      fail('E0331', { origin: '--methods' }, { method: name, known }),
  );
}

/** The network on the numbers that its images become, and both sets of images. Errors: those of compile · W0334. */
export async function openMeasured(args: MeasuredArguments, out: Console): Promise<Measured> {
  const { diagnostics } = out;
  const { report } = diagnostics;
  if (args.calibrate !== undefined && resolve(args.calibrate) === resolve(args.data))
    report('W0334', { origin: args.data }, { path: args.data });
  const read = readNetwork(openModelFile(args.model), args.model, out, {
    inputShape: args.inputShape?.split(',').map(Number),
    output: args.output,
  });
  const { shape } = read.ann.nodes.find(node => node.kind === 'input')!.type;
  const resolved = findPreprocess(args, args.model, read.metadata, shape, report);
  const { ann } = foldInto(read.ann, resolved, false, out);
  checkConvertible(ann, report);
  throwIfErrors(diagnostics);
  const calibration = await calibrationImages(args, { shape, resolved, centre: null }, out);
  const { preprocess } = resolved;
  const logits = ann.nodes.find(node => node.id === ann.outputs[0])!.type.shape;
  const assumed = isAssumed(resolved);
  const taker = { shape, preprocess, centre: null, isAssumed: assumed, classes: sizeOf(logits) };
  const test = await openImages(args.data, taker, args, report);
  return { ann, calibration, test, count: Math.min(args.limit ?? test.count, test.count) };
}

export interface Row {
  readonly method: Method;
  readonly points: readonly Point[];
}

async function measure(
  { ann, test, count }: Measured,
  list: readonly { readonly method: Method; readonly networks: readonly MethodNetwork[] }[],
  out: Console,
): Promise<{ float: FloatAnswers; rows: readonly Row[] }> {
  const rows = list.map(({ method, networks }) => ({
    method,
    meters: networks.map(network => createNetworkMeter(network)),
  }));
  out.step(`run ${count} images through ${rows.length} methods`);
  const float = await seeAll(
    ann,
    test,
    count,
    rows.flatMap(({ meters }) => meters),
    out.advance,
  );
  return {
    float,
    rows: rows.map(({ method, meters }) => ({
      method,
      points: meters.flatMap(meter => meter.points(float)),
    })),
  };
}

/** Every image through the float network and every meter. */
export async function seeAll(
  ann: AnnGraph,
  test: Images,
  count: number,
  meters: readonly NetworkMeter[],
  advance: Advance,
): Promise<FloatAnswers> {
  const reference = createFastAnnRunner(ann);
  const tally = createFloatTally();
  for (let n = 0; n < count; n++) {
    const image = await test.image(n);
    const label = test.labels?.[n];
    const logits = [...reference.run(image).values()][0]!.slice();
    tally.see(logits, label);
    for (const meter of meters) meter.see(image, logits, label);
    advance(n + 1, count);
  }
  return tally.answers();
}

const percent = (x: number | null): string => (x === null ? '–' : (100 * x).toFixed(1));
const range = (i: readonly [number, number] | null): string =>
  i === null ? '' : `${(100 * i[0]).toFixed(1)}–${(100 * i[1]).toFixed(1)}`;

function render(
  float: FloatAnswers,
  rows: readonly Row[],
  { count, test }: Measured,
  args: MethodsArguments,
): string {
  const line = (cells: readonly [string, ...string[]]) =>
    [cells[0].padEnd(16), ...cells.slice(1).map(cell => cell.padStart(11))].join(' ').trimEnd();
  const table = (title: string, pick: (point: Point) => string) => [
    '',
    title,
    line(['method', ...args.steps.map(t => `T = ${t}`)]),
    ...rows.map(({ method, points }) => line([method.name, ...points.map(pick)])),
  ];
  const accuracy =
    test.labels === undefined
      ? []
      : [
          ...table('accuracy, %', p => percent(p.accuracy)),
          ...table('95 % interval of accuracy', p => range(p.interval)),
        ];
  return [
    `${count} images, ann ${percent(float.accuracy)} % ${range(float.interval)}, stage snn, real-valued`,
    ...accuracy,
    ...table('agreement with ann, %', p => percent(p.agreement)),
    ...table('logit mse, in variances', p => p.logitMse.toPrecision(2)),
    ...table('Eq. 30, the paper’s count', p => p.eq30.toFixed(3)),
    '',
    ...rows.map(
      ({ method }) => `${method.name.padEnd(16)} ${method.status}: ${method.source}; ${method.note}`,
    ),
    'Softmax, LayerNorm and activations are expectation-compensated in every row (docs/methods.md).',
  ].join('\n');
}

function toCsv(float: FloatAnswers, rows: readonly Row[]): string {
  const head = ['method', 'T', 'accuracy', 'low', 'high', 'agreement', 'logit_mse', 'eq30'];
  const ann = ['ann', null, float.accuracy, ...(float.interval ?? [null, null]), 1, 0, 1];
  return csvText([
    head,
    ann,
    ...rows.flatMap(({ method, points }) =>
      points.map(p => [
        ...[method.id, p.steps, p.accuracy, ...(p.interval ?? [null, null])],
        ...[p.agreement, p.logitMse, p.eq30],
      ]),
    ),
  ]);
}
