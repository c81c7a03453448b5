/**
 * One tile alone: what it must send, given what a device says that its sources sent. So a tile that is wrong by itself is
 * told from one that is wrong because of what reaches it, whatever the device can show of its inside.
 *
 * Cost  of one prediction: the messages of the tile's own sources
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { HOLE } from '../../ir/map.ts';
import { execute, hostBatch, stepAt, timestepsOf } from '../chip.ts';
import { createTileCounts } from '../counts.ts';
import { createGather, type GatherState } from '../gathers.ts';
import { apply, clear, weigh } from '../kernels.ts';
import { type Batch, batchOf } from '../messages.ts';
import { messagesOf } from '../spikes.ts';
import { type Booted, boot, type Link, type RouteState, type TileState } from '../state.ts';
import { createRowBench } from './row-bench.ts';

/** What was sent for one image, as the device reports it. */
export interface Seen {
  readonly image: Float64Array;
  /** The image that was begun one interval earlier, where there is one. */
  readonly before?: Seen | undefined;
  /** Payloads of a population in step 1…T, by neuron; of a readout what its neurons hold. */
  sent(population: number, step: number): Int32Array;
}

/** A sender's way to one core. Of the host, `from` is absent. */
export interface Passage {
  readonly from: TilePlace | undefined;
  readonly to: { readonly chip: number; readonly core: number };
  readonly axon: number;
  /** Does this neuron of the sender, by number within its tile, send here? */
  readonly sends: (neuron: number) => boolean;
}

export interface TilePlace {
  readonly number: number;
  readonly population: number;
  readonly chip: number;
  /** Number within the chip. */
  readonly core: number;
  /** Number within the core. */
  readonly slot: number;
  /** The tile's neurons, by number in the population. */
  readonly members: Int32Array;
  /** Chip timestep of its first step. */
  readonly depth: number;
  /** It is read and sends nothing: what counts as sent is what its neurons hold. */
  readonly isReadout: boolean;
  readonly passages: readonly Passage[];
}

/** What becomes of the messages of one passage: each part arrives so many chip timesteps late. */
export type Disturb = (
  passage: Passage,
  batch: Batch,
  step: number,
  /** What the image before sent the same way. */
  before: () => Batch | undefined,
) => readonly Delayed[];
export interface Delayed {
  readonly batch: Batch;
  readonly late: number;
}
export const undisturbed: Disturb = (_, batch) => [{ batch, late: 0 }];

export interface Circumstances {
  readonly disturb?: Disturb | undefined;
  /** Widths that the core has in fact. */
  readonly widths?: Partial<Pick<ChipProgram['header'], 'accumulatorBits' | 'stateBits'>> | undefined;
}

export interface TileBench {
  readonly tiles: readonly TilePlace[];
  /** Steps of an image that are compared: T, or 1 where rows pass through time. */
  readonly steps: number;
  /** When a neuron of the tile, by number within it, executes step 0…T−1 of an image. */
  timestepOf(tile: TilePlace, step: number, neuron: number): number;
  /** Payloads of the tile's neurons in each step; of a readout what they hold. */
  predict(tile: TilePlace, seen: Seen, about?: Circumstances): readonly Int32Array[];
}

/** One link into a tile, with the passage that it belongs to. */
export interface Incoming<G> {
  readonly from: TileState<G> | undefined;
  readonly passage: Passage;
  readonly link: Link<G>;
}

/** Errors: E0703, E0711 */
export function createTileBench(programs: readonly ChipProgram[]): TileBench {
  const header = programs[0]?.header ?? fail('E0703', { origin: 'program' }, { problem: 'no chip' });
  if (header.mode === 'free') fail('E0711', { origin: 'program' }, {});
  return header.mode === 'streaming' ? createRowBench(programs) : createSpaceBench(programs);
}

