/**
 * Hardware units of a core that neurons sit on. SANA-FE's integrate-and-fire somas and dendrites hold 1,024 neurons each,
 * its `input` somas one: a core gets as many as its neurons need, so that no limit of SANA-FE's is one of the chip's.
 */
import { boxSizes } from '../../runtime-sim/state.ts';
import type { Plan } from './plan.ts';
import type { Tile } from './synapses.ts';

const UNITS = ['neuron', 'sum', 'waiting', 'replay', 'host', 'dendrite'] as const;
export type Unit = (typeof UNITS)[number];

const HOLDS: Readonly<Record<Unit, number>> = {
  neuron: 1024,
  sum: 1024,
  waiting: 1024,
  replay: 1,
  host: 1,
  dendrite: 1024,
};

/** Neurons `from` to `to` of those asked for sit on `name`. */
export interface Seating {
  readonly from: number;
  readonly to: number;
  readonly name: string;
}

export interface Units {
  /** The next `count` neurons of a core on units of this kind. */
  take(core: number, unit: Unit, count: number): readonly Seating[];
}

export function createUnits(): Units {
  const taken = new Map<string, number>();
  return {
    take(core, unit, count) {
      const key = `${core} ${unit}`;
      const first = taken.get(key) ?? 0;
      taken.set(key, first + count);
      const seatings: Seating[] = [];
      for (let at = 0; at < count; ) {
        const number = Math.floor((first + at) / HOLDS[unit]);
        const end = Math.min(count, (number + 1) * HOLDS[unit] - first);
        seatings.push({ from: at, to: end - 1, name: `${unit}[${number}]` });
        at = end;
      }
      return seatings;
    },
  };
}

/** Neurons on each kind of unit, by core number. */
export function countUnits(
  { tiles, sources }: Plan,
  isStreaming: boolean,
): ReadonlyMap<number, Readonly<Record<Unit, number>>> {
  const counts = new Map<number, Record<Unit, number>>();
  const add = (core: number, unit: Unit, count: number) => {
    const own = counts.get(core) ?? { neuron: 0, sum: 0, waiting: 0, replay: 0, host: 0, dendrite: 0 };
    counts.set(core, own);
    own[unit] += count;
    own.dendrite += count;
  };
  for (const tile of tiles) {
    const [groups, rows, channels] = boxSizes(tile.program.box);
    for (let line = 0; line < groups * rows; line++)
      add(tile.core.number, unitOfLine(tile, line, isStreaming), channels);
  }
  for (const { kind, core, senders } of sources)
    if (kind !== 'neurons') add(core, kind, senders.neuron.length);
  return counts;
}

/** Where rows pass through time the chip pays for one row at a time: the others wait and cost nothing. */
export function unitOfLine(
  { program }: Tile,
  line: number,
  isStreaming: boolean,
): 'neuron' | 'sum' | 'waiting' {
  if (program.emit.kind === 'lif') return 'neuron';
  const [, rows] = boxSizes(program.box);
  return isStreaming && line % rows > 0 ? 'waiting' : 'sum';
}

/** Name of a list of units: `sum[0..3]`. */
export const unitRange = (unit: Unit, neurons: number): string =>
  `${unit}[0..${Math.ceil(neurons / HOLDS[unit]) - 1}]`;
