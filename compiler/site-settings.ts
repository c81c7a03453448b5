/** How each site fires, one by one: what a search finds, and what a file of settings says. */
import type { ValueId } from '../ir/dialect.ts';
import type { Profile, SiteSetting } from './profile.ts';
import type { Sites } from './sites.ts';

export type SiteSettings = ReadonlyMap<ValueId, SiteSetting>;

/** A profile says how kinds of sites fire. */
export const settingsOfProfile = (sites: Sites, profile: Profile): SiteSettings =>
  new Map([...sites].map(([site, kind]) => [site, profile[kind]]));
