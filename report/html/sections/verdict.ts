/** Verdict: does it fit, what binds, how fast, at what energy, how well it answers. */
import type { Report } from '../../schema.ts';
import type { Asker } from '../figures.ts';
import { coreName, format, grouped, plural, resourceName, sentence } from '../format.ts';
import { html, type Markup, type Part } from '../markup.ts';
import { bar, table } from '../table.ts';
import { type Fact, facts, type Section } from './section.ts';

export const VERDICT: Section = {
  id: 'verdict',
  title: 'Verdict',
  asks: 'Does it fit, how fast is it, what does it cost, does it still answer right?',
  body: (report, ask) =>
    html`${head(report)}${facts(headline(report, ask), 'cards')}${accuracyChain(report, ask)}${resources(report, ask)}`,
};

function head({ verdict, header }: Report): Markup {
  const { cores, chips, binding } = verdict;
  const says = verdict.fits
    ? `Fits ${header.target.title}: ${grouped(cores.used)} of ${plural(cores.available, 'core')} on ${grouped(chips.used)} of ${plural(chips.available, 'chip')}; ${resourceName(binding.resource)} fill the fullest core to ${format(binding.fill, '%')}.`
    : sentence(verdict.says);
  return html`<p class="verdict ${verdict.fits ? 'yes' : 'no'}"><span class="badge" aria-hidden="true">${verdict.fits ? '✓' : '✕'}</span> ${says}</p>
<p class="small">Verified: ${verdict.verified}.</p>`;
}

function headline({ verdict, header, energy }: Report, ask: Asker): readonly Fact[] {
  const { cores, chips, binding, latency, interval, throughput } = verdict;
  const latencySeconds = latency.timedSeconds ?? latency.seconds;
  const timed = latency.timedSeconds !== null;
  return [
    {
      name: 'Cores',
      value: html`${ask.number('verdict.cores.used', cores.used)}<small> of ${format(cores.available)}</small>${bar(cores.used / Math.max(1, cores.available))}`,
      note:
        cores.least === null
          ? undefined
          : html`no mapping takes fewer than ${ask.number('verdict.cores.least', cores.least)}`,
    },
    {
      name: 'Chips',
      value: html`${ask.number('verdict.chips.used', chips.used)}<small> of ${format(chips.available)}</small>${bar(chips.used / Math.max(1, chips.available))}`,
      note: header.target.title,
    },
    {
      name: 'What binds',
      value: html`${ask.number('verdict.binding.fill', binding.fill, '%')}${bar(binding.fill, true)}`,
      note: html`${resourceName(binding.resource)}, on the fullest core`,
    },
    {
      name: 'Latency',
      value: ask.number(`verdict.latency.${timed ? 'timedSeconds' : 'seconds'}`, latencySeconds, 's'),
      note: html`${timed ? html`timed; at least ${ask.number('verdict.latency.seconds', latency.seconds, 's')}` : 'at least'}, ${plural(latency.steps, 'timestep')}`,
    },
    {
      name: 'Throughput',
      value: html`${ask.number(`verdict.throughput.${throughput.timed === null ? 'atMost' : 'timed'}`, throughput.timed ?? throughput.atMost, '')}<small> images/s</small>`,
      note: html`${throughput.timed === null ? 'at most' : html`timed; at most ${ask.number('verdict.throughput.atMost', throughput.atMost)}`}, one every ${plural(interval.steps, 'timestep')} (${header.mode})`,
    },
    {
      name: 'Energy per image',
      value: ask.band('verdict.energyPj', verdict.energyPj, 'pJ'),
      note:
        verdict.energyPj === null
          ? 'no event has a price'
          : `dynamic, over ${plural(energy.costSets.length, 'cost set')}; static power apart`,
    },
    {
      name: 'Against 8-bit, same cores',
      value: html`${ask.band('verdict.ratioToInt8', verdict.ratioToInt8, '')}${verdict.ratioToInt8 !== null && html`<small> ×</small>`}`,
      note: 'energy of the spiking network ÷ that of 8-bit products',
    },
    {
      name: 'Eq. 30',
      value: ask.number('verdict.eq30', verdict.eq30),
      note: 'of the float network’s energy: the paper’s count, predicted',
    },
  ];
}

