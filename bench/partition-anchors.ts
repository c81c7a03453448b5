/** `bench partition`, first half: published layer tables, the rules that gave them, and our own cut and packing. */
import type { Layer } from '../compiler/mapping/strategies/layers.ts';
import type { Measure } from './measure.ts';
import { lavaCores, leastCores } from './partition-lava.ts';
import {
  bindingOn,
  leastCoresOf,
  NXTF_ANCHORS,
  type OurLoihi1,
  partitionAsNxtf,
  partitionOurs,
} from './partition-loihi1.ts';
import { partitionTable } from './partition-ours.ts';
import {
  LAVA_MNIST,
  type LavaTable,
  OXFORD,
  PILOTNET_LIF,
  PILOTNET_SDNN,
  YOLO_KP,
} from './partition-tables.ts';

export interface AnchorRow {
  readonly layer: string;
  readonly published: number | undefined;
  readonly rule: number | undefined;
  /** Grids that NxTF refuses before the one that it takes. */
  readonly refused?: number;
  /** Cores that hold some of the layer: layers share cores, so that these add up to more than the total. */
  readonly ours: number | undefined;
  /** Resource that is nearest to its limit where ours is fullest. */
  readonly binding: string;
}

export interface Anchor {
  readonly net: string;
  readonly by: string;
  readonly rows: readonly AnchorRow[];
  readonly total: Pick<AnchorRow, 'published' | 'rule' | 'ours'>;
  /** Cores that no packing goes below. */
  readonly least: number;
}

export const LAVA_TABLES: readonly LavaTable[] = [YOLO_KP, LAVA_MNIST, PILOTNET_LIF, PILOTNET_SDNN, OXFORD];

function lavaAnchor(table: LavaTable): Anchor {
  const ours = partitionTable(table);
  const rule = table.rows.map((_, row) => lavaCores(table, row));
  const rows = table.rows.map(({ layer, cores }, i): AnchorRow => {
    const { binding, cores: own } = ours.rows[i]!;
    return { layer: layer.name, published: cores, rule: rule[i], ours: own, binding };
  });
  const total = { published: table.cores, rule: sumOf(rule), ours: ours.cores };
  return { net: table.name, by: `Lava ${table.rule}`, rows, total, least: leastCores(table) };
}

const sumOf = (counts: readonly (number | undefined)[]): number | undefined =>
  counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);

function nxtfAnchors(): readonly Anchor[] {
  const known = new Map<readonly Layer[], OurLoihi1 | undefined>();
  return NXTF_ANCHORS.map((anchor): Anchor => {
    const rule = partitionAsNxtf(anchor);
    const ours = known.get(anchor.layers) ?? partitionOurs(anchor);
    known.set(anchor.layers, ours);
    const rows = anchor.layers.map(({ name }, i): AnchorRow => {
      const own = ours?.layers[i];
      const binding = own === undefined ? '–' : bindingOn(own);
      const { cores, refused } = rule?.[i] ?? {};
      return {
        layer: name,
        published: undefined,
        rule: cores,
        ...(refused === undefined ? {} : { refused }),
        ours: own?.cores,
        binding,
      };
    });
    const total = {
      published: anchor.cores,
      rule: sumOf((rule ?? []).map(layer => layer.cores)),
      ours: ours?.cores,
    };
    return { net: anchor.name, by: 'NxTF', rows, total, least: leastCoresOf(anchor) };
  });
}

export const measureAnchors = (): readonly Anchor[] => [...LAVA_TABLES.map(lavaAnchor), ...nxtfAnchors()];

const COLUMNS = [28, 14, 10, 10, 8, 24, 10] as const;

export function printAnchors(anchors: readonly Anchor[]): string {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i < 2 || i === 5 ? cell.padEnd(COLUMNS[i]!) : cell.padStart(COLUMNS[i]!)))
      .join(' ');
  const count = (cores: number | undefined): string => (cores === undefined ? '–' : String(cores));
  const difference = ({ published, rule, ours }: Anchor['total']): string =>
    ours === undefined ? '–' : count(ours - (published ?? rule ?? ours));
  return anchors
    .flatMap(({ net, by, rows, total, least }) => [
      line([net, 'layer', 'published', by, 'ours', '  binding of ours', 'difference']),
      ...rows.map(row =>
        line(['', row.layer, count(row.published), count(row.rule), count(row.ours), `  ${row.binding}`, '']),
      ),
      line([
        '',
        'cores in all',
        count(total.published),
        count(total.rule),
        count(total.ours),
        `  at least ${least}`,
        difference(total),
      ]),
      '',
    ])
    .join('\n');
}

export function anchorMeasure(anchors: readonly Anchor[]): Measure {
  const known = anchors.filter(({ total }) => total.published !== undefined);
  const published = known.reduce((sum, { total }) => sum + total.published!, 0);
  const ours = known.reduce((sum, { total }) => sum + (total.ours ?? Number.POSITIVE_INFINITY), 0);
  const anchor = `${published} cores that were published for the same networks`;
  return { value: ours, unit: 'cores', anchor, ratio: published / ours };
}
