/** The numerics report: everything that was measured of each population, as plain data. */

import { sumSaturations } from '../../ir/count/saturations.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { Saturations } from '../../ir/interpret/int.ts';
import type { Width } from '../widths/prove.ts';
import type { WidthReport } from '../widths/summary.ts';
import { type NumericsTally, type PopulationTally, SOURCES, type Source } from './measure.ts';
import { sqnr } from './spread.ts';

type Each<T> = Readonly<Record<Source, T>>;

export interface PopulationNumerics {
  readonly population: ValueId;
  /** The user's node. */
  readonly origin: string;
  readonly function: string;
  readonly emit: string;
  readonly neurons: number;
  readonly range: { readonly min: number; readonly max: number; readonly p99: number };
  readonly format: {
    readonly fraction: number;
    readonly outFraction: number;
    readonly theta: number | null;
    readonly levels: number | null;
    readonly terms: number | null;
  };
  /** Of what the population has sent; null where nothing is off (or nothing was sent). */
  readonly sqnrDb: Each<number | null>;
  /** Of what it has sent against its own target: what its thresholds alone leave out. */
  readonly firingSqnrDb: number | null;
  /** Σ of squared errors, per image. */
  readonly squaredError: Each<number>;
  readonly saturations: Readonly<Saturations>;
  readonly firing: { readonly share: number; readonly termsPerSpike: number };
  readonly widths: readonly Width[];
}

export interface TableNumerics {
  readonly population: ValueId;
  readonly origin: string;
  readonly function: string;
  readonly sqnrDb: number | null;
  readonly worst: number;
}

export interface FlipCount {
  readonly population: ValueId;
  readonly origin: string;
  readonly images: readonly number[];
}

export interface NumericsReport {
  readonly schema: 'snnc-numerics';
  readonly schemaVersion: 0;
  readonly images: number;
  readonly coding: string;
  readonly steps: number;
  /** Against the reference: share of equal answers, and mean squared error of the logits over their variance. */
  readonly answers: Each<{ readonly agreement: number; readonly logitMse: number }>;
  readonly totals: {
    /** Chances to saturate: neurons × images × steps. */
    readonly neurons: number;
    readonly saturations: Readonly<Saturations>;
  };
  /** Worst first. */
  readonly populations: readonly PopulationNumerics[];
  readonly tables: readonly TableNumerics[];
  /** In the network's order. */
  readonly flips: readonly FlipCount[];
  readonly widths: WidthReport;
}

export interface NumericsFacts {
  readonly coding: string;
  readonly steps: number;
  readonly widths: WidthReport;
}

export function numericsReport(
  tally: NumericsTally,
  { coding, steps, widths }: NumericsFacts,
): NumericsReport {
  const { logits, images } = tally;
  const mean = logits.sum / logits.count;
  const variance = logits.squares / logits.count - mean ** 2;
  const answer = (source: Source) => ({
    agreement: tally.answers[source].agreed / images,
    logitMse: variance === 0 ? 0 : tally.answers[source].noise / logits.count / variance,
  });
  return {
    schema: 'snnc-numerics',
    schemaVersion: 0,
    images,
    coding,
    steps,
    answers: each(answer),
    totals: {
      neurons: tally.populations.reduce((sum, p) => sum + p.fired.chances, 0),
      saturations: sumSaturations([...tally.saturations.values()]),
    },
    populations: worstFirst(
      tally.populations.map(p => describe(p, tally, widths)),
      p => p.sqnrDb.integer,
    ),
    tables: worstFirst(tally.populations.flatMap(describeTable), t => t.sqnrDb),
    flips: tally.populations.flatMap(({ node }) => {
      const turned = tally.flips.filter(flip => flip.population === node.id).map(flip => flip.image);
      return turned.length === 0 ? [] : [{ population: node.id, origin: node.origin, images: turned }];
    }),
    widths,
  };
}

const each = <T>(make: (source: Source) => T): Each<T> =>
  Object.fromEntries(SOURCES.map(source => [source, make(source)])) as unknown as Each<T>;

/** Stable: populations that are equally bad keep the network's order. */
const worstFirst = <T>(list: readonly T[], quality: (item: T) => number | null): readonly T[] =>
  [...list].sort(
    (a, b) => (quality(a) ?? Number.POSITIVE_INFINITY) - (quality(b) ?? Number.POSITIVE_INFINITY) || 0,
  );

function describe(
  { node, integer, fidelity, firing, range, fired }: PopulationTally,
  { images, saturations }: NumericsTally,
  { widths }: WidthReport,
): PopulationNumerics {
  const emit = integer?.attrs.emit;
  const ladder = emit?.kind === 'mt' ? emit : undefined;
  return {
    population: node.id,
    origin: node.origin,
    function: functionName(node),
    emit: node.attrs.emit.kind,
    neurons: node.type.shape.reduce((a, b) => a * b, 1),
    range: range.result(),
    format: {
      fraction: integer?.attrs.fraction ?? 0,
      outFraction: integer?.attrs.outFraction ?? 0,
      theta: ladder === undefined ? null : 2 ** -ladder.theta,
      levels: ladder?.levels ?? null,
      terms: ladder?.terms ?? null,
    },
    sqnrDb: each(source => sqnr(fidelity[source])),
    firingSqnrDb: sqnr(firing),
    squaredError: each(source => fidelity[source].noise / images),
    saturations: saturations.get(node.id) ?? sumSaturations([]),
    firing: {
      share: fired.chances === 0 ? 0 : fired.spikes / fired.chances,
      termsPerSpike: fired.spikes === 0 ? 0 : fired.terms / fired.spikes,
    },
    widths: widths.filter(width => width.population === node.id),
  };
}

const functionName = ({ attrs }: PopulationTally['node']): string =>
  attrs.function.kind === 'pointwise' ? attrs.function.name : attrs.function.kind;

function describeTable({ node, table }: PopulationTally): readonly TableNumerics[] {
  if (node.attrs.function.kind === 'identity' || table.count === 0) return [];
  const { id, origin } = node;
  return [{ population: id, origin, function: functionName(node), sqnrDb: sqnr(table), worst: table.worst }];
}
