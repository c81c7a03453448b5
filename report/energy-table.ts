/** Energies as people read them: a table of parts, one of layers, and the rows of the summary. */
import { bandOf, type Energies, type EnergyReport, isPriced, type LayerEnergy } from './energy.ts';
import { layoutTable } from './table.ts';
import { bigNumber, energyRange, percentOf, seconds } from './units.ts';

type Row = readonly [name: string, text: string];

const one = (pj: number): string => energyRange(pj, pj);
const ratioText = (ratio: EnergyReport['ratio']): string => {
  if (ratio === null) return 'unknown';
  const [low, high] = [ratio.low.toFixed(2), ratio.high.toFixed(2)];
  return low === high ? low : `${low} to ${high}`;
};

const unknownText = (unknown: Readonly<Record<string, number>>): string =>
  Object.entries(unknown)
    .map(([cost, events]) => (cost.endsWith('Power') ? cost : `${cost} (${bigNumber(events)} events)`))
    .join(', ');

/** Lines of one table: a column for each cost set. */
const tabulate = (rows: readonly (readonly string[])[], columns: number): readonly string[] =>
  layoutTable(rows, { columns, isRight: true });

/** What an image costs, by part; what passes with time; the 8-bit network. */
export function energyTable(
  { energy, energySpan }: Pick<Energies, 'energy' | 'energySpan'>,
  columns = Number.POSITIVE_INFINITY,
): readonly string[] {
  if (energy.length === 0) return [];
  const parts = [...new Set(energy.flatMap(e => Object.keys(e.parts)))];
  const row = (name: string, cell: (e: EnergyReport) => string) => [name, ...energy.map(cell)];
  const standing = (side: 'alone' | 'stream') =>
    [...new Set(energy.flatMap(e => Object.keys(e.standing[side].parts)))].map(part =>
      row(`${part}, ${side === 'alone' ? 'image alone' : 'in a stream'}`, e => {
        const pj = e.standing[side].parts[part];
        return pj === undefined ? 'unknown' : one(pj);
      }),
    );
  const { source, alone, stream } = energySpan;
  const lines = tabulate(
    [
      ['energy an image', ...energy.map(e => e.costSet)],
      ...parts.map(part =>
        row(`  ${part}`, e => {
          const pj = e.parts[part];
          return pj === undefined ? '–' : `${one(pj)} ${percentOf(pj / e.totalPj).padStart(5)}`;
        }),
      ),
      row('dynamic', e => (isPriced(e) ? energyRange(e.totalPj, e.highPj) : 'unknown')),
      row('int8 network, same cores', e => (e.ratio === null ? 'unknown' : one(e.ann.totalPj))),
      row('spiking ÷ int8', e => ratioText(e.ratio)),
      ...standing('alone'),
      ...standing('stream'),
    ],
    columns,
  );
  const time = source === 'bound' ? 'at least' : 'timed';
  return [
    ...lines,
    `time: ${time} ${seconds(alone.seconds)} alone, ${seconds(stream.seconds)} from one image to the next; ${stream.chips} chip(s)`,
    ...leftOut(energy),
  ];
}

const leftOut = (energy: readonly EnergyReport[]): readonly string[] =>
  energy.flatMap(({ costSet, unknown, standing, ann }) => {
    // Everything else that the 8-bit network leaves out, the spiking one leaves out too.
    const all = { ...ann.unknown, ...unknown, ...standing.alone.unknown };
    return Object.keys(all).length === 0 ? [] : [`left out of ${costSet}, unknown: ${unknownText(all)}`];
  });

const MOST_LAYERS = 10;

/** Layers that take most, by the first cost set; and those that cost more than the 8-bit network does. */
export function layerTable(energies: Energies, columns = Number.POSITIVE_INFINITY): readonly string[] {
  const { energy, energyLayers, energyCores } = energies;
  const set = energy[0]?.costSet;
  if (set === undefined || energy[0]!.totalPj === 0) return [];
  const layers = energyLayers
    .filter(layer => layer.costSet === set)
    .toSorted((a, b) => b.totalPj - a.totalPj);
  const total = energy[0]!.totalPj;
  const cells = (layer: LayerEnergy) => [
    `  ${layer.name}`,
    energyRange(layer.totalPj, layer.highPj),
    percentOf(layer.totalPj / total),
    one(layer.annPj),
    layer.annPj === 0 || energy[0]!.ratio === null ? '–' : (layer.totalPj / layer.annPj).toFixed(2),
  ];
  const cores = energyCores[0]!.totalPj;
  const top = cores.reduce((best, pj, i) => (pj > cores[best]! ? i : best), 0);
  return [
    ...tabulate(
      [[`layers by ${set}`, 'energy', 'share', 'int8', 'ratio'], ...layers.slice(0, MOST_LAYERS).map(cells)],
      columns,
    ),
    ...(layers.length > MOST_LAYERS ? [`  and ${layers.length - MOST_LAYERS} more (--json lists them)`] : []),
    ...dearerLine(energies),
    ...(cores.length > 1
      ? [`hottest core  ${top}: ${one(cores[top]!)}, ${percentOf(cores[top]! / total)}`]
      : []),
  ];
}

/** Where spikes lose, by the first cost set. */
export function dearerLine({
  energy,
  energyLayers,
}: Pick<Energies, 'energy' | 'energyLayers'>): readonly string[] {
  const layers = energyLayers.filter(({ costSet }) => costSet === energy[0]?.costSet);
  const dearer = layers
    .filter(({ totalPj, annPj }) => totalPj > annPj)
    .map(({ name, totalPj, annPj }) => `${name} ${annPj === 0 ? '∞' : (totalPj / annPj).toFixed(2)}`);
  if (layers.length === 0 || energy[0]!.ratio === null) return [];
  if (dearer.length === 0) return ['dearer than int8: no layer'];
  const shown = dearer.slice(0, MOST_LAYERS).join(', ');
  const rest = dearer.length > MOST_LAYERS ? ` and ${dearer.length - MOST_LAYERS} more` : '';
  return [`dearer than int8: ${dearer.length} of ${layers.length} layers: ${shown}${rest}`];
}

/** Rows of the summary. */
export function energyRows({ energy, energySpan }: Energies): readonly Row[] {
  const band = bandOf(energy);
  if (band === null) return [['energy', 'unknown: no event has a price in any cost set of the target']];
  const [first] = energy as [EnergyReport];
  const shares = Object.entries(first.parts)
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([part, pj]) => `${part} ${percentOf(pj / first.totalPj)}`);
  const ratios = energy.map(e => `${ratioText(e.ratio)} (${e.costSet})`).join(', ');
  const time = energySpan.source === 'bound' ? 'at the least time' : 'in the time that was simulated';
  return [
    [
      'energy',
      `${energyRange(band.low, band.high)} an image, dynamic (${energy.map(e => e.costSet).join(', ')})`,
    ],
    ['', `${first.costSet}: ${shares.join(', ')}`],
    ...Object.entries(first.standing.stream.parts).map(
      ([part, pj]): Row => [
        part,
        `${one(pj)} an image of a stream, ${one(first.standing.alone.parts[part]!)} of one alone, ${time}`,
      ],
    ),
    ...leftOut(energy).map((line): Row => ['', line]),
    ['int8', `spiking ÷ the same network with 8-bit multiplications on the same cores: ${ratios}`],
  ];
}
