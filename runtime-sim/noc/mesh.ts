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
    readonly betweenChips: number;
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
