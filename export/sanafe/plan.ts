/**
 * Which binary neurons and synapses are exported: all that lead to the neurons of the chosen populations. Neurons come in
 * groups, one for each line (group, row) of a tile, so that a token's weights are one dense edge.
 */
import type { ChipProgram, Gather } from '../../backends/program/program.ts';
import { type Booted, boxSizes, type RouteState } from '../../runtime-sim/state.ts';
import type { FreeRun } from './free-run.ts';
import type { Replay, Senders } from './replay.ts';
import { type Axon, fanOf, type Tile } from './synapses.ts';

/** Neurons that send: binary ones of a tile or of the host, or the neurons of a tile themselves. */
export interface Source {
  readonly kind: 'replay' | 'host' | 'neurons';
  /** Core that they sit on. */
  readonly core: number;
  /** Of the population, or of the host's input. */
  readonly population: string;
  readonly senders: Senders;
  /** Group i holds binary neurons firsts[i] … firsts[i + 1]. */
  readonly groups: readonly string[];
  readonly firsts: readonly number[];
  readonly feeds: readonly Feed[];
}

/** All that leads from a source to one core. */
export interface Feed {
  readonly core: number;
  readonly axons: readonly Axon[];
  /** Synapses of each binary neuron there; 0: it sends nothing. */
  readonly fan: Int32Array;
}

export interface Plan {
  readonly booted: Booted<Gather>;
  readonly sources: readonly Source[];
  /** Tiles whose sums are exported. */
  readonly tiles: readonly Tile[];
  readonly synapses: number;
  /** Binary neurons that replay. */
  readonly replayed: number;
  readonly neurons: number;
  /** Timesteps of the run, and one after the last spike, in which it arrives. */
  readonly timesteps: number;
  /** Of plain neurons. */
  readonly free: FreeRun | undefined;
}

export const sumGroup = (tile: number, line: number): string => `s${tile}_${line}`;

export function planExport(
  booted: Booted<Gather>,
  { header }: ChipProgram,
  replay: Replay,
  isChosen: (population: string) => boolean,
  free?: FreeRun,
): Plan {
  const nameOf = (tile: Tile) => header.populations[tile.program.population]!.name;
  const tiles = booted.tiles.filter(tile => isChosen(nameOf(tile)));
  const isTarget = new Set(tiles);
  const fromTiles = booted.tiles.flatMap((tile): readonly Source[] => {
    const isNeuron = tile.program.emit.kind === 'lif' && isTarget.has(tile);
    const senders = replay.tiles[tile.number]!;
    const feeds = feedsOf(senders, tile.routes, isTarget);
    const place = { kind: isNeuron ? 'neurons' : 'replay', core: tile.core.number } as const;
    if (feeds.length === 0 && !isNeuron) return [];
    const reaching = isNeuron ? { senders, feeds } : onlyReaching(senders, feeds);
    return [
      { ...place, population: nameOf(tile), ...reaching, ...groupsOf(tile, reaching.senders, isNeuron) },
    ];
  });
  const fromHost = feedsOf(replay.host, booted.hostRoutes, isTarget).map((feed): Source => {
    const reaching = onlyReaching(replay.host, [feed]);
    const { length } = reaching.senders.neuron;
    const groups = { groups: [`h${feed.core}`], firsts: [0, length] };
    return { kind: 'host', core: feed.core, population: 'input', ...reaching, ...groups };
  });
  const sources = [...fromHost, ...fromTiles];
  const replaying = sources.filter(({ kind }) => kind !== 'neurons');
  const replayed = replaying.reduce((n, { senders }) => n + senders.neuron.length, 0);
  const last = sources.reduce((most, { senders }) => latest(senders.times, most), 0);
  return {
    booted,
    sources,
    tiles,
    synapses: sources.reduce((n, { feeds }) => n + feeds.reduce((m, { fan }) => m + total(fan), 0), 0),
    replayed,
    neurons: replayed + tiles.reduce((n, tile) => n + tile.size, 0),
    timesteps: free?.timesteps ?? last + 2,
    free,
  };
}

const total = (values: Int32Array): number => values.reduce((a, b) => a + b, 0);
const latest = (times: Int32Array, from: number): number => times.reduce((a, b) => Math.max(a, b), from);

/** One message leaves for a core, whatever it feeds there. */
function feedsOf(
  { neuron }: Senders,
  routes: readonly RouteState<Gather>[],
  isTarget: ReadonlySet<Tile>,
): readonly Feed[] {
  const cores = [...new Set(routes.map(route => route.core.number))];
  return cores.flatMap((core): readonly Feed[] => {
    const axons = routes
      .filter(route => route.core.number === core)
      .flatMap(({ links, sends }) =>
        links.filter(link => isTarget.has(link.tile)).map(link => onlySending(link, sends)),
      );
    const fan = Int32Array.from(neuron, n => axons.reduce((sum, axon) => sum + fanOf(axon, n), 0));
    return fan.some(n => n > 0) ? [{ core, axons, fan }] : [];
  });
}

function onlySending(axon: Axon, sends: Uint8Array | undefined): Axon {
  if (sends === undefined) return axon;
  return { ...axon, positions: axon.positions.map((position, n) => (sends[n] === 1 ? position : -1)) };
}

/** Without the binary neurons that reach nothing. */
function onlyReaching(
  senders: Senders,
  feeds: readonly Feed[],
): { senders: Senders; feeds: readonly Feed[] } {
  const kept = Int32Array.from(senders.neuron, (_, b) => b).filter(b => feeds.some(({ fan }) => fan[b]! > 0));
  const starts = new Int32Array(kept.length + 1);
  kept.forEach((b, i) => {
    starts[i + 1] = starts[i]! + senders.starts[b + 1]! - senders.starts[b]!;
  });
  const times = new Int32Array(starts[kept.length]!);
  kept.forEach((b, i) => {
    times.set(senders.times.subarray(senders.starts[b], senders.starts[b + 1]), starts[i]!);
  });
  const pick = (values: Int32Array) => kept.map(b => values[b]!);
  return {
    senders: { neuron: pick(senders.neuron), payload: pick(senders.payload), starts, times },
    feeds: feeds.map(feed => ({ ...feed, fan: pick(feed.fan) })),
  };
}

/** A group for each line that has a neuron. */
function groupsOf(tile: Tile, { neuron }: Senders, isNeuron: boolean) {
  const [, , channels] = boxSizes(tile.program.box);
  const groups: string[] = [];
  const firsts: number[] = [];
  let last = -1;
  neuron.forEach((n, b) => {
    const line = Math.floor(n / channels);
    if (line === last) return;
    last = line;
    groups.push(isNeuron ? sumGroup(tile.number, line) : `n${tile.number}_${line}`);
    firsts.push(b);
  });
  return { groups, firsts: [...firsts, neuron.length] };
}
