/** The paper's Table 3 as text and rows. */
import type { OpRow, OpTable } from '../compiler/paper/op-table.ts';

const UNITS = { linear: 'MACs', product: 'MACs', function: 'elements', elementwise: 'elements' } as const;
const IN_SNN: { readonly [K in OpRow['kind']]: string } = {
  linear: 'spikes × fan-out additions',
  product: 'a·b + a·B + A·b additions',
  function: 'compensated, free in the paper’s count',
  elementwise: 'free in the paper’s count',
};

/** The paper's analog layers. */
const ANALOG: Readonly<Record<string, string>> = {
  embedding: 'analog, free in the paper’s count',
  head: 'analog, charged in full',
};

const millions = (x: number): string => (x / 1e6).toFixed(x < 1e6 ? 4 : 2);

export function renderOpTable({ rows, blocks, macs }: OpTable) {
  const line = (cells: readonly string[]) =>
    `${cells[0]!.padEnd(12)} ${cells
      .slice(1, 5)
      .map(cell => cell.padStart(11))
      .join(' ')}  ${cells[5]!}`.trimEnd();
  const total = macs.linear + macs.product + macs.head;
  const share = ({ kind, label, total: own }: OpRow) =>
    (kind === 'linear' || kind === 'product') && label !== 'embedding'
      ? `${((100 * own) / total).toFixed(2)} %`
      : '–';
  const printed = rows.find(row => row.printed !== undefined && row.printed !== row.total);
  const text = [
    `Table 3: operations of an image, ${blocks} attention blocks; millions`,
    line(['layer', 'nodes', 'each', 'all', 'of MACs', 'in the spiking network']),
    ...rows.map(row =>
      line([
        row.label,
        `${row.nodes}`,
        millions(row.total / row.nodes),
        millions(row.total),
        share(row),
        `${ANALOG[row.label] ?? IN_SNN[row.kind]}${UNITS[row.kind] === 'MACs' ? '' : ` (${UNITS[row.kind]})`}`,
      ]),
    ),
    `linears ${millions(macs.linear)} M, products ${millions(macs.product)} M, head ${millions(macs.head)} M: ${millions(total)} M MACs; embedding ${millions(macs.embedding)} M beside them`,
    ...(printed === undefined
      ? []
      : [
          `q·k is Nh·N·N·(C/Nh); the formula in the paper, Nh·N·(C/Nh)², gives ${millions(printed.printed! / printed.nodes)} M each`,
        ]),
  ].join('\n');
  const csv = rows.map(row => [row.label, row.kind, row.nodes, row.total, row.printed ?? null]);
  return {
    text,
    rows: [['layer', 'kind', 'nodes', 'operations', 'by the printed formula'], ...csv],
    json: { blocks, macs, rows },
  };
}
