/**
 * `snnc simulate` of plain neurons: boots from the folder alone and runs spike trains. Each sample begins at rest; what a population
 * of depth d does at chip timestep k belongs to timestep k − d of the sample.
 */
import type { Deployment } from '../backends/folder.ts';
import type { Manifest } from '../backends/manifest.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { energiesOf, simpleTime, stepEnergy, timesOf } from '../runtime-sim/lif/costs.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { sumOf } from '../runtime-sim/lif/events.ts';
import type { LifMachine, LifStep } from '../runtime-sim/lif/machine.ts';
import type { Console } from './console.ts';
import { reportDiagnostics } from './console.ts';
import { deployedTarget } from './deployed-target.ts';
import { writeNpz } from './npz.ts';
import type { SimulateArguments } from './simulate.ts';
import { readSpikes } from './spike-data.ts';
import { writeText } from './text-files.ts';

type Free = NonNullable<Manifest['free']>;

export async function simulateFree(
  folder: Deployment,
  args: SimulateArguments,
  out: Console,
): Promise<number> {
  const { manifest, dir } = folder;
  const free =
    manifest.free ?? fail('E0611', { origin: dir }, { path: 'free', reason: 'missing, in mode free' });
  const asked = { timed: args.timed, trace: args.trace !== undefined, watch: args.watch !== undefined };
  const option = Object.entries(asked).find(([, isAsked]) => isAsked)?.[0];
  if (option !== undefined) fail('E0716', { origin: dir }, { option: `--${option}` });
  const programs = folder.programs();
  const set = readSpikes(args.input, free.inputs);
  const target = deployedTarget(manifest, dir);
  const sets = target.costSets.map(set_ => ({ name: set_.name, costs: energiesOf(set_) }));
  const chips = new Set(programs.map(({ chip }) => chip)).size;
  const { times, unknown } = timesOf(target.timing, chips);
  const watched = outputsOf(manifest, free, args.record ?? []);
  const depth = Math.max(0, ...manifest.populations.map(population => population.depth));
  const samples = Math.min(args.limit, set.samples);
  const steps = set.timesteps + depth;
  const energies = sets.map(() => 0);
  const totals = { fired: 0, synops: 0, messages: 0, hops: 0, chipMessages: 0, updated: 0 };
  let seconds = 0;
  const recorded = watched.map(({ size }) => new Float64Array(samples * set.timesteps * size));
  out.step('run');
  for (let sample = 0; sample < samples; sample++) {
    const machine = createLifMachine(programs);
    const sent = set.sample(sample);
    const { neurons } = machine.network;
    const all = sumOf(neurons);
    const record = createRecorder(machine, watched, set.timesteps, sample, recorded);
    machine.run(
      steps,
      step => {
        sets.forEach(({ costs }, i) => {
          energies[i]! += stepEnergy(step.events, all, costs);
        });
        seconds += simpleTime(step.events, neurons, times) * 1e-9;
        record(step);
      },
      now => sent[now] ?? NOBODY,
    );
    const events = machine.totals;
    totals.fired += sumOf(events.fired);
    totals.synops += sumOf(events.synops);
    totals.updated += sumOf(events.updated);
    totals.messages += sumOf(events.messagesOut);
    totals.hops += sumOf(events.hopsEastWest) + sumOf(events.hopsNorthSouth);
    totals.chipMessages += sumOf(events.chipMessages);
  }
  if (args.save !== undefined) {
    const entries = watched.map(({ label, size }, w) => ({
      name: label,
      shape: [samples, set.timesteps, size],
      data: recorded[w]!,
    }));
    writeText(args.save, writeNpz(entries));
  }
  const answers = watched
    .slice(0, free.outputs.length)
    .map((output, w) => scoresOf(output, recorded[w]!, samples, set.timesteps));
  const classes = answers[0]!.map(scores => scores.indexOf(Math.max(...scores)));
  const { labels } = set;
  const accuracy =
    labels === undefined ? null : classes.filter((own, i) => own === labels[i]).length / samples;
  const result = {
    ...{ mode: 'free', samples, timesteps: set.timesteps, chipTimesteps: samples * steps },
    ...{ spikes: totals.fired, synops: totals.synops, messages: totals.messages, hops: totals.hops },
    ...{ chipMessages: totals.chipMessages, updates: totals.updated, timeSeconds: seconds },
    energyPj: Object.fromEntries(sets.map(({ name }, i) => [name, energies[i]!])),
    unknown,
    outputs: free.outputs.map(({ name, kind }, o) => ({ name, kind, perSample: answers[o]! })),
    ...{ classes, accuracy },
  };
  for (const [name, value] of Object.entries(result))
    if (typeof value === 'number' && name !== 'accuracy')
      out.line(`${name.padEnd(22)}${value.toLocaleString('en-US', { maximumSignificantDigits: 6 })}`);
  for (const [name, pj] of Object.entries(result.energyPj))
    out.line(`${`energy ${name}`.padEnd(22)}${(pj * 1e-6).toPrecision(4)} µJ`);
  if (unknown.length > 0) out.line(`${'counted as 0'.padEnd(22)}${unknown.join(', ')}`);
  for (const { name, kind, perSample } of result.outputs)
    perSample.slice(0, MOST_ROWS).forEach((scores, sample) => {
      const what = kind === 'spikes' ? 'spikes' : 'last potentials';
      const shown = scores.slice(0, MOST_COLUMNS).map(x => (kind === 'spikes' ? `${x}` : x.toPrecision(4)));
      const more = scores.length > MOST_COLUMNS ? ` … (${scores.length} neurons)` : '';
      out.line(`${`${name} [${sample}]`.padEnd(22)}${what}: ${shown.join(' ')}${more}`);
    });
  if (accuracy !== null) out.line(`${'accuracy'.padEnd(22)}${(100 * accuracy).toFixed(2)} %`);
  out.result(result);
  return reportDiagnostics(out.diagnostics.list, args.json);
}

