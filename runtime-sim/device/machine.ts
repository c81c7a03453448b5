/**
 * The clock of an emulated device: one chip timestep at a time, every message followed to every weight that it meets. Slow
 * and straightforward; nothing here is shared with the simulator (docs/rationale/emulated-device.md).
 */
import { HOLE } from '../../ir/map.ts';
import type { Booted, Core, Link, Tile, Way } from './boot.ts';
import { createCollector, type InputEvents, inputEvents, powersOf, type Timestep } from './events.ts';
import { arrive } from './operands.ts';
import { refuse } from './refusal.ts';
import {
  clearTileState,
  createTileState,
  executePlain,
  executeTile,
  type Outcome,
  stateSize,
  type TileState,
} from './tile.ts';

export interface CoreCounts {
  spikes: number;
  messages: number;
  received: number;
}

const NO_COUNTS: CoreCounts = { spikes: 0, messages: 0, received: 0 };

/** What is broken. */
export interface Damage {
  readonly isDead: (core: Core) => boolean;
  /** Width of the state on a core; undefined: what the program says. */
  readonly stateBits: (core: Core) => number | undefined;
  /** How often a message of timestep `at` arrives, and how many timesteps late; undefined: messages are never touched. */
  readonly carry: ((way: Way, neuron: number, at: number) => Carried) | undefined;
}
export interface Carried {
  readonly copies: number;
  readonly late: number;
}
export const UNDAMAGED: Damage = { isDead: () => false, stateBits: () => undefined, carry: undefined };

export interface Machine {
  readonly booted: Booted;
  /** Chip timesteps since the last restart. */
  readonly timestep: number;
  /** Of each core since `resetCounts`. */
  readonly counts: readonly CoreCounts[];
  /** Timesteps since then. */
  readonly age: number;
  /** Errors: Refusal; nothing has happened then. */
  advance(input: InputEvents | undefined): Timestep;
  restart(): void;
  resetCounts(): void;
  /** State of a tile whose neurons keep one; undefined in mode streaming. */
  stateOf(tile: Tile): TileState | undefined;
}

/** Messages of one sender on their way to one link. */
interface Mail {
  readonly link: Link;
  readonly way: Way;
  /** Streaming: the image that they belong to. */
  readonly image: number;
  readonly neurons: readonly number[];
  readonly payloads: readonly number[];
}
interface Turn {
  readonly image: number;
  /** Step of the image, and streaming: its row. */
  readonly t: number;
  readonly row: number | undefined;
}

/** Numbers of state that a device has room for, and messages on their way. */
const MAX_STATE = 2 ** 27;
const MAX_WAITING = 2 ** 26;

