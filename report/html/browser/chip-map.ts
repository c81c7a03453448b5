/** The map: board, chip, core; drawn on a canvas, walked on buttons above it. */
import { coreName, format, plural } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { emptyColour, gradient, lineColour } from './colours.ts';
import { chipPanel, corePanel } from './core-panel.ts';
import { type Colouring, colouringOf, layersOf } from './cores.ts';
import { element, find, inkOf, sized } from './dom.ts';
import { type Box, boardLayout, cellOf, chipLayout, nearest } from './places.ts';

interface View {
  readonly chip: number | null;
  readonly core: number | null;
  readonly by: string;
  readonly layer: number | null;
}

interface Cell {
  readonly box: Box;
  readonly label: string;
  readonly isChosen: boolean;
  readonly choose: () => void;
}

export interface ChipMap {
  readonly redraw: () => void;
  readonly showCore: (core: number) => void;
}

const DIM = 0.13;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function createChipMap(data: PageData): ChipMap | null {
  const root = find('chipmap');
  if (root === null) return null;
  const canvas = find<HTMLCanvasElement>('map-canvas')!;
  const cells = find('map-cells')!;
  const used = [...new Set(data.cores.chip)].toSorted((a, b) => a - b);
  const coresOf = new Map<number, number[]>(used.map(chip => [chip, []]));
  for (const [core, chip] of data.cores.chip.entries()) coresOf.get(chip)!.push(core);
  const home = used.length === 1 ? used[0]! : null;
  let view: View = { chip: home, core: null, by: 'layer', layer: null };

  const show = (change: Partial<View>, focus?: number) => {
    const isMoved = change.chip !== undefined && change.chip !== view.chip;
    view = { ...view, ...change };
    draw(isMoved ? (focus ?? 0) : focus);
  };
  const draw = (focus?: number) => {
    const colouring = colouringOf(data, view.by);
    const width = canvas.parentElement!.clientWidth;
    const drawn = view.chip === null ? drawBoard(width, colouring) : drawChip(view.chip, width, colouring);
    putCells(cells, drawn, focus, view.chip === null ? 'Chips of the board' : `Cores of chip ${view.chip}`);
    drawLegend(colouring);
    drawPath();
    drawPanel();
  };
  const alphaOf = (core: number) =>
    view.layer === null || layersOf(data, core).includes(view.layer) ? 1 : DIM;

  function drawBoard(width: number, colouring: Colouring): readonly Cell[] {
    const { board, cores } = data;
    const layout = boardLayout(board, used, data.chips, width);
    const context = sized(canvas, layout.width, layout.height);
    for (const [chip, box] of layout.chips) {
      context.strokeStyle = lineColour();
      context.fillStyle = emptyColour();
      if (coresOf.has(chip)) context.fillRect(box.x, box.y, box.width, box.height);
      else context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
    }
    const size = layout.cell > 4 ? layout.cell - 1 : layout.cell;
    for (const [core, chip] of cores.chip.entries()) {
      const box = layout.chips.get(chip)!;
      const [x, y] = cellOf(board, cores.x[core]!, cores.y[core]!, cores.slot[core]!);
      context.globalAlpha = alphaOf(core);
      context.fillStyle = colouring.colour(core);
      context.fillRect(box.x + x * layout.cell, box.y + y * layout.cell, size, size);
    }
    context.globalAlpha = 1;
    context.fillStyle = inkOf(canvas);
    context.font = '12px system-ui, sans-serif';
    for (const { text, x, y } of layout.labels) context.fillText(text, x, y);
    return used.map(chip => ({
      box: layout.chips.get(chip)!,
      label: `Chip ${chip}: ${plural(coresOf.get(chip)!.length, 'core')}, fullest ${format(Math.max(...coresOf.get(chip)!.map(core => data.cores.fill[core]!)), '%')}`,
      isChosen: false,
      choose: () => show({ chip, core: null }),
    }));
  }

  function drawChip(chip: number, width: number, colouring: Colouring): readonly Cell[] {
    const { board, cores } = data;
    const layout = chipLayout(board, width);
    const context = sized(canvas, layout.width, layout.height);
    context.fillStyle = emptyColour();
    for (let y = 0; y < board.routersY; y++)
      for (let x = 0; x < board.routersX; x++)
        for (let slot = 0; slot < board.coresPerRouter; slot++) {
          const box = layout.at(x, y, slot);
          context.fillRect(box.x, box.y, box.width, box.height);
        }
    return coresOf.get(chip)!.map((core, i) => {
      const box = layout.at(cores.x[core]!, cores.y[core]!, cores.slot[core]!);
      context.globalAlpha = alphaOf(core);
      context.fillStyle = colouring.colour(core);
      context.fillRect(box.x, box.y, box.width, box.height);
      return {
        box,
        label: `Core ${coreName(data, core)}: ${data.layers[cores.layer[core]!]}, ${colouring.says(core)}`,
        isChosen: view.core === core,
        choose: () => show({ core }, i),
      };
    });
  }

  function drawLegend({ scale, kinds }: Colouring): void {
    const legend = find('map-legend')!;
    if (scale === undefined) {
      legend.replaceChildren(
        ...(kinds ?? []).map(([name, colour]) => element('span', {}, swatch(colour, 12), name)),
      );
      return;
    }
    legend.replaceChildren(element('span', {}, scale.low, swatch(gradient(scale.colour), 180), scale.high));
  }

  function drawPath(): void {
    const step = (text: string, go: () => void) => {
      const button = element('button', { type: 'button' }, text);
      button.addEventListener('click', go);
      return button;
    };
    const parts: (Node | string)[] = [];
    if (home === null && view.chip !== null)
      parts.push(
        step(data.board.title, () => show({ chip: null, core: null })),
        ' › ',
      );
    if (view.chip === null) parts.push(data.board.title);
    else if (view.core === null) parts.push(`Chip ${view.chip}`);
    else
      parts.push(
        step(`Chip ${view.chip}`, () => show({ core: null })),
        ' › ',
        `Core ${coreName(data, view.core)}`,
      );
    find('map-path')!.replaceChildren(...parts);
  }

  function drawPanel(): void {
    const panel = find('map-panel')!;
    if (view.core !== null) panel.replaceChildren(...corePanel(data, view.core));
    else if (view.chip !== null) panel.replaceChildren(...chipPanel(data, view.chip));
    else
      panel.replaceChildren(
        element(
          'p',
          { class: 'small' },
          'Choose a chip, then a core: what it holds, its limits and what it does stand here.',
        ),
      );
  }

  cells.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    if (view.core !== null) show({ core: null }, indexOfFocus(cells));
    else if (home === null && view.chip !== null) show({ chip: null }, used.indexOf(view.chip));
  });
  find('map-colour')!.addEventListener('change', event =>
    show({ by: (event.target as HTMLSelectElement).value }),
  );
  find('map-layer')!.addEventListener('change', event => {
    const { value } = event.target as HTMLSelectElement;
    show({ layer: value === '' ? null : Number(value) });
  });
  draw();
  return {
    redraw: () => draw(),
    showCore: core => {
      const chip = data.cores.chip[core]!;
      root.scrollIntoView({ block: 'start' });
      show({ chip, core }, coresOf.get(chip)!.indexOf(core));
    },
  };
}

