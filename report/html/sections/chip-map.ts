/** Boards, chips, cores: drawn and walked by the page’s script; a table of all cores beside it. */
import type { Report } from '../../schema.ts';
import { plural } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import type { Section } from './section.ts';

export const CHIP_MAP: Section = {
  id: 'map',
  title: 'Chip map',
  asks: 'Where does each layer sit, which core is full, and of what?',
  body: report => html`${map(report)}${coreTable(report)}`,
};

const COLOURS = [
  ['layer', 'Layer'],
  ['binding', 'What binds'],
  ['fill', 'Fill of what binds'],
] as const;
const ACTIVITY = [
  ['work', 'Work, time of an image'],
  ['traffic', 'Traffic, messages in and out'],
  ['energy', 'Energy'],
] as const;

function map({ chipMap, layers }: Report): Markup {
  const options = (list: readonly (readonly [string, string])[]) =>
    list.map(([value, name]) => html`<option value="${value}">${name}</option>`);
  const { resources, chips, cores } = chipMap;
  return html`<div id="chipmap" class="map">
<p>${plural(cores.chip.length, 'core')} on ${plural(chips.chip.length, 'chip')} of ${chipMap.board.title}. Choose a chip, then a core: with the mouse, or with arrow keys and Enter; Escape goes back.</p>
<div class="controls"><label>Colour by <select id="map-colour"><optgroup label="Mapping">${options(COLOURS)}</optgroup><optgroup label="Fill of a resource">${options(resources.map((r, i) => [`used-${i}`, r.name] as const))}</optgroup><optgroup label="Activity">${options(ACTIVITY)}</optgroup></select></label>
<label>Show layer <select id="map-layer"><option value="">all</option>${layers.map((layer, i) => html`<option value="${i}">${layer.name}</option>`)}</select></label>
<nav id="map-path" class="path" aria-label="Place on the board"></nav></div>
<div class="mapview"><div><div class="stage"><canvas id="map-canvas" aria-hidden="true"></canvas><div id="map-cells" class="cells"></div></div>
<div id="map-legend" class="maplegend"></div></div>
<div id="map-panel" class="panel" tabindex="0" role="region" aria-label="What was chosen on the map"></div></div>
</div>
<noscript><p class="missing">The map is drawn by a script. The manifest lists every core: <code>snnc inspect DIR</code>.</p></noscript>`;
}

const coreTable = ({ chipMap }: Report): Markup =>
  html`<h3>All ${plural(chipMap.cores.chip.length, 'core')}</h3><div id="core-table" class="box tool" data-file="cores"></div>`;
