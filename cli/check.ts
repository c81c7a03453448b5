/** `snnc check`: seconds, no build: everything that stands in the way, and how large the network will be. */
import { loadCandidates } from '../backends/target.ts';
import {
  checkBoards,
  checkNetwork,
  type NetworkCheck,
  type Reading,
  type TargetCheck,
} from '../compiler/check.ts';
import type { PopulationEstimate } from '../compiler/estimate.ts';
import { describePreprocess } from '../compiler/preprocess/resolve.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { type Diagnostic, UserError } from '../ir/diagnostics/diagnostic.ts';
import { noteOfTime } from '../report/notes.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { openModelFile } from './model-files.ts';
import type { Shared } from './options.ts';
import { findPreprocess } from './preprocess.ts';

export interface CheckArguments extends Shared {
  readonly model: string;
  readonly target: string;
  readonly inputShape?: string | undefined;
  readonly output?: string | undefined;
  readonly steps: number;
  readonly terms: number;
  readonly bits: number;
  readonly keepUnread: boolean;
  readonly weights?: boolean | undefined;
}

/** Weights up to this are looked at unless told otherwise: a second or two. */
const SCAN_BYTES = 1.5 * 2 ** 30;

export async function checkCommand(args: CheckArguments): Promise<number> {
  const console_ = createConsole(args);
  const { diagnostics } = console_;
  const start = performance.now();
  const candidates = await loadCandidates(args.target);
  const file = openModelFile(args.model);
  const options = {
    inputShape: args.inputShape?.split(',').map(Number),
    output: args.output,
    steps: args.steps,
    terms: args.terms,
    keepUnread: args.keepUnread,
    scanBytes: args.weights === undefined ? SCAN_BYTES : args.weights ? Number.POSITIVE_INFINITY : 0,
  };
  const network = checkNetwork(file, options, console_);
  console_.step('estimate');
  const sizes = { steps: args.steps, weightBits: args.bits };
  const found = network.outline && checkBoards(network.outline, candidates, sizes, diagnostics.report);
  const images = network.ann && imagesOf(args.model, network, network.ann, console_);
  const seconds = (performance.now() - start) / 1000;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const faults = images instanceof UserError ? images.diagnostics : [];
  const list = [...diagnostics.list, ...faults];
  const check: Check = { args, network, found, images, list, seconds, peakBytes };
  console_.line(renderCheck(check));
  return reportDiagnostics(list, args.json, resultOf(check));
}

