/** What the paper measures on images: which networks run, and what is drawn of them. */
import { type MethodContext, methodNetworks } from '../compiler/methods/networks.ts';
import { METHODS } from '../compiler/methods/table.ts';
import { LADDERS, type Ladder, ladderOf } from '../compiler/paper/ablation.ts';
import { createLevelTally, type LevelRates } from '../compiler/paper/level-rates.ts';
import { meanRate } from '../compiler/paper/rates.ts';
import { type Chart, chartSvg, type Series } from '../report/svg.ts';
import { createNetworkMeter, type FloatAnswers, type NetworkMeter, type Point } from './measure-network.ts';

type Cell = string | number | null;

export interface PlotResult {
  readonly id: string;
  readonly text: string;
  readonly rows: readonly (readonly Cell[])[];
  readonly charts: readonly { readonly name: string; readonly svg: string }[];
  readonly json: unknown;
}

export interface Plot {
  readonly meters: readonly NetworkMeter[];
  finish(float: FloatAnswers): PlotResult;
}

interface Curve {
  readonly label: string;
  readonly points: readonly Point[];
}

/** Accuracy and energy over T: the paper beside ours and the float network. */
export const table1 = (context: MethodContext): Plot =>
  methodPlot('table1', 'Table 1: accuracy and Eq. 30 over T', ['ecmt', 'ecmt-fixed', 'ours-sum'], context);

/** Every method of the comparison. */
export const table2 = (context: MethodContext): Plot =>
  methodPlot(
    'table2',
    'Table 2: conversion methods',
    METHODS.map(({ id }) => id),
    context,
  );

function methodPlot(id: string, title: string, ids: readonly string[], context: MethodContext): Plot {
  const rows = METHODS.filter(method => ids.includes(method.id)).map(method => ({
    label: method.name,
    meters: methodNetworks(method, context).map(network => createNetworkMeter(network)),
  }));
  return curvePlot(id, title, rows, context.steps);
}

/** Number of thresholds and base threshold. */
export function figure5(context: MethodContext): Plot {
  const name = ({ levels, base }: Ladder) => `n = ${levels}, θ = ${base === 1 ? '' : `${base} · `}p99`;
  const rows = LADDERS.map(ladder => ({
    label: name(ladder),
    meters: [createNetworkMeter(ladderOf(ladder, context))],
  }));
  return curvePlot('fig5', 'Figure 5: number of thresholds and base threshold', rows, context.steps);
}

function curvePlot(
  id: string,
  title: string,
  rows: readonly { readonly label: string; readonly meters: readonly NetworkMeter[] }[],
  steps: readonly number[],
): Plot {
  return {
    meters: rows.flatMap(({ meters }) => meters),
    finish(float) {
      const curves = rows.map(({ label, meters }) => ({
        label,
        points: meters.flatMap(meter => meter.points(float)),
      }));
      // Without labels the float network's own answers are the right ones.
      const isLabelled = float.accuracy !== null;
      const rightOf = (point: Point) => (isLabelled ? point.accuracy! : point.agreement);
      const what = isLabelled ? 'accuracy' : 'agreement with ann';
      const answers = sharesChart(`${title}: ${what}`, what, curves, rightOf, float.accuracy ?? 1, steps);
      const energy = energyChart(`${title}: energy`, curves, steps);
      return {
        id,
        text: curveText(title, curves, float, rightOf, what),
        rows: curveRows(curves),
        charts: [
          { name: `${id}-accuracy`, svg: chartSvg(answers) },
          { name: `${id}-energy`, svg: chartSvg(energy) },
        ],
        json: { ann: { accuracy: float.accuracy, interval: float.interval }, curves },
      };
    },
  };
}

const stepsAxis = (steps: readonly number[]): Chart['x'] => ({
  label: 'timesteps T',
  ticks: steps.map(t => ({ at: t, text: `${t}` })),
});

function sharesChart(
  title: string,
  label: string,
  curves: readonly Curve[],
  shareAt: (point: Point) => number,
  float: number,
  steps: readonly number[],
): Chart {
  const line: Series = { name: 'ann', points: steps.map(t => [t, 100 * float] as const), isDashed: true };
  const series = curves.map(({ label: name, points }) => ({
    name,
    points: points.map(p => [p.steps, 100 * shareAt(p)] as const),
  }));
  return { title, x: stepsAxis(steps), y: { label: `${label}, %` }, series: [line, ...series] };
}

function energyChart(title: string, curves: readonly Curve[], steps: readonly number[]): Chart {
  const line: Series = { name: 'ann', points: steps.map(t => [t, 1] as const), isDashed: true };
  const series = curves.map(({ label: name, points }) => ({
    name,
    points: points.map(p => [p.steps, p.eq30] as const),
  }));
  const y = { label: 'Eq. 30, E(SNN) / E(ANN)' };
  return { title, x: stepsAxis(steps), y, series: [line, ...series] };
}

