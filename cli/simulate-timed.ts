/** `snnc simulate --timed`: what the functional simulator ran, in time; traces and watches of it. */
import type { Manifest } from '../backends/manifest.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import {
  createTimedMachine,
  type TimedMachine,
  type TimedReport,
  timeImages,
} from '../runtime-sim/timed/machine.ts';
import type { StepObserver } from '../runtime-sim/timed/run.ts';
import { type ImageRecord, type ImageSent, recordImage } from '../runtime-sim/timed/sent.ts';
import { createTrace, TRACE_FILES } from '../runtime-sim/timed/trace.ts';
import { createWatch, namesOf, WATCHED, type Watch, type WatchSpec } from '../runtime-sim/timed/watch.ts';
import type { Console } from './console.ts';
import { deployedTarget } from './deployed-target.ts';
import { openGrowingFiles, prepareFolder } from './trace-files.ts';

export interface TimedArguments {
  readonly folder: string;
  readonly json: boolean;
  readonly timed: boolean;
  readonly trace?: string | undefined;
  readonly traceOf: 'image' | 'stream';
  readonly traceLimit: number;
  readonly watch?: string | undefined;
}

export const isTimed = ({ timed, trace, watch }: TimedArguments): boolean =>
  timed || trace !== undefined || watch !== undefined;

export interface TimedSimulation {
  /** Undefined: no more images are kept. */
  record(image: Float64Array): ImageRecord | undefined;
  keep(record: ImageRecord): void;
  /** Times what was kept. */
  finish(): Promise<TimedReport & { readonly watched: readonly WatchedRows[] }>;
}

export interface WatchedRows {
  readonly of: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Bytes of what images made populations send, at most: about a bit for each neuron and step. */
const KEPT_BYTES = 2 ** 30;

/** Errors: E0740, W0741, W0742, E0725 */
export function createTimedSimulation(
  programs: readonly ChipProgram[],
  manifest: Manifest,
  args: TimedArguments,
  out: Console,
  mostBytes = KEPT_BYTES,
): TimedSimulation {
  const target = deployedTarget(manifest, args.folder);
  const machine = createTimedMachine(programs, target);
  const watches = watchesOf(machine, args);
  if (args.trace !== undefined) prepareFolder(args.trace);
  const images: ImageSent[] = [];
  let bytes = 0;
  let isFull = false;
  return {
    record: image => (isFull ? undefined : recordImage(programs, image)),
    keep(record) {
      if (isFull) return;
      const image = record.finish();
      images.push(image);
      bytes += image.bytes;
      if (bytes < mostBytes) return;
      isFull = true;
      out.diagnostics.report('W0741', { origin: '--timed' }, { images: images.length, bytes });
    },
    async finish() {
      const costSet = target.costSets[0] ?? { name: 'none', costs: {} };
      const files = args.trace === undefined ? undefined : openGrowingFiles(args.trace, TRACE_FILES);
      try {
        const limit = args.traceLimit;
        const trace =
          files && createTrace({ wiring: machine.wiring, mesh: machine.mesh, costSet, limit }, files.write);
        const observers = [...(trace === undefined ? [] : [trace]), ...watches.map(watch => watch.observer)];
        const watched = { run: args.traceOf, observer: inTurn(observers) };
        const report = await timeImages(machine, images, observers.length === 0 ? undefined : watched);
        const endedAt = trace?.finish();
        if (endedAt !== undefined)
          out.diagnostics.report('W0742', { origin: args.trace! }, { limit, timestep: endedAt });
        files?.commit();
        return { ...report, watched: watches.map(watch => watch.found()) };
      } catch (error) {
        files?.discard();
        throw error;
      }
    },
  };

  function watchesOf(timed: TimedMachine, { watch, traceLimit, json }: TimedArguments) {
    return specsOf(watch).map(spec => {
      const found = createWatch(spec, timed) ?? unknownName(spec, timed);
      return rowsOf(`${spec.kind}:${spec.name}`, found, { traceLimit, json }, out);
    });
  }
}

/** Errors: E0740 */
function specsOf(text: string | undefined): readonly WatchSpec[] {
  if (text === undefined) return [];
  return text.split(',').map(part => {
    const [head = '', ...rest] = part.split(':');
    const kind = WATCHED.find(known => known === head);
    if (kind !== undefined && rest.length > 0) return { kind, name: rest.join(':') };
    const problem = `${part === '' ? 'nothing' : part} is neither core:CHIP:NUMBER nor link:NAME nor population:NAME`;
    return fail('E0740', { origin: '--watch' }, { problem });
  });
}

const MOST_NAMES = 12;

function unknownName({ kind, name }: WatchSpec, machine: TimedMachine): never {
  const names = namesOf(kind, machine);
  const shown = names.slice(0, MOST_NAMES).join(', ');
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return fail(
    'E0740',
    { origin: '--watch' },
    { problem: `there is no ${kind} ${name}` },
    `There are ${shown}${more}.`,
  );
}

/** Prints rows as they come; for --json they are kept, so many at most. */
function rowsOf(
  of: string,
  watch: Watch,
  { traceLimit: limit, json }: Pick<TimedArguments, 'traceLimit' | 'json'>,
  out: Console,
) {
  const rows: (readonly (string | number)[])[] = [];
  let run = 0;
  const observer: StepObserver = {
    witness: () => undefined,
    observe(step) {
      if (run === 0) out.line(['watched', 'timestep', ...watch.columns].join('\t'));
      run += 1;
      const row = [step.timestep, ...watch.row(step)];
      if (run <= limit) out.line([of, ...row].join('\t'));
      if (json && run <= limit) rows.push(row);
    },
  };
  return { observer, found: (): WatchedRows => ({ of, columns: ['timestep', ...watch.columns], rows }) };
}

/** All of them see each step; one of them may want its messages. */
const inTurn = (observers: readonly StepObserver[]): StepObserver => ({
  witness: () => observers.map(observer => observer.witness()).find(witness => witness !== undefined),
  observe: step => {
    for (const observer of observers) observer.observe(step);
  },
});
