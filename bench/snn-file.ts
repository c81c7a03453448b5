/** A converted network (stage snn) as files that a script in another language can run: network.json, data.bin, images.bin. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConstId } from '../ir/constants.ts';
import { expandMap, type StridedMap } from '../ir/map.ts';
import type { SnnGraph, SnnNode } from '../ir/snn.ts';

/** Numbers of 32 bits in data.bin, reals or indices. */
interface Stored {
  readonly at: number;
  readonly length: number;
  readonly shape: readonly number[];
}

/** Weights in float32; maps expanded to lists of indices, −1 for a hole. */
export function writeSnn(folder: string, graph: SnnGraph, images: readonly Float64Array[]): void {
  const parts: Uint8Array[] = [];
  const constants = new Map<ConstId, Stored>();
  let at = 0;
  const store = (data: Float32Array | Int32Array, shape: readonly number[]): Stored => {
    const stored = { at, length: data.length, shape };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    at += data.length;
    return stored;
  };
  const constant = (id: ConstId | undefined): Stored | null => {
    if (id === undefined) return null;
    const { data, shape } = graph.constants.get(id);
    const stored = constants.get(id) ?? store(Float32Array.from(data), shape);
    constants.set(id, stored);
    return stored;
  };
  const map = (of: StridedMap | undefined): Stored | null =>
    of === undefined ? null : store(expandMap(of), [of.length]);
  const nodes = graph.nodes.map(node => describe(node, constant, map));
  const { steps } = graph.attrs;
  const network = { steps, output: graph.outputs[0], images: images.length, nodes };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'network.json'), JSON.stringify(network));
  writeFileSync(join(folder, 'data.bin'), Buffer.concat(parts));
  writeFileSync(
    join(folder, 'images.bin'),
    Buffer.concat(images.map(image => Buffer.from(Float32Array.from(image).buffer))),
  );
}

function describe(
  node: SnnNode,
  constant: (id: ConstId | undefined) => Stored | null,
  map: (of: StridedMap | undefined) => Stored | null,
): object {
  const { kind, id, operands } = node;
  const { shape } = node.type;
  const head = { kind, id, operands, shape };
  switch (node.kind) {
    case 'input':
      return head;
    case 'linear': {
      const { weight, bias, rows } = node.attrs;
      return { ...head, rows, weight: constant(weight), bias: constant(bias), map: map(node.attrs.map) };
    }
    case 'product':
      return { ...head, inner: node.attrs.inner, mapA: map(node.attrs.mapA), mapB: map(node.attrs.mapB) };
    case 'hadamard':
      return { ...head, mapA: map(node.attrs.mapA), mapB: map(node.attrs.mapB) };
    case 'depthwise':
      return { ...head, weight: constant(node.attrs.weight), map: map(node.attrs.map) };
    case 'maximum':
      return { ...head, taps: node.attrs.taps, map: map(node.attrs.map) };
    case 'relay':
      return { ...head, map: map(node.attrs.map) };
    case 'bias':
      return { ...head, value: constant(node.attrs.value) };
    case 'population': {
      const { axes, emit } = node.attrs;
      const fn = node.attrs.function;
      const tables = {
        ...('gamma' in fn && { gamma: constant(fn.gamma) }),
        ...('beta' in fn && { beta: constant(fn.beta) }),
      };
      return { ...head, axes: axes.map(axis => axis.size), function: { ...fn, ...tables }, emit };
    }
    default:
      return node satisfies never;
  }
}
