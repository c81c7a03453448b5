/** report.html from report.json alone: one file that opens without network, its scripts and styles allowed by their hash. */
import { createHash } from 'node:crypto';
import type { Report } from '../schema.ts';
import { SCRIPT, STYLE } from './assets.ts';
import { type Asker, asker, figuresOf, isEstimate } from './figures.ts';
import { html, type Markup, packData, raw } from './markup.ts';
import { BORDER_PATH, CORE_PATHS, corePath, LINK_PATH, type PageData } from './page-data.ts';
import { ACCURACY } from './sections/accuracy.ts';
import { ALTERNATIVES } from './sections/alternatives.ts';
import { CHIP_MAP } from './sections/chip-map.ts';
import { ENERGY } from './sections/energy.ts';
import { LAYERS } from './sections/layers.ts';
import { PROVENANCE } from './sections/provenance.ts';
import { QUALITY } from './sections/quality.ts';
import type { Section } from './sections/section.ts';
import { TIME } from './sections/time.ts';
import { TRAFFIC } from './sections/traffic.ts';
import { VERDICT } from './sections/verdict.ts';

/** In their order on the page. */
export const SECTIONS: readonly Section[] = [
  ...[VERDICT, ACCURACY, ENERGY, LAYERS, CHIP_MAP],
  ...[TRAFFIC, TIME, QUALITY, ALTERNATIVES, PROVENANCE],
];

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** Nothing may be loaded; the page's own script and style are named by their hash. */
export const policyOf = (script: string, style: string): string =>
  [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

/** The user’s file, without its ending: graphs inside are all called the same. */
const modelName = ({ header }: Report): string =>
  header.model.file.replace(/^.*\//, '').replace(/\.onnx$/, '');

export interface Shell {
  readonly title: string;
  readonly body: Markup;
  readonly style: string;
  readonly script: string;
}

/** A page of its own: pages beside the report use it too. */
export const shell = ({ title, body, style, script }: Shell): string =>
  `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><title>${title}</title><style>${raw(style)}</style></head>
<body>${body}<script>${raw(script)}</script></body></html>\n`.markup
  }`;

/** Source: report.json. Preserves: the same report gives the same bytes. */
export function renderReport(report: Report): string {
  const ask = asker(figuresOf(report));
  const { header } = report;
  const body = html`<a class="skip" href="#main">Skip to the report</a>${banner(report)}
<div class="page">${contents()}<main id="main" tabindex="-1">${SECTIONS.map(section => renderSection(section, report, ask))}
<footer><p>Made by ${header.tool.name} ${header.tool.version} from report.json; no part of this page was loaded from elsewhere.</p></footer></main></div>
<div id="why" class="pop" popover="manual" role="tooltip"></div>
<script type="text/plain" id="data" data-name="${modelName(report)}">${packData(pageData(report, ask))}</script>`;
  return shell({
    title: `${modelName(report)} on ${header.target.title} – snnc report`,
    body,
    style: STYLE,
    script: SCRIPT,
  });
}

function banner(report: Report): Markup {
  const { header } = report;
  return html`<header class="top"><div><h1>${modelName(report)} <span>on ${header.target.title}</span></h1>
<p>${header.mode}, coding ${header.coding}, T = ${header.steps} · ${header.model.file} · ${header.target.spec}</p></div>
<label class="theme">Colours <select id="theme"><option value="">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label></header>`;
}

const contents = (): Markup =>
  html`<nav class="toc" aria-label="Sections"><ol>${SECTIONS.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol>
<p class="key"><span class="n est">≈</span> estimated or assumed; others were counted or simulated. Press an underlined number for formula, constants and source.</p></nav>`;

const renderSection = ({ id, title, asks, body }: Section, report: Report, ask: Asker): Markup =>
  html`<section id="${id}" aria-labelledby="h-${id}"><h2 id="h-${id}">${title}</h2><p class="asks">${asks}</p>${body(report, ask)}</section>\n`;

/** Fewer digits than a double has: nobody reads seventeen, and the file is a third as large. */
const rounded = (column: readonly number[]): number[] =>
  column.map(n => (Number.isInteger(n) ? n : Number(n.toPrecision(5))));

function pageData(report: Report, { figures }: Asker): PageData {
  const { chipMap, traffic, layers, energy, header, verdict } = report;
  const { cores } = chipMap;
  const paths = [...CORE_PATHS.map(corePath), LINK_PATH, BORDER_PATH];
  return {
    name: modelName(report),
    layers: layers.map(({ name }) => name),
    board: chipMap.board,
    chips: header.target.chips,
    resources: chipMap.resources,
    costSets: energy.costSets.map(({ name }) => name),
    cores: {
      ...cores,
      fill: rounded(cores.fill),
      used: cores.used.map(rounded),
      updates: rounded(cores.updates),
      synops: rounded(cores.synops),
      messagesOut: rounded(cores.messagesOut),
      messagesIn: rounded(cores.messagesIn),
      workSeconds: rounded(cores.workSeconds),
      energyPj: cores.energyPj.map(rounded),
    },
    tiles: chipMap.tiles,
    links: { ...traffic.links, messages: rounded(traffic.links.messages) },
    borders: { ...traffic.borders, messages: rounded(traffic.borders.messages) },
    capacity: traffic.capacity,
    interval: verdict.interval.timedSeconds ?? verdict.interval.seconds,
    figures: figures.shown,
    asks: Object.fromEntries(paths.map(path => [path, figures.at(path) ?? null])),
    estimates: paths.filter(path => isEstimate(figures.status(path))),
  };
}
