/** A deployment as it is compared: its manifest, and what lies beside it where it is a folder. */
import type { Manifest } from '../backends/manifest.ts';
import type { Validation } from '../backends/validation.ts';
import type { Value } from './diff-result.ts';
import type { Report } from './schema.ts';

export interface Deployed {
  readonly path: string;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest. */
  readonly digest: string;
  /** Undefined beside a bare manifest. */
  readonly report: Report | undefined;
  /** Undefined where this very deployment was not validated. */
  readonly validation: Validation | undefined;
  /** Bytes of a file that the manifest lists, their hash checked; undefined beside a bare manifest. */
  readonly read: ((path: string) => Uint8Array) | undefined;
}

/** One figure of a deployment. */
export interface Measure {
  readonly section: string;
  readonly name: string;
  readonly unit: string;
  readonly of: (deployed: Deployed) => Value | undefined;
}

type Population = Manifest['populations'][number];

const measures = (
  section: string,
  rows: readonly (readonly [name: string, unit: string, of: Measure['of']])[],
): readonly Measure[] => rows.map(([name, unit, of]) => ({ section, name, unit, of }));

const chipsOf = ({ cores }: Manifest): number => new Set(cores.map(core => core.chip)).size;
const count =
  (name: string): Measure['of'] =>
  ({ report }) =>
    report?.energy.events[name];

const SIZE = measures('size', [
  ['cores', '', d => d.manifest.cores.length],
  ['chips', '', d => chipsOf(d.manifest)],
  ['fullest core', '', d => d.report?.verdict.binding.resource],
  ['its fill', '%', d => d.report && 100 * d.report.verdict.binding.fill],
  ['neurons', '', d => d.manifest.network.neurons],
  ['neurons left out', '', d => d.manifest.network.unread],
  ['populations', '', d => d.manifest.populations.length],
  ['tiles', '', d => d.manifest.populations.reduce((n, p) => n + p.tiles, 0)],
]);

const TRAFFIC = measures('per image', [
  ['messages', '', count('messages')],
  ['hops east-west', '', count('hopsEastWest')],
  ['hops north-south', '', count('hopsNorthSouth')],
  ['messages between chips', '', count('chipMessages')],
  ['spikes', '', count('spikes')],
  ['synops', '', count('synops')],
  ['neuron updates', '', count('updates')],
]);

const TIME = measures('time', [
  ['step of a full pipeline', 's', d => d.report?.time.bound.pipelinedStepSeconds],
  ['latency', 'steps', d => d.report?.verdict.latency.steps],
  ['latency, at least', 's', d => d.report?.verdict.latency.seconds],
  ['throughput, at most', 'images/s', d => d.report?.verdict.throughput.atMost],
  ['latency, every message timed', 's', d => d.report?.time.timed?.latency.seconds.mean],
  ['throughput, every message timed', 'images/s', d => d.report?.time.timed?.stream.imagesPerSecond],
]);

const last = (list: readonly (number | null)[] | undefined) => list?.at(-1);
const QUALITY = measures('quality', [
  ['logit error on calibration images', '', d => d.manifest.calibration.logitMse],
  ['validated on', '', d => d.validation?.data],
  ['images', '', d => d.validation?.samples],
  ['accuracy of the float network', '', d => d.validation?.accuracy.ann],
  ['accuracy of the chip', '', d => last(d.validation?.accuracy.chip)],
  ['agreement with the float network', '', d => last(d.validation?.agreement.int)],
  ['logit error', '', d => last(d.validation?.logitMse.int)],
  ['Eq. 30, measured', '', d => last(d.validation?.eq30.paper)],
]);

const energyMeasures = (sides: readonly Deployed[]): readonly Measure[] => {
  const sets = new Set(sides.flatMap(side => side.report?.energy.costSets.map(e => e.name) ?? []));
  const ofSet =
    (set: string): Measure['of'] =>
    ({ report }) =>
      report?.energy.costSets.find(e => e.name === set)?.totalPj;
  const ratioOf =
    (set: string): Measure['of'] =>
    ({ report }) =>
      report?.energy.costSets.find(e => e.name === set)?.ratio?.low;
  return measures('energy', [
    ...[...sets].map(set => [`dynamic, ${set}`, 'pJ/image', ofSet(set)] as const),
    ...[...sets].map(set => [`÷ 8-bit network, ${set}`, '', ratioOf(set)] as const),
    ['Eq. 30, predicted', '', d => d.report?.eq30.predicted.paper],
  ]);
};

const boundMeasures = (sides: readonly Deployed[]): readonly Measure[] => {
  const resources = new Set(sides.flatMap(side => side.manifest.cores.map(core => core.binding)));
  return measures(
    'size',
    [...resources].map(
      resource =>
        [
          `cores bound by ${resource}`,
          '',
          ({ manifest }) => manifest.cores.filter(core => core.binding === resource).length,
        ] as const,
    ),
  );
};

/** Figures of either of two deployments, in the order in which they are read. */
export const measuresOf = (sides: readonly Deployed[]): readonly Measure[] => [
  ...SIZE,
  ...boundMeasures(sides),
  ...TRAFFIC,
  ...TIME,
  ...energyMeasures(sides),
  ...QUALITY,
];

/** What fields of a population are called; the others are called as they are. */
const POPULATION_NAMES: Readonly<Record<string, string>> = {
  theta: 'θ = 2^−',
  outFraction: 'out fraction',
  rate: 'firing rate',
  termsPerNeuron: 'terms a neuron',
  split: 'heads × tokens × channels',
};

/** Every field of a population; sizes along several axes are one figure. */
export const populationFigures = (population: Population): ReadonlyMap<string, Value> =>
  new Map(
    Object.entries(population).map(([field, value]): [string, Value] => [
      POPULATION_NAMES[field] ?? field,
      value !== null && typeof value === 'object' ? Object.values(value).join('×') : value,
    ]),
  );

/** Parts of a manifest that are compared as figures or by name, and not field by field. */
export const COMPARED_APART = [
  'populations',
  'cores',
  'stages',
  'files',
] as const satisfies readonly (keyof Manifest)[];

/** Fields of a manifest that stand among the figures. */
export const AMONG_FIGURES: ReadonlySet<string> = new Set([
  'network.neurons',
  'network.unread',
  'calibration.logitMse',
]);
