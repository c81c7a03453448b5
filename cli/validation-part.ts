/** `snnc validate` on a range of images: every stage of each image, in columns. */

import { z } from 'zod';
import type { Deployment } from '../backends/folder.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { NpyArray } from '../compiler/data/npy.ts';
import type { Advance } from '../compiler/progress.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import {
  type Activity,
  addOperations,
  annMacs,
  type CountedPopulation,
  type Counts,
  countedPopulations,
  NO_OPERATIONS,
} from '../ir/count/counts.ts';
import { eventCounts } from '../ir/count/events.ts';
import { exitStep } from '../ir/exit.ts';
import { createFastAnnRunner } from '../ir/fast/ann.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import type { IntGraph } from '../ir/int.ts';

import type { Saturations } from '../ir/interpret/int.ts';
import { argMax } from '../ir/logits.ts';
import { createSimulator, defaultWorkers } from '../runtime-sim/simulator.ts';
import { type Comparison, type ComparisonObservers, compareImages, integerRunner } from './compare.ts';
import type { Images } from './images.ts';
import { DIGEST_BYTES, digestOf } from './shards/input-hash.ts';
import {
  COLUMN_TYPES,
  type ColumnType,
  countsColumns,
  countsFacts,
  countsToColumns,
  type Part,
  type Range,
} from './shards/part.ts';
import type { Stages } from './stages.ts';

const annMacsFacts = z.strictObject({ paper: z.number(), performed: z.number() });
const saturationFacts = z.strictObject({ accumulator: z.number(), state: z.number(), threshold: z.number() });

export const validationFacts = z.strictObject({
  steps: z.int().positive(),
  /** Numbers that the network answers with; 0 where no image was run. */
  logits: z.int().nonnegative(),
  hasLabels: z.boolean(),
  /** Of what is read of the network. */
  annMacs: annMacsFacts,
  /** Largest distance to reference logits; null: there are none. */
  annError: z.number().nullable(),
  firstDifference: z.string().nullable(),
  /** By population, in the network's order. */
  saturations: z.array(z.tuple([z.string(), saturationFacts])),
  counts: countsFacts,
});
export type ValidationFacts = z.infer<typeof validationFacts>;
export type ValidationPart = Part<ValidationFacts>;

/** Of each step and image: three counts as the paper counts, three as performed. */
export const OPERATIONS = 6;

/** What the identity of closed forms and events is, of an image. */
export const IDENTITY = { notWalked: 0, holds: 1, broken: 2 } as const;

/** `label` −1: none; `exit`: the step after which the host stops. Errors of logits are sums of squares over classes. */
const perImage = (
  steps: number,
): Readonly<Record<string, { readonly type: ColumnType; readonly width: number }>> => ({
  label: { type: 'i32', width: 1 },
  ann: { type: 'i32', width: 1 },
  snn: { type: 'i32', width: steps },
  int: { type: 'i32', width: steps },
  sum: { type: 'f64', width: 1 },
  squares: { type: 'f64', width: 1 },
  'error.snn': { type: 'f64', width: steps },
  'error.int': { type: 'f64', width: steps },
  exit: { type: 'i32', width: 1 },
  operations: { type: 'f64', width: steps * OPERATIONS },
  identity: { type: 'u8', width: 1 },
  input: { type: 'u8', width: DIGEST_BYTES },
});

/** Lengths of all columns of a part with so many images. */
export const validationColumns = ({ steps, counts }: ValidationFacts, images: number) => ({
  ...Object.fromEntries(
    Object.entries(perImage(steps)).map(([name, { type, width }]) => [
      name,
      { type, length: width * images },
    ]),
  ),
  ...countsColumns(counts),
});

export interface ValidationJob {
  readonly folder: Deployment;
  readonly stages: Stages;
  readonly programs: readonly ChipProgram[];
  readonly set: Images;
  /** Of the set: images that are run by all parts together. */
  readonly images: number;
  /** The first of them, whose events are counted one by one. */
  readonly walked: number;
  readonly reference: NpyArray | undefined;
  readonly workers: number | undefined;
}

/** The same for any number of workers. */
export async function validateRange(
  job: ValidationJob,
  { first, end }: Range,
  advance: Advance = () => undefined,
): Promise<ValidationPart> {
  const { stages, set } = job;
  const { ann, snn, int } = stages;
  const workers = job.workers ?? defaultWorkers();
  const simulator = createSimulator(job.programs, { workers });
  const [spiking, floating] = [createFastSnnRunner(snn), createFastAnnRunner(ann)];
  const populations = countedPopulations(int);
  const followed = followImages(int, populations, job.walked);
  const writer = createWriter(job, { first, end });
  // The runner counts over all that it ever ran, and other parts may have run before.
  const { saturations } = integerRunner(int);
  const before = new Map([...saturations].map(([id, own]) => [id, { ...own }]));
  for (let begin = first; begin < end; begin += workers) {
    const images: Float64Array[] = [];
    for (let n = begin; n < Math.min(begin + workers, end); n++) images.push(await set.image(n));
    const seen = images.map((_, i) => followed.begin(begin + i));
    const compared = compareImages(int, simulator, images, i => seen[i]!.observers);
    for (const [i, image] of images.entries()) {
      const float = [...floating.run(image).values()][0]!;
      const real = spiking.run(image);
      writer.add(begin + i, { image, float, real, ...seen[i]!.counted(), ...compared[i]! });
    }
    advance(begin + images.length - first, end - first);
  }
  const counts = countsToColumns(simulator.counts);
  simulator.close();
  return {
    facts: {
      steps: int.attrs.steps,
      ...writer.found(),
      hasLabels: set.labels !== undefined,
      annMacs: annMacs(populations),
      saturations: [...saturations].map(([id, own]) => [id, less(own, before.get(id)!)]),
      counts: counts.facts,
    },
    columns: { ...writer.columns, ...counts.columns },
  };
}