/** Errors: Refusal, where the state does not fit. */
export function createMachine(booted: Booted, damage: Damage = UNDAMAGED): Machine {
  const { header, tiles, host } = booted;
  const isStreaming = header.mode === 'streaming';
  const counts = booted.cores.map((): CoreCounts => ({ ...NO_COUNTS }));
  const plan = planOf(tiles, header);
  let room = MAX_STATE;
  const makeState = (tile: Tile) => {
    room -= stateSize(tile);
    if (room < 0) refuse('RESOURCE_EXHAUSTED', `more than ${MAX_STATE} numbers of state`);
    return createTileState(tile);
  };
  const fixed = isStreaming ? [] : tiles.map(makeState);
  /** Streaming: by tile, states of the images on their way, and the last image that is over. */
  let flowing = tiles.map(() => new Map<number, TileState>());
  let over = tiles.map(() => -1);
  let mail = new Map<number, Mail[]>();
  let inbox: Mail[][] = tiles.map(() => []);
  let begun = new Set<number>();
  let onTheirWay = 0;
  let timestep = 0;
  /** Never goes back: what happens by chance happens in another place after each restart. */
  let age = 0;
  let countedFrom = 0;

  function stateFor(tile: Tile, image: number): TileState {
    if (!isStreaming) return fixed[tile.number]!;
    const states = flowing[tile.number]!;
    const state = states.get(image) ?? makeState(tile);
    states.set(image, state);
    return state;
  }

  function turnOf(tile: Tile): Turn | undefined {
    const { depth } = tile.program;
    if (header.mode === 'free') return { image: 0, t: 1, row: undefined };
    const since = timestep - depth;
    const image = Math.floor(since / header.interval);
    if (!begun.has(image)) return undefined;
    const offset = since - image * header.interval;
    if (isStreaming) return offset < tile.rows ? { image, t: 1, row: offset } : undefined;
    const t = offset / header.period + 1;
    return Number.isInteger(t) && t <= header.steps ? { image, t, row: undefined } : undefined;
  }

  function post(
    ways: readonly Way[],
    image: number,
    neurons: readonly number[],
    payloads: readonly number[],
  ) {
    for (const way of ways) {
      const chosen = [...neurons.keys()].filter(i => way.sends?.[neurons[i]!] !== 0);
      for (const [late, events] of sortLate(chosen, way, neurons)) {
        if (way.from !== undefined) counts[way.from.number]!.messages += events.length;
        const own = { image, neurons: events.map(i => neurons[i]!), payloads: events.map(i => payloads[i]!) };
        for (const link of way.links) {
          const due = timestep + 1 + (isStreaming ? 0 : link.delay) + late;
          const waiting = mail.get(due) ?? [];
          mail.set(due, waiting);
          waiting.push({ ...own, link, way });
          onTheirWay += events.length;
        }
        if (!damage.isDead(way.to)) counts[way.to.number]!.received += events.length;
      }
    }
  }

  /** Events by how late they come; those that are lost are missing, those that come twice are there twice. */
  function sortLate(chosen: readonly number[], way: Way, neurons: readonly number[]) {
    const { carry } = damage;
    if (carry === undefined) return new Map([[0, chosen]]);
    const sorted = new Map<number, number[]>();
    for (const i of chosen) {
      const { copies, late } = carry(way, neurons[i]!, age);
      const events = sorted.get(late) ?? [];
      sorted.set(late, events);
      for (let copy = 0; copy < copies; copy++) events.push(i);
    }
    return sorted;
  }

  function meet(tile: Tile, state: TileState, { link, neurons, payloads }: Mail, t: number): void {
    const gather = tile.gathers[link.gather]!;
    neurons.forEach((neuron, i) => {
      const position = link.positions[neuron]!;
      if (position !== HOLE)
        arrive(gather, state.operands[link.gather]!, link.side, position, payloads[i]!, t);
    });
  }

  function deliver(): void {
    for (const message of mail.get(timestep) ?? []) {
      onTheirWay -= message.neurons.length;
      const tile = tiles[message.link.tile]!;
      if (damage.isDead(message.way.to)) continue;
      if (!isStreaming) inbox[tile.number]!.push(message);
      // What comes when its image is over finds nobody.
      else if (message.image > over[tile.number]!) meet(tile, stateFor(tile, message.image), message, 1);
    }
    mail.delete(timestep);
  }

  function execute(tile: Tile, { image, t, row }: Turn): Outcome {
    const state = stateFor(tile, image);
    if (header.mode !== 'free' && !isStreaming && t === 1) clearTileState(state, tile.program);
    for (const message of inbox[tile.number]!) meet(tile, state, message, t);
    inbox[tile.number] = [];
    const width = damage.stateBits(tile.core) ?? header.stateBits;
    const outcome =
      header.mode === 'free'
        ? executePlain(tile, state, timestep - tile.program.depth, header, width)
        : executeTile(tile, state, t, row, header, width);
    if (isStreaming && row === tile.rows - 1) {
      flowing[tile.number]!.delete(image);
      over[tile.number] = image;
      room += stateSize(tile);
    }
    return outcome;
  }

  function send(tile: Tile, image: number, { neurons, payloads, terms }: Outcome): void {
    const from: number[] = [];
    const sent: number[] = [];
    const { emit } = tile.program;
    payloads.forEach((payload, i) => {
      if (payload === 0) return;
      counts[tile.core.number]!.spikes += 1;
      const parts =
        header.binary && emit.kind === 'mt' ? powersOf(payload, terms[i]!, emit.levels) : [payload];
      for (const part of parts) {
        from.push(neurons[i]!);
        sent.push(part);
      }
    });
    post(tile.routes, image, from, sent);
  }

  function advance(input: InputEvents | undefined): Timestep {
    if (input !== undefined) {
      const isBegin = header.mode !== 'free' && timestep % header.interval === 0;
      const events = inputEvents(booted, input, timestep);
      if (isBegin) begun.add(timestep / header.interval);
      for (const [image, { elements, values }] of events) post(host!.ways, image, elements, values);
    }
    if (onTheirWay > MAX_WAITING)
      refuse('RESOURCE_EXHAUSTED', `more than ${MAX_WAITING} messages are on their way`);
    deliver();
    const collected = createCollector();
    const turns = tiles.map(turnOf);
    for (const tile of tiles) {
      const turn = turns[tile.number];
      if (turn === undefined || damage.isDead(tile.core)) continue;
      const outcome = execute(tile, turn);
      collected.add(tile, outcome);
      if (tile.program.emit.kind !== 'readout') send(tile, turn.image, outcome);
    }
    timestep += 1;
    age += 1;
    for (const image of begun) if (image * header.interval + plan.last < timestep) begun.delete(image);
    return collected.finish();
  }

  function restart(): void {
    if (isStreaming) room = MAX_STATE;
    fixed.forEach((state, number) => {
      clearTileState(state, tiles[number]!.program);
    });
    flowing = tiles.map(() => new Map());
    over = tiles.map(() => -1);
    mail = new Map();
    onTheirWay = 0;
    inbox = tiles.map(() => []);
    begun = new Set();
    timestep = 0;
  }

  return {
    booted,
    counts,
    get timestep() {
      return timestep;
    },
    get age() {
      return age - countedFrom;
    },
    advance,
    restart,
    resetCounts() {
      for (const own of counts) Object.assign(own, NO_COUNTS);
      countedFrom = age;
    },
    stateOf: tile => fixed[tile.number],
  };
}

/** Timesteps after the begin of an image until its last tile has executed. */
function planOf(tiles: readonly Tile[], { mode, steps, period }: Booted['header']) {
  const last = tiles.reduce(
    (most, { program, rows }) =>
      Math.max(most, program.depth + (mode === 'streaming' ? rows - 1 : (steps - 1) * period)),
    0,
  );
  return { last };
}
