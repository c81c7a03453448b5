/**
 * Where every number of a report comes from: formula, unit, constants, source and status, by the places where it stands.
 * A test holds that each number has exactly one entry.
 */
import { allFigures } from '../backends/rests-on.ts';
import type { Facts } from './facts.ts';
import { ANSWER_FIGURES } from './figures/answers.ts';
import { MAPPING_FIGURES } from './figures/mapping.ts';
import { MOTION_FIGURES } from './figures/motion.ts';
import type { FigureEntry } from './schema.ts';

type Status = FigureEntry['status'];

/** What decides how well a number is known. */
export interface Known {
  /** Events of an image: counted in a simulation, or expected from rates. */
  readonly events: Status;
  /** Steps of the chip: simulated event by event, or bound. */
  readonly time: Status;
}

export interface FigureRow {
  readonly paths: readonly string[];
  readonly says: string;
  readonly formula: string;
  readonly unit: string;
  readonly status: Status | keyof Known;
  /** `costs`: all of energy.constants; else how names of provenance.constants begin. */
  readonly constants?: readonly string[];
  readonly source: string;
}

const COSTS = 'costs';
const ROWS: readonly FigureRow[] = [...ANSWER_FIGURES, ...MAPPING_FIGURES, ...MOTION_FIGURES];

export function figuresOf({
  ran,
  timed,
  target,
}: Pick<Facts, 'ran' | 'timed' | 'target'>): readonly FigureEntry[] {
  const names = allFigures(target).map(({ name }) => name);
  const costs = new Set(target.costSets.flatMap(set => Object.keys(set.costs)));
  const named = (prefix: string) =>
    prefix === COSTS ? [...costs] : names.filter(name => name.startsWith(prefix));
  const known: Known = {
    events: ran.images > 0 ? 'simulated' : 'estimated',
    time: timed === undefined ? 'estimated' : 'simulated',
  };
  return ROWS.map(({ paths, says, formula, unit, status, constants = [], source }) => ({
    paths: [...paths],
    ...{ says, formula, unit },
    status: status === 'events' || status === 'time' ? known[status] : status,
    constants: constants.flatMap(named),
    source,
  }));
}

/** Keys that a pattern and a place have in common; `*` stands for any one key. */
export function isAt(pattern: string, place: readonly string[]): boolean {
  const keys = pattern.split('.');
  return keys.length === place.length && keys.every((key, i) => key === '*' || key === place[i]);
}

/** Every place at which numbers stand: keys from the top, places in lists left out. */
export function numberPlaces(
  value: unknown,
  at: readonly string[] = [],
): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, readonly string[]>();
  const visit = (item: unknown, keys: readonly string[]): void => {
    if (typeof item === 'number') places.set(keys.join('\u0000'), keys);
    else if (Array.isArray(item)) for (const each of item) visit(each, keys);
    else if (item !== null && typeof item === 'object')
      for (const [key, each] of Object.entries(item)) visit(each, [...keys, key]);
  };
  visit(value, at);
  return places;
}
