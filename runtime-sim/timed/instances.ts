/** Images on their way: which step or row of which of them a tile executes at a timestep. */
import type { ProgramHeader, TileProgram } from '../../backends/program/program.ts';
import { boxSizes } from '../state.ts';
import type { ImageSent } from './sent.ts';

export interface Instance {
  /** Number of the image in the run. */
  readonly image: number;
  readonly sent: ImageSent;
  /** Timestep in which the host begins to send it. */
  readonly start: number;
}

export interface Turn {
  readonly instance: Instance;
  readonly step: number;
  /** Row of the tile; undefined: all of them. */
  readonly row: number | undefined;
}

/** What a tile executes now; undefined: nothing. An image that was stopped ends with its last step. */
export function turnOf(
  program: TileProgram,
  instances: readonly Instance[],
  now: number,
  header: ProgramHeader,
): Turn | undefined {
  for (const instance of instances) {
    const since = now - instance.start - program.depth;
    if (since < 0) continue;
    if (header.mode === 'streaming') {
      if (since < boxSizes(program.box)[1]) return { instance, step: 1, row: since };
      continue;
    }
    const step = since / header.period + 1;
    if (Number.isInteger(step) && step <= instance.sent.steps) return { instance, step, row: undefined };
  }
  return undefined;
}

/** Elements of an image that the host sends in each timestep of it. */
export function hostElements(
  size: number,
  steps: Int32Array | undefined,
): (since: number, header: ProgramHeader, taken: number) => Int32Array | undefined {
  const all = Int32Array.from({ length: size }, (_, i) => i);
  if (steps === undefined)
    return (since, { period, coding }, taken) => {
      const step = since / period + 1;
      const isSent = step === 1 || (coding === 'rate' && step <= taken && Number.isInteger(step));
      return isSent ? all : undefined;
    };
  const byStep = new Map<number, number[]>();
  for (const element of all) {
    const own = byStep.get(steps[element]!) ?? [];
    byStep.set(steps[element]!, own);
    own.push(element);
  }
  const lists = new Map([...byStep].map(([step, elements]) => [step, Int32Array.from(elements)]));
  return since => lists.get(since);
}

/** The last timestep of an image in which anything runs. */
export function lastTimestep(
  tiles: Iterable<TileProgram>,
  { mode, period }: ProgramHeader,
  steps: number,
): number {
  let last = 0;
  for (const { depth, box } of tiles)
    last = Math.max(last, mode === 'streaming' ? depth + boxSizes(box)[1] - 1 : depth + (steps - 1) * period);
  return last;
}
