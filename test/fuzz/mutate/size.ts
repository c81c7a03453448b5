/** Few nodes that ask for much: sizes that multiply, chains that double, shapes that no memory holds. */
import onnxProto from 'onnx-proto';
import type { Random } from '../../../ir/random/seeded.ts';
import {
  addInts,
  addNode,
  freshName,
  graphOf,
  intAttribute,
  intsAttribute,
  type ModelProto,
  type Mutator,
  splice,
  textAttribute,
} from '../model.ts';

const spliced = (
  name: string,
  make: (model: ModelProto, value: string, random: Random) => string,
): Mutator => ({
  name,
  apply: (model, random) => splice(model, random, value => make(model, value, random)),
});

/** The same step again and again. */
function chain(value: string, length: number, step: (value: string) => string): string {
  let last = value;
  for (let i = 0; i < length; i++) last = step(last);
  return last;
}

function addWeight(model: ModelProto, dims: readonly number[], random: Random): string {
  const name = freshName();
  const size = dims.reduce((a, b) => a * b, 1);
  const rawData = new Uint8Array(Float32Array.from({ length: size }, () => random.next() - 0.5).buffer);
  graphOf(model).initializer.push({
    name,
    dims: [...dims],
    dataType: onnxProto.onnx.TensorProto.DataType.FLOAT,
    rawData,
  });
  return name;
}

/** A large constant that takes a few bytes of the file. */
const filled = (model: ModelProto, dims: readonly number[]): string =>
  addNode(model, 'ConstantOfShape', [addInts(model, dims)]);

const CHAINED: readonly string[] = ['Relu', 'Neg', 'Identity', 'Sigmoid', 'Softmax', 'Tanh', 'Abs', 'Erf'];

