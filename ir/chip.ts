/**
 * Stage `chip`: the integer network, cut into tiles that sit on cores of a mesh. Nodes are those of `int`
 * (a cut never changes a value); where they run is in tables, one row per core, tile, route and axon target.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';
import { int } from './int.ts';

/** How an image passes through the chip; streaming passes tokens through time. */
export const MODES = ['pipelined', 'layerwise', 'streaming'] as const;

export const chip = {
  stage: 'chip',
  version: 0,
  summary: 'The integer network placed and routed: tiles on cores, axons as table rows.',
  graph: {
    ...int.graph,
    target: 'string',
    board: 'string',
    chips: 'int',
    mode: { oneOf: MODES },
    /** Timesteps from the first input spike to the last readout of one image. */
    depth: 'int',
  },
  tables: {
    /** Position of a core: chip, router (x, y) on its mesh, slot at that router. */
    cores: ['chip', 'x', 'y', 'slot'],
    /** A box of a population (half-open ranges of its axes) on a core; `population` is a node number. */
    tiles: ['population', 'core', 'group0', 'group1', 'row0', 'row1', 'channel0', 'channel1', 'depth'],
    /** One message per firing neuron goes from the source tile to in-axon `axon` of core `core`; source −1: the host. */
    routes: ['tile', 'input', 'core', 'axon', 'entries'],
    /** What an in-axon feeds: operand `side` of a projection of a tile, `delay` steps after arrival. */
    targets: ['route', 'tile', 'projection', 'side', 'delay'],
  },
  ops: int.ops,
} as const satisfies Dialect;

export type ChipNode = NodeOf<typeof chip>;
export type ChipGraph = Graph<typeof chip>;
