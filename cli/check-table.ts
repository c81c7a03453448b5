/** What a check found, for people and as JSON. */
import { fill } from '../backends/accounting.ts';
import type { NetworkCheck } from '../compiler/check.ts';
import { neuronCount } from '../compiler/compile.ts';
import { synapsesOf } from '../compiler/estimate/least-cores.ts';
import type { ModeEstimate } from '../compiler/estimate/modes.ts';
import type { Reading, Verdict } from '../compiler/estimate/verdict.ts';
import { spreadOf } from '../compiler/mapping/spread.ts';
import { describePreprocess, type Resolved } from '../compiler/preprocess/resolve.ts';
import { type Diagnostic, UserError } from '../ir/diagnostics/diagnostic.ts';
import { modeTable } from '../report/mode-figures.ts';
import { notesOf } from '../report/notes.ts';
import { bigNumber as big, byteSize, percentOf } from '../report/units.ts';
import { describeWhatIf, type WhatIf } from '../report/what-if.ts';
import type { CheckArguments } from './check.ts';
import { describeActivity, type Known } from './check-activity.ts';
import type { CheckResult } from './check-result.ts';
import type { Console } from './console.ts';
import { figuresOf } from './mode-figures.ts';

export interface Checked {
  readonly args: CheckArguments;
  readonly network: NetworkCheck;
  readonly known: Known | undefined;
  readonly found: Verdict | undefined;
  readonly whatIf: readonly WhatIf[];
  readonly images: Resolved | UserError | undefined;
  readonly list: readonly Diagnostic[];
  readonly seconds: number;
  readonly peakBytes: number;
}

const NAME_WIDTH = 12;

type Row = readonly [name: string, text: string];

export function renderCheck(check: Checked, { columns, paint }: Pick<Console, 'columns' | 'paint'>): string {
  const rows = [...modelRows(check), ...networkRows(check), ...targetRows(check, columns - NAME_WIDTH)];
  const errors = check.list.filter(d => d.severity === 'error').length;
  const verdict =
    errors === 0
      ? paint('green', 'nothing stands in the way')
      : paint('red', `${errors} thing(s) stand in the way, see below`);
  const lines = [...rows, ['verdict', verdict] as const].map(
    ([name, text]) => `${name.padEnd(NAME_WIDTH)}${text}`,
  );
  const took = `checked in ${check.seconds.toFixed(1)} s and ${byteSize(check.peakBytes)}`;
  const target = check.found?.taken?.target;
  const told =
    check.known === undefined || target === undefined ? [] : [ratesNote(check.known), ...notesOf(target)];
  return [...lines, ...told.map(note => `note        ${note}`), '', took].join('\n');
}

const ratesNote = (known: Known): string =>
  `cores and places are the mapper's own, with few moves; rates: ${describeActivity(known)}`;

function modelRows({ args, network: { facts, ann, isScanned } }: Checked): readonly Row[] {
  if (facts === undefined) return [['model', `${args.model}: cannot be read`]];
  const { producer, opset, nodes, parameters, weightBytes, elements } = facts;
  const types = Object.entries(elements).map(([type, n]) => `${big(n)} ${type}`);
  const from = producer === '' ? '' : `, from ${producer}`;
  const looked = isScanned ? 'all finite' : 'not looked at (--weights looks)';
  return [
    ['model', `${args.model}${from}, opset ${opset}, ${big(nodes)} nodes`],
    ['parameters', `${big(parameters)}, ${byteSize(weightBytes)} (${types.join(', ')})`],
    ...(weightBytes === 0 || ann === undefined ? [] : [['weights', looked] as const]),
  ];
}

function networkRows({ network: { ann, outline }, images }: Checked): readonly Row[] {
  if (ann === undefined || outline === undefined) return [];
  const input = ann.nodes.find(node => node.kind === 'input')!;
  const rows: Row[] = [['input', `${input.attrs.name} [${input.type.shape.join(', ')}]`]];
  if (images !== undefined && !(images instanceof UserError))
    rows.push(['images', describePreprocess(images, null)]);
  const { network } = outline;
  const populations = network.nodes.filter(node => node.kind === 'population').length;
  const size = `${big(populations)} populations, ${big(neuronCount(network))} neurons`;
  return [...rows, ['network', `${size}, ${big(synapsesOf(network))} weights`]];
}

function targetRows({ found, whatIf }: Checked, columns: number): readonly Row[] {
  const taken = found?.taken;
  if (found === undefined || taken === undefined) return [];
  const { target, chip } = taken;
  const several = found.instead === undefined ? '' : `; ${found.instead} would do`;
  const modes = modeTable(found.modes.map(figuresOf), taken.mode, columns);
  const heaviest = populationsOf(taken).toSorted((a, b) => b.cores - a.cores);
  return [
    ['target', `${target.spec}, ${big(target.cores)} cores, depth ${chip.attrs.depth}${several}`],
    ...found.readings.map((reading): Row => ['', describeReading(reading, taken)]),
    ...modes.map((line, i): Row => [i === 0 ? 'modes' : '', line]),
    ['binds', boundText(taken)],
    ...heaviest.slice(0, 3).map((p, i): Row => [i === 0 ? 'heaviest' : '', describePopulation(p)]),
    ...whatIf.map((each, i): Row => [i === 0 ? 'what if' : '', describeWhatIf(each)]),
  ];
}