function createSpaceBench(programs: readonly ChipProgram[]): TileBench {
  const booted = boot(programs, createGather);
  const { header } = booted.programs[0]!;
  const input = programs.find(program => program.input !== undefined)?.input;
  const last = timestepsOf(booted.tiles, header);
  const { tiles, incoming } = describeTiles(booted);
  const { steps, period, coding } = header;

  const cached = createCache<TileState<GatherState>, Batch>();

  /** Chip timesteps in which a sender sends, with the step of the image. */
  const turnsOf = (from: TileState<GatherState> | undefined) =>
    Array.from({ length: from === undefined && coding !== 'rate' ? 1 : steps }, (_, i) => ({
      now: (from?.program.depth ?? 0) + i * period,
      step: i + 1,
    })).filter(({ now }) => now <= last);

  function predict(place: TilePlace, seen: Seen, { disturb = undisturbed, widths }: Circumstances = {}) {
    const tile = booted.tiles[place.number]!;
    const inside = { ...header, ...widths };
    const due: { readonly link: Link<GatherState>; readonly batch: Batch; readonly step: number }[] = [];
    for (const { from, passage, link } of incoming[place.number]!) {
      for (const { now, step } of turnsOf(from)) {
        const batchOfImage = (own: Seen) =>
          cached(own, from, step, () =>
            from === undefined ? hostBatch(own.image, input!.fraction) : batchSeen(from, own, step, header),
          );
        const before = () => seen.before && batchOfImage(seen.before);
        for (const part of disturb(passage, batchOfImage(seen), step, before)) {
          const met = stepAt(tile.program.depth, now + 1 + link.delay + part.late, header);
          if (met !== undefined) due.push({ link, batch: part.batch, step: met });
        }
      }
    }
    const counts = createTileCounts();
    clear(tile);
    return Array.from({ length: steps }, (_, i) => {
      for (const side of [0, 1] as const) {
        for (const { link, batch, step } of due)
          if (step === i + 1 && link.side === side) apply(link, weigh(batch, link, step), counts);
      }
      execute(tile, i + 1, inside);
      return (place.isReadout ? tile.sums : tile.values).slice();
    });
  }
  return { tiles, steps, timestepOf: ({ depth }, step) => depth + step * period, predict };
}

/** What a sender sent for an image is asked for by each prediction of each tile that it feeds. */
export function createCache<From extends object, T>() {
  const host = {};
  const images = new WeakMap<Seen, Map<object, T[]>>();
  return (seen: Seen, from: From | undefined, step: number, make: () => T): T => {
    const senders = images.get(seen) ?? new Map<object, T[]>();
    images.set(seen, senders);
    const steps = senders.get(from ?? host) ?? [];
    senders.set(from ?? host, steps);
    steps[step] ??= make();
    return steps[step];
  };
}

function batchSeen<G>(tile: TileState<G>, seen: Seen, step: number, header: ChipProgram['header']): Batch {
  const all = seen.sent(tile.program.population, step);
  const values = tile.members.map(neuron => all[neuron]!);
  return messagesOf(tile, batchOf({ values, terms: new Uint8Array(values.length).fill(1) }), header);
}

/** Places of all tiles, and of each the links that lead into it. */
export function describeTiles<G>({ cores, tiles, hostRoutes }: Booted<G>): {
  readonly tiles: readonly TilePlace[];
  readonly incoming: readonly (readonly Incoming<G>[])[];
} {
  const numberOf = new Map(cores.map(core => [core, numberOnChip(core, cores)]));
  const slotOf = new Map<TileState<G>, number>();
  for (const core of cores) {
    const own = tiles.filter(tile => tile.core === core);
    for (const [slot, tile] of own.entries()) slotOf.set(tile, slot);
  }
  const passages: Passage[][] = tiles.map(() => []);
  const places = tiles.map(
    (tile, number): TilePlace => ({
      number,
      population: tile.program.population,
      chip: tile.core.chip,
      core: numberOf.get(tile.core)!,
      slot: slotOf.get(tile)!,
      members: tile.members,
      depth: tile.program.depth,
      isReadout: tile.program.emit.kind === 'readout',
      passages: passages[number]!,
    }),
  );
  const incoming: Incoming<G>[][] = tiles.map(() => []);
  const follow = (route: RouteState<G>, from: TileState<G> | undefined) => {
    const passage: Passage = {
      from: from === undefined ? undefined : places[from.number]!,
      to: { chip: route.core.chip, core: numberOf.get(route.core)! },
      axon: route.core.links.indexOf(route.links),
      sends: neuron =>
        (route.sends === undefined || route.sends[neuron] === 1) &&
        route.links.some(({ positions }) => positions[neuron] !== HOLE),
    };
    for (const link of route.links) {
      incoming[link.tile.number]!.push({ from, passage, link });
      const own = passages[link.tile.number]!;
      if (!own.includes(passage)) own.push(passage);
    }
  };
  for (const route of hostRoutes) follow(route, undefined);
  for (const tile of tiles) for (const route of tile.routes) follow(route, tile);
  return { tiles: places, incoming };
}

const numberOnChip = <C extends { readonly chip: number }>(core: C, cores: readonly C[]): number =>
  cores.filter(({ chip }) => chip === core.chip).indexOf(core);
