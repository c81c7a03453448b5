/**
 * Whole runs in time. Timesteps are separated by barriers, so that each stands alone: the time of a run is the sum over
 * its timesteps, each simulated with the traffic of all images that are on their way in it.
 */
import { setImmediate } from 'node:timers/promises';
import type { Target } from '../../backends/target.ts';
import { countMessages, type StepTimes } from '../noc/step.ts';
import type { Fanouts, StepTraffic } from '../noc/traffic.ts';
import { type BoundTerms, boundTerms, checkBound } from './bound.ts';
import type { CoreCosts } from './costs.ts';
import { type StepEnd, stepEnd, withEnd } from './floor.ts';
import { type Instance, lastTimestep } from './instances.ts';
import type { ImageSent } from './sent.ts';
import { createSummary, type RunSummary } from './summary.ts';
import type { StepTally } from './tally.ts';
import { createTrafficMaker, type TrafficMaker, type Witness } from './traffic.ts';
import type { Wiring } from './wiring.ts';

/** A timestep as it was simulated; arrays are valid until the next one. */
export interface TimedStep {
  readonly timestep: number;
  /** Ticks from the beginning of the run. */
  readonly start: number;
  /** With barrier or tick. */
  readonly total: number;
  readonly times: StepTimes;
  readonly terms: BoundTerms;
  readonly tally: StepTally;
  readonly traffic: StepTraffic;
  readonly instances: readonly Instance[];
}

export interface StepObserver {
  /** Who is told of the next step's sends; its messages are timed one by one then. */
  witness(): Witness | undefined;
  observe(step: TimedStep): void;
}

/** Simulates one timestep on a mesh of its own. */
export type Engine = (fanouts: Fanouts, traffic: StepTraffic, record: boolean) => StepTimes;

export interface Clock {
  readonly wiring: Wiring;
  readonly end: StepEnd;
  readonly maker: TrafficMaker;
  readonly engine: Engine;
}

export function createClock(
  wiring: Wiring,
  costs: CoreCosts,
  target: Pick<Target, 'timing' | 'topology'>,
  engine: Engine,
): Clock {
  return {
    ...{ wiring, engine },
    end: stepEnd(target, wiring.cores),
    maker: createTrafficMaker(wiring, costs),
  };
}

/** One timestep. Errors: E0730 */
function runStep(
  { wiring, end, maker, engine }: Clock,
  timestep: number,
  start: number,
  instances: readonly Instance[],
  witness?: Witness,
): TimedStep {
  const { traffic, tally } = maker.make(timestep, instances, witness);
  const isRecorded = witness !== undefined && countMessages(wiring.lists, traffic) <= witness.mostMessages;
  const times = engine(wiring.lists, traffic, isRecorded);
  const terms = boundTerms(tally, times, end);
  checkBound(timestep, times.ticks, terms);
  return { timestep, start, total: withEnd(times.ticks, end), times, terms, tally, traffic, instances };
}

/** When something begins: timestep, and ticks from the beginning of the run. */
export interface Begin {
  readonly timestep: number;
  readonly ticks: number;
}

/** One image that has the chip to itself: from the timestep in which the host sends to the one in which it reads. */
export async function runAlone(
  clock: Clock,
  sent: ImageSent,
  image: number,
  begin: Begin,
  observer?: StepObserver,
): Promise<{ readonly summary: RunSummary; readonly end: Begin }> {
  const summary = createSummary();
  const instances = [{ image, sent, start: begin.timestep }];
  const timestep = begin.timestep + lastOf(clock, sent) + 1;
  const span = { from: begin, to: timestep, instances: () => instances };
  const ticks = await runSteps(clock, span, summary.add, observer);
  return { summary: summary.finish(), end: { timestep, ticks } };
}

export interface StreamResult {
  /** Of the timesteps from one round of the images to the next. */
  readonly steady: RunSummary;
  /** Timesteps until every stage works, and how long they took; null: they were not simulated, nothing hangs on them. */
  readonly warmUp: { readonly steps: number; readonly seconds: number | null };
  readonly images: number;
}

/** Images that follow each other as closely as they may, again and again: one round of them when every stage works. */
export async function runStream(
  clock: Clock,
  images: readonly ImageSent[],
  withWarmUp: boolean,
  observer?: StepObserver,
): Promise<StreamResult> {
  const { header } = clock.wiring;
  const lasts = images.map(sent => lastOf(clock, sent));
  // One image at a time: the next begins when this one is read, be it stopped early.
  const isSerial = header.mode === 'layerwise';
  const intervals = lasts.map(last => (isSerial ? Math.max(1, last) : header.interval));
  const longest = lasts.reduce((a, b) => Math.max(a, b), 0);
  const all = createArrivals(images, intervals, longest);
  const steady = createSummary();
  const warmUp = createSummary();
  const { full: timestep, round, at: instances } = all;
  const zero = { timestep: 0, ticks: 0 };
  const ticks = withWarmUp
    ? await runSteps(clock, { from: zero, to: timestep, instances }, warmUp.add, observer)
    : 0;
  await runSteps(clock, { from: { timestep, ticks }, to: timestep + round, instances }, steady.add, observer);
  const seconds = withWarmUp ? warmUp.finish().seconds : null;
  return { steady: steady.finish(), warmUp: { steps: timestep, seconds }, images: images.length };
}

interface Span {
  readonly from: Begin;
  /** The first timestep that is not run. */
  readonly to: number;
  readonly instances: (now: number) => readonly Instance[];
}

/** Ticks at the end. Between timesteps the process hears whether it is to stop. */
async function runSteps(
  clock: Clock,
  { from, to, instances }: Span,
  take: (step: TimedStep) => void,
  observer: StepObserver | undefined,
): Promise<number> {
  let start = from.ticks;
  for (let now = from.timestep; now < to; now++) {
    const step = runStep(clock, now, start, instances(now), observer?.witness());
    take(step);
    observer?.observe(step);
    start += step.total;
    await setImmediate();
  }
  return start;
}

const lastOf = ({ wiring }: Clock, { steps }: ImageSent): number =>
  lastTimestep(
    wiring.cores.flatMap(({ tiles }) => tiles.map(({ program }) => program)),
    wiring.header,
    steps,
  );

/** When each image begins, the images repeated without end. */
function createArrivals(images: readonly ImageSent[], intervals: readonly number[], longest: number) {
  const starts: number[] = [];
  let round = 0;
  for (const interval of intervals) {
    starts.push(round);
    round += interval;
  }
  const startOf = (j: number) => Math.floor(j / images.length) * round + starts[j % images.length]!;
  let first = 0;
  while (startOf(first) < longest) first += 1;
  let oldest = 0;
  return {
    /** Timesteps of one round. */
    round,
    /** Timestep in which an image begins while the first one ends. */
    full: startOf(first),
    at(now: number): readonly Instance[] {
      while (startOf(oldest) + longest < now) oldest += 1;
      const found: Instance[] = [];
      for (let j = oldest; startOf(j) <= now; j++) {
        const image = j % images.length;
        found.push({ image, sent: images[image]!, start: startOf(j) });
      }
      return found;
    },
  };
}
