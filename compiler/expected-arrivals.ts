/** Which neuron must arrive at which position of a tile's operands, as the views of the integer network say it. */
import type { Box } from '../backends/program/program.ts';
import { operandIndices } from '../ir/count/counts.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap, sizeOf } from '../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../ir/int.ts';
import { printMap, type StridedMap } from '../ir/map.ts';
import { operandPositions } from './mapping/feeds.ts';

/** Source number of the host; populations are numbered as in the header. */
export const HOST_SOURCE = -2;

/** One operand of one gather of a tile. */
export interface Inbox {
  readonly gather: number;
  readonly side: 0 | 1;
  readonly source: number;
  /** Neuron of the source that every position must hear from; a hole: from nobody. */
  readonly wanted: Int32Array;
  readonly isFed: Uint8Array;
}

export interface Expectations {
  inboxesOf(population: number, box: Box): readonly Inbox[];
}

interface Operand {
  readonly projection: IntProjection;
  readonly gather: number;
  readonly side: 0 | 1;
  readonly source: number;
  readonly indices: Int32Array;
  /** Positions of a row of a linear, or of a neuron. */
  readonly width: number;
}

/** Equal views of equal populations are expanded once. Cost of an inbox: linear in its positions. */
export function createExpectations(
  network: IntGraph,
  populations: readonly IntOf<'population'>[],
): Expectations {
  const byId = nodeMap(network.nodes);
  const numbers = new Map<string, number>(populations.map((p, i) => [p.id, i]));
  const views = new Map<string, readonly Int32Array[]>();
  const operands = populations.map(({ operands: ids, type }) =>
    ids.flatMap((id, gather): readonly Operand[] => {
      const projection = byId.get(id);
      if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
        return defect(`${id} is not a projection`);
      }
      const key = viewKey(projection, network);
      const view = views.get(key) ?? operandIndices(projection, network.constants);
      views.set(key, view);
      // A relay adds its sources into one operand; the two of a product are sides of their own.
      const isRelay = projection.kind === 'relay';
      return view.map((indices, i) => ({
        projection,
        gather,
        side: !isRelay && i === 1 ? 1 : 0,
        source: numbers.get(projection.operands[i]!) ?? HOST_SOURCE,
        indices,
        width: widthOf(projection, indices.length, type.shape),
      }));
    }),
  );
  return {
    inboxesOf: (number, box) =>
      operands[number]!.map(({ projection, gather, side, source, indices, width }) => {
        const tile = { population: populations[number]!, box };
        const wanted = operandPositions(projection, side, width, tile);
        for (let i = 0; i < wanted.length; i++) wanted[i] = indices[wanted[i]!]!;
        return { gather, side, source, wanted, isFed: new Uint8Array(wanted.length) };
      }),
  };
}

/** All that the indices of a projection's operands depend on. */
function viewKey(projection: IntProjection, { constants }: IntGraph): string {
  const { kind, type, operands } = projection;
  const attrs = projection.attrs as { map?: StridedMap; mapA?: StridedMap; mapB?: StridedMap };
  const maps = [attrs.map, attrs.mapA, attrs.mapB].map(map => (map === undefined ? '' : printMap(map)));
  const inputs =
    kind === 'linear' || kind === 'depthwise' ? constants.get(projection.attrs.weight).shape[0] : 0;
  const width =
    kind === 'product' ? projection.attrs.inner : kind === 'maximum' ? projection.attrs.taps : inputs;
  return `${kind} ${type.shape} ${operands.length} ${width} ${maps.join(' ')}`;
}

function widthOf(projection: IntProjection, positions: number, shape: readonly number[]): number {
  if (projection.kind === 'product') return projection.attrs.inner;
  return positions / (projection.kind === 'linear' ? shape[1]! : sizeOf(shape));
}
