/** The three runs of an imported network: in real numbers, in integers without cores, on the simulated chip. */
import type { RealNetwork } from '../compiler/nir/network.ts';
import type { Quantized } from '../compiler/nir/quantize.ts';
import { runReal } from '../compiler/nir/run-real.ts';
import type { Schedule } from '../compiler/nir/schedule.ts';
import { interpretPlain } from '../compiler/plain-neurons/interpret.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import type { LifMachine } from '../runtime-sim/lif/machine.ts';
import type { SpikeSet } from './spike-data.ts';

export interface MeasuredRun {
  /** Share of the neurons of each group that fire in a timestep. */
  readonly rates: readonly number[];
  /** Largest current or potential of each group. */
  readonly largest: readonly number[];
  /** Of each group and timestep of the first sample. */
  readonly fired: readonly (readonly (readonly number[])[])[];
  /** Potentials of groups that are read, timestep by timestep. */
  readonly read: ReadonlyMap<number, readonly Float64Array[]>;
}

/** Samples that ranges are taken from. */
const MOST_SAMPLES = 16;

export function measureReal(network: RealNetwork, schedule: Schedule, set: SpikeSet): MeasuredRun {
  const { groups, outputs } = network;
  const largest = groups.map(() => 0);
  const counts = groups.map(() => 0);
  const fired = groups.map((): (readonly number[])[] => []);
  const read = new Map(outputs.map(({ group }) => [group, [] as Float64Array[]]));
  const samples = Math.min(MOST_SAMPLES, set.samples);
  for (let sample = 0; sample < samples; sample++) {
    const sent = set.sample(sample);
    runReal(
      network,
      schedule,
      set.timesteps,
      t => sent[t]!,
      step => {
        const { group } = step;
        for (const values of [step.currents, step.potentials])
          for (let i = 0; i < values.length; i++)
            largest[group] = Math.max(largest[group]!, Math.abs(values[i]!));
        counts[group]! += step.fired.length;
        if (sample > 0) return;
        fired[group]!.push(step.fired);
        read.get(group)?.push(step.potentials.slice());
      },
    );
  }
  const rates = counts.map((count, g) => count / (samples * set.timesteps * groups[g]!.size));
  return { rates, largest, fired, read };
}

export interface Agreement {
  readonly spikes: { readonly float: number; readonly chip: number; readonly both: number };
  readonly potentialError: number | null;
}

/**
 * The first sample on the chip. What it does must be what the integers do without cores: anything else is a fault of ours.
 * `outputs`: spikes or potentials of each, timestep by timestep.
 */
export function compareRuns(
  made: {
    readonly network: RealNetwork;
    readonly schedule: Schedule;
    readonly quantized: Quantized;
    readonly measured: MeasuredRun;
  },
  set: SpikeSet,
  machine: LifMachine,
): { readonly agreement: Agreement; readonly outputs: ReadonlyMap<string, Float64Array> } {
  const { network, schedule, quantized, measured } = made;
  const { timesteps } = set;
  const sent = set.sample(0);
  const steps = timesteps + Math.max(0, ...schedule.depths);
  const host = (now: number) => sent[now] ?? new Int32Array(0);
  const chip = recordMachine(machine, steps, host, network);
  const spikes = { float: 0, chip: 0, both: 0 };
  let [difference, largest] = [0, 0];
  const outputs = new Map(
    network.outputs.map(({ name, group }) => [
      name,
      new Float64Array(timesteps * network.groups[group]!.size),
    ]),
  );
  interpretPlain(quantized.network, quantized.widths, steps, host, (now, fired, potentials) => {
    network.groups.forEach(({ size }, group) => {
      const own = chip.fired[group]![now]!;
      if (own.length !== fired[group]!.length || own.some((neuron, i) => neuron !== fired[group]![i]))
        defect(`the chip’s ${network.groups[group]!.name} differs from the network without cores at ${now}`);
      const t = now - schedule.depths[group]!;
      if (t < 0 || t >= timesteps) return;
      const float = new Set(measured.fired[group]![t]);
      spikes.float += float.size;
      spikes.chip += own.length;
      spikes.both += own.filter(neuron => float.has(neuron)).length;
      const isSilent = network.groups[group]!.neurons.threshold[0] === Number.POSITIVE_INFINITY;
      for (const output of network.outputs) {
        if (output.group !== group) continue;
        const to = outputs.get(output.name)!;
        if (!isSilent) for (const neuron of own) to[t * size + neuron] = 1;
        else
          potentials[group]!.forEach((value, i) => {
            to[t * size + i] = value * 2 ** -quantized.fractions[group]!;
          });
        if (!isSilent) continue;
        measured.read.get(group)![t]!.forEach((value, i) => {
          largest = Math.max(largest, Math.abs(value));
          difference = Math.max(difference, Math.abs(value - to[t * size + i]!));
        });
      }
      if (now === steps - 1 && chip.potentials[group]!.some((value, i) => value !== potentials[group]![i]))
        defect(
          `the chip’s ${network.groups[group]!.name} has other potentials than the network without cores`,
        );
    });
  });
  return { outputs, agreement: { spikes, potentialError: largest === 0 ? null : difference / largest } };
}

/** Who fired of each group and timestep, by number in the group, ascending; potentials at the end. */
function recordMachine(
  machine: LifMachine,
  steps: number,
  host: (now: number) => Int32Array,
  { groups }: RealNetwork,
) {
  const { tiles } = machine.network;
  const fired = groups.map(() => Array.from({ length: steps }, (): number[] => []));
  machine.run(
    steps,
    step => {
      for (const { number, program, members } of tiles)
        for (let f = step.fired.starts[number]!; f < step.fired.starts[number + 1]!; f++)
          fired[program.population]![step.step]!.push(members[step.fired.neurons[f]!]!);
    },
    host,
  );
  for (const own of fired) for (const list of own) list.sort((a, b) => a - b);
  const potentials = groups.map(({ size }) => new Int32Array(size));
  for (const { number, program, members } of tiles)
    machine.potentials(number).forEach((value, i) => {
      potentials[program.population]![members[i]!] = value;
    });
  return { fired, potentials };
}
