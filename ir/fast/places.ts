/** Where a network of stage `int` lies in the memory of its kernels. */
import type { ConstId } from '../constants.ts';
import type { ValueId } from '../dialect.ts';
import type { IntGraph } from '../int.ts';
import type { IntMemory } from '../interpret/int.ts';
import { expandMap, type StridedMap } from '../map.ts';
import { type Arena, aligned, type ProductKernels } from './arena.ts';
import { packPanels, panelBytes, type WeightPanels } from './panels.ts';

/** Places of what a population sent in this step, and in all. */
export interface SlotPlaces {
  readonly size: number;
  /** 32 bits each, in which the interpreter and observers read them. */
  readonly values: number;
  readonly terms: number;
  readonly sums: number;
  /** 16 bits each, where it is a population of integers that sends spikes; `values` is then written on demand. */
  readonly shorts: number | undefined;
}

/** Of a neuron. */
export const SLOT_BYTES = 11;

export interface IntPlaces {
  current(id: ValueId, size: number): number;
  slot(id: ValueId, size: number): SlotPlaces;
  /** Before anybody asks for its slot: what this population sends has 16 bits. */
  sendShorts(id: ValueId): void;
  /** Somebody reads what it sends as numbers of 32 bits. */
  readValues(id: ValueId): void;
  areValuesRead(id: ValueId): boolean;
  /** Of a map, 32 bits each, once however many share it; 0: elements in their order. */
  indices(map: StridedMap | undefined): number;
  /** Once however many share them; undefined where they need more than 8 bits or there is no room left for weights. */
  weights(id: ConstId): WeightPanels | undefined;
  /** Views of all places; nothing may be placed afterwards. */
  memory(): IntMemory;
}

export function createPlaces(graph: IntGraph, arena: Arena<ProductKernels>): IntPlaces {
  const currents = new Map<ValueId, { readonly at: number; readonly size: number }>();
  const slots = new Map<ValueId, SlotPlaces>();
  const short = new Set<ValueId>();
  const read = new Set<ValueId>();
  // Kernels write eight at a time.
  const reserve = (size: number, bytes: number) => arena.reserve(aligned(Math.ceil(size / 8) * 8 * bytes));
  return {
    current(id, size) {
      const at = currents.get(id)?.at ?? reserve(size, 8);
      currents.set(id, { at, size });
      return at;
    },
    slot(id, size) {
      const slot = slots.get(id) ?? {
        size,
        values: reserve(size, 4),
        terms: reserve(size, 1),
        sums: reserve(size, 4),
        shorts: short.has(id) ? reserve(size, 2) : undefined,
      };
      slots.set(id, slot);
      return slot;
    },
    sendShorts: id => void short.add(id),
    readValues: id => void read.add(id),
    areValuesRead: id => read.has(id),
    indices: placeMaps(arena),
    weights: placeWeights(graph, arena),
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

function placeMaps(arena: Arena<ProductKernels>): IntPlaces['indices'] {
  const placed = new Map<string, number>();
  return map => {
    if (map === undefined) return 0;
    const key = JSON.stringify(map);
    const at = placed.get(key) ?? arena.reserve(map.length * 4);
    if (!placed.has(key)) arena.views().i32.set(expandMap(map), at / 4);
    placed.set(key, at);
    return at;
  };
}

function placeWeights({ constants }: IntGraph, arena: Arena<ProductKernels>): IntPlaces['weights'] {
  const placed = new Map<ConstId, WeightPanels | undefined>();
  return id => {
    if (placed.has(id)) return placed.get(id);
    const { shape, data } = constants.get(id);
    const [inner, columns] = shape as [number, number];
    const panels = arena.canKeep(panelBytes(inner, columns))
      ? packPanels(arena, [inner, columns], data)
      : undefined;
    placed.set(id, panels);
    return panels;
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
