/** Networks of plain neurons and where they sit, as files that other programs read: JSON, its long lists in base64. */
import type { PlainEdge, PlainNetwork } from '../compiler/plain-neurons/network.ts';
import { isDense } from '../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../compiler/plain-neurons/slices.ts';

type Numbers = Int8Array | Int16Array | Int32Array;
const TYPES = { i8: Int8Array, i16: Int16Array, i32: Int32Array } as const;

function stored(numbers: Numbers) {
  const type = Object.entries(TYPES).find(([, array]) => numbers instanceof array)![0];
  const { buffer, byteOffset, byteLength } = numbers;
  return { type, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

/** `scaled`: every number of a potential stands for so many 64ths, to which SANA-FE cuts potentials that leak. */
export function writePlain(network: PlainNetwork, { cores, slices }: PlainMapping): string {
  const scaled = network.groups.some(({ neurons }) => neurons.leak.some(leak => leak !== 0));
  return JSON.stringify({
    scaled,
    groups: network.groups.map(({ name, size, neurons: { reset, ...lists } }) => ({
      ...{ name, size, reset },
      ...Object.fromEntries(Object.entries(lists).map(([key, numbers]) => [key, stored(numbers)])),
    })),
    edges: network.edges.map(({ from, to, synapses }: PlainEdge) =>
      isDense(synapses)
        ? { from, to, weights: stored(synapses) }
        : {
            ...{ from, to, starts: stored(synapses.starts) },
            ...{ targets: stored(synapses.targets), weights: stored(synapses.weights) },
          },
    ),
    cores: cores.map(({ x, y, slot }) => [x, y, slot]),
    slices: slices.map(({ group, core, from, to }) => [group, core, from, to]),
  });
}
