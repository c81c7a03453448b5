/** report.html in a real Chromium: it opens alone, shows what report.json says, and can be used by mouse, keyboard, phone and screen reader. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { format, resourceName } from '../../report/html/format.ts';
import { renderReport, SECTIONS } from '../../report/html/render.ts';
import type { Report } from '../../report/schema.ts';
import { type Browser, findChromium, NO_BROWSER, startBrowser } from './browser.ts';
import { compileDigits, knowingLittle, onMoreChips } from './reports.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const CHROMIUM = findChromium();
if (CHROMIUM === undefined) console.error(NO_BROWSER);

const folder = mkdtempSync(join(tmpdir(), 'snnc-page-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const textsOf = async (cells: Locator): Promise<string[]> =>
  (await cells.allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim());
const spaced = (text: string): string => text.replace(/\s+/g, ' ');

/** Tries what the policy forbids: a request, a picture, a script, a style. */
const TRESPASS = `(async () => {
  const found = [];
  document.addEventListener('securitypolicyviolation', event => found.push(event.effectiveDirective));
  await fetch('http://127.0.0.1:9/x').catch(() => undefined);
  const add = (tag, set) => {
    const made = document.createElement(tag);
    set(made);
    document.body.append(made);
  };
  add('img', made => made.setAttribute('src', 'http://127.0.0.1:9/x.png'));
  add('script', made => { made.textContent = 'window.wasRun = true'; });
  add('p', made => made.setAttribute('style', 'color: red'));
  await new Promise(resolve => setTimeout(resolve, 50));
  return { found, wasRun: 'wasRun' in window };
})()`;

const FOCUSED = "document.activeElement?.getAttribute('aria-label')";
const BACKGROUND = 'getComputedStyle(document.body).backgroundColor';
const WIDTHS = '[document.documentElement.scrollWidth, innerWidth]';
const OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true";

/** Rows of a table are alike: the first ones speak for all. */
const RUN_AXE = `axe.run({ exclude: [['tbody tr:nth-child(n+12)']] }, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0].html.slice(0, 200), why: nodes[0].failureSummary, count: nodes.length })))`;