/** What will be done to images, in words; or what is wrong with what says so. */
function imagesOf(
  model: string,
  { metadata }: NetworkCheck,
  ann: AnnGraph,
  { diagnostics }: Console,
): string | UserError {
  try {
    const { shape } = ann.nodes.find(node => node.kind === 'input')!.type;
    return describePreprocess(findPreprocess({}, model, metadata, shape, diagnostics.report), null);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

interface Check {
  readonly args: CheckArguments;
  readonly network: NetworkCheck;
  readonly found: TargetCheck | undefined;
  readonly images: string | UserError | undefined;
  readonly list: readonly Diagnostic[];
  readonly seconds: number;
  readonly peakBytes: number;
}

const big = (n: number): string => Math.round(n).toLocaleString('en-US');
const bytes = (n: number): string =>
  n >= 1e9
    ? `${(n / 1e9).toFixed(2)} GB`
    : n >= 1e6
      ? `${(n / 1e6).toFixed(1)} MB`
      : `${(n / 1e3).toFixed(1)} kB`;
const time = (seconds: number): string =>
  seconds >= 1
    ? `${seconds.toFixed(2)} s`
    : seconds >= 1e-3
      ? `${(seconds * 1e3).toFixed(2)} ms`
      : `${(seconds * 1e6).toFixed(0)} µs`;
const percent = (x: number): string => `${(100 * x).toFixed(0)} %`;

function renderCheck(check: Check): string {
  const rows = [...modelRows(check), ...networkRows(check), ...targetRows(check)];
  const errors = check.list.filter(d => d.severity === 'error').length;
  const verdict =
    errors === 0 ? 'nothing stands in the way' : `${errors} thing(s) stand in the way, see below`;
  const lines = [...rows, ['verdict', verdict] as const].map(([name, text]) => `${name.padEnd(12)}${text}`);
  const took = `checked in ${check.seconds.toFixed(1)} s and ${bytes(check.peakBytes)}`;
  const told = check.found === undefined ? [] : [...ESTIMATE_NOTES, noteOfTime(check.found.target)];
  const notes = told.map(note => `note        ${note}`);
  return [...lines, ...notes, '', took].join('\n');
}

const ESTIMATE_NOTES = [
  'cores are an estimate: each population by itself, without packing and placement',
  'times are of a step in which every neuron sends, without messages in the network',
] as const;

type Row = readonly [name: string, text: string];

function modelRows({ args, network: { facts, ann, isScanned } }: Check): readonly Row[] {
  if (facts === undefined) return [['model', `${args.model}: cannot be read`]];
  const { producer, opset, nodes, parameters, weightBytes, elements } = facts;
  const types = Object.entries(elements).map(([type, n]) => `${big(n)} ${type}`);
  const from = producer === '' ? '' : `, from ${producer}`;
  const looked = isScanned ? 'all finite' : 'not looked at (--weights looks)';
  return [
    ['model', `${args.model}${from}, opset ${opset}, ${big(nodes)} nodes`],
    ['parameters', `${big(parameters)}, ${bytes(weightBytes)} (${types.join(', ')})`],
    ...(weightBytes === 0 || ann === undefined ? [] : [['weights', looked] as const]),
  ];
}

function networkRows({ network: { ann, outline }, found, images }: Check): readonly Row[] {
  if (ann === undefined || outline === undefined) return [];
  const input = ann.nodes.find(node => node.kind === 'input')!;
  const estimate = found?.readings[0].estimate;
  const rows: Row[] = [['input', `${input.attrs.name} [${input.type.shape.join(', ')}]`]];
  if (typeof images === 'string') rows.push(['images', images]);
  if (estimate === undefined) return rows;
  const { populations, neurons, synapses, depth } = estimate;
  const size = `${big(populations.length)} populations, ${big(neurons)} neurons, ${big(synapses)} weights`;
  return [...rows, ['network', `${size}, ${depth} steps deep`]];
}

function targetRows({ found }: Check): readonly Row[] {
  if (found === undefined) return [];
  const { target, readings, time: estimated, instead } = found;
  const [{ estimate }] = readings;
  const heaviest = estimate.populations.toSorted((a, b) => b.cores - a.cores).slice(0, 3);
  const per = (reading: Reading) =>
    `${big(reading.estimate.cores)} cores (at least ${big(reading.estimate.leastCores)}), ${big(reading.chips)} chip(s) of ${big(target.chips)}: ${reading.fits ? 'fits' : 'does not fit'}`;
  return [
    [
      'target',
      `${target.spec}, ${big(target.cores)} cores${instead === undefined ? '' : `; ${instead} would do`}`,
    ],
    ...readings.map(
      (reading): Row => [
        '',
        `${reading.name === 'neurons' ? `${big(reading.limit)} neurons a core` : `${big(reading.limit)} state words`}: ${per(reading)}`,
      ],
    ),
    ...heaviest.map((p, i): Row => [i === 0 ? 'heaviest' : '', describe(p)]),
    [
      'time',
      `step ${time(estimated.stepSeconds)}, latency ${time(estimated.latencySeconds)}, ${big(estimated.throughput)} images/s pipelined`,
    ],
  ];
}

const describe = ({ name, shape, tiles, cores, binding, fill }: PopulationEstimate): string =>
  `${name} [${shape.join(', ')}]: ${big(cores)} cores, ${big(tiles)} tiles, ${binding} ${percent(fill)}`;

/** What --json prints; estimates where nothing was mapped. */
function resultOf({ args, network, found, images, list, seconds, peakBytes }: Check): object {
  const strict = found?.readings[0];
  const estimate = strict?.estimate;
  const binding = estimate?.populations.reduce((a, b) => (b.cores > a.cores ? b : a));
  return {
    fits: strict?.fits ?? false,
    estimate: true,
    target: found?.target.name ?? args.target,
    board: found?.target.spec ?? null,
    cores: { used: estimate?.cores ?? null, available: found?.target.cores ?? null },
    chips: { used: strict?.chips ?? null, available: found?.target.chips ?? null },
    binding: binding === undefined ? null : { resource: binding.binding, fill: binding.fill },
    readings: found?.readings.map(reading => ({
      limit: reading.name,
      value: reading.limit,
      cores: reading.estimate.cores,
      leastCores: reading.estimate.leastCores,
      chips: reading.chips,
      fits: reading.fits,
    })),
    instead: found?.instead ?? null,
    steps: args.steps,
    coding: 'sum',
    terms: args.terms,
    levels: null,
    mode: 'pipelined',
    latency:
      estimate === undefined || found === undefined
        ? null
        : { steps: estimate.depth + args.steps - 1, seconds: found.time.latencySeconds },
    throughput: found?.time.throughput ?? null,
    eq30: null,
    model: network.facts ?? null,
    images: typeof images === 'string' ? images : null,
    weightsLookedAt: network.isScanned,
    neurons: estimate?.neurons ?? null,
    synapses: estimate?.synapses ?? null,
    populations: estimate?.populations ?? [],
    seconds,
    peakBytes,
    diagnostics: list,
  };
}