const STAGES = [
  ['float', 'Float network'],
  ['converted', 'Spiking, real numbers'],
  ['integer', 'Spiking, integers'],
  ['simulated', 'On the simulated chip'],
] as const;

function accuracyChain({ verdict }: Report, ask: Asker): Part {
  const { accuracy } = verdict;
  const isKnown = STAGES.some(([key]) => accuracy[key] !== null);
  const agreement =
    accuracy.agreement !== null && ask.number('verdict.accuracy.agreement', accuracy.agreement, '%');
  const how = html`<code>snnc validate DIR --data SET</code> measures every stage on images with labels; <code>snnc report DIR</code> then shows it here.`;
  if (!isKnown)
    return html`<h3>Accuracy</h3><p class="missing">Unknown: no labels were given. ${agreement && html`Integer and float network agree on ${agreement} of the images of calibration (${accuracy.source ?? 'unnamed'}). `}${how}</p>`;
  const agrees = agreement && html`Integer and float network agree on ${agreement} of them.`;
  const where = accuracy.isCalibration ? 'which calibrated it' : 'which nothing was calibrated on';
  return html`<h3>Accuracy, stage by stage</h3>
<ol class="chain">${STAGES.map(
    ([key, name]) =>
      html`<li><span>${name}</span><b>${ask.number(`verdict.accuracy.${key}`, accuracy[key], '%')}</b></li>`,
  )}</ol>
<p class="small">On ${plural(accuracy.images, 'image')} of ${accuracy.source ?? 'no named set'}, ${where}. ${agrees}${accuracy.isCalibration && html` ${how}`}</p>`;
}

const BIN = 10;

/** Ten bars: how many cores are filled to 0–10 %, … 90–100 %. */
function spark(bins: readonly number[]): Markup {
  const most = Math.max(1, ...bins);
  return html`<svg class="spark" viewBox="0 0 100 20" role="img" aria-label="${bins
    .map((n, i) => (n > 0 ? `${n} cores at ${i * BIN} to ${(i + 1) * BIN} %` : ''))
    .filter(Boolean)
    .join(', ')}">${bins.map(
    (n, i) =>
      n > 0 &&
      html`<rect class="${i === 9 ? 'hot' : 'fill'}" x="${i * 10 + 0.5}" width="9" y="${(20 - Math.max(1.5, (20 * n) / most)).toFixed(1)}" height="${Math.max(1.5, (20 * n) / most).toFixed(1)}"/>`,
  )}<rect class="base" y="19.5" width="100" height="0.5"/></svg>`;
}

function resources({ verdict, chipMap }: Report, ask: Asker): Markup {
  const rows = chipMap.resources.map((resource, r) => {
    const used = chipMap.cores.used[r] ?? [];
    const worst = used.reduce((best, n, i) => (n > (used[best] ?? -1) ? i : best), 0);
    const total = used.reduce((sum, n) => sum + n, 0);
    const { capacity } = resource;
    return {
      ...{ resource, worst, total, most: used[worst] ?? 0 },
      mean: capacity ? total / used.length / capacity : null,
      fill: capacity ? (used[worst] ?? 0) / capacity : null,
      bound: verdict.coresBound[resource.name] ?? 0,
    };
  });
  return html`<h3>Resources of a core</h3>${table(
    'What cores have and what this network takes of it',
    [
      { head: 'Resource', isName: true, of: row => resourceName(row.resource.name) },
      { head: 'Fullest takes', unit: '', of: row => row.most, path: 'chipMap.cores.used' },
      { head: 'of', unit: '', of: row => row.resource.capacity, path: 'chipMap.resources.capacity' },
      { head: 'Fill', unit: '%', of: row => row.fill, share: row => row.fill, isLimit: true },
      {
        head: 'Which',
        of: row => coreName(chipMap, row.worst),
        show: row =>
          html`<a href="#core-${coreName(chipMap, row.worst)}">${coreName(chipMap, row.worst)}</a>`,
      },
      { head: 'Mean fill', unit: '%', of: row => row.mean },
      {
        head: 'Binds on',
        unit: 'cores',
        of: row => row.bound,
        show: row => plural(row.bound, 'core'),
        path: 'verdict.coresBound.*',
      },
      {
        head: 'Cores by fill',
        of: () => null,
        show: row => spark(verdict.fills[row.resource.name] ?? []),
      },
    ],
    rows,
    ask.figures,
    { isQuiet: true },
  )}`;
}
