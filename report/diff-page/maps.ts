/** Core maps of two deployments side by side, as SVG: once by what changed, once by what cores hold. */
import { SEATS } from '../diff-cores.ts';
import type { DiffResult } from '../diff-result.ts';
import { html, type Markup } from '../html/markup.ts';
import { percentOf } from '../units.ts';

type Cores = DiffResult['cores'];
type Side = Cores['a'];

const CELL = 9;
const GAP = 14;
/** Above this many cores a map is drawn in one stroke for each colour, and cores have no words of their own. */
const MOST_NAMED = 2500;

interface Frame {
  readonly routersX: number;
  readonly routersY: number;
  /** Cores of a router stand in a square. */
  readonly slots: number;
  readonly chips: readonly number[];
  readonly across: number;
}

/** Both sides in one frame, so that equal seats stand at equal places. */
export function frameOf({ a, b }: Cores): Frame {
  const most = (column: 'x' | 'y' | 'slot') =>
    1 + [...a[column], ...b[column]].reduce((high, value) => Math.max(high, value), 0);
  const chips = [...new Set([...a.chip, ...b.chip])].sort((p, q) => p - q);
  const slots = Math.ceil(Math.sqrt(most('slot')));
  const across = Math.max(1, Math.ceil(Math.sqrt(chips.length)));
  return { routersX: most('x'), routersY: most('y'), slots, chips, across };
}

export function coreMap(cores: Cores, name: 'a' | 'b', colours: 'change' | 'layer', frame: Frame): Markup {
  const side = cores[name];
  const size = { width: frame.routersX * frame.slots * CELL, height: frame.routersY * frame.slots * CELL };
  const rows = Math.ceil(frame.chips.length / frame.across);
  const [width, height] = [frame.across * (size.width + GAP), rows * (size.height + GAP)];
  const seats = seatsOf(side, frame, size);
  const isNamed = side.core.length <= MOST_NAMED;
  const chips = frame.chips.map((chip, i) => {
    const { x, y } = cornerOf(i, frame, size);
    return html`<rect class="chip" x="${x}" y="${y}" width="${size.width}" height="${size.height}"/><text class="name" x="${x}" y="${y - 3}">chip ${chip}</text>`;
  });
  const counted = SEATS.map((says, state) => `${side.state.filter(s => s === state).length} ${says}`).join(
    ', ',
  );
  return html`<svg role="img" viewBox="0 0 ${width} ${height}" style="max-width:${3 * width}px" aria-labelledby="map-${name}-${colours}">
<title id="map-${name}-${colours}">Cores of ${name}: ${counted}</title>${chips}${
    isNamed ? named(cores, side, seats, colours) : drawn(cores, side, seats, colours)
  }</svg>`;
}

const cornerOf = (
  i: number,
  { across }: Frame,
  { width, height }: { readonly width: number; readonly height: number },
) => ({ x: (i % across) * (width + GAP), y: Math.floor(i / across) * (height + GAP) + GAP - 2 });

function seatsOf(side: Side, frame: Frame, size: { readonly width: number; readonly height: number }) {
  const order = new Map(frame.chips.map((chip, i) => [chip, cornerOf(i, frame, size)]));
  return side.core.map((_, i) => {
    const corner = order.get(side.chip[i]!)!;
    const slot = side.slot[i]!;
    return {
      x: corner.x + (side.x[i]! * frame.slots + (slot % frame.slots)) * CELL,
      y: corner.y + (side.y[i]! * frame.slots + Math.floor(slot / frame.slots)) * CELL,
    };
  });
}

type Seats = ReturnType<typeof seatsOf>;

const named = (cores: Cores, side: Side, seats: Seats, colours: 'change' | 'layer'): Markup[] =>
  seats.map(({ x, y }, i) => {
    const population = cores.populations[side.population[i]!] ?? 'not known';
    const says = `core ${side.core[i]}: ${population}; ${cores.resources[side.binding[i]!]} ${percentOf(side.fill[i]!)}; ${SEATS[side.state[i]!]}`;
    const colour = colours === 'layer' ? html` style="--c:${colourOf(side.population[i]!)}"` : '';
    return html`<rect class="core s${side.state[i]!}"${colour} x="${x}" y="${y}" width="${CELL}" height="${CELL}"><title>${says}</title></rect>`;
  });

function drawn(_: Cores, side: Side, seats: Seats, colours: 'change' | 'layer'): Markup[] {
  const strokes = new Map<string, { readonly state: number; readonly population: number; path: string }>();
  seats.forEach(({ x, y }, i) => {
    const [state, population] = [side.state[i]!, colours === 'layer' ? side.population[i]! : -1];
    const key = `${state} ${population}`;
    const stroke = strokes.get(key) ?? { state, population, path: '' };
    strokes.set(key, stroke);
    stroke.path += `M${x} ${y}h${CELL}v${CELL}h-${CELL}z`;
  });
  return [...strokes.values()].map(
    ({ state, population, path }) =>
      html`<path class="core s${state}" style="--c:${colourOf(population)}" d="${path}"/>`,
  );
}

/** Neighbours in the network get colours far apart. */
export const colourOf = (population: number): string =>
  population < 0 ? 'var(--same)' : `hsl(${Math.round((population * 137.5) % 360)} 55% 58%)`;
