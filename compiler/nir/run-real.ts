/**
 * The network in real numbers, timestep by timestep, in its own time: what its integers are compared with.
 *
 * Source  the equations of neurons.ts
 * Cost    a multiplication a synop
 */
import type { RealNetwork } from './network.ts';
import type { Schedule } from './schedule.ts';

/** Elements of the host that send in a timestep. */
export type HostInput = (timestep: number) => Int32Array;

/** What a group did in a timestep; arrays are written over by the next one. */
export interface RealStep {
  readonly timestep: number;
  readonly group: number;
  readonly fired: readonly number[];
  readonly potentials: Float64Array;
  readonly currents: Float64Array;
}

export function runReal(
  network: RealNetwork,
  { depths, lags }: Schedule,
  timesteps: number,
  input: HostInput,
  observe: (step: RealStep) => void,
): void {
  const { groups, edges } = network;
  const into = groups.map((_, group) =>
    edges.flatMap((edge, e) => (edge.to === group ? [{ ...edge, lag: lags[e]! }] : [])),
  );
  // Within a timestep a group comes after those that feed it at once.
  const order = groups.map((_, group) => group).sort((a, b) => depths[a]! - depths[b]! || a - b);
  const states = groups.map(({ size }) => ({
    current: new Float64Array(size),
    potential: new Float64Array(size),
    sum: new Float64Array(size),
  }));
  const kept = 1 + lags.reduce((most, lag) => Math.max(most, lag), 0);
  const history = groups.map(() => Array.from({ length: kept }, (): readonly number[] => []));
  const hostHistory: Int32Array[] = Array.from({ length: kept }, () => new Int32Array(0));
  for (let t = 0; t < timesteps; t++) {
    hostHistory[t % kept] = input(t);
    for (const group of order) {
      const { sum, current, potential } = states[group]!;
      const { neurons, drive, size } = groups[group]!;
      sum.set(drive);
      for (const { from, lag, synapses } of into[group]!) {
        if (t < lag) continue;
        const fired = from === 'host' ? hostHistory[(t - lag) % kept]! : history[from]![(t - lag) % kept]!;
        const { starts, targets, weights } = synapses;
        for (const i of fired)
          for (let s = starts[i]!; s < starts[i + 1]!; s++) sum[targets[s]!]! += weights[s]!;
      }
      const { keepCurrent, gain, keep, bias, threshold, reset, resetTo } = neurons;
      const fired: number[] = [];
      for (let i = 0; i < size; i++) {
        current[i] = keepCurrent[i]! * current[i]! + gain[i]! * sum[i]!;
        potential[i] = keep[i]! * potential[i]! + current[i]! + bias[i]!;
        if (!(potential[i]! > threshold[i]!)) continue;
        fired.push(i);
        if (reset === 'hard') potential[i] = resetTo[i]!;
        if (reset === 'soft') potential[i] = potential[i]! - threshold[i]!;
      }
      history[group]![t % kept] = fired;
      observe({ timestep: t, group, fired, potentials: potential, currents: current });
    }
  }
}
