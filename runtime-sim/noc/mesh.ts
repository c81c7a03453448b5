/**
 * The network between cores, as the timed engine takes it: a mesh of routers that spans all chips of a board, crossed X
 * first, then Y, then Z. Times are whole numbers of ticks of 1 ps.
 */

export interface Mesh {
  /** Routers of the whole board from west to east, from north to south, and chips on top of each other. */
  readonly size: readonly [x: number, y: number, z: number];
  /** Routers of one chip: a link between routers of different chips is a chip link. */
  readonly chipSize: readonly [x: number, y: number];
  /** Ports for cores at each router. */
  readonly slots: number;
  /** Router of each core ((z · Y + y) · X + x) and its port there. */
  readonly router: Int32Array;
  readonly slot: Int32Array;
  readonly ticks: {
    /** Between core and router, one way. */
    readonly local: number;
    readonly eastWest: number;
    readonly northSouth: number;
    /** To another chip, the bits of the message included, by axis. */
    readonly betweenChips: readonly [x: number, y: number, z: number];
    /** So long a link is busy with one message: between core and router, on the mesh, between chips. */
    readonly localBusy: number;
    readonly linkBusy: number;
    /** One lane of a border between chips, by axis: borders have as many lanes as routers along them. */
    readonly chipLinkBusy: readonly [x: number, y: number, z: number];
    /** A message leaves a core: the core is busy with it. */
    readonly axonOut: number;
    /** From a slot that becomes free to the sender that knows it. */
    readonly credit: number;
  };
  /** Messages that wait at most in each input of a router, and in front of a core. */
  readonly buffers: { readonly router: number; readonly core: number };
}

/** Where a router stands. */
export function placeOf(router: number, { size: [x, y] }: Mesh): [x: number, y: number, z: number] {
  return [router % x, Math.floor(router / x) % y, Math.floor(router / (x * y))];
}

/** The link that leaves a router in one of step.ts's directions; undefined: the mesh ends there. */
export function linkTicks(
  mesh: Mesh,
  router: number,
  direction: number,
): { readonly to: number; readonly latency: number; readonly busy: number } | undefined {
  const { size, chipSize, ticks } = mesh;
  const axis = direction >> 1;
  const from = placeOf(router, mesh);
  const to = from.with(axis, from[axis]! + (direction % 2 === 0 ? 1 : -1));
  if (to[axis]! < 0 || to[axis]! >= size[axis]!) return undefined;
  const chipAt = (place: readonly number[]) => Math.floor(place[axis]! / (chipSize[axis] ?? 1));
  const onMesh = { latency: axis === 0 ? ticks.eastWest : ticks.northSouth, busy: ticks.linkBusy };
  const between = { latency: ticks.betweenChips[axis]!, busy: ticks.chipLinkBusy[axis]! };
  const [x, y, z] = [to[0]!, to[1]!, to[2]!];
  return { to: (z * size[1] + y) * size[0] + x, ...(chipAt(from) === chipAt(to) ? onMesh : between) };
}
