/**
 * A network of plain neurons without cores, in the chip's time: the slow, obviously right one that a mapped network answers
 * like, spike by spike.
 */
import { isDense, type PlainNetwork } from './network.ts';

/** Who fired of each group in a timestep, and the potentials after it. */
export type PlainObserver = (
  timestep: number,
  fired: readonly (readonly number[])[],
  potentials: readonly Float64Array[],
) => void;

export function interpretPlain(
  { groups, edges }: PlainNetwork,
  { accumulatorBits, stateBits }: { readonly accumulatorBits: number; readonly stateBits: number },
  timesteps: number,
  host: (timestep: number) => Int32Array,
  observe: PlainObserver,
): void {
  const [sumTop, top] = [2 ** (accumulatorBits - 1) - 1, 2 ** (stateBits - 1) - 1];
  const within = (x: number, limit: number) => Math.min(Math.max(x, -limit), limit) + 0;
  const keep = (x: number, leak: number) => Math.trunc((x * (4096 - leak)) / 4096);
  const at = (values: Int32Array, i: number) => values[values.length === 1 ? 0 : i]!;
  const slots = 2 + edges.reduce((most, { delay }) => Math.max(most, delay), 0);
  const sums = groups.map(({ size }) => Array.from({ length: slots }, () => new Float64Array(size)));
  const potentials = groups.map(({ size, neurons }) =>
    Float64Array.from({ length: size }, (_, i) => at(neurons.initial, i)),
  );
  const currents = groups.map(({ size }) => new Float64Array(size));
  for (let now = 0; now < timesteps; now++) {
    const fired = groups.map(({ size, neurons, current, start = 0 }, g) => {
      const own: number[] = [];
      const sum = sums[g]![now % slots]!;
      for (let i = 0; i < size && now >= start; i++) {
        let input = within(sum[i]!, sumTop);
        if (current !== undefined) {
          const held = now > start ? keep(currents[g]![i]!, at(current.currentLeak, i)) : currents[g]![i]!;
          input = within(held + input * 2 ** at(current.gain, i) + at(current.currentBias, i), top);
          currents[g]![i] = input;
        }
        let v = potentials[g]![i]!;
        if (now > start) v = keep(v, at(neurons.leak, i));
        v = within(v + input + at(neurons.bias, i), top);
        const threshold = at(neurons.threshold, i);
        if (v > threshold) {
          own.push(i);
          if (neurons.reset === 'hard') v = at(neurons.resetTo, i);
          if (neurons.reset === 'soft') v = within(v - threshold, top);
        }
        potentials[g]![i] = v;
      }
      sum.fill(0);
      return own;
    });
    for (const { from, to, delay, synapses } of edges) {
      const sum = sums[to]![(now + 1 + delay) % slots]!;
      for (const source of from === 'host' ? host(now) : fired[from]!) {
        if (isDense(synapses))
          for (let i = 0; i < sum.length; i++) sum[i]! += synapses[source * sum.length + i]!;
        else
          for (let s = synapses.starts[source]!; s < synapses.starts[source + 1]!; s++)
            sum[synapses.targets[s]!]! += synapses.weights[s]!;
      }
    }
    observe(now, fired, potentials);
  }
}
