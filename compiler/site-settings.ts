/** How each site fires, one by one: what a search finds, and what a file of thresholds says. */
import { z } from 'zod';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/dialect.ts';
import type { Profile, SiteSetting } from './profile.ts';
import { SITE_KINDS, type Sites } from './sites.ts';

export type SiteSettings = ReadonlyMap<ValueId, SiteSetting>;

/** A profile says how kinds of sites fire. */
export const settingsOfProfile = (sites: Sites, profile: Profile): SiteSettings =>
  new Map([...sites].map(([site, kind]) => [site, profile[kind]]));

const row = z.object({
  site: z.string(),
  kind: z.enum(SITE_KINDS),
  shift: z.int().min(-8).max(16),
  terms: z.int().min(1).max(4),
  band: z.number().min(0.25).max(4).multipleOf(0.25),
});
/** A manifest is such a file too. */
const file = z.object({ settings: z.array(row) });
export type SettingsRow = z.infer<typeof row>;

/** In the order of the network. */
export const settingsRows = (settings: SiteSettings, sites: Sites): readonly SettingsRow[] =>
  [...sites].map(([site, kind]) => {
    const { shift, terms, band } = settings.get(site)!;
    return { site, kind, shift, terms, band };
  });

export const printSettings = (rows: readonly SettingsRow[]): string =>
  `${JSON.stringify({ schema: 'snnc-thresholds', schemaVersion: 0, settings: rows }, null, 2)}\n`;

/** Errors: E0340 no such file · E0341 the settings of other sites. */
export function parseSettings(text: string, path: string, sites: Sites): SiteSettings {
  const rows = parseRows(text, path);
  const known = new Map(rows.map(({ site, shift, terms, band }) => [site, { shift, terms, band }]));
  const missing = [...sites.keys()].filter(site => !known.has(site));
  const other = rows.filter(({ site }) => !sites.has(site as ValueId));
  if (missing.length > 0 || other.length > 0) {
    const first = missing[0] ?? other[0]!.site;
    const facts = { path, missing: missing.length, other: other.length, first };
    return fail('E0341', { origin: path, pass: 'thresholds' }, facts);
  }
  return new Map([...sites.keys()].map(site => [site, known.get(site)!]));
}

function parseRows(text: string, path: string): readonly SettingsRow[] {
  const at = { origin: path, pass: 'thresholds' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail('E0340', at, { path, reason: error instanceof Error ? error.message : 'not JSON' });
  }
  const result = file.safeParse(value);
  if (result.success) return result.data.settings;
  const issue = result.error.issues[0]!;
  return fail('E0340', at, { path, reason: `${issue.path.join('.') || '(top)'}: ${issue.message}` });
}
