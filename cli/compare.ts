/** Runs images on the chip and on the integer network and compares everything that every population sent. */

import type { Advance } from '../compiler/progress.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import type { IntGraph } from '../ir/int.ts';
import type { IntEmission, IntRunner } from '../ir/interpret/int.ts';
import type { Machine, PopulationEmission } from '../runtime-sim/chip.ts';
import type { Simulator } from '../runtime-sim/simulator.ts';

export interface Comparison {
  readonly readouts: readonly Float64Array[];
  /** The first difference, in words; undefined: equal bit for bit. */
  readonly difference: string | undefined;
  /** Of the integer network, over all images so far. */
  readonly saturations: IntRunner['saturations'];
}

export interface ComparisonObservers {
  readonly int?: Parameters<IntRunner['run']>[1];
  readonly chip?: (step: number, id: string, e: PopulationEmission) => void;
}

const runners = new WeakMap<IntGraph, IntRunner>();

/** The one that images are compared with: weights are packed once. */
export function integerRunner(graph: IntGraph): IntRunner {
  const runner = runners.get(graph) ?? createFastIntRunner(graph);
  runners.set(graph, runner);
  return runner;
}

/** One image, on any machine. */
export function compareEmissions(
  graph: IntGraph,
  machine: Pick<Machine, 'run'>,
  image: Float64Array,
  observers: ComparisonObservers = {},
): Comparison {
  const comparison = expect(graph, image, observers);
  const got = machine.run(image, (step, population, emission) => comparison.meet(step, population, emission));
  return comparison.close(got);
}

/** Several images, at a time if the simulator has workers. The integer network runs an image when the chip first answers. */
export function compareImages(
  graph: IntGraph,
  simulator: Pick<Simulator, 'run'>,
  images: readonly Float64Array[],
  observersOf: (image: number) => ComparisonObservers = () => ({}),
  advance?: Advance,
): readonly Comparison[] {
  const open = images.map(() => undefined as ReturnType<typeof expect> | undefined);
  const comparisonOf = (number: number) => {
    open[number] ??= expect(graph, images[number]!, observersOf(number));
    return open[number];
  };
  const populations = graph.nodes.filter(node => node.kind === 'population').length;
  const all = images.length * graph.attrs.steps * populations;
  let met = 0;
  const got = simulator.run(images, (number, ...sent) => {
    comparisonOf(number).meet(...sent);
    met += 1;
    advance?.(met, all);
  });
  return got.map((readouts, number) => comparisonOf(number).close(readouts));
}

/** What the integer network sends, held until the chip has sent it too. */
function expect(graph: IntGraph, image: Float64Array, observers: ComparisonObservers) {
  const runner = integerRunner(graph);
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const wanted = new Map<string, Pick<IntEmission, 'values' | 'terms'>>();
  const readouts = runner.run(image, (step, node, emission) => {
    const { values, terms } = emission;
    if (node.kind === 'population')
      wanted.set(`${step} ${node.id}`, { values: values.slice(), terms: terms.slice() });
    observers.int?.(step, node, emission);
  });
  let difference: string | undefined;
  const note = (problem: string | undefined) => {
    difference ??= problem;
  };
  return {
    meet(step: number, number: number, emission: PopulationEmission): void {
      const { id } = populations[number]!;
      const key = `${step} ${id}`;
      const expected = wanted.get(key);
      wanted.delete(key);
      observers.chip?.(step, id, emission);
      if (expected === undefined) note(`population ${id} ran step ${step}, which the network has not`);
      else note(differenceOf(step, id, expected, emission));
    },
    close(got: readonly Float64Array[]): Comparison {
      if (wanted.size > 0) note(`${wanted.size} population steps did not run`);
      readouts.forEach((readout, t) => {
        const i = readout.findIndex((y, n) => y !== got[t]?.[n]);
        if (i >= 0) note(`readout ${i} of step ${t + 1}: expected ${readout[i]}, got ${got[t]?.[i]}`);
      });
      return { readouts: got, difference, saturations: runner.saturations };
    },
  };
}

function differenceOf(
  step: number,
  id: string,
  expected: Pick<IntEmission, 'values' | 'terms'>,
  { values, terms }: PopulationEmission,
): string | undefined {
  if (isSame(values, expected.values) && isSame(terms, expected.terms)) return undefined;
  const i = values.findIndex((v, n) => v !== expected.values[n] || terms[n] !== expected.terms[n]);
  return `step ${step}, population ${id}, neuron ${i}: expected ${expected.values[i]}, got ${values[i]}`;
}

const isSame = (a: Int32Array | Uint8Array, b: Int32Array | Uint8Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
