/** How long it takes: what binds a step, which cores work longest, the pipeline. */
import type { Report } from '../../schema.ts';
import { type Axis, chart, columns, frame, legend, more, place, stacked } from '../chart.ts';
import type { Asker } from '../figures.ts';
import { coreName, format, grouped, plural, tally } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { table } from '../table.ts';
import { facts, type Section } from './section.ts';

export const TIME: Section = {
  id: 'time',
  title: 'Time',
  asks: 'What does a step wait for, which cores are slowest, when does each layer work?',
  body: (report, ask) =>
    html`${summary(report, ask)}${split(report, ask)}${steps(report)}${pipeline(report)}${busiest(report, ask)}${criticalPath(report)}`,
};

function summary({ time, header }: Report, ask: Asker): Markup {
  const { bound, timed } = time;
  return html`${facts([
    {
      name: 'An image alone, at least',
      value: ask.number('time.bound.layerwiseSeconds', bound.layerwiseSeconds, 's'),
      note:
        timed !== null &&
        html`timed ${ask.number('time.timed.latency.seconds.mean', timed.latency.seconds.mean, 's')}: ${ask.number('time.timed.latency.eventToBound', timed.latency.eventToBound)} times the bound`,
    },
    {
      name: 'From image to image, at least',
      value: ask.number('time.bound.intervalSeconds', bound.intervalSeconds, 's'),
      note:
        timed !== null &&
        html`timed ${ask.number('time.timed.stream.intervalSeconds', timed.stream.intervalSeconds, 's')}: ${ask.number('time.timed.stream.eventToBound', timed.stream.eventToBound)} times the bound`,
    },
    {
      name: 'Longest step of a full pipeline',
      value: ask.number('time.bound.pipelinedStepSeconds', bound.pipelinedStepSeconds, 's'),
      note: header.mode,
    },
    timed !== null && {
      name: 'Senders wait',
      value: ask.number('time.timed.stream.blocked', timed.stream.blocked, '%'),
      note: html`of their time; core ${timed.stream.busiestCore.core} works ${ask.number('time.timed.stream.busiestCore.share', timed.stream.busiestCore.share, '%')}, link ${timed.stream.busiestLink.link} ${ask.number('time.timed.stream.busiestLink.share', timed.stream.busiestLink.share, '%')}`,
    },
  ])}<p class="small">${timed === null ? 'No event was timed: these are lower bounds from declared service times. ' : `Timed over ${plural(timed.images, 'image')}, every message by itself. `}${time.unknown.length > 0 && `Unknown, counted as 0: ${time.unknown.join(', ')}.`}</p>`;
}

const SPLIT = [
  ['compute', 'Computing'],
  ['noc', 'Network between cores'],
  ['barrier', 'Barrier'],
] as const;

function split({ time }: Report, ask: Asker): Markup {
  const share = (key: 'compute' | 'noc' | 'barrier') => time.split[key];
  return html`<h3>What steps wait for</h3><p class="stackline"><span>of a stream’s time</span>${stacked(SPLIT.map(([key, name]) => ({ name, share: share(key) })))}</p>
<ul class="legend">${SPLIT.map(([key, name], i) => html`<li><svg viewBox="0 0 12 12" aria-hidden="true" class="key c${i}"><rect class="area" width="12" height="12" rx="2"/></svg>${name} ${ask.number(`time.split.${key}`, share(key), '%')}</li>`)}</ul>
${table(
  'What each has to do in the longest step of a stream; the longest of them is the step',
  [
    { head: 'Term', isName: true, of: ([, name]) => name },
    {
      head: 'Takes at least',
      unit: 's',
      of: ([key]) => time.bound.termsNs[key] * 1e-9,
      show: ([key]) => ask.number(`time.bound.termsNs.${key}`, time.bound.termsNs[key] * 1e-9, 's'),
    },
  ],
  termNames(time.floor),
  ask.figures,
  { isQuiet: false },
)}`;
}

type Term = keyof Report['time']['bound']['termsNs'];
const TERMS: readonly (readonly [Term, string])[] = [
  ['updates', 'Neuron updates of the busiest core'],
  ['synops', 'Synops of the busiest core'],
  ['memory', 'Memory of the busiest core'],
  ['link', 'Messages over the busiest link'],
];
const termNames = (floor: string): readonly (readonly [Term, string])[] => [
  ...TERMS,
  ['floor', floor === 'tick' ? 'The chip’s tick' : 'The barrier between steps'],
];

const WIDTH = 520;
const MOST_COLUMNS = 240;
const BINDS: Readonly<Record<string, readonly [series: number, name: string]>> = {
  updates: [1, 'neuron updates'],
  synops: [2, 'synops'],
  memory: [3, 'memory'],
  link: [4, 'a link'],
  floor: [5, 'barrier or tick'],
};