const percent = (x: number): string => (100 * x).toFixed(2);

function curveText(
  title: string,
  curves: readonly Curve[],
  float: FloatAnswers,
  rightOf: (point: Point) => number,
  what: string,
): string {
  const ann = float.accuracy === null ? '' : `, ann ${percent(float.accuracy)} %`;
  const head = ['T', `${what}, %`, '95 % interval', 'agreement, %', 'logit mse', 'Eq. 30', 'mean rate'];
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(22)} ${cells[0]!.padStart(3)} ${cells
      .slice(1)
      .map(cell => cell.padStart(13))
      .join(' ')}`;
  return [
    `${title} (${float.count} images${ann})`,
    line('', head),
    ...curves.flatMap(({ label, points }) =>
      points.map((p, i) =>
        line(i === 0 ? label : '', [
          `${p.steps}`,
          percent(rightOf(p)),
          p.interval === null ? '–' : p.interval.map(percent).join('–'),
          percent(p.agreement),
          p.logitMse.toPrecision(2),
          p.eq30.toFixed(3),
          meanRate(p.eq30, p.steps).toFixed(3),
        ]),
      ),
    ),
  ].join('\n');
}

const curveRows = (curves: readonly Curve[]): readonly (readonly Cell[])[] => [
  ['curve', 'T', 'accuracy', 'low', 'high', 'agreement', 'logit_mse', 'eq30'],
  ...curves.flatMap(({ label, points }) =>
    points.map((p): readonly Cell[] => [
      ...[label, p.steps, p.accuracy, ...(p.interval ?? [null, null])],
      ...[p.agreement, p.logitMse, p.eq30],
    ]),
  ),
];

/** Firing rate of every threshold, at the paper's ladder. */
export function figure6(context: MethodContext): Plot {
  const ecmt = METHODS.find(({ id }) => id === 'ecmt')!;
  const [network] = methodNetworks(ecmt, context);
  const tally = createLevelTally(network!.snn);
  return {
    meters: [createNetworkMeter(network!, tally.observe)],
    finish: () => levelResult(tally.rates(), context),
  };
}

/** `blocks.3.fc1` → `fc1`: the same place of every block is one curve. */
const behindBlock = (population: string): string => population.replace(/^\w+\.\d+\./, '');

function levelResult(rates: readonly LevelRates[], { levels, steps }: MethodContext): PlotResult {
  const name = (p: number) => `${p < 0 ? '−' : ''}λ${Math.abs(p)}`;
  const places = [
    ...Array.from({ length: levels }, (_, i) => i - levels),
    ...Array.from({ length: levels }, (_, i) => i + 1),
  ];
  const at = (rate: LevelRates, p: number) => (p > 0 ? rate.positive[p - 1]! : rate.negative[-p - 1]!);
  const mean = (list: readonly LevelRates[], p: number) =>
    list.reduce((sum, rate) => sum + at(rate, p), 0) / list.length;
  const groups = [...new Set(rates.map(({ population }) => behindBlock(population)))].map(label => ({
    label,
    list: rates.filter(({ population }) => behindBlock(population) === label),
  }));
  const chart: Chart = {
    title: 'Figure 6: firing rate of every threshold',
    x: { label: 'threshold ±2^(p−1)·θ', ticks: places.map((p, i) => ({ at: i, text: name(p) })) },
    y: { label: 'spikes a neuron and step, %' },
    series: groups.map(({ label, list }) => ({
      name: label,
      points: places.map((p, i) => [i, 100 * mean(list, p)] as const),
    })),
  };
  const width = Math.max(...groups.map(({ label }) => label.length), 8);
  const text = [
    `Figure 6: spikes a neuron and step at each threshold, %, ECMT, T = ${Math.max(...steps)}`,
    [' '.repeat(width), ...places.map(p => name(p).padStart(6))].join(' '),
    ...groups.map(({ label, list }) =>
      [label.padEnd(width), ...places.map(p => (100 * mean(list, p)).toFixed(2).padStart(6))].join(' '),
    ),
  ].join('\n');
  const rows = rates.flatMap(rate =>
    places.map((p): readonly Cell[] => [rate.population, name(p).replace('−', '-'), at(rate, p)]),
  );
  return {
    id: 'fig6',
    text,
    rows: [['population', 'threshold', 'rate'], ...rows],
    charts: [{ name: 'fig6-rates', svg: chartSvg(chart) }],
    json: { rates },
  };
}
