/** Where a network of stage `int` lies in the memory of its kernels. */
import type { ConstId } from '../constants.ts';
import type { ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import type { IntMemory } from '../interpret/int.ts';
import type { Arena } from './arena.ts';

/** Places of what a population sent in this step, and in all. */
export interface SlotPlaces {
  readonly values: number;
  readonly terms: number;
  readonly sums: number;
}

export interface IntPlaces {
  current(id: ValueId, size: number): number;
  slot(id: ValueId, size: number): SlotPlaces;
  /** Views of all places; nothing may be placed afterwards. */
  memory(): IntMemory;
}

export function createPlaces(arena: Arena): IntPlaces {
  const currents = new Map<ValueId, { readonly at: number; readonly size: number }>();
  const slots = new Map<ValueId, SlotPlaces & { readonly size: number }>();
  return {
    current(id, size) {
      const at = currents.get(id)?.at ?? arena.reserve(size * 8);
      currents.set(id, { at, size });
      return at;
    },
    slot(id, size) {
      const reserve = (bytes: number) => arena.reserve(size * bytes);
      const slot = { values: reserve(4), terms: reserve(1), sums: reserve(4), size };
      slots.set(id, slot);
      return slot;
    },
    memory() {
      const { f64, i32, u8 } = arena.views();
      const currentViews = [...currents].map(
        ([id, { at, size }]) => [id, f64.subarray(at / 8, at / 8 + size)] as const,
      );
      const slotViews = [...slots].map(([id, { values, terms, sums, size }]) => {
        const view = {
          values: i32.subarray(values / 4, values / 4 + size),
          terms: u8.subarray(terms, terms + size),
          sums: i32.subarray(sums / 4, sums / 4 + size),
        };
        return [id, view] as const;
      });
      return { currents: new Map(currentViews), slots: new Map(slotViews), outputs: new Map() };
    },
  };
}

/** A table of the network as the kernels read it. */
export function placeIntegers(id: ConstId, { constants }: IntGraph, arena: Arena): number {
  const { data } = constants.get(id);
  const at = arena.reserve(data.length * 4);
  arena.views().i32.set(data, at / 4);
  return at;
}

/** 0: there are none. */
export function placeReals(numbers: ArrayLike<number> | undefined, arena: Arena): number {
  if (numbers === undefined) return 0;
  const at = arena.reserve(numbers.length * 8);
  arena.views().f64.set(numbers, at / 8);
  return at;
}
