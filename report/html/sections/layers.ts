/** Every population, every tensor, everything that is not supported. */
import type { Report } from '../../schema.ts';
import { more } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { format, plural, powerOfTwo } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { type Column, table } from '../table.ts';
import type { Section } from './section.ts';

export const LAYERS: Section = {
  id: 'layers',
  title: 'Layers',
  asks: 'What does each layer take, send, cost, and lose in precision?',
  body: (report, ask) =>
    html`${layerTable(report, ask)}${more(`Formats and thresholds of all ${plural(report.layers.length, 'population')}`, formatTable(report, ask))}${more(`All ${plural(report.tensors.length, 'tensor')}`, tensorTable(report, ask))}${unsupported(report, ask)}`,
};

type Layer = Report['layers'][number];

const splitOf = ({ split }: Layer): string => `${split.heads} × ${split.tokens} × ${split.channels}`;
const firstOf = (record: Readonly<Record<string, number | null>>): number | null =>
  Object.values(record)[0] ?? null;

function layerTable({ layers, energy }: Report, ask: Asker): Markup {
  const set = energy.costSets[0]?.name;
  const columns: readonly Column<Layer>[] = [
    {
      head: 'Population',
      isName: true,
      of: layer => layer.name,
      show: layer => html`<span title="${layer.origin}">${layer.name}</span>`,
    },
    { head: 'Shape', of: layer => layer.shape.join(' × ') },
    { head: 'Neurons', unit: '', of: layer => layer.neurons, path: 'layers.neurons' },
    { head: 'Weights', unit: '#', of: layer => layer.weights, path: 'layers.weights' },
    {
      head: 'Bits',
      unit: '',
      of: layer => layer.weightBits,
      path: 'layers.weightBits',
      show: layer => (layer.weightBits === null ? '–' : format(layer.weightBits)),
    },
    { head: 'Cores', unit: '', of: layer => layer.cores, path: 'layers.cores' },
    { head: 'Split', of: splitOf },
    { head: 'Rate', unit: '%', of: layer => layer.rate, path: 'layers.rate', share: layer => layer.rate },
    { head: 'Spikes', unit: '#', of: layer => layer.counts.spikes, path: 'layers.counts.spikes' },
    { head: 'Synops', unit: '#', of: layer => layer.counts.synops, path: 'layers.counts.synops' },
    { head: 'Messages', unit: '#', of: layer => layer.counts.messages, path: 'layers.counts.messages' },
    ...(set === undefined
      ? []
      : [
          {
            head: 'Energy',
            unit: 'pJ',
            of: (layer: Layer) => firstOf(layer.energyPj),
            path: `layers.energyPj.${set}`,
          },
        ]),
    {
      head: 'of energy',
      unit: '%',
      of: layer => layer.energyShare,
      path: 'layers.energyShare',
      share: layer => layer.energyShare,
    },
    {
      head: 'of traffic',
      unit: '%',
      of: layer => layer.trafficShare,
      path: 'layers.trafficShare',
      share: layer => layer.trafficShare,
    },
    { head: 'SQNR', unit: 'dB', of: layer => layer.sqnrDb, path: 'layers.sqnrDb' },
    { head: 'Saturations', unit: '', of: layer => saturationsOf(layer), path: 'layers.saturations.*' },
  ];
  return html`${table(
    html`All ${plural(layers.length, 'population')}, in the order of the network; an image’s counts; split as heads × tokens × channels`,
    columns,
    layers,
    ask.figures,
    { file: 'layers' },
  )}`;
}

const saturationsOf = ({ saturations }: Layer): number | null =>
  saturations === null ? null : saturations.accumulator + saturations.state + saturations.threshold;

