/** Which neuron must arrive at which position of a tile's operands, as the views of the integer network say it. */
import type { Box } from '../backends/program/program.ts';
import { operandIndices } from '../ir/count/counts.ts';
import { defect } from '../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../ir/dialect.ts';
import type { IntGraph, IntOf, IntProjection } from '../ir/int.ts';
import { printMap } from '../ir/map.ts';
import { operandPositions, type Side, sideOf, viewOf, widthOf } from './mapping/operands.ts';

/** Source number of the host; populations are numbered as in the header. */
export const HOST_SOURCE = -2;

/** One operand of one gather of a tile. */
export interface Inbox {
  readonly gather: number;
  readonly side: Side;
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
  readonly side: Side;
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
  const operands = populations.map(({ operands: ids }) =>
    ids.flatMap((id, gather): readonly Operand[] => {
      const projection = byId.get(id);
      if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
        return defect(`${id} is not a projection`);
      }
      const key = viewKey(projection, network);
      const view = views.get(key) ?? operandIndices(projection, network.constants);
      views.set(key, view);
      return view.map((indices, i) => ({
        projection,
        gather,
        side: sideOf(projection, i),
        source: numbers.get(projection.operands[i]!) ?? HOST_SOURCE,
        indices,
        width: widthOf(projection, network.constants),
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
  const sides = new Set(operands.map((_, i) => sideOf(projection, i)));
  const maps = [...sides].map(side => {
    const map = viewOf(projection, side);
    return map === undefined ? '' : printMap(map);
  });
  return `${kind} ${type.shape} ${operands.length} ${widthOf(projection, constants)} ${maps.join(' ')}`;
}
