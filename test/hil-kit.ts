/** Small networks for tests of hardware in the loop: cut over many cores, in every mode. */
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { randomAnn } from '../ir/random/ann.ts';
import type { Coding } from '../ir/snn.ts';
import { cramped, descend, mapTo, randomImages } from './kit.ts';

export interface Small {
  readonly programs: readonly ChipProgram[];
  readonly images: readonly Float64Array[];
}

export async function deploySmall(
  mode: Mode,
  coding: Coding = 'sum',
  steps = 1,
  { seed = 3, count = 3, graph = randomAnn(seed) }: { seed?: number; count?: number; graph?: AnnGraph } = {},
): Promise<Small> {
  const images = randomImages(graph, count, seed);
  const { int } = descend(graph, images, { coding, steps, shift: 5, terms: 3 });
  const target = cramped(await loadTarget('loihi2'), 60, 600);
  return { programs: mapTo(int, target, { mode }), images };
}