const formatTable = ({ layers }: Report, ask: Asker): Markup =>
  table(
    'Function, threshold, coding and place in the schedule',
    [
      { head: 'Population', isName: true, of: layer => layer.name },
      { head: 'ONNX node', of: layer => layer.origin },
      { head: 'Function', of: layer => layer.function },
      { head: 'Sends', of: layer => layer.emit },
      {
        head: 'θ',
        unit: '',
        of: layer => layer.theta,
        show: layer => (layer.theta === null ? '–' : powerOfTwo(-layer.theta)),
      },
      {
        head: 'Levels',
        unit: '',
        of: layer => layer.levels,
        show: layer => (layer.levels === null ? '–' : format(layer.levels)),
        path: 'layers.levels',
      },
      {
        head: 'Terms',
        unit: '',
        of: layer => layer.terms,
        show: layer => (layer.terms === null ? '–' : format(layer.terms)),
        path: 'layers.terms',
      },
      { head: 'Terms a neuron', unit: '', of: layer => layer.termsPerNeuron, path: 'layers.termsPerNeuron' },
      { head: 'Fraction bits, sum', unit: '', of: layer => layer.fraction, path: 'layers.fraction' },
      { head: 'sent', unit: '', of: layer => layer.outFraction, path: 'layers.outFraction' },
      { head: 'Depth', unit: '', of: layer => layer.depth, path: 'layers.depth' },
      { head: 'Tiles', unit: '', of: layer => layer.tiles, path: 'layers.tiles' },
      {
        head: 'Saturated sums',
        unit: '',
        of: layer => layer.saturations?.accumulator ?? null,
        path: 'layers.saturations.accumulator',
      },
      {
        head: 'states',
        unit: '',
        of: layer => layer.saturations?.state ?? null,
        path: 'layers.saturations.state',
      },
      {
        head: 'stopped by the highest θ',
        unit: '',
        of: layer => layer.saturations?.threshold ?? null,
        path: 'layers.saturations.threshold',
      },
    ],
    layers,
    ask.figures,
    { file: 'layer-formats' },
  );

type Tensor = Report['tensors'][number];

/** Share of its format that a tensor’s values take. */
const reachOf = ({ met, limit }: Tensor): number | null =>
  met === null || limit === null || limit === 0 ? null : met / limit;

const tensorTable = ({ tensors, layers }: Report, ask: Asker): Markup =>
  table(
    'Values and constants of the integer network: the largest integer met against what its bits hold',
    [
      { head: 'Tensor', isName: true, of: row => row.name },
      { head: 'Kind', of: row => row.kind },
      { head: 'Population', of: row => (row.layer === null ? 'host' : layers[row.layer]!.name) },
      { head: 'Shape', of: row => row.shape.join(' × ') || 'scalar' },
      { head: 'Bits', unit: '', of: row => row.bits, path: 'tensors.bits' },
      { head: 'Fraction', unit: '', of: row => row.fraction, path: 'tensors.fraction' },
      { head: 'Largest met', unit: '', of: row => row.met, path: 'tensors.met' },
      { head: 'Largest possible', unit: '', of: row => row.worst, path: 'tensors.worst' },
      { head: 'Holds up to', unit: '', of: row => row.limit, path: 'tensors.limit' },
      { head: 'Proof', of: row => row.status },
      { head: 'Takes of it', unit: '%', of: reachOf, share: reachOf, isLimit: true },
    ],
    tensors,
    ask.figures,
    { file: 'tensors' },
  );

function unsupported({ unsupported: list }: Report, ask: Asker): Markup {
  if (list.length === 0)
    return html`<h3>Not supported</h3><p>Nothing: every operator of the model runs on the chip, none on the host.</p>`;
  return html`<h3>Not supported</h3>${table(
    'Operators that do not run on the chip',
    [
      { head: 'Node', isName: true, of: row => row.node },
      { head: 'Operator', of: row => row.operator },
      { head: 'Why', of: row => row.reason },
      { head: 'Way out', of: row => row.remedy },
    ],
    list,
    ask.figures,
    { file: 'unsupported' },
  )}`;
}
