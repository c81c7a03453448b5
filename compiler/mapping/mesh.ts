/** Positions of cores: which slots a board has, and how far apart they are. */
import type { Target } from '../../backends/target.ts';

/** A place for a core: chip, router on the chip's mesh, slot at the router. */
export interface Position {
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot: number;
}

export interface Mesh {
  readonly positions: readonly Position[];
  /** Chips are laid out row by row, `chipsX` to a row, `chipsY` rows to a layer. */
  readonly chipsX: number;
  readonly chipsY: number;
  /** Routers of a chip. */
  readonly routersX: number;
  readonly routersY: number;
}

/**
 * Usable slots in the order in which an unplaced network fills them: chip by chip, routers along a snake so
 * that neighbours in the list are neighbours on the mesh. Every router offers a slot before any offers the
 * next; slots above the usable number of cores stay free.
 */
export function meshOf(target: Target): Mesh {
  const { routersX, routersY, coresPerRouter, usableCores, chipsX, chipsY } = target.topology;
  const routers = Array.from({ length: routersX.value * routersY.value }, (_, i) => {
    const y = Math.floor(i / routersX.value);
    const x = i % routersX.value;
    return { x: y % 2 === 0 ? x : routersX.value - 1 - x, y };
  });
  const slots = routers.flatMap((router, i) =>
    Array.from({ length: coresPerRouter.value }, (_, slot) => ({
      ...router,
      slot,
      order: slot * routers.length + i,
    })),
  );
  const usable = slots.filter(slot => slot.order < usableCores.value);
  const positions = Array.from({ length: target.chips }, (_, chip) =>
    usable.map(({ x, y, slot }): Position => ({ chip, x, y, slot })),
  ).flat();
  const size = { routersX: routersX.value, routersY: routersY.value };
  return { positions, chipsX: chipsX.value, chipsY: chipsY.value, ...size };
}

/** A step between chips weighs as many hops: chip links carry about 30 times less than on-chip ones (D21). */
export const CHIP_HOP = 30;
