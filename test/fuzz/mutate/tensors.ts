/** Damage to tensors: shapes that lie, numbers that are none, data that are elsewhere. */
import type { Random } from '../../../ir/random/seeded.ts';
import {
  draw,
  drawTensor,
  extremeInt,
  extremeReal,
  graphOf,
  type ModelProto,
  type Mutator,
  strangeName,
  type TensorProto,
} from '../model.ts';

const tensorMutator = (
  name: string,
  change: (tensor: TensorProto, random: Random, model: ModelProto) => void,
): Mutator => ({
  name,
  apply: (model, random) => {
    const tensor = drawTensor(model, random);
    if (tensor !== undefined) change(tensor, random, model);
  },
});

/** Small integer lists say what shapes become. */
const drawShapeTensor = (model: ModelProto, random: Random): TensorProto | undefined =>
  draw(
    graphOf(model).initializer.filter(({ int64Data }) => (int64Data ?? []).length > 0),
    random,
  );

function writeReals(tensor: TensorProto, count: number, random: Random): void {
  const { rawData } = tensor;
  if (rawData && rawData.length >= 4) {
    const bytes = Uint8Array.from(rawData);
    const view = new DataView(bytes.buffer);
    for (let n = count; n > 0; n--)
      view.setFloat32(4 * random.int(0, Math.floor(bytes.length / 4) - 1), extremeReal(random), true);
    tensor.rawData = bytes;
  } else if (tensor.floatData && tensor.floatData.length > 0)
    tensor.floatData[random.int(0, tensor.floatData.length - 1)] = extremeReal(random);
}

/** Where external data may be said to be. The folder of the fuzzed file holds what is named here (folder.ts). */
export const LOCATIONS: readonly string[] = [
  ...[
    'weights.bin',
    'short.bin',
    'empty.bin',
    'missing.bin',
    'folder',
    'pipe',
    'link-out',
    'link-in',
    'loop',
  ],
  ...['../outside.bin', 'folder/../../outside.bin', '/etc/hostname', '/dev/zero', './weights.bin', ''],
  ...[
    'weights.bin\u0000.txt',
    '..\\outside.bin',
    'C:\\outside.bin',
    'file:///etc/hostname',
    'x'.repeat(5000),
  ],
];

export const tensorMutators: readonly Mutator[] = [
  tensorMutator('size of a tensor', (tensor, random) => {
    const dims = tensor.dims ?? [];
    if (dims.length > 0) dims[random.int(0, dims.length - 1)] = extremeInt(random);
    else tensor.dims = [extremeInt(random)];
  }),
  tensorMutator('sizes that overflow', (tensor, random) => {
    const size = random.pick([2 ** 16, 2 ** 31, 2 ** 53]);
    tensor.dims = Array.from({ length: random.int(2, 8) }, () => size);
  }),
  tensorMutator('permute sizes', tensor => {
    tensor.dims?.reverse();
  }),
  tensorMutator('more or fewer axes', (tensor, random) => {
    const dims = tensor.dims ?? [];
    tensor.dims = random.pick([[...dims, 1], [1, ...dims], dims.slice(1)]);
  }),
  tensorMutator('rank of thousands', tensor => {
    tensor.dims = [...(tensor.dims ?? []), ...new Array<number>(3000).fill(1)];
  }),
  tensorMutator('element type', (tensor, random) => {
    tensor.dataType = random.pick([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 23, 99, -1]);
  }),
  tensorMutator('raw data of another length', (tensor, random) => {
    const raw = tensor.rawData ?? new Uint8Array();
    const longer = new Uint8Array(raw.length + random.pick([1, 4, 4096]));
    longer.set(raw);
    tensor.rawData = random.chance(0.5) ? raw.slice(0, random.int(0, raw.length)) : longer;
  }),
  tensorMutator('a number that is none', (tensor, random) => writeReals(tensor, 1, random)),
  tensorMutator('many extreme numbers', (tensor, random) => writeReals(tensor, 20, random)),
  tensorMutator('all numbers equal', (tensor, random) => {
    const { rawData } = tensor;
    if (rawData && rawData.length % 4 === 0 && rawData.length > 0)
      tensor.rawData = new Uint8Array(
        new Float32Array(rawData.length / 4).fill(random.pick([0, 1, -1, 1e-20])).buffer,
      );
  }),
  tensorMutator('typed field beside raw data', (tensor, random) => {
    tensor.floatData = Array.from({ length: random.pick([1, 100]) }, () => extremeReal(random));
    if (random.chance(0.5)) tensor.int64Data = [1, 2, 3];
  }),
  tensorMutator('no data', tensor => {
    tensor.rawData = new Uint8Array();
    tensor.floatData = [];
    tensor.int64Data = [];
  }),
  {
    name: 'number in a list of integers',
    apply: (model, random) => {
      const data = drawShapeTensor(model, random)?.int64Data;
      if (data)
        data[random.int(0, data.length - 1)] = random.chance(0.6) ? random.int(-3, 6) : extremeInt(random);
    },
  },
  {
    name: 'integer list of another length',
    apply: (model, random) => {
      const tensor = drawShapeTensor(model, random);
      if (!tensor) return;
      const data = [
        ...(tensor.int64Data ?? []),
        ...Array.from({ length: random.pick([1, 9, 5000]) }, () => 1),
      ];
      tensor.int64Data = random.chance(0.4) ? data.slice(1, 2) : data;
      tensor.dims = [tensor.int64Data.length];
    },
  },
  tensorMutator('name of a tensor', (tensor, random, model) => {
    tensor.name = random.chance(0.5)
      ? strangeName(random)
      : (draw(graphOf(model).initializer, random)?.name ?? '');
  }),
  {
    name: 'drop a tensor',
    apply: (model, random) => {
      const { initializer } = graphOf(model);
      if (initializer.length > 0) initializer.splice(random.int(0, initializer.length - 1), 1);
    },
  },
  {
    name: 'tensor twice',
    apply: (model, random) => {
      const tensor = draw(graphOf(model).initializer, random);
      if (tensor) graphOf(model).initializer.push(tensor);
    },
  },
  {
    name: 'sparse tensor',
    apply: (model, random) => {
      const { initializer } = graphOf(model);
      const tensor = draw(initializer, random);
      if (!tensor || !model.graph) return;
      initializer.splice(initializer.indexOf(tensor), 1);
      const indices = { dims: [1], dataType: 7, int64Data: [extremeInt(random)] };
      const values = { name: tensor.name ?? '', dims: [1], dataType: 1, floatData: [0.5] };
      model.graph.sparseInitializer = [{ dims: [...(tensor.dims ?? [])], values, indices }];
    },
  },
  tensorMutator('data in another file', (tensor, random) => {
    tensor.dataLocation = 1;
    const bytes = tensor.rawData?.length ?? 4;
    if (random.chance(0.6)) tensor.rawData = new Uint8Array();
    const number = () =>
      random.pick([
        '0',
        '1',
        '64',
        '-1',
        '4096',
        '1e3',
        '0x10',
        '9007199254740993',
        '18446744073709551616',
        'many',
        '',
      ]);
    const entries = [
      { key: 'location', value: random.pick(LOCATIONS) },
      { key: 'offset', value: random.chance(0.6) ? '0' : number() },
      { key: 'length', value: random.chance(0.6) ? `${bytes}` : number() },
    ];
    tensor.externalData = entries.filter(() => random.chance(0.9));
  }),
];
