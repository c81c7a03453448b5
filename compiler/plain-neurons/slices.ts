/** Where neurons sit: contiguous slices of groups on cores, cores on a mesh. */
import type { PlainNetwork } from './network.ts';

export interface CorePlace {
  readonly chip: number;
  readonly x: number;
  readonly y: number;
  readonly slot: number;
}

/** Neurons from … to of a group, on a core; several on one core run in the order of the list. */
export interface Slice {
  readonly group: number;
  readonly core: number;
  readonly from: number;
  readonly to: number;
}

export interface PlainMapping {
  readonly cores: readonly CorePlace[];
  readonly slices: readonly Slice[];
}

/**
 * Each group on so many cores of its own, in order: equal shares, the last with what is left. Routers are numbered down
 * the columns of the mesh.
 */
export function sliceGroups(
  { groups }: PlainNetwork,
  coresOf: readonly number[],
  mesh: { readonly height: number; readonly slots: number },
): PlainMapping {
  let core = 0;
  const slices = groups.flatMap(({ size }, group) => {
    const count = coresOf[group]!;
    const share = Math.floor(size / count);
    return Array.from({ length: count }, (_, i) => ({
      group,
      core: core++,
      from: i * share,
      to: i === count - 1 ? size : (i + 1) * share,
    }));
  });
  const cores = Array.from({ length: core }, (_, i) => {
    const router = Math.floor(i / mesh.slots);
    const [x, y] = [Math.floor(router / mesh.height), router % mesh.height];
    return { chip: 0, x, y, slot: i % mesh.slots };
  });
  return { cores, slices };
}
