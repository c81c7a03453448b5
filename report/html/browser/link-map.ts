/** Loads of links: one chip at a time, and from chip to chip. */
import { format } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { emptyColour, gradient, rampColour } from './colours.ts';
import { element, find, inkOf, sized } from './dom.ts';

/** East, west, south, north. */
export const DIRECTIONS = ['east', 'west', 'south', 'north'] as const;
const STEPS = [
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
] as const;

const mostOf = (column: readonly number[]): number => column.reduce((most, n) => Math.max(most, n), 0);

export function linkText(data: PageData, link: number): string {
  const { links } = data;
  return `chip ${links.chip[link]}, router ${links.x[link]},${links.y[link]} → ${DIRECTIONS[links.direction[link]!]}`;
}

/** Of what a link carries from image to image of a stream; null where its capacity is unknown. */
export const loadOf = ({ capacity, interval }: PageData, messages: number): number | null =>
  capacity === null || interval === 0 ? null : messages / (capacity.messagesPerSecond * interval);

const loadText = (data: PageData, messages: number): string => {
  const load = loadOf(data, messages);
  return `${format(messages, '#')} messages an image${load === null ? '' : `, ${format(load, '%')} of its capacity`}`;
};

export function createLinkMap(data: PageData): (() => void) | null {
  const canvas = find<HTMLCanvasElement>('link-canvas');
  if (canvas === null) return null;
  const { links, board } = data;
  const most = mostOf(links.messages);
  const hottest = links.messages.indexOf(most);
  const chips = [...new Set(links.chip)].toSorted((a, b) => a - b);
  const choice = find<HTMLSelectElement>('link-chip')!;
  choice.append(
    ...chips.map(chip =>
      element(
        'option',
        { value: chip },
        `chip ${chip}${chip === links.chip[hottest] ? ' (hottest link)' : ''}`,
      ),
    ),
  );
  if (hottest >= 0) choice.value = String(links.chip[hottest]);
  let shown: readonly { readonly link: number; readonly x: number; readonly y: number }[] = [];

  const draw = () => {
    const chip = Number(choice.value);
    const pitch = Math.max(24, Math.min(84, canvas.parentElement!.clientWidth / board.routersX));
    const node = pitch * 0.34;
    const context = sized(canvas, pitch * board.routersX, pitch * board.routersY);
    const centre = (n: number) => (n + 0.5) * pitch;
    context.fillStyle = emptyColour();
    for (let y = 0; y < board.routersY; y++)
      for (let x = 0; x < board.routersX; x++)
        context.fillRect(centre(x) - node / 2, centre(y) - node / 2, node, node);
    const own = links.chip
      .flatMap((c, link) => (c === chip ? [link] : []))
      .toSorted((a, b) => links.messages[a]! - links.messages[b]!);
    shown = own.map(link => {
      const [dx, dy] = STEPS[links.direction[link]!]!;
      const share = links.messages[link]! / most;
      // Both ways of a pair stand side by side: each keeps to its right.
      const [ox, oy] = [(-dy * node) / 5, (dx * node) / 5];
      const [x, y] = [centre(links.x[link]!) + ox, centre(links.y[link]!) + oy];
      context.strokeStyle = rampColour(0.12 + 0.88 * share);
      context.lineWidth = 1.5 + (node / 3.4) * share;
      context.beginPath();
      context.moveTo(x + (dx * node) / 2, y + (dy * node) / 2);
      context.lineTo(x + dx * (pitch - node / 2), y + dy * (pitch - node / 2));
      context.stroke();
      return { link, x: x + (dx * pitch) / 2, y: y + (dy * pitch) / 2 };
    });
    const scale = element('i', { 'aria-hidden': 'true' });
    Object.assign(scale.style, {
      background: gradient(rampColour),
      width: '180px',
      height: '12px',
      borderRadius: '3px',
      display: 'inline-block',
    });
    find('link-legend')!.replaceChildren(
      element('span', {}, '0', scale, `${format(most, '#')} messages an image`),
    );
    tell(own.at(-1), `Hottest of chip ${chip}`);
  };
  const tell = (link: number | undefined, what: string) => {
    find('link-says')!.textContent =
      link === undefined ? '' : `${what}: ${linkText(data, link)}, ${loadText(data, links.messages[link]!)}.`;
  };
  canvas.addEventListener('pointermove', event => {
    const near = shown.toSorted(
      (a, b) =>
        Math.hypot(a.x - event.offsetX, a.y - event.offsetY) -
        Math.hypot(b.x - event.offsetX, b.y - event.offsetY),
    )[0];
    tell(near?.link, 'Here');
  });
  choice.addEventListener('change', draw);
  draw();
  return draw;
}

/** Who sends to whom, chip by chip: senders down, readers across. */
export function createBorderMap(data: PageData): (() => void) | null {
  const canvas = find<HTMLCanvasElement>('border-canvas');
  if (canvas === null) return null;
  const { from, to, messages } = data.borders;
  const chips = [...new Set([...from, ...to])].toSorted((a, b) => a - b);
  const at = new Map(chips.map((chip, i) => [chip, i] as const));
  const most = mostOf(messages);
  const hottest = messages.indexOf(most);
  const margin = 34;
  let cell = 1;
  const draw = () => {
    cell = Math.max(3, Math.min(30, Math.floor((canvas.parentElement!.clientWidth - margin) / chips.length)));
    const size = margin + cell * chips.length;
    const context = sized(canvas, size, size);
    context.fillStyle = emptyColour();
    context.fillRect(margin, margin, size - margin, size - margin);
    for (const [i, n] of messages.entries()) {
      context.fillStyle = rampColour(0.1 + 0.9 * Math.sqrt(n / most));
      context.fillRect(
        margin + at.get(to[i]!)! * cell,
        margin + at.get(from[i]!)! * cell,
        cell - 0.5,
        cell - 0.5,
      );
    }
    context.fillStyle = inkOf(canvas);
    context.font = '11px system-ui, sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const every = Math.ceil(16 / cell);
    for (const [i, chip] of chips.entries()) {
      if (i % every !== 0) continue;
      context.fillText(String(chip), margin - 5, margin + (i + 0.5) * cell);
      context.fillText(String(chip), margin + (i + 0.5) * cell + 7, margin - 8);
    }
  };
  const tell = (i: number, what: string) => {
    find('border-says')!.textContent =
      `Senders down, readers across. ${what}: chip ${from[i]} → chip ${to[i]}, ${format(messages[i]!, '#')} messages an image.`;
  };
  canvas.addEventListener('pointermove', event => {
    const [reader, sender] = [event.offsetX, event.offsetY].map(p => chips[Math.floor((p - margin) / cell)]);
    const found = from.findIndex((chip, i) => chip === sender && to[i] === reader);
    if (found >= 0) tell(found, 'Here');
  });
  draw();
  if (hottest >= 0) tell(hottest, 'Most');
  return draw;
}