function swatch(background: string, width: number): HTMLElement {
  const made = element('i', { 'aria-hidden': 'true' });
  Object.assign(made.style, {
    background,
    width: `${width}px`,
    height: '12px',
    borderRadius: '3px',
    display: 'inline-block',
  });
  return made;
}

const indexOfFocus = (cells: HTMLElement): number =>
  Math.max(0, [...cells.children].indexOf(document.activeElement!));

/** Buttons above the drawing; one of them can be reached by Tab, the rest by arrows. */
function putCells(root: HTMLElement, cells: readonly Cell[], focus: number | undefined, label: string): void {
  const reached =
    focus ??
    Math.max(
      0,
      cells.findIndex(cell => cell.isChosen),
    );
  const boxes = cells.map(cell => cell.box);
  const buttons = cells.map(({ box, label: name, isChosen, choose }, i) => {
    const button = element('button', {
      type: 'button',
      tabindex: i === reached ? 0 : -1,
      'aria-label': name,
      title: name,
      'aria-pressed': isChosen ? 'true' : 'false',
    });
    Object.assign(button.style, {
      left: `${box.x}px`,
      top: `${box.y}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    });
    button.addEventListener('click', choose);
    return button;
  });
  root.setAttribute('role', 'group');
  root.setAttribute('aria-label', `${label}: arrow keys move, Enter chooses, Escape goes back`);
  root.replaceChildren(...buttons);
  root.onkeydown = event => {
    const arrow = ARROWS[event.key];
    const from = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (from < 0) return;
    const ends: Readonly<Record<string, number>> = { Home: 0, End: buttons.length - 1 };
    const to = arrow === undefined ? ends[event.key] : nearest(boxes, from, ...arrow);
    if (to === undefined) return;
    event.preventDefault();
    buttons[from]!.tabIndex = -1;
    buttons[to]!.tabIndex = 0;
    buttons[to]!.focus();
  };
  if (focus !== undefined) buttons[focus]?.focus({ preventScroll: true });
}
