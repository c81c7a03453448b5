/** Emulated devices in tests: from programs, driven as a host drives them, compared with the simulator. */
import assert from 'node:assert/strict';
import { encodeChip } from '../backends/program/encode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import type { PopulationEmission } from '../runtime-sim/chip.ts';
import { bootDevice } from '../runtime-sim/device/boot.ts';
import type { InputEvents } from '../runtime-sim/device/events.ts';
import { createMachine, type Damage, type Machine } from '../runtime-sim/device/machine.ts';
import { type DeviceFile, deviceFile } from '../runtime-sim/hil/load.ts';
import { createSimulator, slowSimulator } from '../runtime-sim/simulator.ts';

export const bytesOf = (programs: readonly ChipProgram[]): ReadonlyMap<number, Uint8Array> =>
  new Map(programs.map(program => [program.chip, encodeChip(program)] as const));

export const filesOf = (programs: readonly ChipProgram[]): readonly DeviceFile[] =>
  [...bytesOf(programs)].map(([chip, bytes]) => deviceFile('program', chip, bytes));

export const deviceOf = (programs: readonly ChipProgram[], damage?: Damage): Machine =>
  createMachine(bootDevice(bytesOf(programs)), damage);

/** What the host sends in each timestep for images that follow each other as closely as they may. */
export function inputsOf(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
): ReadonlyMap<number, InputEvents> {
  const { header } = programs[0]!;
  const input = programs.find(program => program.input !== undefined)!.input!;
  const due = input.steps === undefined ? undefined : expandMap(input.steps);
  const inputs = new Map<number, { elements: number[]; values: number[] }>();
  const at = (timestep: number) => {
    const events = inputs.get(timestep) ?? { elements: [], values: [] };
    inputs.set(timestep, events);
    return events;
  };
  images.forEach((image, m) => {
    const begin = m * header.interval;
    at(begin);
    const steps = header.coding === 'rate' && due === undefined ? header.steps : 1;
    for (let t = 0; t < steps; t++) {
      image.forEach((x, element) => {
        const value = Math.floor(x * 2 ** input.fraction + 0.5);
        if (value === 0 || due?.[element] === HOLE) return;
        const events = at(begin + t * header.period + (due?.[element] ?? 0));
        events.elements.push(element);
        events.values.push(value);
      });
    }
  });
  // Rows of two images may come in one timestep.
  for (const events of inputs.values()) {
    const order = events.elements
      .map((_, i) => i)
      .toSorted((a, b) => events.elements[a]! - events.elements[b]!);
    const { elements, values } = events;
    inputs.set([...inputs].find(([, own]) => own === events)![0], {
      elements: order.map(i => elements[i]!),
      values: order.map(i => values[i]!),
    });
  }
  return inputs;
}

/** Spikes by image, step and population, as `neuron:payload` words; and readouts. */
export interface Watched {
  readonly spikes: ReadonlyMap<string, string>;
  readonly readouts: ReadonlyMap<string, readonly number[]>;
}

const wordsOf = (neurons: readonly number[], values: readonly number[]): string[] =>
  neurons.map((neuron, i) => `${neuron}:${values[i]}`);

const depthOf = (programs: readonly ChipProgram[], population: number): number =>
  programs.flatMap(({ cores }) => cores.flatMap(({ tiles }) => tiles)).find(t => t.population === population)!
    .depth;

/** Drives a device until the last image is through. */
export function driveDevice(
  machine: Machine,
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
): Watched {
  const { header } = programs[0]!;
  const inputs = inputsOf(programs, images);
  const spikes = new Map<string, string[]>();
  const readouts = new Map<string, number[]>();
  const place = (population: number, timestep: number): string => {
    const since = timestep - depthOf(programs, population);
    const image = Math.floor(since / header.interval);
    const offset = since - image * header.interval;
    return `${image} ${header.mode === 'streaming' ? 1 : offset / header.period + 1} ${population}`;
  };
  const end = (images.length - 1) * header.interval + header.depth;
  for (let now = 0; now <= end; now++) {
    const { emissions, readouts: read } = machine.advance(inputs.get(now));
    for (const { population, neurons, values } of emissions) {
      const key = place(population, now);
      spikes.set(key, [...(spikes.get(key) ?? []), ...wordsOf(neurons, values)]);
    }
    for (const { population, values } of read)
      readouts.set(place(population, now), [...(readouts.get(place(population, now)) ?? []), ...values]);
  }
  const joined = [...spikes].map(([key, words]) => [key, sorted(words)] as const);
  return { spikes: new Map(joined), readouts };
}

const sorted = (words: readonly string[]): string =>
  words.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).join(' ');

/** The same from the simulator; `slow`: the one that follows every message. */
export function watchSimulator(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  slow: boolean,
): { readonly watched: Watched; readonly answers: readonly (readonly Float64Array[])[] } {
  const simulator = slow ? slowSimulator(programs) : createSimulator(programs, { workers: 1 });
  const spikes = new Map<string, string>();
  const answers = simulator.run(images, (image, step, population, { values }: PopulationEmission) => {
    const words: string[] = [];
    values.forEach((value, neuron) => {
      if (value !== 0) words.push(`${neuron}:${value}`);
    });
    spikes.set(`${image} ${step} ${population}`, words.join(' '));
  });
  simulator.close();
  return { watched: { spikes, readouts: new Map() }, answers };
}

/** Every spike of every population of every image, and every readout. */
export function assertSame(
  name: string,
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  { machine = deviceOf(programs), slow = true }: { machine?: Machine; slow?: boolean } = {},
): void {
  const ours = driveDevice(machine, programs, images);
  const { watched, answers } = watchSimulator(programs, images, slow);
  const tiles = programs.flatMap(({ cores }) => cores.flatMap(core => core.tiles));
  const { emit, outFraction, population } = tiles.find(tile => tile.emit.kind === 'readout')!;
  assert.equal(emit.kind, 'readout');
  for (const [key, words] of watched.spikes)
    if (!key.endsWith(` ${population}`)) assert.equal(ours.spikes.get(key), words, `${name}: ${key}`);
  assert.equal(
    ours.spikes.size,
    [...watched.spikes.keys()].filter(k => !k.endsWith(` ${population}`)).length,
  );
  const { coding } = programs[0]!.header;
  answers.forEach((steps, image) => {
    steps.forEach((readout, i) => {
      const t = coding === 'rate' ? i + 1 : 1;
      const own = ours.readouts.get(`${image} ${i + 1} ${population}`)!;
      assert.deepEqual(
        own.map(y => (y * 2 ** -outFraction) / t),
        [...readout].map(y => y + 0),
        `${name}: readout ${image} ${i}`,
      );
    });
  });
}
