/** What a network of plain neurons did, of which SANA-FE computes everything itself but what is cut off. */
import type { ChipProgram } from '../../backends/program/program.ts';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import type { HostSpikes } from '../../runtime-sim/lif/machine.ts';
import type { Replay, Senders } from './replay.ts';

/** SANA-FE cuts a potential that leaks to 1/64: in 64ths its integers are ours. */
export const PARTS = 64;

export interface FreeRun {
  readonly timesteps: number;
  /** By tile: neurons that were updated in each timestep, potentials at the end. */
  readonly updated: readonly Float64Array[];
  readonly potentials: readonly Int32Array[];
}

/** `sizes`: neurons of each tile. */
export function recordFree(
  programs: readonly ChipProgram[],
  sizes: readonly number[],
  timesteps: number,
  host: HostSpikes | undefined,
): { readonly replay: Replay; readonly free: FreeRun } {
  const machine = createLifMachine(programs);
  const times: number[][][] = sizes.map(size => Array.from({ length: size }, () => []));
  const hostTimes = new Map<number, number[]>();
  const updated = sizes.map(() => new Float64Array(timesteps));
  machine.run(
    timesteps,
    ({ step, fired: { starts, neurons }, updated: updatedOf, host: sent }) => {
      for (const element of sent) {
        const own = hostTimes.get(element) ?? [];
        hostTimes.set(element, own);
        own.push(step);
      }
      sizes.forEach((size, tile) => {
        for (const neuron of neurons.subarray(starts[tile], starts[tile + 1]))
          times[tile]![neuron]!.push(step);
        const flags = updatedOf(tile);
        updated[tile]![step] = flags === undefined ? size : flags.reduce((n, flag) => n + flag, 0);
      });
    },
    host,
  );
  const elements = [...hostTimes].toSorted(([a], [b]) => a - b);
  return {
    replay: {
      tiles: times.map(own => sendersOf(own.map((spikes, neuron) => [neuron, spikes] as const))),
      host: sendersOf(elements),
    },
    free: { timesteps, updated, potentials: sizes.map((_, tile) => machine.potentials(tile).slice()) },
  };
}

function sendersOf(neurons: readonly (readonly [number, readonly number[]])[]): Senders {
  const starts = new Int32Array(neurons.length + 1);
  for (const [i, [, times]] of neurons.entries()) starts[i + 1] = starts[i]! + times.length;
  return {
    neuron: Int32Array.from(neurons, ([neuron]) => neuron),
    payload: new Int32Array(neurons.length).fill(1),
    starts,
    times: Int32Array.from(neurons.flatMap(([, times]) => times)),
  };
}
