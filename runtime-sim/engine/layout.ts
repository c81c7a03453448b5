/**
 * How the tiles of a chip are executed at once: tiles of one population that do the same with the same weights are
 * stacked, and read operands that are put together before. Nothing is known of places in memory here.
 */
import type { Gather, TileProgram } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { Contents } from './contents.ts';
import type { WiredTile, Wiring } from './wiring.ts';

/** The host as a sender. */
export const HOST = -1;

/** A sender's neurons, through a map, to an operand. */
export interface Feed {
  /** Number of a stack, or HOST. */
  readonly sender: number;
  /** Of the stack's neurons the first of the tile. */
  readonly from: number;
  readonly map: number;
  /** First element of the operand that the map counts from. */
  readonly to: number;
}

export interface Operand {
  readonly number: number;
  readonly size: number;
  /** Elements of a row, as positions count them. */
  readonly width: number;
  readonly feeds: readonly Feed[];
  /** Fraction bits of the weight of what arrives; 0: it counts as it is. */
  readonly weighed: number;
  /** Of the gather that reads it. */
  readonly kind: Gather['kind'];
}

export interface StackGather {
  /** Of the first tile; the others have the same, but for biases. */
  readonly gather: Gather;
  readonly gathers: readonly Gather[];
  readonly operands: readonly Operand[];
  /** Of a product: which part of the second operand each tile reads. Tiles of other rows read the same. */
  readonly parts: readonly number[];
}

export interface Stack {
  readonly number: number;
  readonly tiles: readonly WiredTile[];
  /** First neuron of each tile. */
  readonly bases: readonly number[];
  readonly size: number;
  readonly channels: number;
  readonly program: TileProgram;
  readonly gathers: readonly StackGather[];
}

export interface Layout {
  readonly stacks: readonly Stack[];
  readonly operands: readonly Operand[];
  /** Numbers of stacks, each behind those that it reads. */
  readonly order: readonly number[];
  /** Of each tile. */
  readonly stackOf: readonly number[];
}

/** undefined where tiles wait for each other. */
export function layOut(wiring: Wiring, contents: Contents): Layout | undefined {
  const groups = groupTiles(wiring, contents);
  const seats = new Map<number, { readonly stack: number; readonly base: number; readonly at: number }>();
  groups.forEach((tiles, stack) => {
    let base = 0;
    tiles.forEach((tile, at) => {
      seats.set(tile.number, { stack, base, at });
      base += tile.size;
    });
  });
  const incoming = collectFeeds(wiring, groups, seats);
  const operands: Operand[] = [];
  const known = new Map<string, Operand>();
  const operandOf = (feeds: readonly Feed[], about: Omit<Operand, 'number' | 'feeds'>): Operand => {
    const key = JSON.stringify([about, feeds.map(({ sender, from, map, to }) => [sender, from, map, to])]);
    const old = known.get(key);
    if (old !== undefined) return old;
    const operand = { number: operands.length, feeds, ...about };
    operands.push(operand);
    known.set(key, operand);
    return operand;
  };
  const stacks = groups.map((tiles, number): Stack => {
    const [first] = tiles as [WiredTile, ...WiredTile[]];
    const gathers = first.program.gathers.map((gather, g): StackGather => {
      let parts: readonly number[] = [];
      const operands = operandShapes(gather, first).map((shape, side) => {
        const own = (incoming.get(`${number} ${g} ${side}`) ?? []).toSorted(bySender);
        const isShared = gather.kind === 'product' && side === 1;
        const { feeds, count, ofTile } = isShared
          ? shareParts(own, shape.size, tiles.length)
          : { feeds: own, count: tiles.length, ofTile: parts };
        parts = ofTile;
        return operandOf(feeds, { ...shape, size: shape.size * count });
      });
      return { gather, gathers: tiles.map(tile => tile.program.gathers[g]!), operands, parts };
    });
    return {
      number,
      tiles,
      bases: tiles.map(tile => seats.get(tile.number)!.base),
      size: tiles.reduce((n, tile) => n + tile.size, 0),
      channels: first.shape[2],
      program: first.program,
      gathers,
    };
  });
  const order = orderOf(stacks);
  const stackOf = wiring.tiles.map(tile => seats.get(tile.number)!.stack);
  return order && { stacks, operands, order, stackOf };
}

/** Each place is fed once, so that any order of feeds fills an operand alike. */
const bySender = (a: Feed, b: Feed): number =>
  a.sender - b.sender || a.from - b.from || a.to - b.to || a.map - b.map;

/** Parts of an operand, one for each tile, without those that are fed like another. */
function shareParts(feeds: readonly Feed[], size: number, tiles: number) {
  const ofTiles: Feed[][] = Array.from({ length: tiles }, () => []);
  for (const feed of feeds) ofTiles[Math.floor(feed.to / size)]!.push(feed);
  const known = new Map<string, number>();
  const shared: Feed[] = [];
  const ofTile = ofTiles.map((own, tile) => {
    const key = JSON.stringify(own.map(({ sender, from, map, to }) => [sender, from, map, to - tile * size]));
    const old = known.get(key);
    if (old !== undefined) return old;
    const part = known.size;
    known.set(key, part);
    for (const feed of own) shared.push({ ...feed, to: feed.to + (part - tile) * size });
    return part;
  });
  return { feeds: shared.toSorted(bySender), count: known.size, ofTile };
}

