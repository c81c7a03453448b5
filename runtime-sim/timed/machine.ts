/**
 * A deployment in time: what a functional simulator ran, timed as one image alone and as a stream. The functional result
 * never depends on it.
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { Target } from '../../backends/target.ts';
import { createMesh } from '../noc/create-mesh.ts';
import { createStepEngine } from '../noc/engine.ts';
import type { Mesh } from '../noc/mesh.ts';
import { coreCosts } from './costs.ts';
import { coreNames, linkNames } from './places.ts';
import { type Clock, createClock, runAlone, runStream, type StepObserver, type StreamResult } from './run.ts';
import type { ImageSent } from './sent.ts';
import type { RunSummary } from './summary.ts';
import { type Wiring, wire } from './wiring.ts';

export interface TimedMachine {
  readonly wiring: Wiring;
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly coreNames: readonly string[];
  readonly linkNames: readonly (string | undefined)[];
  /** Costs that the descriptor lacks, which count as 0. */
  readonly unknown: readonly string[];
}

/** Needs: programs that a functional simulator has booted. Errors: E0732 */
export function createTimedMachine(
  programs: readonly ChipProgram[],
  target: Pick<Target, 'timing' | 'topology' | 'chips'>,
): TimedMachine {
  const { costs, unknown } = coreCosts(target.timing);
  const wiring = wire(programs, costs);
  const places = wiring.cores.map(({ chip, program: { x, y, slot } }) => ({ chip, x, y, slot }));
  const { mesh, unknown: unknownMesh } = createMesh(places, target, wiring.header.binary);
  const engine = createStepEngine(mesh);
  const clock = createClock(wiring, costs, target, engine.run);
  const names = coreNames(wiring.cores);
  return {
    ...{ wiring, mesh, clock, coreNames: names, linkNames: linkNames(mesh, names) },
    unknown: [...new Set([...unknown, ...unknownMesh, ...clock.end.unknown])],
  };
}

/** A run in time, as reports and `--json` give it. */
export interface TimedReport {
  readonly images: number;
  readonly unknown: readonly string[];
  /** What ends a timestep beside its events. */
  readonly end: { readonly name: 'tick' | 'barrier'; readonly seconds: number };
  /** An image that has the chip to itself; means over images. */
  readonly latency: {
    readonly seconds: { readonly min: number; readonly mean: number; readonly max: number };
    readonly boundSeconds: number;
    readonly eventToBound: number;
    readonly steps: number;
  };
  /** Images that follow each other as closely as they may, every stage at work. */
  readonly stream: {
    readonly intervalSeconds: number;
    readonly imagesPerSecond: number;
    readonly boundSeconds: number;
    readonly eventToBound: number;
    readonly steps: number;
    readonly stepSeconds: RunSummary['stepSeconds'];
    readonly warmUp: StreamResult['warmUp'];
    readonly binds: RunSummary['binds'];
    readonly busiestCore: { readonly core: string; readonly share: number };
    readonly busiestLink: { readonly link: string; readonly share: number; readonly messages: number };
    readonly blocked: number;
  };
}

/** What is looked at step by step: each image alone, or the stream from its first timestep on. */
export interface Watched {
  readonly run: 'image' | 'stream';
  readonly observer: StepObserver;
}

/** Needs: at least one image. Errors: E0730 */
export async function timeImages(
  machine: TimedMachine,
  images: readonly ImageSent[],
  watched?: Watched,
): Promise<TimedReport> {
  const { clock } = machine;
  const observerOf = (run: Watched['run']) => (watched?.run === run ? watched.observer : undefined);
  const alone: RunSummary[] = [];
  let begin = { timestep: 0, ticks: 0 };
  for (const [i, sent] of images.entries()) {
    const { summary, end } = await runAlone(clock, sent, i, begin, observerOf('image'));
    alone.push(summary);
    begin = end;
  }
  const { steady, warmUp } = await runStream(clock, images, watched?.run === 'stream', observerOf('stream'));
  const mean = (of: (run: RunSummary) => number) =>
    alone.reduce((sum, run) => sum + of(run), 0) / images.length;
  const seconds = alone.map(run => run.seconds);
  const latency = mean(run => run.seconds);
  const { busiestCore, busiestLink } = steady;
  return {
    images: images.length,
    unknown: machine.unknown,
    end: { name: clock.end.name, seconds: clock.end.ticks / 1e12 },
    latency: {
      seconds: {
        min: seconds.reduce((a, b) => Math.min(a, b)),
        mean: latency,
        max: seconds.reduce((a, b) => Math.max(a, b)),
      },
      boundSeconds: mean(run => run.boundSeconds),
      eventToBound: latency / mean(run => run.boundSeconds),
      steps: mean(run => run.steps),
    },
    stream: {
      intervalSeconds: steady.seconds / images.length,
      imagesPerSecond: images.length / steady.seconds,
      boundSeconds: steady.boundSeconds / images.length,
      eventToBound: steady.seconds / steady.boundSeconds,
      steps: steady.steps,
      stepSeconds: steady.stepSeconds,
      warmUp,
      binds: steady.binds,
      busiestCore: { core: machine.coreNames[busiestCore.core]!, share: busiestCore.share },
      busiestLink: { ...busiestLink, link: machine.linkNames[busiestLink.link] ?? 'none' },
      blocked: steady.blocked,
    },
  };
}
