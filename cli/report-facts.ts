/** What a compile knows → what its report is made from: traffic core by core, spans of layers, quality on a few images. */
import { type Manifest, printManifest } from '../backends/manifest.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Target } from '../backends/target.ts';
import { synapsesOf } from '../compiler/estimate/least-cores.ts';
import type { ModeEstimate } from '../compiler/estimate/modes.ts';
import type { TileWork } from '../compiler/estimate/tile-work.ts';
import type { Mapped } from '../compiler/map-network.ts';
import { type WidthReport, widthLine } from '../compiler/widths/summary.ts';
import type { ChipGraph } from '../ir/chip.ts';
import { sha256 } from '../ir/constants.ts';
import { argMax } from '../ir/logits.ts';
import { ranOf } from '../report/accounts.ts';
import type { Compared, CoreFlows, Facts, LayerSpan, TileTable } from '../report/facts.ts';
import type { MachineCounts } from '../runtime-sim/counts.ts';
import { placesOf, type TileEvents, tileEventsOf } from '../runtime-sim/tile-events.ts';
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import type { MeasuredActivity } from './activity.ts';
import { expectedOf, talliedOf } from './compare-modes.ts';
import type { Curve } from './curve.ts';
import type { Quality } from './quality.ts';

/** A simulated sample of images. */
export interface Simulated {
  readonly counts: MachineCounts;
  readonly programs: readonly ChipProgram[];
  readonly timed: TimedReport | undefined;
}

export interface Compiled {
  readonly manifest: Manifest;
  readonly mapped: Mapped;
  readonly target: Target;
  readonly found: ModeEstimate;
  readonly work: TileWork;
  readonly weightBits: number;
  readonly simulated: Simulated | undefined;
  readonly activity: MeasuredActivity;
  /** The float network's answers to the images that the activity was measured on, and what is right. */
  readonly float: readonly Float64Array[];
  readonly labels: readonly number[] | undefined;
  readonly quality: Quality | undefined;
  readonly curve: Curve;
  readonly compared: Compared;
  readonly widths: WidthReport;
  readonly diagnostics: Facts['diagnostics'];
  readonly build: Facts['build'];
}

export function factsOf(compiled: Compiled): Facts {
  const { manifest, mapped, target, found, work, weightBits, simulated, activity, curve } = compiled;
  const { chip } = mapped;
  const counted = simulated && tileEventsOf(simulated.counts, placesOf(simulated.programs, manifest.cores));
  const order = programOrder(chip);
  const layers = new Map(manifest.populations.map(({ name }, i) => [name, i]));
  return {
    ...{ manifest, digest: sha256(printManifest(manifest)), int: mapped.int, target },
    ran: simulated === undefined ? expectedOf(found) : ranOf(simulated.counts),
    tallied: talliedOf(found, work, weightBits, counted),
    timed: simulated?.timed,
    tiles: tileTable(chip, order, work),
    spans: spansOf(chip, work),
    flows: flowsOf(work, chip.attrs.steps, counted && messagesOfTiles(counted, order)),
    words: wordsOf(chip, work, simulated?.counts),
    links: simulated && linksOf(simulated.counts),
    predicted: activity.counts,
    answers: answersOf(compiled),
    accuracy: { ...curve, firing: firingOf(compiled.quality, layers) },
    saturations: new Map([...activity.saturationsOf].map(([id, own]) => [id.slice(1), { ...own }])),
    sqnrDb: compiled.quality?.sqnrDb ?? new Map(),
    weights: synapsesOf(mapped.int),
    weightBits,
    widths: { kept: compiled.widths.widths, says: widthLine(compiled.widths) },
    leastCores: found.least,
    compared: compiled.compared,
    ...{ diagnostics: compiled.diagnostics, build: compiled.build },
  };
}

function answersOf({ activity, float, labels, curve }: Compiled): Facts['answers'] {
  const { answers } = activity;
  const isRight = (logits: Float64Array, i: number) => argMax(logits) === labels?.[i];
  return {
    ...{ source: curve.source ?? 'synthetic', images: answers.length },
    float: labels === undefined ? null : shareOf(float, isRight),
    integer: labels === undefined ? null : shareOf(answers, isRight),
    agreement: shareOf(answers, (logits, i) => argMax(logits) === argMax(float[i]!)),
  };
}

function shareOf(
  answers: readonly Float64Array[],
  isRight: (logits: Float64Array, i: number) => boolean,
): number | null {
  return answers.length === 0 ? null : answers.filter(isRight).length / answers.length;
}

const firingOf = (
  quality: Quality | undefined,
  layers: ReadonlyMap<string, number>,
): Facts['accuracy']['firing'] =>
  quality === undefined
    ? null
    : quality.firing.flatMap(({ name, positive, negative }) => {
        const layer = layers.get(name);
        const six = (list: readonly number[]) => list.map(x => Number(x.toPrecision(4)));
        return layer === undefined ? [] : [{ layer, positive: six(positive), negative: six(negative) }];
      });

