/** Spike trains: arrays of 0 and 1, [timesteps, …shape] or [samples, timesteps, …shape]; random ones where none are given. */
import { chooseArrays } from '../compiler/data/arrays.ts';
import { isNpy, type NpyArray, readNpy } from '../compiler/data/npy.ts';
import { isZip, listNpz, readNpz } from '../compiler/data/npz.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { readBytes } from './data.ts';

export interface SpikeSet {
  readonly samples: number;
  readonly timesteps: number;
  readonly labels: ArrayLike<number> | undefined;
  /** Elements of the host that send, in each timestep of a sample. */
  sample(i: number): readonly Int32Array[];
}

interface Port {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Errors: E0101, E0113, E0137 */
export function readSpikes(path: string, inputs: readonly Port[]): SpikeSet {
  const bytes = readBytes(path);
  const refuse = (problem: string): never => fail('E0137', { origin: path }, { path, problem });
  if (!isZip(bytes) && !isNpy(bytes)) return refuse('it is neither npz nor npy');
  if (!isZip(bytes)) return spikesOf([readNpy(bytes, path)], inputs, undefined, refuse);
  const names = listNpz(bytes, path).map(name => name.replace(/\.npy$/, ''));
  const own = inputs.map(({ name }) => name);
  const isNamed = own.every(name => names.includes(name));
  if (!isNamed && inputs.length > 1)
    return refuse(`it needs an array for each of ${own.join(', ')}; it has ${names.join(', ')}`);
  const single = isNamed ? undefined : names.find(name => name === 'spikes' || name === 'inputs');
  const chosen = isNamed || single !== undefined ? undefined : chooseArrays(names, path, undefined);
  const wanted = isNamed ? own : [single ?? chosen!.images];
  const labels = chosen?.labels ?? names.find(name => name === 'labels' || name === 'y');
  const arrays = readNpz(bytes, path, [...wanted, ...(labels === undefined ? [] : [labels])]);
  return spikesOf(
    wanted.map(name => arrays.get(name)!),
    inputs,
    labels === undefined ? undefined : arrays.get(labels)!.data,
    refuse,
  );
}

function spikesOf(
  arrays: readonly NpyArray[],
  inputs: readonly Port[],
  labels: ArrayLike<number> | undefined,
  refuse: (problem: string) => never,
): SpikeSet {
  const shaped = arrays.map((array, i) => {
    const { shape } = inputs[i]!;
    const tail = (dims: readonly number[]) => {
      const rest = array.shape.slice(array.shape.length - dims.length);
      return rest.length === dims.length && rest.every((n, axis) => n === dims[axis]);
    };
    const axes = [shape, [sizeOf(shape)]].find(tail)?.length;
    const lead = axes === undefined ? [] : array.shape.slice(0, array.shape.length - axes);
    if (axes === undefined || lead.length < 1 || lead.length > 2)
      return refuse(
        `an array [${array.shape.join(', ')}] for input ${inputs[i]!.name} [${shape.join(', ')}]`,
      );
    const [samples, timesteps] = lead.length === 2 ? (lead as [number, number]) : [1, lead[0]!];
    const wrong = array.data.findIndex(x => x !== 0 && x !== 1);
    if (wrong >= 0) return refuse(`it holds ${array.data[wrong]}; a spike is 1, none is 0`);
    return { data: array.data, samples, timesteps, size: sizeOf(shape) };
  });
  const { samples, timesteps } = shaped[0]!;
  if (samples === 0 || timesteps === 0) return refuse('it is empty');
  if (shaped.some(other => other.samples !== samples || other.timesteps !== timesteps))
    return refuse('its arrays have different numbers of samples or timesteps');
  if (labels !== undefined && labels.length !== samples)
    return refuse(`it has ${labels.length} labels for ${samples} samples`);
  return {
    ...{ samples, timesteps, labels },
    sample: number =>
      Array.from({ length: timesteps }, (_, t) => {
        const sending: number[] = [];
        let first = 0;
        for (const { data, size } of shaped) {
          const from = (number * timesteps + t) * size;
          for (let i = 0; i < size; i++) if (data[from + i] === 1) sending.push(first + i);
          first += size;
        }
        return Int32Array.from(sending);
      }),
  };
}

/** Each element sends in a timestep with this probability. */
const CHANCE = 0.1;

export function drawSpikes(elements: number, timesteps: number, seed: number): SpikeSet {
  const random = createRandom(seed);
  const drawn = Array.from({ length: timesteps }, () =>
    Int32Array.from(Array(elements).keys()).filter(() => random.chance(CHANCE)),
  );
  return { samples: 1, timesteps, labels: undefined, sample: () => drawn };
}
