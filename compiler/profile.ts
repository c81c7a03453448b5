/**
 * How every kind of site fires. The default profile needs no search: half of the error of a converted network
 * sits at embedding, softmax and head, which cost nothing; the energy sits at qkv, fc1 and fc2.
 *
 * Source  design 3 §4, measured on four models
 */
import { SITE_KINDS, type SiteKind } from './sites.ts';

/** θ is the power of two nearest to p99 / 2^shift; up to `terms` powers of two a step; silent below band · θ. */
export interface SiteSetting {
  readonly shift: number;
  readonly terms: number;
  readonly band: number;
}
export type Profile = Readonly<Record<SiteKind, SiteSetting>>;

const BAND = 0.75;

export function defaultProfile(shift: number, terms = 3): Profile {
  const fine = Math.max(6, shift + 2);
  const special: Partial<Record<SiteKind, Partial<SiteSetting>>> = {
    embedding: { shift: fine },
    q: { shift: shift + 1 },
    k: { shift: shift + 1 },
    v: { shift: shift + 1 },
    softmax: { shift: shift + 3, band: 0.5 },
    head: { shift: fine, band: 0.5 },
    gain: { shift: fine, band: 0.5 },
    gate: { shift: shift + 1, band: 0.5 },
  };
  const setting = (kind: SiteKind) => [kind, { shift, terms, band: BAND, ...special[kind] }] as const;
  return Object.fromEntries(SITE_KINDS.map(setting)) as Record<SiteKind, SiteSetting>;
}

/** The same shift everywhere, edges half way between powers: the prototype's plain setting. */
export function uniformProfile(shift: number, terms: number): Profile {
  const setting = (kind: SiteKind) => [kind, { shift, terms, band: 0.5 }] as const;
  return Object.fromEntries(SITE_KINDS.map(setting)) as Record<SiteKind, SiteSetting>;
}
