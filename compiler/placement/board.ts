/** A board's mesh → seats: the chips that a network of so many cores needs, as one grid of routers. */
import { CHIP_HOP, type Mesh, type Position } from '../mapping/mesh.ts';
import { orderChips } from './curve.ts';
import { makeSeats, type Seats } from './problem.ts';

export interface Board {
  readonly seats: Seats;
  /** Position on the board of every seat. */
  readonly positions: readonly Position[];
}

/**
 * Chips are taken along the curve over chips until they hold `cores`; those of `pinned` are taken first, wherever they
 * are. No more chips than needed: each costs static power and borders.
 */
export function boardOf(mesh: Mesh, cores: number, pinned: ReadonlySet<number>): Board {
  const chips = (mesh.positions.at(-1)?.chip ?? -1) + 1;
  const perChip = mesh.positions.length / chips;
  const { chipsX, chipsY, routersX, routersY } = mesh;
  const layers = Math.ceil(chips / (chipsX * chipsY));
  const taken = new Set(pinned);
  for (const chip of orderChips(chipsX, chipsY, layers)) {
    if (taken.size * perChip >= cores) break;
    if (chip < chips) taken.add(chip);
  }
  const positions = mesh.positions.filter(({ chip }) => taken.has(chip));
  const grid = {
    ...{ width: chipsX * routersX, height: chipsY * routersY, layers },
    ...{ chipWidth: routersX, chipHeight: routersY, border: CHIP_HOP },
  };
  const routers = positions.map(({ chip, x, y }) => ({
    column: (chip % chipsX) * routersX + x,
    row: (Math.floor(chip / chipsX) % chipsY) * routersY + y,
    layer: Math.floor(chip / (chipsX * chipsY)),
  }));
  return { seats: makeSeats(grid, routers), positions };
}
