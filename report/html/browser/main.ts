/** The page's own script: everything that moves. Its data stand in the page. */
import { resourceName } from '../format.ts';
import { BORDER_PATH, corePath, LINK_PATH, type PageData } from '../page-data.ts';
import { createChipMap } from './chip-map.ts';
import { fillTable, type TableColumn } from './column-table.ts';
import { openForPrint, watchSections } from './contents.ts';
import { coreName, fillOf, routerName } from './cores.ts';
import { all, element, find } from './dom.ts';
import { createBorderMap, createLinkMap, DIRECTIONS, loadOf } from './link-map.ts';
import { enhanceTables } from './tables.ts';
import { watchLook } from './theme.ts';
import { explainNumbers } from './why.ts';

const data = JSON.parse(find('data')!.textContent!) as PageData;
const map = createChipMap(data);
const redraws = [map?.redraw, createLinkMap(data), createBorderMap(data)];
watchLook(() => {
  for (const redraw of redraws) redraw?.();
});
watchSections();
openForPrint();
explainNumbers(data.figures);
enhanceTables(data.name);

const places = new Map(data.cores.chip.map((_, core) => [coreName(data, core), core] as const));
document.addEventListener('click', event => {
  const link =
    event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#core-"]') : null;
  const core = link === null ? undefined : places.get(link.hash.slice('#core-'.length));
  if (core === undefined) return;
  event.preventDefault();
  map?.showCore(core);
});

const asks = (path: string): Pick<TableColumn, 'figure' | 'isEstimate'> => ({
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

whenSeen('core-table', box => {
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
});

whenSeen('link-table', box => {
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
});

whenSeen('border-table', box => {
  const { from, to, messages } = data.borders;
  const columns: readonly TableColumn[] = [
    { head: 'Chips', of: i => `${from[i]} → ${to[i]}` },
    { head: 'From', unit: '', of: i => from[i]! },
    { head: 'To', unit: '', of: i => to[i]! },
    { head: 'Messages', unit: '#', of: i => messages[i]!, ...asks(BORDER_PATH) },
  ];
  fillTable(box, 'Messages from chip to chip', columns, from.length, data.name);
});

// A folded table is measured only once it is open.
for (const details of all<HTMLDetailsElement>('details'))
  details.addEventListener('toggle', () => window.dispatchEvent(new Event('scroll')));
