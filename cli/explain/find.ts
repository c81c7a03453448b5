/** What a name given to `snnc explain` means: a code, or a population, a core or a limit of a folder. */
import type { Resource } from '../../backends/accounting.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { Mapping } from './mapping.ts';

export type Thing =
  | { readonly kind: 'population'; readonly number: number }
  | { readonly kind: 'core'; readonly number: number }
  | { readonly kind: 'limit'; readonly resource: Resource };

const KINDS = ['population', 'core', 'limit'] as const;
type Kind = (typeof KINDS)[number];

/** `words`: a name, or a kind and a name. Errors: E0002, E0003 */
export function findThing(mapping: Mapping, words: readonly string[]): Thing {
  const kind = KINDS.find(known => words.length > 1 && known === words[0]);
  const name = (kind === undefined ? words : words.slice(1)).join(' ');
  const kinds: readonly Kind[] = kind === undefined ? ['core', 'limit', 'population'] : [kind];
  for (const each of kinds) {
    const found = FINDERS[each](mapping, name);
    if (found !== undefined) return found;
  }
  const { dir } = mapping;
  return fail('E0002', { origin: dir }, { folder: dir, name }, suggestion(mapping, name));
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

const FINDERS: { readonly [K in Kind]: (mapping: Mapping, name: string) => Thing | undefined } = {
  core({ coreNames }, name) {
    const number = coreNames.indexOf(name);
    return number < 0 ? undefined : { kind: 'core', number };
  },
  limit({ resources }, name) {
    const resource = resources.find(known => plain(known) === plain(name));
    return resource && { kind: 'limit', resource };
  },
  population(mapping, name) {
    const { manifest, tiling, dir } = mapping;
    const numbers = new Map(tiling.populations.map((p, i) => [p.id.slice(1), i]));
    // Populations that fan-in splits made stand in the manifest too.
    const own = manifest.populations.filter(p => numbers.has(p.name));
    const exact = own.filter(p => p.name === name || p.name === name.replace(/^%/, ''));
    const byOrigin = own.filter(p => p.origin === name || p.origin === `/${name}`);
    const part = own.filter(p => plain(name) !== '' && plain(p.name).includes(plain(name)));
    const found = [exact, byOrigin, part].find(list => list.length > 0);
    if (found === undefined) return undefined;
    if (found.length === 1) return { kind: 'population', number: numbers.get(found[0]!.name)! };
    const known = found.slice(0, MOST_NAMED).map(p => p.name);
    const list = `${known.join(', ')}${found.length > MOST_NAMED ? ', …' : ''}`;
    return fail('E0003', { origin: dir }, { name, count: found.length, folder: dir, known: list });
  },
};

const MOST_NAMED = 8;

/** Names that are nearest by letters. */
function suggestion({ manifest, coreNames, resources, dir }: Mapping, name: string): string {
  if (/^\d+:\d+$/.test(name)) return `Cores are ${coreNames[0]} to ${coreNames.at(-1)}.`;
  const names = [...manifest.populations.map(p => p.name), ...resources];
  const near = names.toSorted((a, b) => distance(plain(a), plain(name)) - distance(plain(b), plain(name)));
  return `Nearest: ${near.slice(0, 3).join(', ')}; \`snnc explain ${dir}\` lists all.`;
}

/** Levenshtein's. Cost: the product of both lengths */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