const NOBODY = new Int32Array(0);
const MOST_ROWS = 10;
const MOST_COLUMNS = 16;

interface Watched {
  readonly label: string;
  readonly population: number;
  readonly size: number;
  readonly depth: number;
  readonly kind: 'spikes' | 'potentials';
  /** A potential is so many of its units. */
  readonly unit: number;
}

/** Outputs, then whatever else is asked for, whose spikes are taken. Errors: E0755 */
function outputsOf({ populations }: Manifest, free: Free, more: readonly string[]): readonly Watched[] {
  const find = (name: string, label: string, kind: Watched['kind']): Watched => {
    const population = populations.findIndex(own => own.name === name);
    const found = populations[population];
    const known = populations.map(own => own.name).join(', ');
    if (found === undefined) return fail('E0755', { origin: '--record' }, { name, known });
    return {
      label,
      population,
      size: found.shape.at(-1)!,
      depth: found.depth,
      kind,
      unit: 2 ** -found.fraction,
    };
  };
  return [
    ...free.outputs.map(({ name, population, kind }) => find(population, name, kind)),
    ...more.map(name => find(name, `population:${name}`, 'spikes')),
  ];
}

/** Writes what is watched of each timestep into its place. */
function createRecorder(
  machine: LifMachine,
  watched: readonly Watched[],
  timesteps: number,
  sample: number,
  recorded: readonly Float64Array[],
): (step: LifStep) => void {
  const { tiles } = machine.network;
  const tilesOf = watched.map(({ population }) =>
    tiles.filter(({ program }) => program.population === population),
  );
  return ({ step, fired: { starts, neurons } }) => {
    watched.forEach(({ size, depth, kind, unit }, w) => {
      const t = step - depth;
      if (t < 0 || t >= timesteps) return;
      const first = (sample * timesteps + t) * size;
      const to = recorded[w]!;
      for (const { number, members } of tilesOf[w]!) {
        if (kind === 'potentials')
          machine.potentials(number).forEach((value, i) => {
            to[first + members[i]!] = value * unit;
          });
        else
          for (let f = starts[number]!; f < starts[number + 1]!; f++) to[first + members[neurons[f]!]!] = 1;
      }
    });
  };
}

/** Of each sample: spikes of each neuron, or its last potential. */
function scoresOf(
  { size, kind }: Watched,
  recorded: Float64Array,
  samples: number,
  timesteps: number,
): readonly (readonly number[])[] {
  return Array.from({ length: samples }, (_, sample) =>
    Array.from({ length: size }, (_, i) => {
      const at = (t: number) => recorded[(sample * timesteps + t) * size + i]!;
      if (kind === 'potentials') return at(timesteps - 1);
      let count = 0;
      for (let t = 0; t < timesteps; t++) count += at(t);
      return count;
    }),
  );
}
