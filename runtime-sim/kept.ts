/** Second operands of products: where each message of a source's row is kept, found once from the routes. */
import type { ChipProgram } from '../backends/program/program.ts';
import { HOLE } from '../ir/map.ts';
import { createRing, type Room } from './rings.ts';
import type { ProductRows, RowGather } from './row-gathers.ts';
import { type Booted, boxSizes, type RouteState } from './state.ts';

/** Rows of an image that a sender sends one after another, and the row of each of its neurons. */
export interface Sender {
  readonly rows: number;
  readonly rowOf: (neuron: number) => number;
}

function senderOf({ box }: ChipProgram['cores'][number]['tiles'][number]): Sender {
  const [, rows, channels] = boxSizes(box);
  return { rows, rowOf: neuron => Math.floor(neuron / channels) % rows };
}

interface Layout {
  readonly rows: Int32Array;
  readonly places: Int32Array;
  /** Elements of each row of the source. */
  readonly sizes: Int32Array;
}

export function findKept({ tiles, hostRoutes }: Booted<RowGather>, host: Sender, room: Room): void {
  const layouts = new Map<ProductRows, Layout>();
  const follow = (routes: readonly RouteState<RowGather>[], sender: Sender) => {
    for (const { links } of routes) {
      for (const { gather, side, positions } of links) {
        if (gather.kind !== 'product' || side !== 1) continue;
        const layout = layouts.get(gather) ?? createLayout(gather, sender.rows);
        layouts.set(gather, layout);
        positions.forEach((position, neuron) => {
          if (position === HOLE) return;
          const row = sender.rowOf(neuron);
          layout.rows[position] = row;
          layout.places[position] = layout.sizes[row]!++;
        });
      }
    }
  };
  follow(hostRoutes, host);
  for (const tile of tiles) follow(tile.routes, senderOf(tile.program));
  for (const { gathers } of tiles) {
    for (const gather of gathers) {
      if (gather.kind !== 'product') continue;
      const { rows, places, sizes } = layouts.get(gather) ?? createLayout(gather, 1);
      const width = sizes.reduce((a, b) => Math.max(a, b), 0);
      const ring = createRing(gather.slots, sizes.length, width, room);
      gather.kept = { ring, rows, places, tallies: new Map() };
    }
  }
}

function createLayout({ shape, inner }: ProductRows, sourceRows: number): Layout {
  const [groups, , columns] = shape;
  const size = groups * columns * inner;
  return {
    rows: new Int32Array(size).fill(HOLE),
    places: new Int32Array(size).fill(HOLE),
    sizes: new Int32Array(sourceRows),
  };
}
