/** Files of a deployment folder that compile makes: programs by chip, stages as text and tensors, golden answers. */
import type { FolderWriter } from '../backends/folder.ts';
import type { AnyGraph } from '../ir/dialect.ts';
import { tensorParts, textParts } from '../ir/text.ts';
import { writeNpz } from './npz.ts';

export const chipPath = (chip: number): string => `program/chip-${String(chip).padStart(3, '0')}.bin`;

/** Adds text and tensors of each stage. */
export function writeStages({ add }: FolderWriter, graphs: Readonly<Record<string, AnyGraph>>) {
  return Object.entries(graphs).map(([name, graph]) => {
    const { sha256 } = add(`stages/${name}.snnir`, textParts(graph));
    add(`stages/${name}.bin`, tensorParts(graph));
    return { name, sha256 };
  });
}

/** Images and the readout of every step, as the chip gave it. */
export function goldenFile(
  images: readonly Float64Array[],
  readouts: readonly (readonly Float64Array[])[],
): Uint8Array {
  const join = (arrays: readonly Float64Array[]) => {
    const out = new Float64Array(arrays.reduce((n, a) => n + a.length, 0));
    let at = 0;
    for (const array of arrays) {
      out.set(array, at);
      at += array.length;
    }
    return out;
  };
  return writeNpz([
    { name: 'inputs', shape: [images.length, images[0]!.length], data: join(images) },
    {
      name: 'readouts',
      shape: [images.length, readouts[0]!.length, readouts[0]![0]!.length],
      data: join(readouts.flat()),
    },
  ]);
}
