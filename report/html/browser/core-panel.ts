/** All that is known of one core. */
import { coreName, format, plural, resourceName } from '../format.ts';
import { corePath, type PageData } from '../page-data.ts';
import { fillOf, layersOf, routerName } from './cores.ts';
import { element } from './dom.ts';

export function corePanel(data: PageData, core: number): readonly Node[] {
  const { cores, layers } = data;
  const main = layers[cores.layer[core]!]!;
  return [
    element('h3', { id: 'panel-title' }, `Core ${coreName(data, core)}`),
    element(
      'p',
      { class: 'small' },
      `Chip ${cores.chip[core]}, router ${routerName(data, core)}, slot ${cores.slot[core]}; most of it is ${main}.`,
    ),
    ...limits(data, core),
    ...activity(data, core),
    ...tiles(data, core),
  ];
}

function rowOf(name: string, ...cells: readonly (Node | string)[]): HTMLElement {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, name),
    ...cells.map(cell => element('td', { class: 'r' }, cell)),
  );
}

function limits(data: PageData, core: number): readonly Node[] {
  const { cores, resources } = data;
  const heads = ['Limit', 'used of', 'fill'];
  const head = element(
    'tr',
    {},
    ...heads.map((text, i) => element('th', { scope: 'col', class: i > 0 && 'r' }, text)),
  );
  const rows = resources.map(({ name, capacity }, r) => {
    const row = rowOf(
      resourceName(name),
      `${format(cores.used[r]![core]!)} of ${format(capacity)}`,
      format(fillOf(data, r, core), '%'),
    );
    if (cores.binding[core] === r)
      row.firstElementChild!.append(' ', element('span', { class: 'binds' }, 'binds'));
    return row;
  });
  return [
    element('h4', {}, 'Limits'),
    element(
      'table',
      {},
      element('caption', { class: 'sr' }, 'Limits of this core'),
      element('thead', {}, head),
      element('tbody', {}, ...rows),
    ),
  ];
}

function activity(data: PageData, core: number): readonly Node[] {
  const { cores, costSets } = data;
  const number = (column: Parameters<typeof corePath>[0], value: number, unit: string) => {
    const path = corePath(column);
    const figure = data.asks[path];
    const isEstimate = data.estimates.includes(path);
    const text = `${isEstimate ? '≈' : ''}${format(value, unit)}`;
    if (typeof figure !== 'number') return text;
    return element('button', { type: 'button', class: isEstimate ? 'n est' : 'n', 'data-f': figure }, text);
  };
  const rows = [
    rowOf('Messages out', number('messagesOut', cores.messagesOut[core]!, '#')),
    rowOf('Messages in', number('messagesIn', cores.messagesIn[core]!, '#')),
    rowOf('Neuron updates', number('updates', cores.updates[core]!, '#')),
    rowOf('Synops', number('synops', cores.synops[core]!, '#')),
    rowOf('Work', number('workSeconds', cores.workSeconds[core]!, 's')),
    ...costSets.map((set, i) => rowOf(`Energy, ${set}`, number('energyPj', cores.energyPj[i]![core]!, 'pJ'))),
  ];
  return [
    element('h4', {}, 'An image'),
    element(
      'table',
      {},
      element('caption', { class: 'sr' }, 'What an image makes this core do'),
      element('tbody', {}, ...rows),
    ),
  ];
}

const MOST_TILES = 40;
const AXES = ['group', 'row', 'channel'] as const;

function tiles(data: PageData, core: number): readonly Node[] {
  const { tiles: table, layers } = data;
  const [from, to] = [table.start[core]!, table.start[core + 1]!];
  const rows = Array.from({ length: Math.min(to - from, MOST_TILES) }, (_, i) => from + i);
  const boxText = (tile: number): string =>
    table.boxes === null
      ? ''
      : AXES.map((axis, a) => {
          const [low, high] = [table.boxes![2 * a]![tile]!, table.boxes![2 * a + 1]!.at(tile)! - 1];
          return low === high ? `${axis} ${low}` : `${axis}s ${low}–${high}`;
        }).join(', ');
  const rest = to - from - rows.length;
  return [
    element('h4', {}, `${plural(to - from, 'tile')} of ${plural(layersOf(data, core).length, 'layer')}`),
    element(
      'ul',
      {},
      ...rows.map(tile => {
        const text = boxText(tile);
        return element(
          'li',
          {},
          layers[table.layer[tile]!]!,
          text !== '' && element('small', {}, ` ${text}`),
        );
      }),
      rest > 0 && element('li', {}, `and ${rest} more`),
    ),
  ];
}

export function chipPanel(data: PageData, chip: number): readonly Node[] {
  const own = data.cores.chip.flatMap((c, core) => (c === chip ? [core] : []));
  const layers = [...new Set(own.flatMap(core => layersOf(data, core)))].toSorted((a, b) => a - b);
  const total = (column: readonly number[]) => own.reduce((sum, core) => sum + column[core]!, 0);
  const rows = [
    rowOf('Cores in use', `${own.length} of ${data.board.usableCores}`),
    rowOf('Messages out of its cores', format(total(data.cores.messagesOut), '#')),
    rowOf('Synops', format(total(data.cores.synops), '#')),
    ...data.costSets.map((set, i) => rowOf(`Energy, ${set}`, format(total(data.cores.energyPj[i]!), 'pJ'))),
  ];
  return [
    element('h3', { id: 'panel-title' }, `Chip ${chip}`),
    element('p', { class: 'small' }, 'An image’s counts. Choose a core for its tiles and limits.'),
    element('table', {}, element('caption', { class: 'sr' }, `Chip ${chip}`), element('tbody', {}, ...rows)),
    element('h4', {}, plural(layers.length, 'layer')),
    element('p', {}, layers.map(layer => data.layers[layer]!).join(', ')),
  ];
}
