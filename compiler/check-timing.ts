/**
 * Proves on the finished tables, where rows pass through time, that every row of an operand is there before the row that
 * reads it executes, and that no slot of a ring is written while what lies in it is still needed – for images that follow
 * each other for ever. Walks every route of every tile as the chip would, and knows nothing of how the schedule was made.
 * Run on every compile; which neuron feeds which position is proved by check-delivery.ts.
 *
 * Errors  a wrong table is our own fault: defect
 * Cost    runs of the axon maps; rows × images on their way for each ring
 */
import type {
  AxonTarget,
  ChipProgram,
  CoreProgram,
  Gather,
  Route,
  TileProgram,
} from '../backends/program/program.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { expandMap, HOLE } from '../ir/map.ts';
import { eachRowPair, type RowAxis, rowOf } from './mapping/row-pairs.ts';
import { boxShape } from './mapping/tiles.ts';

/** First arrival of each row that lies in a ring: of the tile, or of the source that is kept. */
interface Ring {
  readonly tile: TileProgram;
  readonly slots: number;
  readonly isKept: boolean;
  first: Float64Array;
}

/** Who sends: when the rows of an image leave, and which row pairs a map joins. */
interface Sender {
  readonly rows: number;
  readonly sentAt: (row: number) => number;
  readonly eachPair: (target: AxonTarget, to: RowAxis, visit: (from: number, to: number) => void) => void;
}

export function checkTiming(programs: readonly ChipProgram[]): void {
  const header = programs[0]?.header ?? defect('no chip');
  if (header.mode !== 'streaming') return;
  const cores = new Map(programs.flatMap(p => p.cores.map((core, i) => [`${p.chip} ${i}`, core] as const)));
  const rings = new Map<TileProgram, readonly (readonly Ring[])[]>();
  for (const { tiles } of cores.values()) for (const tile of tiles) rings.set(tile, emptyRings(tile));
  const follow = (routes: readonly Route[], sender: Sender) => {
    for (const { chip, core: number, axon } of routes) {
      const core = cores.get(`${chip} ${number}`) ?? defect(`no core ${chip}:${number}`);
      for (const target of core.axons[axon]?.targets ?? defect(`core has no in-axon ${axon}`))
        arrive(target, core, sender, rings);
    }
  };
  for (const { input } of programs) if (input !== undefined) follow(input.routes, hostSender(input.steps));
  for (const { tiles } of cores.values()) for (const tile of tiles) follow(tile.routes, tileSender(tile));
  for (const ring of [...rings.values()].flat(2)) checkRing(ring, header.interval);
}

const rowsOf = ({ box }: TileProgram): number => boxShape(box)[1];

function emptyRings(tile: TileProgram): readonly (readonly Ring[])[] {
  return tile.gathers.map(({ kind }, gather) =>
    tile.rings[gather]!.map((slots, side): Ring => {
      const isKept = kind === 'product' && side === 1;
      const rows = isKept ? 0 : rowsOf(tile);
      return { tile, slots, isKept, first: new Float64Array(rows).fill(Number.POSITIVE_INFINITY) };
    }),
  );
}

function tileSender({ box, depth }: TileProgram): Sender {
  const [, rows, width] = boxShape(box);
  return {
    rows,
    sentAt: row => depth + row,
    eachPair: ({ map }, to, visit) => eachRowPair(map, { width, rows }, to, visit),
  };
}

/** The host's rows are the timesteps in which it sends. */
function hostSender(map: Parameters<typeof expandMap>[0] | undefined): Sender {
  const steps = map === undefined ? defect('a host that sends at no time') : expandMap(map);
  return {
    rows: steps.reduce((a, b) => Math.max(a, b + 1), 0),
    sentAt: row => row,
    eachPair: (target, to, visit) => {
      expandMap(target.map).forEach((position, element) => {
        if (position !== HOLE && steps[element] !== HOLE) visit(steps[element]!, rowOf(position, to));
      });
    },
  };
}

/** Every row that the target joins arrives in time; the first arrival of each is written down. */
function arrive(
  target: AxonTarget,
  core: CoreProgram,
  sender: Sender,
  rings: ReadonlyMap<TileProgram, readonly (readonly Ring[])[]>,
): void {
  const tile = core.tiles[target.tile] ?? defect(`core has no tile ${target.tile}`);
  const ring = rings.get(tile)![target.gather]![target.side] ?? defect(`no ring for side ${target.side}`);
  if (ring.isKept && ring.first.length === 0)
    ring.first = new Float64Array(sender.rows).fill(Number.POSITIVE_INFINITY);
  if (ring.isKept && ring.first.length !== sender.rows)
    defect('one operand comes from sources of other rows');
  const axis = axisOf(tile.gathers[target.gather]!, tile, core);
  sender.eachPair(target, axis, (from, to) => {
    const at = sender.sentAt(from) + 1 + target.delay;
    const needed = tile.depth + (ring.isKept ? 0 : to);
    if (at > needed) defect(`a row arrives at timestep ${at} that is read at ${needed}`);
    const row = ring.isKept ? from : to;
    ring.first[row] = Math.min(ring.first[row]!, at);
  });
}

/** How positions of an operand lie in rows of the tile (program.ts, AxonTarget.map). */
function axisOf(gather: Gather, tile: TileProgram, core: CoreProgram): RowAxis {
  const [, rows, channels] = boxShape(tile.box);
  switch (gather.kind) {
    case 'linear':
      return { width: core.weights[gather.weights]!.inputs, rows };
    case 'product':
      return { width: gather.inner, rows };
    case 'depthwise':
      return { width: channels * core.weights[gather.weights]!.inputs, rows };
    case 'maximum':
      return { width: channels * gather.taps, rows };
    case 'hadamard':
    case 'relay':
    case 'bias':
      return { width: channels, rows };
    case 'sparse':
      return defect('synapses one by one in a program with images');
    default:
      return gather satisfies never;
  }
}

/** Rows of one slot follow each other without meeting, in this image and all later ones. */
function checkRing({ tile, slots, isKept, first }: Ring, interval: number): void {
  const rows = first.length;
  const soonest = first.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const lastRow = tile.depth + rowsOf(tile) - 1;
  for (let row = 0; row < rows; row++) {
    if (first[row] === Number.POSITIVE_INFINITY) continue;
    const end = isKept ? lastRow : tile.depth + row;
    for (let next = row + slots; ; next += slots) {
      const image = Math.floor(next / rows);
      if (soonest + image * interval > end) break;
      const at = first[next - image * rows]! + image * interval;
      if (at <= end) defect(`row ${next} arrives at timestep ${at} where row ${row} is needed until ${end}`);
    }
  }
}
