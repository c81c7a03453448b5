/** Operands of projections as tiles read them: their sides, their views, and which positions a tile reads. */
import type { ConstantPool } from '../../ir/constants.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import type { IntProjection } from '../../ir/int.ts';
import type { StridedMap } from '../../ir/map.ts';
import type { Range, Tile } from './tiles.ts';

export type Side = 0 | 1;

/** A relay adds its sources into one operand; the two of a product are sides of their own. */
export const sideOf = ({ kind }: IntProjection, operand: number): Side =>
  kind !== 'relay' && operand === 1 ? 1 : 0;

/** The view through which an operand is read; undefined: as it is. */
export function viewOf({ attrs }: IntProjection, side: Side): StridedMap | undefined {
  if ('map' in attrs) return attrs.map;
  if (side === 0) return 'mapA' in attrs ? attrs.mapA : undefined;
  return 'mapB' in attrs ? attrs.mapB : undefined;
}

/** Inputs of a row or taps of a neuron. */
export function widthOf(projection: IntProjection, constants: ConstantPool): number {
  switch (projection.kind) {
    case 'linear':
    case 'depthwise':
      return constants.get(projection.attrs.weight).shape[0]!;
    case 'product':
      return projection.attrs.inner;
    case 'maximum':
      return projection.attrs.taps;
    case 'hadamard':
    case 'relay':
    case 'bias':
      return 1;
    default:
      return projection satisfies never;
  }
}

/** Of a grid of groups × rows × channels, numbers of pieces or of one piece: what an operand depends on. */
export function axesRead(
  { kind }: IntProjection,
  side: Side,
  [groups, rows, channels]: readonly [number, number, number],
): readonly number[] {
  if (kind === 'linear') return [rows];
  if (kind === 'product') return side === 0 ? [groups, rows] : [groups, channels];
  return [groups, rows, channels];
}

/** Positions of the whole operand that a tile reads, in the tile's own order (program.ts, AxonTarget.map). */
export function operandPositions(
  projection: IntProjection,
  side: Side,
  width: number,
  { population, box }: Tile,
): Int32Array {
  const [, rows, channels] = population.type.shape as [number, number, number];
  switch (projection.kind) {
    case 'linear':
      return gridPositions([0, 1], box.row, [0, width], rows, width);
    case 'hadamard':
    case 'relay':
      return gridPositions(box.group, box.row, box.channel, rows, channels);
    case 'depthwise':
    case 'maximum': {
      const neurons = gridPositions(box.group, box.row, box.channel, rows, channels);
      const positions = new Int32Array(neurons.length * width);
      for (let i = 0; i < positions.length; i++)
        positions[i] = neurons[Math.floor(i / width)]! * width + (i % width);
      return positions;
    }
    case 'product': {
      const [range, size] = side === 0 ? [box.row, rows] : [box.channel, channels];
      return gridPositions(box.group, range, [0, width], size, width);
    }
    case 'bias':
      return defect('a bias has no operand');
    default:
      return projection satisfies never;
  }
}

/** Flat positions of a box of a [·, rows, columns] grid, in order. */
function gridPositions(group: Range, row: Range, column: Range, rows: number, columns: number): Int32Array {
  const width = column[1] - column[0];
  const out = new Int32Array((group[1] - group[0]) * (row[1] - row[0]) * width);
  let at = 0;
  for (let g = group[0]; g < group[1]; g++) {
    for (let r = row[0]; r < row[1]; r++) {
      const first = (g * rows + r) * columns + column[0];
      for (let c = 0; c < width; c++) out[at++] = first + c;
    }
  }
  return out;
}
