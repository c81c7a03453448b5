/** Puts together what the stacks of a population sent, and shows it when the last of them has. */
import type { EngineArena } from '../../ir/fast/operand-kernels.ts';
import type { MachineObserver, PopulationEmission } from '../chip.ts';
import type { Layout, Stack } from './layout.ts';
import type { Slot } from './memory.ts';
import type { Wiring } from './wiring.ts';

export interface Watch {
  clear(): void;
  show(stack: number, slot: Slot, t: number, observe: MachineObserver): void;
}

export function createWatch({ header, tiles }: Wiring, { stacks }: Layout, arena: EngineArena): Watch {
  const tilesOf = new Map<number, number>();
  for (const { program } of tiles)
    tilesOf.set(program.population, (tilesOf.get(program.population) ?? 0) + 1);
  const open = new Map<string, { readonly emission: PopulationEmission; left: number }>();
  return {
    clear: () => open.clear(),
    show(number, slot, t, observe) {
      const stack = stacks[number]!;
      const { population } = stack.program;
      const { shape } = header.populations[population]!;
      const key = `${t} ${population}`;
      const entry = open.get(key) ?? { emission: emptyEmission(shape), left: tilesOf.get(population)! };
      open.set(key, entry);
      copyEmission(stack, shape, slot, arena, entry.emission);
      entry.left -= stack.tiles.length;
      if (entry.left > 0) return;
      open.delete(key);
      observe(t, population, entry.emission);
    },
  };
}

function emptyEmission(shape: readonly number[]): PopulationEmission {
  const size = shape.reduce((a, b) => a * b, 1);
  return { values: new Int32Array(size), terms: new Uint8Array(size), sums: new Int32Array(size) };
}

function copyEmission(
  { tiles, bases }: Stack,
  shape: readonly number[],
  slot: Slot,
  arena: EngineArena,
  { values, terms, sums }: PopulationEmission,
): void {
  const { i32, i16, u8 } = arena.views();
  const [list, first] = slot.isShort ? [i16, slot.values / 2] : [i32, slot.values / 4];
  const [, allRows, allChannels] = shape as [number, number, number];
  tiles.forEach(({ program: { box }, shape: [groups, rows, channels] }, k) => {
    // Rows that follow each other in the population too are copied at once.
    const isWhole = channels === allChannels;
    const [many, length] = isWhole ? [1, rows * channels] : [rows, channels];
    for (let g = 0; g < groups; g++) {
      for (let r = 0; r < many; r++) {
        const from = bases[k]! + g * rows * channels + r * channels;
        const to = ((box.group[0] + g) * allRows + box.row[0] + r) * allChannels + box.channel[0];
        values.set(list.subarray(first + from, first + from + length), to);
        terms.set(u8.subarray(slot.terms + from, slot.terms + from + length), to);
        sums.set(i32.subarray(slot.sums / 4 + from, slot.sums / 4 + from + length), to);
      }
    }
  });
}
