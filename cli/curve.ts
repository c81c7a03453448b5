/** Accuracy and Eq. 30 over T: the compiled network's own thresholds beside the paper's method, as real numbers. */
import { calibratedForms, methodNetworks } from '../compiler/methods/networks.ts';
import { METHODS } from '../compiler/methods/table.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { type Advance, counted } from '../compiler/progress.ts';
import { spread } from '../compiler/samples.ts';
import type { AnnGraph } from '../ir/ann.ts';
import { createDiagnostics, UserError } from '../ir/diagnostics/diagnostic.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import type { Coding, SnnGraph } from '../ir/snn.ts';
import type { Report } from '../report/schema.ts';
import { createFloatTally, createNetworkMeter, type Point } from './measure-network.ts';

type Accuracy = Report['accuracy'];
export type Curve = Pick<Accuracy, 'source' | 'images' | 'isLabelled' | 'float' | 'curve' | 'missing'>;

/** Timesteps of the paper's Table 1 that a chip is built for. */
const CURVE_STEPS = [1, 2, 4, 8] as const;

/** Multiply-accumulates of all runs: some seconds of a compile. */
const CURVE_WORK = 8e9;
const MOST_IMAGES = 32;
/** Fewer tell two methods apart by chance alone. */
export const LEAST_IMAGES = 16;
/** Thresholds of the paper’s ladder, per sign. */
const PAPER_LEVELS = 8;

/** What is measured, and on what. */
export interface CurveNeeds {
  readonly ann: AnnGraph;
  /** That the paper’s thresholds come from. */
  readonly calibration: readonly Float64Array[];
  readonly images: readonly Float64Array[];
  readonly labels: ArrayLike<number> | undefined;
  readonly source: string;
  /** The other side of Eq. 30: all of the network. */
  readonly annMacs: number;
  /** Our own network; undefined where its thresholds are the paper’s. */
  readonly own: SnnGraph | undefined;
}

export const noCurve = (
  reason: string,
  { source, labels, command }: Pick<CurveNeeds, 'source' | 'labels'> & { readonly command: string },
): Curve => ({
  ...{ source, images: 0, isLabelled: labels !== undefined, float: null, curve: [] },
  missing: { reason, command },
});

/** How many images a compile can afford; none where they would be too few to tell anything. */
export function curveImages(macs: number, given: number): number {
  const runs = 2 * Math.max(...CURVE_STEPS);
  const count = Math.min(MOST_IMAGES, given, Math.floor(CURVE_WORK / Math.max(1, runs * macs)));
  return count < LEAST_IMAGES ? 0 : count;
}

/** On `count` of the images. A method that cannot convert this network has no row. */
export function makeCurve(needs: CurveNeeds, count: number, advance?: Advance): Curve {
  const { ann, calibration, images, labels, source, own, annMacs } = needs;
  const longest = Math.max(...CURVE_STEPS);
  const rows = [
    ...(own === undefined ? [] : [ownRow(own, longest)]),
    ...attempt(() => paperRow(ann, calibration)),
  ].map(row => ({
    ...row,
    meter: createNetworkMeter({ snn: row.snn, steps: CURVE_STEPS }, undefined, annMacs),
  }));
  const float = createFastAnnRunner(ann);
  const tally = createFloatTally();
  for (const n of counted(spread([...images.keys()], count), advance)) {
    const logits = [...float.run(images[n]!).values()][0]!.slice();
    tally.see(logits, labels?.[n]);
    for (const { meter } of rows) meter.see(images[n]!, logits, labels?.[n]);
  }
  const answers = tally.answers();
  const [low, high] = answers.interval ?? [null, null];
  return {
    ...{ source, images: count, isLabelled: labels !== undefined },
    float: { accuracy: answers.accuracy, low, high },
    curve: rows.map(({ method, says, coding, meter }) => ({
      ...{ method, says, stage: 'snn', coding, steps: [...CURVE_STEPS] },
      ...columnsOf(meter.points(answers)),
    })),
    missing: null,
  };
}

interface Row {
  readonly method: 'ours' | 'paper';
  readonly says: string;
  readonly coding: Coding;
  readonly snn: SnnGraph;
}

/** The same thresholds at another T, no step coarser than the last. */
function ownRow(snn: SnnGraph, steps: number): Row {
  const { coding } = snn.attrs;
  const nodes = snn.nodes.map(node => {
    if (node.kind !== 'population' || node.attrs.emit.kind !== 'mt') return node;
    return { ...node, attrs: { ...node.attrs, emit: { ...node.attrs.emit, coarse: 0 } } };
  });
  const longer: SnnGraph = { ...snn, nodes, attrs: { ...snn.attrs, steps } };
  return { method: 'ours', says: `thresholds of this deployment, coding ${coding}`, coding, snn: longer };
}

/** ECMT as published: θ from percentiles of the same images. */
function paperRow(ann: AnnGraph, images: readonly Float64Array[]): Row {
  const { report } = createDiagnostics();
  const method = METHODS.find(({ id }) => id === 'ecmt')!;
  const context = {
    ...calibratedForms(ann, images, report),
    ...{
      steps: CURVE_STEPS,
      profile: defaultProfile(4),
      levels: PAPER_LEVELS,
      ties: 'paper' as const,
      report,
    },
  };
  const [network] = methodNetworks(method, context);
  return {
    method: 'paper',
    says: `${method.name}, ${method.status}: ${method.source}`,
    coding: 'rate',
    snn: network!.snn,
  };
}

function attempt<T>(make: () => T): readonly T[] {
  try {
    return [make()];
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

function columnsOf(points: readonly Point[]) {
  const six = (x: number) => Number(x.toPrecision(6));
  return {
    accuracy: points.map(point => point.accuracy),
    low: points.map(point => point.interval?.[0] ?? null),
    high: points.map(point => point.interval?.[1] ?? null),
    agreement: points.map(point => point.agreement),
    logitMse: points.map(point => six(point.logitMse)),
    eq30: points.map(point => six(point.eq30)),
  };
}
