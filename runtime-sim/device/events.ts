/** Events at the edges of a timestep: what the host sends, what neurons fire, what populations have done. */
import { HOLE } from '../../ir/map.ts';
import type { Booted, Tile } from './boot.ts';
import { refuse } from './refusal.ts';
import type { Outcome } from './tile.ts';

/** What neurons of a population did in one timestep, ascending. */
export interface PopulationEvents {
  readonly population: number;
  readonly neurons: readonly number[];
  readonly values: readonly number[];
}
export interface Timestep {
  /** Spikes of the populations that executed, by number. */
  readonly emissions: readonly PopulationEvents[];
  /** Those that are read out, all their neurons. */
  readonly readouts: readonly PopulationEvents[];
}
export interface InputEvents {
  readonly elements: readonly number[];
  readonly values: readonly number[];
}
/** The signed powers of two that a neuron fired, largest first, none above the highest threshold. */
export function powersOf(payload: number, terms: number, levels: number): readonly number[] {
  const powers: number[] = [];
  let rest = payload;
  while (rest !== 0 && powers.length < terms) {
    const size = Math.abs(rest);
    const below = 2 ** Math.floor(Math.log2(size));
    const nearest = size >= 1.5 * below ? 2 * below : below;
    const power = Math.sign(rest) * Math.min(nearest, 2 ** (levels - 1));
    powers.push(power);
    rest -= power;
  }
  return powers;
}

/** Errors: Refusal, for what `advance` would refuse. */
export const checkInput = (booted: Booted, input: InputEvents, timestep: number): void => {
  inputEvents(booted, input, timestep);
};

/** Elements that the host sends, by the image that they belong to. */
export function inputEvents(
  { header, host }: Booted,
  { elements, values }: InputEvents,
  timestep: number,
): ReadonlyMap<number, { elements: number[]; values: number[] }> {
  if (host === undefined) return refuse('INVALID_ARGUMENT', 'the programs take no input');
  if (elements.length !== values.length)
    refuse('INVALID_ARGUMENT', `an input of ${elements.length} elements and ${values.length} values`);
  const byImage = new Map<number, { elements: number[]; values: number[] }>();
  elements.forEach((element, i) => {
    if (element >= host.input.size || (i > 0 && element <= elements[i - 1]!))
      refuse('INVALID_ARGUMENT', `input elements ascend and are below ${host.input.size}: not ${element}`);
    const due = host.steps?.[element] ?? timestep;
    const image = (timestep - due) / header.interval;
    if (due === HOLE || image < 0 || !Number.isInteger(image))
      refuse('INVALID_ARGUMENT', `input element ${element} is not due in timestep ${timestep}`);
    if (values[i] === 0) return;
    const own = byImage.get(image) ?? { elements: [], values: [] };
    byImage.set(image, own);
    own.elements.push(element);
    own.values.push(header.mode === 'free' ? 1 : values[i]!);
  });
  return byImage;
}

/** Puts what tiles did together, population by population. */
export function createCollector() {
  const found = new Map<number, { isRead: boolean; events: [neuron: number, value: number][] }>();
  return {
    add({ program, members }: Tile, { neurons, payloads, targets }: Outcome): void {
      const isRead = program.emit.kind === 'readout';
      const own = found.get(program.population) ?? { isRead, events: [] };
      found.set(program.population, own);
      neurons.forEach((neuron, i) => {
        if (isRead) own.events.push([members[neuron]!, targets[i]!]);
        else if (payloads[i] !== 0) own.events.push([members[neuron]!, payloads[i]!]);
      });
    },
    finish(): Timestep {
      const sorted = [...found].toSorted(([a], [b]) => a - b);
      const list = (isRead: boolean) =>
        sorted
          .filter(([, own]) => own.isRead === isRead)
          .map(([population, { events }]): PopulationEvents => {
            events.sort(([a], [b]) => a - b);
            return {
              population,
              neurons: events.map(([neuron]) => neuron),
              values: events.map(([, value]) => value + 0),
            };
          });
      return { emissions: list(false), readouts: list(true) };
    },
  };
}