describe('the page', { skip: CHROMIUM === undefined ? NO_BROWSER : false }, () => {
  let browser: Browser;
  let report: Report;
  const files: Record<string, string> = {};

  before(async () => {
    report = compileDigits();
    const made = { digits: report, chips: onMoreChips(report, 3), little: knowingLittle(report) };
    for (const [name, each] of Object.entries(made)) {
      files[name] = join(folder, `${name}.html`);
      writeFileSync(files[name], renderReport(each));
    }
    browser = await startBrowser(CHROMIUM!);
  });
  after(() => browser?.close());

  test('57 chips with 6,900 cores stay below 1.5 MB', () => {
    const cores = report.chipMap.cores.chip.length;
    const full = {
      ...onMoreChips(report, 57),
      chipMap: onMoreChips(report, Math.ceil(6867 / cores)).chipMap,
    };
    const bytes = Buffer.byteLength(renderReport(full));
    assert.ok(full.chipMap.cores.chip.length >= 6867 && bytes < 1.5e6, `${bytes} bytes`);
  });

  test('opens from a file without a complaint or a request, whatever is known', async () => {
    for (const file of Object.values(files)) {
      const { page, complaints, requests } = await browser.open(file);
      await page.evaluate('scrollTo(0, document.body.scrollHeight)');
      assert.deepEqual(complaints, []);
      assert.deepEqual(requests, [`file://${file}`]);
      await page.close();
    }
  });

  test('its policy lets nothing in and nothing out', async () => {
    const { page } = await browser.open(files.digits!);
    const refused = await page.evaluate<{ found: string[]; wasRun: boolean }>(TRESPASS);
    assert.equal(refused.wasRun, false);
    for (const directive of ['connect-src', 'img-src', 'script-src-elem', 'style-src-attr'])
      assert.ok(refused.found.includes(directive), `${directive} of ${refused.found}`);
    await page.close();
  });

  test('every section stands there, with the numbers of report.json', async () => {
    const { page } = await browser.open(files.digits!);
    assert.deepEqual(
      await page.locator('main > section').evaluateAll(found => found.map(each => each.id)),
      SECTIONS.map(({ id }) => id),
    );
    const { verdict, layers, tensors, provenance, chipMap, traffic, eq30, time } = report;
    const holds = async (section: string, ...texts: readonly string[]) => {
      const text = spaced(await page.locator(`#${section}`).innerText());
      for (const each of texts) assert.ok(text.includes(spaced(each)), `${section}: ${each}`);
    };
    await holds(
      'verdict',
      report.header.target.title,
      `${format(verdict.cores.used)} of ${format(verdict.cores.available)}`,
    );
    await holds('verdict', format(verdict.binding.fill, '%'), resourceName(verdict.binding.resource));
    await holds('energy', eq30.formula, format(eq30.predicted.paper));
    await holds('energy', ...report.energy.costSets.map(set => format(Object.values(set.parts)[0], 'pJ')));
    await holds('traffic', format(traffic.messages, '#'), format(traffic.hops, '#'));
    await holds('time', format(time.bound.layerwiseSeconds, 's'), format(time.busiest[0]!.seconds, 's'));
    await holds('quality', format(report.quality.gap, '%'), format(report.quality.own.cost, '#'));
    await holds('alternatives', ...report.alternatives.changes.map(change => change.change));
    await holds('provenance', provenance.model.file, ...provenance.notes);
    const rows = (file: string) => page.locator(`[data-file="${file}"] tbody tr`);
    assert.equal(await rows('layers').count(), layers.length);
    assert.equal(await rows('tensors').count(), tensors.length);
    assert.equal(await rows('files').count(), provenance.files.length);
    assert.equal(await rows('rests-on').count(), provenance.restsOn.length);
    assert.deepEqual(
      await textsOf(rows('layers').locator('th')),
      layers.map(layer => layer.name),
    );
    await page.locator('#core-table').scrollIntoViewIfNeeded();
    await page.locator('#core-table tbody tr').first().waitFor();
    assert.equal(await rows('cores').count(), Math.min(50, chipMap.cores.chip.length));
    await page.close();
  });

  const nameOf = (core: number) => `${report.chipMap.cores.chip[core]}:${report.chipMap.cores.number[core]}`;
  const cell = (page: Page, core: number) =>
    page.locator(`#map-cells button[aria-label^="Core ${nameOf(core)}:"]`);

  test('a core is opened by mouse and by keyboard, with its limits', async () => {
    const { page, complaints } = await browser.open(files.digits!);
    const panel = page.locator('#map-panel');
    await cell(page, 3).click();
    assert.equal(await panel.locator('h3').innerText(), `Core ${nameOf(3)}`);
    const text = spaced(await panel.innerText());
    for (const [r, { name, capacity }] of report.chipMap.resources.entries()) {
      const used = report.chipMap.cores.used[r]![3]!;
      assert.ok(text.includes(`${format(used)} of ${format(capacity)}`), name);
    }
    assert.ok(text.includes(`${report.chipMap.cores.tiles[3]} tile`));
    assert.equal(await panel.locator('.binds').count(), 1);
    assert.equal(await cell(page, 3).getAttribute('aria-pressed'), 'true');

    assert.equal(await page.locator('#map-cells button[tabindex="0"]').count(), 1);
    await cell(page, 3).focus();
    const before = await page.evaluate<string>(FOCUSED);
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    assert.equal(await panel.locator('h3').innerText(), `Core ${nameOf(0)}`);
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp', 'End'])
      await page.keyboard.press(key);
    const now = await page.evaluate<string>(FOCUSED);
    assert.ok(now?.startsWith('Core ') && now !== before);
    await page.keyboard.press('Enter');
    assert.ok(now.startsWith(`${await panel.locator('h3').innerText()}:`));
    await page.keyboard.press('Escape');
    assert.equal(await panel.locator('h3').innerText(), 'Chip 0');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('the map goes from board to chip to core and back by keyboard; links lead to cores', async () => {
    const { page } = await browser.open(files.chips!);
    const title = page.locator('#map-panel h3');
    assert.equal(await page.locator('#map-cells button').count(), 3);
    await page.locator('#map-cells button').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.equal(await title.innerText(), 'Chip 1');
    await page.keyboard.press('Enter');
    assert.equal(await title.innerText(), 'Core 1:0');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.equal(await title.count(), 0);
    assert.match(String(await page.evaluate<string>(FOCUSED)), /^Chip 1/);
    await page.locator('#core-table').scrollIntoViewIfNeeded();
    await page.locator('#core-table a', { hasText: '2:4' }).first().click();
    assert.equal(await title.innerText(), 'Core 2:4');
    await page.close();
  });

  test('colours of the map follow the choice, and a layer stands out alone', async () => {
    const { page } = await browser.open(files.digits!);
    const drawn = () => page.locator('#map-canvas').evaluate(canvas => canvas.toDataURL());
    const seen = new Set([await drawn()]);
    const choices = await page.locator('#map-colour option').evaluateAll(found => found.map(o => o.value));
    assert.equal(choices.length, 6 + report.chipMap.resources.length);
    for (const choice of choices.slice(1)) {
      await page.locator('#map-colour').selectOption(choice);
      seen.add(await drawn());
      assert.ok((await page.locator('#map-legend').innerText()).length > 0, choice);
    }
    assert.ok(seen.size >= 6, `${seen.size} different pictures`);
    const all = await drawn();
    await page.locator('#map-layer').selectOption('3');
    assert.notEqual(await drawn(), all);
    await page.close();
  });

  test('tables sort, are searched and saved as CSV', async () => {
    const { page } = await browser.open(files.digits!);
    const box = page.locator('[data-file="layers"]');
    const head = box.locator('th', { hasText: 'Neurons' });
    const first = () => box.locator('tbody tr:not([hidden])').first().locator('th').innerText();
    const neurons = report.layers.map(layer => layer.neurons);
    const byName = (least: boolean) =>
      report.layers
        .filter(layer => layer.neurons === (least ? Math.min(...neurons) : Math.max(...neurons)))
        .map(layer => layer.name);
    await head.getByRole('button', { name: 'Neurons', exact: true }).click();
    assert.equal(await head.getAttribute('aria-sort'), 'descending');
    assert.ok(byName(false).includes(await first()));
    await page.keyboard.press('Enter');
    assert.equal(await head.getAttribute('aria-sort'), 'ascending');
    assert.ok(byName(true).includes(await first()));
    await box.locator('input').fill('fc1');
    const expected = report.layers.filter(layer => layer.name.includes('fc1'));
    assert.equal(await box.locator('tbody tr:not([hidden])').count(), expected.length);
    assert.equal(
      await box.locator('.count').innerText(),
      `${expected.length} of ${report.layers.length} rows`,
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      box.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'vit-digits-layers.csv');
    const lines = readFileSync(await download.path(), 'utf8')
      .replace('\ufeff', '')
      .trim()
      .split('\r\n');
    assert.equal(lines.length, 1 + expected.length);
    const column = lines[0]!.split(',').indexOf('Neurons');
    const saved = lines.slice(1).map(line => Number(line.split(',')[column]));
    assert.deepEqual(
      saved.toSorted((a, b) => a - b),
      expected.map(l => l.neurons).toSorted((a, b) => a - b),
    );
    await page.close();
  });

  test('the table of cores sorts by numbers in full and turns its pages', async () => {
    const { page } = await browser.open(files.chips!);
    const table = page.locator('#core-table');
    await table.scrollIntoViewIfNeeded();
    const rows = table.locator('tbody tr');
    await rows.first().waitFor();
    const { synops } = onMoreChips(report, 3).chipMap.cores;
    await table.getByRole('button', { name: 'Synops', exact: true }).click();
    const heads = await textsOf(table.locator('thead .h'));
    const shown = rows
      .first()
      .locator('td')
      .nth(heads.indexOf('Synops') - 1);
    assert.equal(spaced(await shown.innerText()), spaced(format(Math.max(...synops), '#')));
    await table.locator('input').fill('1:');
    assert.match(await table.locator('.count').innerText(), /found, 39 in all$/);
    await page.close();
  });

  test('a number says where it comes from: by tap, by focus, by mouse', async () => {
    const { page } = await browser.open(files.digits!);
    const pop = page.locator('#why');
    const number = page.locator('#verdict dl button.n').first();
    const figure = report.figures.find(f => f.paths.includes('verdict.cores.used'))!;
    await number.click();
    await pop.waitFor({ state: 'visible' });
    const text = spaced(await pop.innerText());
    for (const part of [figure.says, figure.formula, figure.source, figure.status])
      assert.ok(text.includes(spaced(part)), part);
    assert.equal(await number.getAttribute('aria-describedby'), 'why');
    await page.keyboard.press('Escape');
    assert.equal(await pop.isVisible(), false);
    await page.keyboard.press('Tab');
    await pop.waitFor({ state: 'visible' });
    await page.keyboard.press('Escape');
    await page.locator('#energy button.n').first().hover();
    await pop.waitFor({ state: 'visible' });
    await page.mouse.move(2, 2);
    await pop.waitFor({ state: 'hidden' });
    await page.close();
  });

  test('estimates are marked apart from counts', async () => {
    const { page } = await browser.open(files.digits!);
    const marks = await page
      .locator('button.n')
      .evaluateAll(found =>
        found.map(each => [Number(each.dataset.f), each.classList.contains('est')] as const),
      );
    const status = (f: number) => report.figures[f]!.status;
    const wrong = marks.filter(([f, isMarked]) => isMarked && !['estimated', 'assumed'].includes(status(f)));
    assert.deepEqual(wrong, []);
    assert.ok(marks.some(([, isMarked]) => isMarked) && marks.some(([, isMarked]) => !isMarked));
    await page.close();
  });

  test('nothing runs over the edge, on a phone or a desk, in light and dark', async () => {
    const colours = new Set<string>();
    for (const file of Object.values(files)) {
      const { page, complaints } = await browser.open(file);
      await page.evaluate(OPEN_ALL);
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        for (const width of [390, 768, 1280]) {
          await page.setViewportSize({ width, height: 844 });
          const [scrolled, inner] = await page.evaluate<number[]>(WIDTHS);
          assert.ok(scrolled! <= inner!, `${scheme} ${width}: ${scrolled} px`);
        }
        colours.add(await page.evaluate<string>(BACKGROUND));
      }
      assert.deepEqual(complaints, []);
      await page.close();
    }
    assert.equal(colours.size, 2);
  });

  test('the reader chooses the colours', async () => {
    const { page } = await browser.open(files.digits!, { scheme: 'light' });
    const look = () => page.evaluate<string>(BACKGROUND);
    const light = await look();
    await page.locator('#theme').selectOption('dark');
    assert.notEqual(await look(), light);
    await page.locator('#theme').selectOption('');
    assert.equal(await look(), light);
    await page.close();
  });

  test('axe finds nothing serious', async () => {
    for (const [file, scheme] of [
      [files.digits!, 'light'],
      [files.chips!, 'dark'],
    ] as const) {
      const { page } = await browser.open(file, { scheme });
      // What is folded is looked at once.
      if (file === files.digits) await page.evaluate(OPEN_ALL);
      await page.locator('#core-table').scrollIntoViewIfNeeded();
      await page.locator('#core-table tbody tr').first().waitFor();
      await page.evaluate(AXE);
      const found = await page.evaluate<{ impact: string }[]>(RUN_AXE);
      assert.deepEqual(
        found.filter(({ impact }) => impact === 'serious' || impact === 'critical'),
        [],
      );
      await page.close();
    }
  });

  test('on paper everything is open and nothing is left to press', async () => {
    const { page } = await browser.open(files.digits!);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    assert.equal(await page.locator('details:not([open])').count(), 0);
    assert.equal(await page.locator('.toc').isVisible(), false);
    assert.equal(await page.locator('.tools').first().isVisible(), false);
    assert.equal(await page.locator('#core-table tbody tr').count(), report.chipMap.cores.chip.length);
    await page.close();
  });
});
