/**
 * Stage `int`, fast: bit for bit what interpret/int.ts says. Populations run in integers of 32 bits, and gather their projections
 * themselves, where bounds prove that nothing is lost; in doubles on kernels, or as the interpreter runs them, elsewhere.
 */
import type { IntGraph, IntProjection } from '../int.ts';
import { createIntRunner, createProbedRunner, type IntProbe, type IntRunner } from '../interpret/int.ts';
import { createArena, hasAllKernels } from './arena.ts';
import { gatherIntegers } from './integer-gather.ts';
import { createPlaces } from './places.ts';
import { prepareFastPopulation } from './population.ts';
import { prepareWordPopulations, type WordPopulations } from './word-population.ts';

const NONE: WordPopulations = { steps: new Map(), gathered: new Set() };

/** Packs weights and expands maps once, then runs any number of images. */
export function createFastIntRunner(graph: IntGraph): IntRunner {
  const arena = createArena();
  const places = createPlaces(graph, arena);
  const gather = (node: IntProjection) => gatherIntegers(node, graph, arena, places);
  const words = hasAllKernels(arena) ? prepareWordPopulations(graph, arena, places, gather) : NONE;
  return createIntRunner(graph, {
    projection(node) {
      if (words.gathered.has(node.id)) return () => {};
      for (const id of node.operands) places.readValues(id);
      return gather(node);
    },
    population: (node, _, counter) =>
      words.steps.get(node.id)?.(counter) ?? prepareFastPopulation(node, graph, counter, arena, places),
    memory: places.memory,
  });
}

/** Linears and products fast, populations as the interpreter runs them, seen by `probe`. */
export function createFastProbedRunner(graph: IntGraph, probe: IntProbe): IntRunner {
  const arena = createArena();
  const places = createPlaces(graph, arena);
  return createProbedRunner(graph, probe, node => gatherIntegers(node, graph, arena, places));
}
