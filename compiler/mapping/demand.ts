/** What a tile of the integer network asks of a core, in the target's own accounting. */
import { type Accounting, type Gather, type TileCost, tileCost } from '../../backends/accounting.ts';
import type { Box } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph, IntOf } from '../../ir/int.ts';
import { delayOf, findDepths } from './schedule.ts';
import { boxShape } from './tiles.ts';

/** Tiles at the other end of a tile's axons; before the cut of the neighbours is known, one each. */
export interface Neighbours {
  /** Source tiles of each gather, both operands of a product together. */
  readonly sources: readonly number[];
  readonly destinations: number;
}

export interface DemandModel {
  cost(population: IntOf<'population'>, box: Box, neighbours: Neighbours): TileCost;
}

export function createDemandModel(graph: IntGraph, accounting: Accounting, weightBits: number): DemandModel {
  const byId = nodeMap(graph.nodes);
  const depths = findDepths(graph);
  const delays = new Map<string, number>();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const sources = node.operands.flatMap(id => byId.get(id)!.operands);
    delays.set(node.id, Math.max(...sources.map(id => delayOf(depths.get(id)!, depths.get(node.id)!))));
  }
  return {
    cost(population, box, { sources, destinations }) {
      const [groups, rows, channels] = boxShape(box);
      const gathers = population.operands.map((id, i): Gather => {
        const projection = byId.get(id);
        const sourceTiles = sources[i] ?? 1;
        switch (projection?.kind) {
          case 'linear': {
            const inputs = graph.constants.get(projection.attrs.weight).shape[0]!;
            const { bias } = projection.attrs;
            const shared = bias === undefined || graph.constants.get(bias).shape.length === 1;
            const biasRows = bias === undefined ? 0 : shared ? 1 : rows;
            return { kind: 'linear', inputs, weightBits, sourceTiles, biasRows };
          }
          case 'product': {
            const half = Math.ceil(sourceTiles / 2);
            const { inner } = projection.attrs;
            return { kind: 'product', inner, sourceTilesA: half, sourceTilesB: sourceTiles - half };
          }
          case 'relay':
            return { kind: 'relay', sourceTiles };
          default:
            return defect(`${id} is not a projection`);
        }
      });
      const delay = delays.get(population.id)!;
      return tileCost(accounting, { groups, rows, channels, gathers, delay, destinationTiles: destinations });
    },
  };
}

/** Functions over a group of channels must find the whole group on their core. */
export const needsWholeGroups = ({ attrs }: IntOf<'population'>): boolean =>
  attrs.function.kind === 'layernorm' || attrs.function.kind === 'softmax';
