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

/** All places from the first chip in use to the last one, layer under layer, as large as the width allows. */
export function boardLayout(board: Board, used: readonly number[], chips: number, width: number): Layout {
  const places = used.map(chip => chipPlace(board, chip));
  const columns = Math.max(...places.map(([x]) => x)) + 1;
  const rows = Math.max(...places.map(([, y]) => y)) + 1;
  const layers = [...new Set(places.map(([, , z]) => z))].toSorted((a, b) => a - b);
  const gap = columns > 16 ? 2 : 6;
  const cell = Math.max(1, Math.min(9, (width - gap * (columns - 1)) / (columns * cellsAcross(board))));
  const [w, h] = [cell * cellsAcross(board), cell * cellsDown(board)];
  const head = layers.length > 1 ? LABEL : 0;
  const layerHeight = head + rows * (h + gap);
  const found = new Map<number, Box>();
  for (const [i, z] of layers.entries())
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        const chip = (z * board.chipsY + y) * board.chipsX + x;
        if (chip < chips)
          found.set(chip, {
            x: x * (w + gap),
            y: i * layerHeight + head + y * (h + gap),
            width: w,
            height: h,
          });
      }
  return {
    width: columns * (w + gap) - gap,
    height: layers.length * layerHeight - gap,
    cell,
    chips: found,
    labels: head === 0 ? [] : layers.map((z, i) => ({ text: `layer ${z}`, x: 0, y: i * layerHeight + 12 })),
  };
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
