/** Files of thresholds that a user names. */
import { writeFileSync } from 'node:fs';
import { parseSettings, type SiteSettings } from '../compiler/site-settings.ts';
import type { Sites } from '../compiler/sites.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { readBytes } from './data.ts';

/** Errors: E0101, E0340, E0341. */
export const readThresholds = (path: string, sites: Sites): SiteSettings =>
  parseSettings(new TextDecoder().decode(readBytes(path)), path, sites);

/** Errors: E0625 the disk refuses. */
export function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(',')[0]! : 'unknown';
    fail('E0625', { origin: path }, { path, reason });
  }
}
