/**
 * The busiest core and link of every timestep of an image, and of a stream of images, from the work of tiles: what
 * runtime-sim/timing.ts takes from a simulation. A tile whose rows pass through time does an equal share of its work in
 * each timestep.
 *
 * Cost  linear in tiles and hops of all flows, for each timestep in which they are active
 */
import type { ChipGraph } from '../../ir/chip.ts';
import type { Flows, TileWork } from './tile-work.ts';

/** The largest number of each kind that any one core or link has to do with in a timestep. */
export interface Peaks {
  readonly updates: number;
  /** Of the core with most updates: how many of them send. */
  readonly active: number;
  readonly synops: number;
  readonly words: number;
  readonly link: number;
  readonly share: 1;
}

export interface WorkPeaks {
  /** Of one image alone, from the first timestep that computes on. */
  readonly image: readonly Peaks[];
  /** Of the timesteps from one image to the next. */
  readonly stream: readonly Peaks[];
}

/** Needs: cores placed. */
export function peaksOf(graph: ChipGraph, work: TileWork): WorkPeaks {
  const { steps, mode, depth, interval } = graph.attrs;
  const period = mode === 'layerwise' ? depth / steps : 1;
  const groups = groupsOf(graph, work);
  const load = createLoad(graph, work);
  /** How often a group is active in the timesteps k, k + interval, … of an image; in k alone without an interval. */
  const turns = ({ start, span }: Group, k: number, every: number | undefined): number => {
    let count = 0;
    for (let t = 0; t < steps; t++) {
      const first = start + t * period;
      if (every === undefined) count += k >= first && k < first + span ? 1 : 0;
      else count += countCongruent(first, span, k, every);
    }
    return count;
  };
  const peaksAt = (k: number, every?: number): Peaks => {
    for (const group of groups) {
      const count = turns(group, k, every);
      if (count > 0) load.add(group, count / group.span);
    }
    return load.take();
  };
  return {
    image: Array.from({ length: depth }, (_, i) => peaksAt(i + 1)),
    stream: Array.from({ length: Math.min(interval, depth + 1) }, (_, j) => peaksAt(j, interval)),
  };
}

/** Numbers in first … first + span − 1 that leave the same rest as k. */
function countCongruent(first: number, span: number, k: number, every: number): number {
  const upTo = (n: number) => Math.floor((n - k) / every);
  return upTo(first + span - 1) - upTo(first - 1);
}

/** Tiles that begin in one timestep and go on for as many. */
interface Group {
  readonly start: number;
  readonly span: number;
  readonly tiles: number[];
  readonly flows: number[];
}

function groupsOf(graph: ChipGraph, { flows }: TileWork): readonly Group[] {
  const { depth, row0, row1 } = graph.tables.tiles.columns;
  const isStreaming = graph.attrs.mode === 'streaming';
  const groups = new Map<string, Group>();
  const groupOf = (tile: number): Group => {
    const start = depth![tile]!;
    const span = isStreaming ? row1![tile]! - row0![tile]! : 1;
    const key = `${start} ${span}`;
    const group = groups.get(key) ?? { start, span, tiles: [], flows: [] };
    groups.set(key, group);
    return group;
  };
  for (let tile = 0; tile < graph.tables.tiles.rows; tile++) groupOf(tile).tiles.push(tile);
  flows.tile.forEach((tile, flow) => void groupOf(tile).flows.push(flow));
  return [...groups.values()];
}

interface Load {
  add(group: Group, share: number): void;
  /** The peaks of what was added; then nothing is left. */
  take(): Peaks;
}

const DIRECTIONS = 4;

function createLoad(graph: ChipGraph, { events, flows, wiring: { coreOf } }: TileWork): Load {
  const { rows } = graph.tables.cores;
  const per = {
    updates: new Float64Array(rows),
    active: new Float64Array(rows),
    synops: new Float64Array(rows),
    words: new Float64Array(rows),
  };
  const links = createLinks(graph);
  const peaks = { updates: 0, synops: 0, words: 0 };
  let busiest = 0;
  const raise = (kind: keyof typeof peaks, core: number, by: number) => {
    const sum = per[kind][core]! + by;
    per[kind][core] = sum;
    if (sum <= peaks[kind]) return;
    peaks[kind] = sum;
    if (kind === 'updates') busiest = core;
  };
  return {
    add({ tiles, flows: own }, share) {
      for (const tile of tiles) {
        const core = coreOf[tile]!;
        per.active[core]! += share * events.active[tile]!;
        raise('updates', core, share * events.updates[tile]!);
        raise('synops', core, share * events.synops[tile]!);
        raise('words', core, share * events.memoryWords[tile]!);
      }
      for (const flow of own) links.add(flow, share, flows, coreOf);
    },
    take() {
      const taken = { ...peaks, active: per.active[busiest]!, link: links.take(), share: 1 } as const;
      for (const kind of ['updates', 'synops', 'words'] as const) {
        per[kind].fill(0);
        peaks[kind] = 0;
      }
      per.active.fill(0);
      return taken;
    },
  };
}

/** X first, then Y, on one chip; links between chips have no figure of their own. */
function createLinks({ tables: { cores } }: ChipGraph) {
  const { chip, x, y } = cores.columns;
  const extent = (column: Int32Array) => 1 + column.reduce((a, b) => Math.max(a, b), 0);
  const [width, height] = [extent(x!), extent(y!)];
  const loads = new Float64Array(extent(chip!) * width * height * DIRECTIONS);
  let peak = 0;
  const cross = (on: number, px: number, py: number, direction: number, messages: number) => {
    const link = ((on * height + py) * width + px) * DIRECTIONS + direction;
    const sum = loads[link]! + messages;
    loads[link] = sum;
    if (sum > peak) peak = sum;
  };
  return {
    add(flow: number, share: number, flows: Flows, coreOf: Int32Array): void {
      const [from, to] = [coreOf[flows.tile[flow]!]!, flows.core[flow]!];
      const on = chip![from]!;
      if (on !== chip![to]) return;
      const messages = share * flows.messages[flow]!;
      let [px, py] = [x![from]!, y![from]!];
      for (const end = x![to]!; px !== end; px += Math.sign(end - px))
        cross(on, px, py, end > px ? 0 : 1, messages);
      for (const end = y![to]!; py !== end; py += Math.sign(end - py))
        cross(on, px, py, end > py ? 2 : 3, messages);
    },
    take(): number {
      const taken = peak;
      loads.fill(0);
      peak = 0;
      return taken;
    },
  };
}