const less = (now: Saturations, before: Saturations): Saturations => ({
  accumulator: now.accumulator - before.accumulator,
  state: now.state - before.state,
  threshold: now.threshold - before.threshold,
});

/** What chip and integer network send of an image, counted in closed form and, of the first images, event by event. */
function followImages(int: IntGraph, populations: readonly CountedPopulation[], walked: number) {
  const { coding, steps } = int.attrs;
  const byId = new Map(populations.map(p => [p.node.id as string, p]));
  const sources = new Set(int.nodes.filter(node => node.kind === 'input').map(node => node.id as string));
  return {
    begin(n: number) {
      const sent = new Map<string, Activity>();
      const log = createActivityLog();
      const events = Array.from({ length: steps }, noCounts);
      const observers: ComparisonObservers = {
        int: (step, node, emission) => {
          if (sources.has(node.id))
            sent.set(`${step} ${node.id}`, { terms: emission.terms.slice(), sums: emission.sums.slice() });
          if (n >= walked) return;
          log.record(step, node.id, emission);
          const population = byId.get(node.id);
          if (population !== undefined) addTo(events, step, eventCounts(population, coding, step, log));
        },
        chip: (step, id, emission) => sent.set(`${step} ${id}`, emission),
      };
      const counted = () => {
        const counts = countSteps(int, sent, byId);
        const isSame = JSON.stringify(counts) === JSON.stringify(events);
        const identity = n >= walked ? IDENTITY.notWalked : isSame ? IDENTITY.holds : IDENTITY.broken;
        return { counts, identity };
      };
      return { observers, counted };
    },
  };
}

const noCounts = (): Counts => ({ paper: NO_OPERATIONS, performed: NO_OPERATIONS });

/** Closed forms over what the chip sent, in the network's order: on the chip a source is a step ahead of its reader. */
function countSteps(
  { nodes, attrs }: IntGraph,
  sent: ReadonlyMap<string, Activity>,
  populations: ReadonlyMap<string, CountedPopulation>,
): readonly Counts[] {
  const log = createActivityLog();
  return Array.from({ length: attrs.steps }, (_, i) => {
    const counts = [noCounts()];
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

function addTo(list: Counts[], step: number, counts: Counts): void {
  const old = list[step - 1]!;
  list[step - 1] = {
    paper: addOperations(old.paper, counts.paper),
    performed: addOperations(old.performed, counts.performed),
  };
}

interface Answered extends Comparison {
  readonly image: Float64Array;
  readonly float: Float64Array;
  readonly real: readonly Float64Array[];
  readonly counts: readonly Counts[];
  readonly identity: number;
}

function createWriter({ stages, folder, set, reference }: ValidationJob, { first, end }: Range) {
  const { steps } = stages.int.attrs;
  const margins = folder.manifest.network.exit?.margins ?? [];
  const columns = Object.fromEntries(
    Object.entries(perImage(steps)).map(([name, { type, width }]) => [
      name,
      new COLUMN_TYPES[type](width * (end - first)),
    ]),
  );
  let logits = 0;
  let annError = reference === undefined ? null : 0;
  let firstDifference: string | null = null;
  const distance = (float: Float64Array, n: number, { data }: NpyArray) =>
    float.reduce((most, x, c) => Math.max(most, Math.abs(x - Number(data[n * float.length + c]))), 0);
  return {
    columns,
    add(n: number, answered: Answered): void {
      const { float, real, readouts, counts } = answered;
      const put = (name: string, values: ArrayLike<number>) => {
        columns[name]!.set(values, (n - first) * values.length);
      };
      logits = float.length;
      if (reference !== undefined) annError = Math.max(annError ?? 0, distance(float, n, reference));
      if (answered.difference !== undefined) firstDifference ??= `image ${n}: ${answered.difference}`;
      put('label', [set.labels?.[n] ?? -1]);
      put('ann', [argMax(float)]);
      put('snn', real.map(argMax));
      put('int', readouts.map(argMax));
      put('sum', [float.reduce((a, b) => a + b, 0)]);
      put('squares', [float.reduce((a, b) => a + b * b, 0)]);
      put(
        'error.snn',
        real.map(own => squaredError(own, float)),
      );
      put(
        'error.int',
        readouts.map(own => squaredError(own, float)),
      );
      put('exit', [exitStep(readouts, margins)]);
      put(
        'operations',
        counts.flatMap(({ paper, performed }) => [paper, performed].flatMap(numbersOf)),
      );
      put('identity', [answered.identity]);
      put('input', digestOf(answered.image));
    },
    found: () => ({ logits, annError, firstDifference }),
  };
}

const numbersOf = ({ acs, macs, lookups }: Counts['paper']): readonly number[] => [acs, macs, lookups];

const squaredError = (own: Float64Array, float: Float64Array): number =>
  float.reduce((sum, x, c) => sum + (own[c]! - x) ** 2, 0);
