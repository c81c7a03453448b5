/**
 * Orders of cells in which neighbours of the order are neighbours on the grid: a snake, and a curve of Hilbert's kind
 * for rectangles of any size.
 *
 * Source  Hilbert 1891; for rectangles after the idea of Červený's generalised Hilbert curve
 */
import type { Grid } from './problem.ts';

export type Cell = readonly [column: number, row: number];

/** Row by row, every other row backwards. */
export const snake = (width: number, height: number): readonly Cell[] =>
  Array.from({ length: width * height }, (_, i): Cell => {
    const row = Math.floor(i / width);
    return [row % 2 === 0 ? i % width : width - 1 - (i % width), row];
  });

type Step = readonly [dx: number, dy: number];

const lengthOf = ([dx, dy]: Step): number => Math.abs(dx + dy);
const unit = ([dx, dy]: Step): Step => [Math.sign(dx), Math.sign(dy)];
const sum = ([a, b]: Step, [c, d]: Step): Step => [a + c, b + d];
const times = (factor: number, [a, b]: Step): Step => [factor * a, factor * b];

/** Nearest even number not above, at least 0, where halves of even sides join without a diagonal step. */
const halfOf = (side: Step): Step => {
  const half = Math.floor(lengthOf(side) / 2);
  const even = half % 2 === 1 && lengthOf(side) > 2 ? half + 1 : half;
  return times(even, unit(side));
};

/** Every cell of a rectangle once, from one corner along the longer side to the next corner. */
export function hilbert(width: number, height: number): readonly Cell[] {
  const cells: Cell[] = [];
  if (width >= height) fill([0, 0], [width, 0], [0, height], cells);
  else fill([0, 0], [0, height], [width, 0], cells);
  return cells;
}

/** The box from `at` that `main` and `side` span: enters at `at`, leaves at the far end of `main`. */
function fill(at: Cell, main: Step, side: Step, cells: Cell[]): void {
  const [along, across] = [unit(main), unit(side)];
  const [length, width] = [lengthOf(main), lengthOf(side)];
  if (width === 1 || length === 1) {
    const [step, count] = width === 1 ? [along, length] : [across, width];
    for (let i = 0; i < count; i++) cells.push(sum(at, times(i, step)));
    return;
  }
  const half = halfOf(main);
  const rest = sum(main, times(-1, half));
  if (2 * length > 3 * width) {
    fill(at, half, side, cells);
    fill(sum(at, half), rest, side, cells);
    return;
  }
  const near = halfOf(side);
  const far = sum(side, times(-1, near));
  fill(at, near, half, cells);
  fill(sum(at, near), main, far, cells);
  const back = sum(sum(at, sum(main, times(-1, along))), sum(near, times(-1, across)));
  fill(back, times(-1, near), times(-1, rest), cells);
}

/** Numbers of chips along the curve, layer after layer; a layer begins at the chip at which the one below ended. */
export function orderChips(chipsX: number, chipsY: number, layers: number): readonly number[] {
  const plane = hilbert(chipsX, chipsY).map(([x, y]) => x + chipsX * y);
  return Array.from({ length: layers }, (_, layer) =>
    (layer % 2 === 0 ? plane : plane.toReversed()).map(chip => chip + chipsX * chipsY * layer),
  ).flat();
}

/** All cells of a grid: chip after chip along the curve over chips, within a chip along the curve over routers. */
export function orderCells({ width, height, layers, chipWidth, chipHeight }: Grid): Int32Array {
  const chipsX = width / chipWidth;
  const chipsY = height / chipHeight;
  const routers = hilbert(chipWidth, chipHeight);
  const order = new Int32Array(width * height * layers);
  let next = 0;
  for (const chip of orderChips(chipsX, chipsY, layers)) {
    const left = (chip % chipsX) * chipWidth;
    const top = Math.floor(chip / chipsX) * chipHeight;
    for (const [x, y] of routers) order[next++] = left + x + width * (top + y);
  }
  return order;
}
