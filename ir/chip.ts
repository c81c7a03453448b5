/**
 * Stage `chip`: the integer network, cut into tiles that sit on cores of a mesh. Nodes are those of `int`
 * (a cut never changes a value); where they run is in tables, one row per core, tile, route and axon target.
 */
import type { Dialect, Graph, NodeOf } from './dialect.ts';
import { type IntGraph, int } from './int.ts';

/**
 * How an image passes through the chip. Pipelined: a step of it follows the other at once. Layerwise: a step begins when
 * the one before has been read, so that the host may stop. Streaming passes tokens through time.
 */
export const MODES = ['pipelined', 'layerwise', 'streaming'] as const;
export type Mode = (typeof MODES)[number];

export const chip = {
  stage: 'chip',
  version: 3,
  summary: 'The integer network placed and routed: tiles on cores, axons as table rows.',
  graph: {
    ...int.graph,
    target: 'string',
    board: 'string',
    chips: 'int',
    mode: { oneOf: MODES },
    /** Timesteps from the first input spike to the last readout of one image. */
    depth: 'int',
    /** Timesteps from one image to the next. */
    interval: 'int',
  },
  tables: {
    /** Position of a core: chip, router (x, y) on its mesh, slot at that router. */
    cores: ['chip', 'x', 'y', 'slot'],
    /** A box of a population (half-open ranges of its axes) on a core; `population` is a node number. */
    tiles: ['population', 'core', 'group0', 'group1', 'row0', 'row1', 'channel0', 'channel1', 'depth'],
    /** One message per firing neuron goes from the source tile (−1: the host) to in-axon `axon` of core `core`. */
    routes: ['tile', 'core', 'axon', 'entries'],
    /** What the in-axon of a route feeds: operand `side` of gather number `gather` of a tile, `delay` steps after arrival. */
    targets: ['route', 'tile', 'gather', 'side', 'delay'],
    /** Rows that operand `side` of a gather holds at once where rows pass through time; else the table is empty. */
    rings: ['tile', 'gather', 'side', 'slots'],
  },
  ops: int.ops,
} as const satisfies Dialect;

export type ChipNode = NodeOf<typeof chip>;
export type ChipGraph = Graph<typeof chip>;

/** The integer network that was mapped: the same nodes, without where they run. */
export function networkOf({ name, attrs, nodes, outputs, constants }: ChipGraph): IntGraph {
  const { coding, steps, accumulatorBits, stateBits } = attrs;
  return {
    dialect: int,
    name,
    attrs: { coding, steps, accumulatorBits, stateBits },
    nodes,
    outputs,
    constants,
    tables: {},
  };
}
