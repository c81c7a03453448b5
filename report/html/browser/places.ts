/** Where chips lie on a board and cores on a chip, in pixels. */
import type { PageData } from '../page-data.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Board = PageData['board'];

/** Cores at one router stand in a square. */
const slotsAcross = ({ coresPerRouter }: Board): number => Math.ceil(Math.sqrt(coresPerRouter));
const slotsDown = (board: Board): number => Math.ceil(board.coresPerRouter / slotsAcross(board));
export const cellsAcross = (board: Board): number => board.routersX * slotsAcross(board);
export const cellsDown = (board: Board): number => board.routersY * slotsDown(board);

/** Cell of a core within its chip, in cells. */
export function cellOf(board: Board, x: number, y: number, slot: number): readonly [number, number] {
  const across = slotsAcross(board);
  return [x * across + (slot % across), y * slotsDown(board) + Math.floor(slot / across)];
}

/** Chips along x, then y; boards stack along z. */
export function chipPlace(
  { chipsX, chipsY }: Board,
  chip: number,
): readonly [x: number, y: number, z: number] {
  const row = Math.floor(chip / chipsX);
  return [chip % chipsX, row % chipsY, Math.floor(row / chipsY)];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly cell: number;
  /** Of each chip that is shown. */
  readonly chips: ReadonlyMap<number, Box>;
  readonly labels: readonly { readonly text: string; readonly x: number; readonly y: number }[];
}

const LABEL = 18;
const MOST_CELL = 16;

/** The chips in use and the places between them; levels of a stack side by side, as large as the width allows. */
export function boardLayout(board: Board, used: readonly number[], chips: number, width: number): Layout {
  const places = used.map(chip => chipPlace(board, chip));
  const columns = Math.max(...places.map(([x]) => x)) + 1;
  const rows = Math.max(...places.map(([, y]) => y)) + 1;
  const levels = [...new Set(places.map(([, , z]) => z))].toSorted((a, b) => a - b);
  const gap = columns > 16 ? 2 : 6;
  const head = levels.length > 1 ? LABEL : 0;
  const { cell, across } = fit(board, { columns, rows, gap, head, levels: levels.length }, width);
  const [w, h] = [cell * cellsAcross(board), cell * cellsDown(board)];
  const [levelWidth, levelHeight] = [columns * (w + gap) + 2 * gap, head + rows * (h + gap) + gap];
  const found = new Map<number, Box>();
  const labels = levels.map((z, i) => {
    const [left, top] = [(i % across) * levelWidth, Math.floor(i / across) * levelHeight];
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        const chip = (z * board.chipsY + y) * board.chipsX + x;
        const box = { x: left + x * (w + gap), y: top + head + y * (h + gap), width: w, height: h };
        if (chip < chips) found.set(chip, box);
      }
    return { text: `level ${z}`, x: left, y: top + 12 };
  });
  return {
    width: Math.min(across, levels.length) * levelWidth - 3 * gap,
    height: Math.ceil(levels.length / across) * levelHeight - 2 * gap,
    cell,
    chips: found,
    labels: head === 0 ? [] : labels,
  };
}

interface Wanted {
  readonly columns: number;
  readonly rows: number;
  readonly gap: number;
  readonly head: number;
  readonly levels: number;
}

/** The largest cells with which all levels take no more height than width, or as few rows of levels as there can be. */
function fit(board: Board, { columns, rows, gap, head, levels }: Wanted, width: number) {
  const cellWith = (across: number) =>
    (width - across * (columns + 2) * gap) / (across * columns * cellsAcross(board));
  for (let across = 1; across < levels; across++) {
    const cell = Math.min(MOST_CELL, cellWith(across));
    const height = Math.ceil(levels / across) * (head + rows * (cell * cellsDown(board) + gap) + gap);
    if (height <= width && cell >= 1) return { cell, across };
  }
  return { cell: Math.max(1, Math.min(MOST_CELL, cellWith(levels))), across: levels };
}

export interface ChipLayout {
  readonly width: number;
  readonly height: number;
  readonly at: (x: number, y: number, slot: number) => Box;
}

/** One chip, its routers set apart. */
export function chipLayout(board: Board, width: number): ChipLayout {
  const [across, down] = [cellsAcross(board), cellsDown(board)];
  const gap = board.coresPerRouter > 1 ? Math.max(2, Math.min(8, width / across / 4)) : 0;
  const cell = Math.max(4, Math.min(44, (width - gap * (board.routersX - 1)) / across));
  const [perX, perY] = [slotsAcross(board), slotsDown(board)];
  const inset = cell > 12 ? 1.5 : 0.5;
  return {
    width: across * cell + gap * (board.routersX - 1),
    height: down * cell + gap * (board.routersY - 1),
    at: (x, y, slot) => ({
      x: x * (perX * cell + gap) + (slot % perX) * cell + inset,
      y: y * (perY * cell + gap) + Math.floor(slot / perX) * cell + inset,
      width: cell - 2 * inset,
      height: cell - 2 * inset,
    }),
  };
}

/** The nearest box in a direction from one of them; itself where there is none. */
export function nearest(boxes: readonly Box[], from: number, dx: number, dy: number): number {
  const centre = ({ x, y, width, height }: Box) => [x + width / 2, y + height / 2] as const;
  const [cx, cy] = centre(boxes[from]!);
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, box] of boxes.entries()) {
    const [x, y] = centre(box);
    const along = (x - cx) * dx + (y - cy) * dy;
    if (along <= 0.5) continue;
    const aside = Math.abs((x - cx) * dy) + Math.abs((y - cy) * dx);
    const distance = along + 3 * aside;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
