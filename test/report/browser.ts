/** A real Chromium for tests: found, started without network, one for a file of tests. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

/** SNNC_CHROMIUM, or the first of its names on the path. */
export function findChromium(): string | undefined {
  const named = process.env.SNNC_CHROMIUM;
  if (named !== undefined) return existsSync(named) ? named : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.flatMap(folder => NAMES.map(name => join(folder, name))).find(path => existsSync(path));
}

export const NO_BROWSER =
  'NO CHROMIUM FOUND: the report page was not tested in a browser. Install one, or name it in SNNC_CHROMIUM.';

const QUIET = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** A page that does not come has a fault: a machine may be slow, but not that slow. */
const PATIENCE_MS = 20_000;

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

/** A page, and all that it complained of or asked for. */
export interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

export interface Browser {
  readonly open: (file: string, look?: Look) => Promise<Opened>;
  readonly close: () => Promise<void>;
}

export async function startBrowser(executablePath: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'snnc-chromium-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: QUIET,
    acceptDownloads: true,
  });
  return {
    open: async (file, { width = 1280, height = 900, scheme = 'light' } = {}) => {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      const [complaints, requests] = [[] as string[], [] as string[]];
      page.on('console', message => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', error => complaints.push(error.message));
      page.on('request', request => requests.push(request.url()));
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`file://${file}`);
      await page.locator('html[data-ready]').waitFor();
      return { page, complaints, requests };
    },
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
