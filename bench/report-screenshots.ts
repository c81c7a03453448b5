/**
 * Pictures of the report page, and how long it takes to be seen: `-- report-screenshots DIGITS LARGE --save docs/images`,
 * two deployment folders. Needs a Chromium, which tests look for too.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { renderReport } from '../report/html/render.ts';
import { reportSchema } from '../report/schema.ts';
import { type Browser, findChromium, type Look, startBrowser } from '../test/report/browser.ts';
import type { Measure, MeasureOptions } from './measure.ts';

/** What a page of this size may take until something is seen. */
const PAINT_MS = 1000;
const MOST_BYTES = 250e3;

interface Shot extends Look {
  readonly name: string;
  /** Of the two deployments. */
  readonly of: 0 | 1;
  readonly section: string;
  readonly before?: (page: Page) => Promise<void>;
}

const openCore = async (page: Page): Promise<void> => {
  const cells = page.locator('#map-cells button');
  if (!(await cells.first().getAttribute('aria-label'))?.startsWith('Core')) await cells.first().click();
  await cells.nth(20).or(cells.last()).first().click();
};

const SHOTS: readonly Shot[] = [
  { name: 'report-digits', of: 0, section: 'verdict', height: 1000 },
  { name: 'report-digits-accuracy', of: 0, section: 'accuracy', height: 900 },
  { name: 'report-vit-s-dark', of: 1, section: 'verdict', scheme: 'dark', height: 1000 },
  { name: 'report-vit-s-map', of: 1, section: 'map', height: 900, before: openCore },
  {
    name: 'report-vit-s-board',
    of: 1,
    section: 'map',
    scheme: 'dark',
    height: 560,
    before: async page => {
      await page.locator('#map-colour').selectOption('traffic');
    },
  },
  { name: 'report-vit-s-traffic', of: 1, section: 'traffic', scheme: 'dark', height: 900 },
  { name: 'report-digits-phone', of: 0, section: 'verdict', width: 390, height: 844, scheme: 'dark' },
];

async function take(browser: Browser, file: string, shot: Shot, save: string): Promise<number> {
  const { page } = await browser.open(file, shot);
  await page.locator(`#${shot.section}`).evaluate(section => section.scrollIntoView({ behavior: 'instant' }));
  await shot.before?.(page);
  if (shot.section === 'verdict') await page.evaluate('scrollTo({ top: 0, behavior: "instant" })');
  else
    await page
      .locator(`#${shot.section}`)
      .evaluate(section => section.scrollIntoView({ behavior: 'instant' }));
  await page.mouse.move(1, 1);
  await page.waitForTimeout(400);
  const path = join(save, `${shot.name}.png`);
  await page.screenshot({ path });
  await page.close();
  const { size } = statSync(path);
  console.log(`${path}  ${(size / 1e3).toFixed(0)} kB${size > MOST_BYTES ? '  TOO LARGE' : ''}`);
  return size;
}

/** First paint in ms: the least of several openings. */
async function firstPaint(browser: Browser, file: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const { page } = await browser.open(file);
    const paint = await page.evaluate<number>(
      "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity",
    );
    least = Math.min(least, paint);
    await page.close();
  }
  return least;
}

export async function takeScreenshots({ rest = [], save = 'docs/images' }: MeasureOptions): Promise<Measure> {
  const executable = findChromium();
  if (executable === undefined || rest.length === 0)
    return fail(
      'E0001',
      { origin: 'report-screenshots' },
      { problem: 'it takes deployment folders, and a Chromium (SNNC_CHROMIUM)' },
    );
  mkdirSync(save, { recursive: true });
  const files = rest.map((folder, i) => {
    const page = renderReport(
      reportSchema.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))),
    );
    const file = join(tmpdir(), `snnc-screenshot-${process.pid}-${i}.html`);
    writeFileSync(file, page);
    return { folder, file, bytes: Buffer.byteLength(page) };
  });
  const browser = await startBrowser(executable);
  try {
    let slowest = 0;
    for (const { folder, file, bytes } of files) {
      const paint = await firstPaint(browser, file);
      slowest = Math.max(slowest, paint);
      console.log(`${folder}: ${(bytes / 1e6).toFixed(2)} MB, first paint after ${paint.toFixed(0)} ms`);
    }
    for (const shot of SHOTS) {
      const file = files[shot.of]?.file;
      if (file !== undefined) await take(browser, file, shot, save);
    }
    return { value: slowest, unit: 'ms', anchor: 'first paint within a second', ratio: PAINT_MS / slowest };
  } finally {
    await browser.close();
  }
}
