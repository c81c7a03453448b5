/** What the page's own script needs of a report, as columns. */
import type { Report } from '../schema.ts';
import type { ShownFigure } from './figures.ts';

export interface PageData {
  readonly name: string;
  readonly layers: readonly string[];
  readonly board: Report['chipMap']['board'];
  /** Chips that the target has. */
  readonly chips: number;
  readonly resources: readonly { readonly name: string; readonly capacity: number | null }[];
  readonly costSets: readonly string[];
  readonly cores: Report['chipMap']['cores'];
  readonly tiles: Report['chipMap']['tiles'];
  readonly links: Report['traffic']['links'];
  readonly borders: Report['traffic']['borders'];
  readonly capacity: Report['traffic']['capacity'];
  readonly interval: number;
  readonly figures: readonly ShownFigure[];
  /** Places in `figures` of what the script shows itself. */
  readonly asks: Readonly<Record<string, number | null>>;
  /** Which of those are estimates. */
  readonly estimates: readonly string[];
}

/** Columns of the core table and of a core's panel, by their place in report.json. */
export const CORE_PATHS = [
  ...(['tiles', 'layer', 'binding', 'fill', 'used', 'updates', 'synops'] as const),
  ...(['messagesOut', 'messagesIn', 'workSeconds', 'energyPj'] as const),
] as const;
export const corePath = (column: (typeof CORE_PATHS)[number]): string => `chipMap.cores.${column}`;
export const LINK_PATH = 'traffic.links.messages';
export const BORDER_PATH = 'traffic.borders.messages';
