/** The page's own script: everything that moves. Its data stand in the page; what needs none does not wait for them. */
import { coreName } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { createChipMap } from './chip-map.ts';
import { openForPrint, watchSections } from './contents.ts';
import { find } from './dom.ts';
import { fillLargeTables } from './large-tables.ts';
import { createBorderMap, createLinkMap } from './link-map.ts';
import { enhanceTables } from './tables.ts';
import { watchLook } from './theme.ts';
import { unpack } from './unpack.ts';
import { explainNumbers } from './why.ts';

function followCores(data: PageData, show: (core: number) => void): void {
  const places = new Map(data.cores.chip.map((_, core) => [coreName(data, core), core] as const));
  document.addEventListener('click', event => {
    const link =
      event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#core-"]') : null;
    const core = link === null ? undefined : places.get(link.hash.slice('#core-'.length));
    if (core === undefined) return;
    event.preventDefault();
    show(core);
  });
}

async function start(): Promise<void> {
  watchSections();
  openForPrint();
  const place = find('data')!;
  enhanceTables(place.dataset.name ?? 'report');
  const data = await unpack<PageData>(place.textContent ?? '');
  explainNumbers(data.figures);
  const map = createChipMap(data);
  const redraws = [map?.redraw, createLinkMap(data), createBorderMap(data)];
  watchLook(() => {
    for (const redraw of redraws) redraw?.();
  });
  fillLargeTables(data);
  if (map !== null) followCores(data, map.showCore);
  document.documentElement.dataset.ready = 'true';
}

void start();
