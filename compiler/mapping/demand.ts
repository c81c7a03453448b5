/** What a tile of the integer network asks of a core, in the target's own accounting. */
import { type Accounting, axonsPerNeuron, type TileCost } from '../../backends/accounting.ts';
import type { Box } from '../../backends/program/program.ts';
import { functionConstantWords, type Gather, tileCost } from '../../backends/tile-cost.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf, IntProjection } from '../../ir/int.ts';
import { isGroupFunction } from '../../ir/interpret/soma.ts';
import { blockOf, constantCount } from './blocks.ts';
import type { GatherRings } from './row-schedule.ts';
import { delayOf, type Schedule } from './schedule.ts';
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

/** `schedule`: that of the mode for which tiles are counted; where rows pass through time they are not cut. */
export function createDemandModel(
  graph: IntGraph,
  accounting: Accounting,
  weightBits: number,
  schedule: Schedule,
): DemandModel {
  const byId = nodeMap(graph.nodes);
  const waits = waitsOf(graph, schedule);
  return {
    cost(population, box, { sources, destinations }) {
      const [groups, rows, channels] = boxShape(box);
      const rings = schedule.rows?.rings.get(population.id);
      const gathers = population.operands.map((id, i): Gather => {
        const projection = byId.get(id);
        if (projection === undefined || projection.kind === 'population' || projection.kind === 'input') {
          return defect(`${id} is not a projection`);
        }
        const axons = axonsOf(byId.get(projection.operands[0]!), accounting);
        const gather = { ...gatherDemand(projection, box, sources[i] ?? 1, graph, weightBits), axons };
        return rings === undefined ? gather : { ...gather, ...heldOf(rings[i]!) };
      });
      const unrolled = rings === undefined ? rows : 1;
      const delay = waits.get(population.id)!;
      const cost = tileCost(accounting, {
        ...{ groups, rows: unrolled, channels, gathers, delay },
        destinationTiles: destinations,
        axons: axonsOf(population, accounting),
        isSoftReset: population.attrs.emit.kind === 'mt',
      });
      const constants = functionConstantWords(accounting, population.attrs.function, channels);
      return { ...cost, stateWords: cost.stateWords + constants };
    },
  };
}

/** Axons of each neuron of a population; the host writes the image, and sums pass whole. */
export function axonsOf(source: IntNode | undefined, accounting: Pick<Accounting, 'isBinary'>): number {
  const emit = source?.kind === 'population' ? source.attrs.emit : undefined;
  return emit?.kind === 'mt' ? axonsPerNeuron(accounting, emit.levels) : 1;
}

/** Steps that sums wait in the state of each population's neurons. */
function waitsOf(graph: IntGraph, { starts, rows }: Schedule): ReadonlyMap<string, number> {
  const byId = nodeMap(graph.nodes);
  const waits = new Map<string, number>();
  for (const node of graph.nodes) {
    if (node.kind !== 'population') continue;
    const sources = node.operands.flatMap(id => byId.get(id)!.operands);
    const delays = sources.map(id => delayOf(starts.get(id)!, starts.get(node.id)!));
    const sums = (rows?.rings.get(node.id) ?? []).filter(({ isSum }) => isSum);
    const waiting = rows === undefined ? delays : sums.map(({ slots: [slots = 1] }) => slots - 1);
    waits.set(node.id, Math.max(0, ...waiting));
  }
  return waits;
}

/** What of a gather's operands a tile holds while rows pass. */
function heldOf({ slots, copies, isSum }: GatherRings): { rowsHeld?: number; copies?: number } {
  if (isSum) return {};
  return copies === undefined
    ? { rowsHeld: slots.reduce((a, b) => a + b, 0) }
    : { rowsHeld: slots[0]!, copies };
}

function gatherDemand(
  projection: IntProjection,
  box: Box,
  sourceTiles: number,
  graph: IntGraph,
  weightBits: number,
): Gather {
  const half = Math.ceil(sourceTiles / 2);
  switch (projection.kind) {
    case 'linear': {
      const inputs = graph.constants.get(projection.attrs.weight).shape[0]!;
      const { bias } = projection.attrs;
      const shared = bias === undefined || graph.constants.get(bias).shape.length === 1;
      const biasRows = bias === undefined ? 0 : shared ? 1 : boxShape(box)[1];
      return { kind: 'linear', inputs, weightBits, sourceTiles, biasRows };
    }
    case 'product': {
      const { inner } = projection.attrs;
      return { kind: 'product', inner, sourceTilesA: half, sourceTilesB: sourceTiles - half };
    }
    case 'hadamard':
      return { kind: 'hadamard', sourceTilesA: half, sourceTilesB: sourceTiles - half };
    case 'depthwise': {
      const { inputs, width } = blockOf(projection, box, graph);
      return { kind: 'depthwise', taps: inputs, width, weightBits, sourceTiles };
    }
    case 'maximum':
      return { kind: 'maximum', taps: projection.attrs.taps, sourceTiles };
    case 'bias':
      return { kind: 'bias', numbers: constantCount(projection, box, graph) };
    case 'relay':
      return { kind: 'relay', sourceTiles };
    default:
      return projection satisfies never;
  }
}

/** Functions over a group of channels must find the whole group on their core. */
export const needsWholeGroups = ({ attrs }: IntOf<'population'>): boolean =>
  isGroupFunction(attrs.function.kind);