/** Steps of one image; where there are very many, the longest of each run of them. */
function steps({ time: { steps: all } }: Report): Part {
  const { seconds, binding } = all;
  if (seconds.length === 0) return false;
  const each = Math.ceil(seconds.length / MOST_COLUMNS);
  const bins = Array.from({ length: Math.ceil(seconds.length / each) }, (_, b) => {
    let top = b * each;
    for (let i = top; i < Math.min(seconds.length, (b + 1) * each); i++)
      if (seconds[i]! > seconds[top]!) top = i;
    return { first: b * each, seconds: seconds[top]!, binds: binding[top]! };
  });
  const longest = Math.max(...bins.map(bin => bin.seconds));
  const [scale, unit] = longest >= 1e-3 ? [1e3, 'ms'] : [1e6, 'µs'];
  const y: Axis = { low: 0, high: 1.1 * longest * scale, from: 180, to: 26 };
  const x: Axis = { low: 1, high: seconds.length + 1, from: 48, to: WIDTH - 10 };
  const bars = bins.map(bin => ({ name: '', value: bin.seconds * scale, series: BINDS[bin.binds]![0] }));
  const counts = tally(binding).map(([name, n]) => `${BINDS[name]![1]} in ${n}`);
  const used = [...new Set(bins.map(bin => bin.binds))];
  return html`<h3>Steps of one image</h3>${chart(
    {
      id: 'steps',
      title: 'How long each timestep takes',
      says: `${plural(seconds.length, 'timestep')}; the longest takes ${format(longest, 's')}, the shortest ${format(Math.min(...seconds), 's')}. Binding: ${counts.join(', ')}.`,
    },
    WIDTH,
    226,
    html`${frame({ x, y, xLabel: 'Timestep', yLabel: `At least, ${unit}`, xTick: value => (Number.isInteger(value) ? grouped(value) : '') })}${columns(bars, { x, y })}`,
    `Lower bound of an image alone, by what binds.${each > 1 ? ` Each column is the longest of ${each} steps.` : ''}`,
  )}${legend(used.map(name => [`s${BINDS[name]![0]}`, BINDS[name]![1]] as const))}`;
}

const ROW = 13;
const NAMES = 130;

function pipeline({ time: { pipeline: spans }, layers, header }: Report): Part {
  if (spans.layer.length === 0) return false;
  const end = Math.max(...spans.end);
  const width = 640;
  const height = spans.layer.length * ROW + 44;
  const x: Axis = { low: Math.min(...spans.start), high: end, from: NAMES + 6, to: width - 10 };
  const y: Axis = { low: 0, high: 1, from: height - 38, to: 6 };
  const longest = spans.layer.reduce(
    (best, _, i) => (spans.end[i]! - spans.start[i]! > spans.end[best]! - spans.start[best]! ? i : best),
    0,
  );
  return html`<h3>Pipeline</h3><p class="small">One image through the chip, in mode ${header.mode}. ${says(header.mode)}</p><div class="scroll tall" tabindex="0" role="region" aria-label="Pipeline diagram">${chart(
    {
      id: 'pipeline',
      title: 'When each layer works on an image',
      says: `${plural(spans.layer.length, 'layer')} in ${plural(end, 'timestep')}; the longest at work is ${layers[spans.layer[longest]!]!.name}, ${plural(spans.end[longest]! - spans.start[longest]!, 'timestep')}.`,
    },
    width,
    height,
    html`${frame({ x, y: { ...y, high: 0 }, xLabel: 'Timestep of the image', yLabel: '', yTick: () => '', xTick: value => (Number.isInteger(value) ? grouped(value) : '') })}
${spans.layer.map((layer, i) => {
  const left = place(x, spans.start[i]!);
  return html`<text class="tick row" x="${NAMES}" y="${i * ROW + 15}" text-anchor="end">${cut(layers[layer]!.name)}</text><rect class="span" x="${left.toFixed(1)}" y="${i * ROW + 6}" width="${Math.max(2, place(x, spans.end[i]!) - left).toFixed(1)}" height="${ROW - 4}"/>`;
})}`,
    null,
  )}</div>`;
}

const says = (mode: string): string =>
  mode === 'pipelined'
    ? 'The next image follows one step later, so that every layer works on another image.'
    : mode === 'streaming'
      ? 'Rows pass one after another; layers overlap, and the next image follows as soon as the first is free.'
      : 'The next image starts when this one is through.';

const cut = (name: string): string => (name.length > 20 ? `…${name.slice(-19)}` : name);

const busiest = ({ time, chipMap, layers }: Report, ask: Asker): Markup =>
  html`<h3>Ten busiest cores</h3>${table(
    'What an image gives them to do; the longest of three terms counts',
    [
      {
        head: 'Core',
        isName: true,
        of: row => coreName(chipMap, row.core),
        show: row => html`<a href="#core-${coreName(chipMap, row.core)}">${coreName(chipMap, row.core)}</a>`,
      },
      { head: 'Layer', of: row => layers[row.layer]!.name },
      {
        head: 'Takes',
        unit: 's',
        of: row => row.seconds,
        path: 'time.busiest.seconds',
        share: row => row.seconds / (time.busiest[0]?.seconds || 1),
      },
      { head: 'Updates', unit: 's', of: row => row.updatesSeconds, path: 'time.busiest.updatesSeconds' },
      { head: 'Synops', unit: 's', of: row => row.synopsSeconds, path: 'time.busiest.synopsSeconds' },
      { head: 'Memory', unit: 's', of: row => row.memorySeconds, path: 'time.busiest.memorySeconds' },
    ],
    time.busiest,
    ask.figures,
    { file: 'busiest-cores', isQuiet: true },
  )}`;

const SHOWN = 40;

function criticalPath({ time, layers }: Report): Part {
  const path = time.criticalPath;
  if (path.length === 0) return false;
  const trail = html`<ol class="trail">${path.map(({ layer, step }) => html`<li>${layers[layer]!.name} <small>${grouped(step)}</small></li>`)}</ol>`;
  return html`<h3>Longest chain of layers</h3><p class="small">Each reads the one before it; none can be earlier. ${plural(path.length, 'layer')}, with the timestep of each; the last is ${grouped(path.at(-1)!.step)}.</p>${path.length > SHOWN ? more('All of the chain', trail) : trail}`;
}
