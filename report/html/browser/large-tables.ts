/** Tables with a row for each core, link and pair of chips. */
import { coreName, resourceName } from '../format.ts';
import { BORDER_PATH, corePath, LINK_PATH, type PageData } from '../page-data.ts';
import { fillTable, type TableColumn } from './column-table.ts';
import { fillOf, routerName } from './cores.ts';
import { element, find } from './dom.ts';
import { DIRECTIONS, loadOf } from './link-map.ts';

export function fillLargeTables(data: PageData): void {
  whenSeen('core-table', box => coreTable(box, data));
  whenSeen('link-table', box => linkTable(box, data));
  whenSeen('border-table', box => borderTable(box, data));
}

const asksOf =
  (data: PageData) =>
  (path: string): Pick<TableColumn, 'figure' | 'isEstimate'> => ({
    figure: data.asks[path],
    isEstimate: data.estimates.includes(path),
  });

/** Tables that are large are filled when they come near, or are opened. */
function whenSeen(id: string, fill: (box: HTMLElement) => void): void {
  const box = find(id);
  if (box === null) return;
  const seen = new IntersectionObserver(
    entries => {
      if (!entries.some(entry => entry.isIntersecting)) return;
      seen.disconnect();
      fill(box);
    },
    { rootMargin: '600px' },
  );
  seen.observe(box);
  window.addEventListener('beforeprint', () => {
    if (box.childElementCount === 0) fill(box);
  });
}

function coreTable(box: HTMLElement, data: PageData): void {
  const asks = asksOf(data);
  const { cores, layers, resources, costSets } = data;
  const column = (head: string, values: readonly number[], unit: string, path: string): TableColumn => ({
    ...{ head, unit, of: core => values[core]! },
    ...asks(path),
  });
  const columns: readonly TableColumn[] = [
    {
      head: 'Core',
      of: core => coreName(data, core),
      show: core => element('a', { href: `#core-${coreName(data, core)}` }, coreName(data, core)),
    },
    { head: 'Router', of: core => routerName(data, core) },
    { head: 'Layer, most of it', of: core => layers[cores.layer[core]!]! },
    column('Tiles', cores.tiles, '', corePath('tiles')),
    { head: 'Binds', of: core => resourceName(resources[cores.binding[core]!]!.name) },
    column('Fill', cores.fill, '%', corePath('fill')),
    ...resources.map(
      ({ name }, r): TableColumn => ({
        head: resourceName(name),
        unit: '%',
        of: core => fillOf(data, r, core),
        ...asks(corePath('used')),
      }),
    ),
    column('Updates', cores.updates, '#', corePath('updates')),
    column('Synops', cores.synops, '#', corePath('synops')),
    column('Messages out', cores.messagesOut, '#', corePath('messagesOut')),
    column('Messages in', cores.messagesIn, '#', corePath('messagesIn')),
    column('Work', cores.workSeconds, 's', corePath('workSeconds')),
    ...costSets.map((set, i) => column(`Energy, ${set}`, cores.energyPj[i]!, 'pJ', corePath('energyPj'))),
  ];
  fillTable(box, 'All cores; an image’s counts', columns, cores.chip.length, data.name);
}

function linkTable(box: HTMLElement, data: PageData): void {
  const asks = asksOf(data);
  const { links } = data;
  const columns: readonly TableColumn[] = [
    {
      head: 'Link',
      of: i => `${links.chip[i]}:${links.x[i]},${links.y[i]} ${DIRECTIONS[links.direction[i]!]}`,
    },
    { head: 'Chip', unit: '', of: i => links.chip[i]! },
    { head: 'Router', of: i => `${links.x[i]},${links.y[i]}` },
    { head: 'Direction', of: i => DIRECTIONS[links.direction[i]!]! },
    { head: 'Messages', unit: '#', of: i => links.messages[i]!, ...asks(LINK_PATH) },
    {
      head: 'of capacity',
      unit: '%',
      of: i => loadOf(data, links.messages[i]!),
      ...asks('traffic.hottest.share'),
    },
  ];
  fillTable(box, 'All links on chips that carry anything', columns, links.chip.length, data.name);
}

function borderTable(box: HTMLElement, data: PageData): void {
  const asks = asksOf(data);
  const { from, to, messages } = data.borders;
  const columns: readonly TableColumn[] = [
    { head: 'Chips', of: i => `${from[i]} → ${to[i]}` },
    { head: 'From', unit: '', of: i => from[i]! },
    { head: 'To', unit: '', of: i => to[i]! },
    { head: 'Messages', unit: '#', of: i => messages[i]!, ...asks(BORDER_PATH) },
  ];
  fillTable(box, 'Messages from chip to chip', columns, from.length, data.name);
}