export const sizeMutators: readonly Mutator[] = [
  spliced('concatenated with itself', (model, value, random) => {
    const times = random.pick([2, 16, 1000]);
    const axis = intAttribute('axis', random.int(-2, 2));
    return chain(value, random.pick([1, 3, 30]), x =>
      addNode(model, 'Concat', new Array<string>(times).fill(x), [axis]),
    );
  }),
  spliced('added to itself', (model, value, random) =>
    chain(value, random.pick([2, 20, 60, 500]), x =>
      addNode(model, random.pick(['Add', 'Mul', 'Sub', 'MatMul', 'Max']), [x, x]),
    ),
  ),
  spliced('long chain', (model, value, random) => {
    const operator = random.pick(CHAINED);
    return chain(value, random.pick([10, 300, 5000]), x => addNode(model, operator, [x]));
  }),
  spliced('long mixed chain', (model, value, random) =>
    chain(value, random.pick([5, 50, 500]), x => addNode(model, random.pick(CHAINED), [x])),
  ),
  spliced('wide sum', (model, value, random) => {
    const terms = Array.from({ length: random.pick([10, 1000]) }, () =>
      addNode(model, random.pick(CHAINED), [value]),
    );
    return addNode(model, 'Sum', terms);
  }),
  spliced('tiled', (model, value, random) =>
    addNode(model, 'Tile', [
      value,
      addInts(
        model,
        Array.from({ length: random.int(1, 5) }, () => random.pick([1, 2, 100, 2 ** 20, 2 ** 40])),
      ),
    ]),
  ),
  spliced('expanded', (model, value, random) =>
    chain(value, random.int(1, 4), x =>
      addNode(model, 'Expand', [
        x,
        addInts(
          model,
          Array.from({ length: random.int(1, 6) }, () => random.pick([1, 1, 2, 3, 4096, 2 ** 31])),
        ),
      ]),
    ),
  ),
  spliced('padded', (model, value, random) => {
    const pads = Array.from({ length: random.pick([2, 4, 6, 8]) }, () =>
      random.pick([0, 1, -1, 500, 2 ** 24, 2 ** 40]),
    );
    return addNode(
      model,
      'Pad',
      [value, addInts(model, pads)],
      [textAttribute('mode', random.pick(['constant', 'reflect', 'edge', 'wrap']))],
    );
  }),
  spliced('gathered by a long list', (model, value, random) => {
    const list = Array.from({ length: random.pick([1, 100, 50_000]) }, () => random.int(-2, 3));
    return addNode(model, 'Gather', [value, addInts(model, list)], [intAttribute('axis', random.int(0, 2))]);
  }),
  spliced('shuffled and cut', (model, value, random) =>
    chain(value, random.pick([1, 4, 40]), x => {
      const flat = addNode(model, 'Reshape', [
        x,
        addInts(model, random.chance(0.7) ? [1, -1, random.pick([2, 3, 4, 8])] : [-1, 48]),
      ]);
      return addNode(
        model,
        'Transpose',
        [flat],
        [intsAttribute('perm', random.chance(0.8) ? [0, 2, 1] : [1, 0])],
      );
    }),
  ),
  spliced('sliced backwards', (model, value, random) => {
    const one = () => addInts(model, [random.pick([0, 1, -1, 2, -2, 2 ** 62, -(2 ** 62)])]);
    return addNode(model, 'Slice', [value, one(), one(), addInts(model, [random.int(-1, 3)]), one()]);
  }),
  spliced('huge range', (model, value, random) => {
    const scalar = (n: number) => {
      const name = freshName();
      graphOf(model).initializer.push({ name, dims: [], dataType: 7, int64Data: [n] });
      return name;
    };
    const range = addNode(model, 'Range', [
      scalar(0),
      scalar(random.pick([10, 2 ** 25, 2 ** 40, -5])),
      scalar(random.pick([1, 0, -1, 3])),
    ]);
    return addNode(model, 'Add', [value, addNode(model, 'Cast', [range], [intAttribute('to', 1)])]);
  }),
  spliced('huge constant', (model, value, random) =>
    addNode(model, random.pick(['Add', 'Mul', 'Concat']), [
      value,
      filled(
        model,
        Array.from({ length: random.int(1, 4) }, () => random.pick([1, 2, 1000, 2 ** 16, 2 ** 31])),
      ),
    ]),
  ),
  spliced('huge constants multiplied', (model, value, random) => {
    const n = random.pick([64, 1024, 4096, 5792]);
    const product = chain(filled(model, [n, n]), random.int(1, 3), x =>
      addNode(model, 'MatMul', [x, filled(model, [n, n])]),
    );
    const sum = addNode(model, 'ReduceSum', [product], [intAttribute('keepdims', 0)]);
    return addNode(model, 'Add', [value, sum]);
  }),
  spliced('arithmetic on huge constants', (model, value, random) => {
    const big = chain(filled(model, [2 ** 25]), random.pick([2, 20, 200]), x =>
      addNode(model, random.pick(['Neg', 'Add', 'Relu', 'Erf']), [x, x].slice(0, 1)),
    );
    return addNode(model, 'Add', [value, addNode(model, 'ReduceSum', [big], [intAttribute('keepdims', 0)])]);
  }),
  spliced('huge kernel', (model, value, random) => {
    const side = random.pick([1, 3, 64]);
    const pads = Array.from({ length: 4 }, () => random.pick([0, 1, 31, 300, 2 ** 20]));
    return addNode(
      model,
      'Conv',
      [value, addWeight(model, [random.pick([1, 8]), random.pick([1, 3]), side, side], random)],
      [
        intsAttribute('pads', pads),
        intsAttribute('strides', [random.pick([1, 1, 0, 7]), 1]),
        intsAttribute('dilations', [random.pick([1, 1, 100, 0]), 1]),
      ],
    );
  }),
  spliced('pooled', (model, value, random) =>
    addNode(
      model,
      random.pick(['MaxPool', 'AveragePool', 'LpPool']),
      [value],
      [
        intsAttribute('kernel_shape', [random.pick([1, 3, 1000, 0]), random.pick([1, 2, 2 ** 31])]),
        intsAttribute(
          'pads',
          Array.from({ length: 4 }, () => random.pick([0, 1, 500])),
        ),
      ],
    ),
  ),
  spliced('Einstein sum', (model, value, random) => {
    const equation = random.pick([
      'ab->ba',
      'abc,abd->acd',
      'ab,bc->ac',
      'abc->',
      'aab->b',
      '...a->a...',
      'abc,def->abcdef',
      'ab,ab,ab->a',
      '->',
      'a'.repeat(500),
      'bhid,bhjd->bhij',
    ]);
    const operands = equation.split('->')[0]!.split(',').length;
    return addNode(model, 'Einsum', new Array<string>(operands).fill(value), [
      textAttribute('equation', equation),
    ]);
  }),
  spliced('reshaped to many axes', (model, value, random) => {
    const axes = [...new Array<number>(random.pick([5, 40, 2000])).fill(1), -1];
    return addNode(model, 'Reshape', [value, addInts(model, axes)]);
  }),
  spliced('resized', (model, value, random) => {
    const scales = freshName();
    const floatData = Array.from({ length: random.int(2, 4) }, () =>
      random.pick([1, 2, 0.5, 0, -1, 1e6, 1e30]),
    );
    graphOf(model).initializer.push({ name: scales, dims: [floatData.length], dataType: 1, floatData });
    return addNode(
      model,
      'Resize',
      [value, '', scales],
      [textAttribute('mode', random.pick(['nearest', 'linear', 'cubic', 'else']))],
    );
  }),
  spliced('norms of norms', (model, value, random) => {
    const axes = addInts(model, [random.int(-2, 1)]);
    return chain(value, random.pick([1, 5, 100]), x => {
      const mean = addNode(
        model,
        'ReduceMean',
        [x],
        random.chance(0.5) ? [intsAttribute('axes', [-1])] : [intAttribute('keepdims', random.int(0, 1))],
      );
      return addNode(
        model,
        random.pick(['Sub', 'Div', 'Mul', 'Add']),
        random.chance(0.8) ? [x, mean] : [x, axes],
      );
    });
  }),
  {
    name: 'many unused values',
    apply: (model, random) => {
      for (let n = random.pick([100, 20_000]); n > 0; n--) addNode(model, 'Relu', ['input']);
    },
  },
];
