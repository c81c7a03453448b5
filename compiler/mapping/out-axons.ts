/** What leaves a tile: which of its neurons a destination needs, and what that costs in out-axon entries. */
import { expandMap, HOLE } from '../../ir/map.ts';
import { type Connection, HOST } from './connections.ts';
import { boxShape, type Tile } from './tiles.ts';

/**
 * One out-axon entry for every token (row of the source tile) and destination tile that needs it; where tokens pass
 * through time, one for every group.
 */
export function outAxonEntries(
  connections: readonly Connection[],
  tiles: readonly Tile[],
  isStreaming: boolean,
): number {
  const rows = new Map<number, Set<number>>();
  for (const { source, target, maps } of connections) {
    if (source === HOST) continue;
    const [, tileRows, channels] = boxShape(tiles[source]!.box);
    const width = isStreaming ? tileRows * channels : channels;
    const needed = rows.get(target) ?? new Set();
    rows.set(target, needed);
    for (const map of maps) {
      expandMap(map).forEach((position, neuron) => {
        if (position !== HOLE) needed.add(Math.floor(neuron / width));
      });
    }
  }
  return [...rows.values()].reduce((sum, needed) => sum + needed.size, 0);
}

/** Neurons of the one source that these connections send, or undefined for all of them. */
export function sentNeurons(connections: readonly Connection[]): readonly number[] | undefined {
  const { length } = connections[0]!.maps[0]!;
  const sent = new Uint8Array(length);
  for (const { maps } of connections) {
    for (const map of maps) {
      expandMap(map).forEach((position, neuron) => {
        if (position !== HOLE) sent[neuron] = 1;
      });
    }
  }
  const neurons = [...sent.keys()].filter(neuron => sent[neuron] === 1);
  return neurons.length === length ? undefined : neurons;
}