/** Tiles as programs list them: chip by chip, core by core, each core's in the order of the grid. */
function programOrder({ tables: { tiles, cores } }: ChipGraph): Int32Array {
  const core = tiles.columns.core!;
  const chip = cores.columns.chip!;
  return Int32Array.from({ length: tiles.rows }, (_, i) => i).sort(
    (a, b) => chip[core[a]!]! - chip[core[b]!]! || core[a]! - core[b]! || a - b,
  );
}

const BOX = ['group0', 'group1', 'row0', 'row1', 'channel0', 'channel1'] as const;

/** In the order of the manifest's cores, which need not be that of the programs. */
function tileTable({ tables: { tiles } }: ChipGraph, order: Int32Array, { wiring }: TileWork): TileTable {
  const core = tiles.columns.core!;
  const byCore = order.slice().sort((a, b) => core[a]! - core[b]! || a - b);
  return {
    core: byCore.map(tile => core[tile]!),
    layer: byCore.map(tile => wiring.populationOf[tile]!),
    box: BOX.map(name => byCore.map(tile => tiles.columns[name]![tile]!)),
  };
}

/** Messages of an image that were counted of each tile, in the order of the grid. */
function messagesOfTiles({ events }: TileEvents, order: Int32Array): Float64Array {
  const messages = new Float64Array(order.length);
  order.forEach((tile, i) => {
    messages[tile] = events.messages[i]!;
  });
  return messages;
}

/**
 * Flows between cores, an image. What is expected of a tile is scaled to what was counted of it: which of its neurons
 * fired is not kept.
 */
function flowsOf(
  { flows, events, wiring }: TileWork,
  steps: number,
  counted: Float64Array | undefined,
): CoreFlows {
  const sums = new Map<number, number>();
  const { cores, coreOf, populationOf } = wiring;
  const layers = wiring.tiling.populations.length;
  flows.tile.forEach((tile, i) => {
    const expected = events.messages[tile]!;
    const scale = counted === undefined ? steps : expected === 0 ? 0 : counted[tile]! / expected;
    const key = (coreOf[tile]! * cores + flows.core[i]!) * layers + populationOf[tile]!;
    sums.set(key, (sums.get(key) ?? 0) + scale * flows.messages[i]!);
  });
  const list = [...sums].filter(([, messages]) => messages > 0).toSorted((a, b) => a[0] - b[0]);
  const pair = (key: number) => Math.floor(key / layers);
  return {
    from: Int32Array.from(list, ([key]) => Math.floor(pair(key) / cores)),
    to: Int32Array.from(list, ([key]) => pair(key) % cores),
    layer: Int32Array.from(list, ([key]) => key % layers),
    messages: Float64Array.from(list, ([, messages]) => messages),
  };
}

/** Words of synaptic memory of an image, by core of the manifest. */
function wordsOf(
  { tables, attrs }: ChipGraph,
  { events, wiring }: TileWork,
  counts: MachineCounts | undefined,
) {
  const words = new Float64Array(wiring.cores);
  if (counts === undefined) {
    wiring.coreOf.forEach((core, tile) => {
      words[core]! += attrs.steps * events.memoryWords[tile]!;
    });
    return words;
  }
  const chip = tables.cores.columns.chip!;
  const order = Int32Array.from({ length: wiring.cores }, (_, i) => i).sort(
    (a, b) => chip[a]! - chip[b]! || a - b,
  );
  for (const work of counts.work)
    order.forEach((core, i) => {
      words[core]! += work.words[i]! / Math.max(1, counts.images);
    });
  return words;
}

function linksOf({ links, images }: MachineCounts): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const step of links)
    for (const [link, messages] of step)
      sums.set(link, (sums.get(link) ?? 0) + messages / Math.max(1, images));
  return sums;
}

/** Each layer's first and last timestep of an image; every step of a network that takes several. */
function spansOf({ tables: { tiles }, attrs }: ChipGraph, { wiring }: TileWork): readonly LayerSpan[] {
  const { steps, mode, depth } = attrs;
  const period = mode === 'layerwise' ? depth / steps : 1;
  const { depth: starts, row0, row1 } = tiles.columns;
  const spans = wiring.tiling.populations.map(() => ({ start: Number.POSITIVE_INFINITY, end: 0 }));
  for (let tile = 0; tile < tiles.rows; tile++) {
    const span = spans[wiring.populationOf[tile]!]!;
    const length = mode === 'streaming' ? row1![tile]! - row0![tile]! : 1;
    span.start = Math.min(span.start, starts![tile]!);
    span.end = Math.max(span.end, starts![tile]! + length);
  }
  return spans.flatMap(({ start, end }, layer) =>
    Array.from({ length: mode === 'layerwise' ? steps : 1 }, (_, t) => {
      const last = mode === 'layerwise' ? t : steps - 1;
      return { layer, start: start + (mode === 'layerwise' ? t * period : 0), end: end + last * period };
    }),
  );
}