/** Operands of a gather of one tile. */
function operandShapes(
  gather: Gather,
  { home, size, shape }: WiredTile,
): readonly Omit<Operand, 'number' | 'feeds'>[] {
  const [, , channels] = shape;
  switch (gather.kind) {
    case 'linear': {
      const width = home.weights[gather.weights]!.inputs;
      return [{ size: gather.rows * width, width, weighed: gather.shift, kind: gather.kind }];
    }
    case 'product': {
      const { groups, rows, columns, inner: width, shiftA, shiftB } = gather;
      return [
        { size: groups * rows * width, width, weighed: shiftA, kind: gather.kind },
        { size: groups * columns * width, width, weighed: shiftB, kind: gather.kind },
      ];
    }
    case 'hadamard':
      return [gather.shiftA, gather.shiftB].map(weighed => ({
        size,
        width: channels,
        weighed,
        kind: gather.kind,
      }));
    case 'depthwise': {
      const taps = home.weights[gather.weights]!.inputs;
      return [{ size: size * taps, width: channels * taps, weighed: gather.shift, kind: gather.kind }];
    }
    case 'maximum':
      return [{ size: size * gather.taps, width: channels * gather.taps, weighed: 0, kind: gather.kind }];
    case 'relay':
      return [{ size, width: channels, weighed: gather.shift, kind: gather.kind }];
    case 'bias':
      return [];
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return gather satisfies never;
  }
}

function collectFeeds(
  { tiles, hostRoutes }: Wiring,
  groups: readonly (readonly WiredTile[])[],
  seats: ReadonlyMap<number, { readonly stack: number; readonly base: number; readonly at: number }>,
): ReadonlyMap<string, readonly Feed[]> {
  const incoming = new Map<string, Feed[]>();
  const sizes = groups.map(([first]) =>
    first!.program.gathers.map(gather => operandShapes(gather, first!).map(({ size }) => size)),
  );
  const follow = (routes: WiredTile['routes'], sender: number, from: number) => {
    for (const { wires } of routes) {
      for (const { target, gather, side, map } of wires) {
        const { stack, at } = seats.get(target)!;
        const key = `${stack} ${gather} ${side}`;
        const feeds = incoming.get(key) ?? [];
        incoming.set(key, feeds);
        feeds.push({ sender, from, map, to: at * sizes[stack]![gather]![side]! });
      }
    }
  };
  follow(hostRoutes, HOST, 0);
  for (const tile of tiles) {
    const { stack, base } = seats.get(tile.number)!;
    follow(tile.routes, stack, base);
  }
  return incoming;
}

/** Tiles of one population that differ in nothing but where they lie and what they add. */
function groupTiles(wiring: Wiring, contents: Contents): readonly (readonly WiredTile[])[] {
  const groups = new Map<string, WiredTile[]>();
  for (const tile of wiring.tiles) {
    const key = keyOf(tile, contents);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [tile]);
    else group.push(tile);
  }
  return [...groups.values()].map(group => group.toSorted(byPlace));
}

/** Stacks of one population in the order of its rows read alike, so that they share operands. */
function byPlace(a: WiredTile, b: WiredTile): number {
  const [x, y] = [a.program.box, b.program.box];
  return x.group[0] - y.group[0] || x.row[0] - y.row[0] || x.channel[0] - y.channel[0] || a.number - b.number;
}

function keyOf({ program, home, shape }: WiredTile, contents: Contents): string {
  const { population, depth, fraction, outFraction, function: fn, emit, gathers } = program;
  const plain = (record: object): readonly unknown[] =>
    Object.entries(record).map(([name, value]) => [
      name,
      ArrayBuffer.isView(value) ? contents(value as Int32Array) : value,
    ]);
  const tables = 'multiplied' in fn && !fn.multiplied ? [contents(home.log2!), contents(home.exp2!)] : [];
  const remainder =
    fn.kind === 'pointwise' && fn.remainder !== undefined ? contents(home.remainders[fn.remainder]!) : -1;
  const own = gathers.map(gather => {
    // Biases and values to add, and what is only counted, may differ from tile to tile.
    const { bias, values, graded, weights, rows, size, groups, ...same } = gather as Gather &
      Record<string, unknown>;
    const block = typeof weights === 'number' ? home.weights[weights]! : undefined;
    const held = block && [block.inputs, block.channels, contents(block.data)];
    return [plain(same), held, rows, size, groups];
  });
  return JSON.stringify([
    ...[population, depth, shape, fraction, outFraction, plain(fn), tables, remainder, plain(emit), own],
  ]);
}

/**
 * Each stack behind those that it reads; undefined where there is a circle. Among stacks that may run at the same time those that
 * read the same operand follow each other.
 */
function orderOf(stacks: readonly Stack[]): readonly number[] | undefined {
  const readers = stacks.map(() => new Set<number>());
  const missing = stacks.map(({ number, gathers }) => {
    const senders = new Set(gathers.flatMap(g => g.operands.flatMap(o => o.feeds.map(feed => feed.sender))));
    senders.delete(HOST);
    for (const sender of senders) readers[sender]!.add(number);
    return senders.size;
  });
  const firstOf = ({ gathers }: Stack): number =>
    gathers.find(({ gather }) => gather.kind === 'linear')?.operands[0]?.number ?? -1;
  const first = stacks.map(firstOf);
  const order: number[] = [];
  let ready = stacks.flatMap((_, i) => (missing[i] === 0 ? [i] : []));
  while (ready.length > 0) {
    order.push(...ready.toSorted((a, b) => first[a]! - first[b]! || a - b));
    const next: number[] = [];
    for (const number of ready) {
      for (const reader of readers[number]!) {
        missing[reader]! -= 1;
        if (missing[reader] === 0) next.push(reader);
      }
    }
    ready = next;
  }
  return order.length === stacks.length ? order : undefined;
}
