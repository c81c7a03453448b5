/** Runs one image on the chip and on the integer network and compares everything that every population sent. */

import { createFastIntRunner } from '../ir/fast/int.ts';
import type { IntGraph } from '../ir/int.ts';
import type { IntEmission, IntRunner } from '../ir/interpret/int.ts';
import type { Machine, PopulationEmission } from '../runtime-sim/chip.ts';

export interface Comparison {
  readonly readouts: readonly Float64Array[];
  /** The first difference, in words; undefined: equal bit for bit. */
  readonly difference: string | undefined;
  /** Of the integer network, over all images so far. */
  readonly saturations: IntRunner['saturations'];
}

const runners = new WeakMap<IntGraph, IntRunner>();

export function compareEmissions(
  graph: IntGraph,
  machine: Machine,
  image: Float64Array,
  observe?: {
    int?: Parameters<IntRunner['run']>[1];
    chip?: (step: number, id: string, e: PopulationEmission) => void;
  },
): Comparison {
  const runner = runners.get(graph) ?? createFastIntRunner(graph);
  runners.set(graph, runner);
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const wanted = new Map<string, IntEmission>();
  const readouts = runner.run(image, (step, node, emission) => {
    const { values, terms, sums } = emission;
    if (node.kind === 'population')
      wanted.set(`${step} ${node.id}`, { values: values.slice(), terms: terms.slice(), sums: sums.slice() });
    observe?.int?.(step, node, emission);
  });
  let difference: string | undefined;
  let compared = 0;
  const got = machine.run(image, (step, number, emission) => {
    const { id } = populations[number]!;
    const expected = wanted.get(`${step} ${id}`);
    compared += 1;
    observe?.chip?.(step, id, emission);
    if (difference !== undefined) return;
    if (expected === undefined) difference = `population ${id} ran step ${step}, which the network has not`;
    else {
      const i = emission.values.findIndex(
        (v, n) => v !== expected.values[n] || emission.terms[n] !== expected.terms[n],
      );
      if (i >= 0)
        difference = `step ${step}, population ${id}, neuron ${i}: expected ${expected.values[i]}, got ${emission.values[i]}`;
    }
  });
  if (difference === undefined && compared !== wanted.size)
    difference = `${compared} population steps ran, not ${wanted.size}`;
  readouts.forEach((readout, t) => {
    const i = readout.findIndex((y, n) => y !== got[t]?.[n]);
    if (difference === undefined && i >= 0)
      difference = `readout ${i} of step ${t + 1}: expected ${readout[i]}, got ${got[t]?.[i]}`;
  });
  return { readouts: got, difference, saturations: runner.saturations };
}
