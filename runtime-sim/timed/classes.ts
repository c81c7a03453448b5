/**
 * Neurons of a sender that send alike: the same messages to the same cores, at the same cost. A sender has few such
 * classes, whatever its size, so that what a neuron sends is looked up, not kept.
 */
import { expandMap, HOLE, hasHoles, type StridedMap } from '../../ir/map.ts';

export interface Classes {
  /** Class of each neuron; undefined: all are of class 0. */
  readonly of: Int32Array | undefined;
  /** A neuron of each class. */
  readonly examples: readonly number[];
}

export const ONE_CLASS: Classes = { of: undefined, examples: [0] };

/** What a property of neurons says of each of them; undefined: the same of all. */
export type Property = ArrayLike<number> | undefined;

/** Splits classes whose neurons differ in a property. Cost: linear in neurons where they may differ. */
export function refine(classes: Classes, property: Property): Classes {
  if (property === undefined) return classes;
  const of = new Int32Array(property.length);
  const known = new Map<string, number>();
  const examples: number[] = [];
  let [lastClass, lastValue, last] = [-1, Number.NaN, -1];
  for (let i = 0; i < property.length; i++) {
    const before = classes.of?.[i] ?? 0;
    const value = property[i]!;
    if (before !== lastClass || value !== lastValue) {
      const key = `${before} ${value}`;
      last = known.get(key) ?? examples.push(i) - 1;
      known.set(key, last);
      [lastClass, lastValue] = [before, value];
    }
    of[i] = last;
  }
  return examples.length === classes.examples.length ? classes : { of, examples };
}

/** Properties of maps that stand in tables again and again: found once for each content. */
export interface MapProperties {
  /** 1 for each neuron that the map leads somewhere. */
  reaches(map: StridedMap): Property;
  /** 1 for each of `size` neurons that stands in the map. */
  contains(map: StridedMap, size: number): Property;
}

export function createMapProperties(): MapProperties {
  const known = new Map<string, Property>();
  const once = (key: string, find: () => Property): Property => {
    if (!known.has(key)) known.set(key, find());
    return known.get(key);
  };
  return {
    reaches(map) {
      if (!hasHoles(map)) return undefined;
      return once(`reaches ${JSON.stringify(map.segments)}`, () =>
        Uint8Array.from(expandMap(map), position => (position === HOLE ? 0 : 1)),
      );
    },
    contains(map, size) {
      return once(`contains ${size} ${JSON.stringify(map.segments)}`, () => {
        const property = new Uint8Array(size);
        for (const neuron of expandMap(map)) if (neuron !== HOLE) property[neuron] = 1;
        return property.every(x => x === 1) ? undefined : property;
      });
    },
  };
}