function describeReading(
  { name, limit, cores, leastCores, chips, fits, isBound }: Reading,
  { mode, target }: ModeEstimate,
): string {
  const by = name === 'neurons' ? `${big(limit)} neurons a core` : `${big(limit)} state words`;
  const verdict = fits ? 'fits' : 'does not fit';
  const most = isBound ? 'at most ' : '';
  return `${by}: ${verdict}, ${mode}: ${most}${big(cores)} cores (at least ${big(leastCores)}), ${big(chips)} chip(s) of ${big(target.chips)}`;
}

/** Cores by the resource that is fullest on them, most cores first. */
function boundOf({ usage }: ModeEstimate): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { binding } of usage) counts.set(binding, (counts.get(binding) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

const boundText = (found: ModeEstimate): string => {
  const { resource, fill } = fullestOf(found);
  const shares = Object.entries(boundOf(found)).map(([name, n]) => `${big(n)} by ${name}`);
  return `${resource} at ${percentOf(fill)} of the fullest core; cores bound ${shares.join(', ')}`;
};

const fullestOf = ({ usage, accounting }: ModeEstimate) =>
  usage
    .map(({ used, binding }) => ({ resource: binding, fill: fill(accounting.capacity, used)[binding] }))
    .reduce((a, b) => (b.fill > a.fill ? b : a), { resource: 'none', fill: 0 });

function populationsOf({ chip }: ModeEstimate) {
  const spreads = spreadOf(chip);
  return chip.nodes.flatMap((node, i) => {
    const spread = spreads.get(i);
    if (node.kind !== 'population' || spread === undefined) return [];
    const { depth: _, ...rest } = spread;
    return [
      { id: node.id, name: node.id.slice(1), origin: node.origin, shape: [...node.type.shape], ...rest },
    ];
  });
}

const describePopulation = ({ name, shape, tiles, cores, split }: ReturnType<typeof populationsOf>[number]) =>
  `${name} [${shape.join(', ')}]: ${big(tiles)} tiles (${split.tokens} of tokens × ${split.channels} of channels × ${split.heads} of heads) on ${big(cores)} cores`;

/** What --json prints. */
export function resultOf(checked: Checked): CheckResult {
  const { args, network, known, found, whatIf, images, list, seconds, peakBytes } = checked;
  const taken = found?.taken;
  const figures = taken && figuresOf(taken);
  return {
    fits: taken?.fits ?? false,
    estimate: true,
    target: taken?.target.name ?? args.target,
    board: taken?.target.spec ?? null,
    cores: { used: taken?.cores ?? null, available: taken?.target.cores ?? null },
    chips: { used: taken?.chips ?? null, available: taken?.target.chips ?? null },
    binding: taken === undefined ? null : fullestOf(taken),
    bound: taken === undefined ? {} : boundOf(taken),
    readings: [...(found?.readings ?? [])],
    instead: found?.instead ?? null,
    steps: args.steps,
    coding: 'sum',
    terms: args.terms,
    levels: null,
    mode: taken?.mode ?? null,
    modes: (found?.modes ?? []).map(figuresOf),
    activity: known === undefined ? null : activityOf(known),
    latency: figures?.latency ?? null,
    throughput: figures?.throughput ?? null,
    energyPj: figures?.energyPj ?? null,
    counts: taken === undefined ? null : { ...taken.totals },
    whatIf: [...whatIf],
    eq30: null,
    model: network.facts === undefined ? null : { ...network.facts },
    images: images === undefined || images instanceof UserError ? null : describePreprocess(images, null),
    weightsLookedAt: network.isScanned,
    neurons: network.outline === undefined ? null : neuronCount(network.outline.network),
    synapses: network.outline === undefined ? null : synapsesOf(network.outline.network),
    populations:
      taken === undefined
        ? []
        : populationsOf(taken).map(({ id, ...rest }) => ({
            ...rest,
            rate: known?.activity.get(id)?.rate ?? 1,
          })),
    seconds,
    peakBytes,
    diagnostics: list.map(diagnostic => ({ ...diagnostic })),
  };
}

function activityOf({ from, images, isSynthetic, shift, activity }: Known): CheckResult['activity'] {
  const rates = [...activity.values()].map(({ rate }) => rate);
  const meanRate = rates.reduce((a, b) => a + b, 0) / Math.max(1, rates.length);
  return { from, images, isSynthetic, shift, meanRate };
}
