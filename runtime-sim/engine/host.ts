/** The host as a sender: the image in its integers. */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import { expandMap, HOLE } from '../../ir/map.ts';
import { hostValue } from '../messages.ts';
import type { Slot } from './memory.ts';
import type { Wiring } from './wiring.ts';

export interface Host {
  readonly slot: Slot;
  /** Takes an image, or silence, and says how large its largest value is. */
  take(image: Float64Array | undefined): number;
}

export function createHost({ input }: Wiring, arena: EngineArena): Host {
  const { size, fraction } = input;
  const slot = { values: arena.reserve(size * 4), isShort: false, terms: arena.reserve(size), sums: 0 };
  const steps = input.steps === undefined ? undefined : expandMap(input.steps);
  return {
    slot,
    take(image) {
      const { i32, u8 } = arena.views();
      const first = slot.values / 4;
      for (let i = 0; i < size; i++) {
        const isSent = image !== undefined && steps?.[i] !== HOLE;
        i32[first + i] = isSent ? hostValue(image[i]!, fraction) : 0;
        u8[slot.terms + i] = i32[first + i] === 0 ? 0 : 1;
      }
      return arena.kernels.largest(slot.values, size) >>> 0;
    },
  };
}
