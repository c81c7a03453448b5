/** What the fuzzer (test/fuzz) once found, each as small as it can be: it ended in something else than a diagnostic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { memoryFile } from '../../compiler/onnx/source.ts';
import { exercise } from '../fuzz/exercise.ts';
import { decodeModel, encodeModel, graphOf, type ModelProto } from '../fuzz/model.ts';
import { networks } from '../fuzz/networks.ts';
import { buildModel, type ModelBuilder } from './build.ts';

const weights = (m: ModelBuilder, ...dims: readonly number[]): string =>
  m.weight(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1));

function network(build: (m: ModelBuilder) => string, opset = 20): Uint8Array {
  const m = buildModel(opset);
  return m.bytes(['batch', 4, 4], [build(m)]);
}

function edited(change: (model: ModelProto) => void): Uint8Array {
  const model = decodeModel(network(m => m.op('Relu', [m.op('MatMul', ['input', weights(m, 4, 4)])])));
  change(model);
  return encodeModel(model);
}

const chain = (operator: string, length: number): Uint8Array =>
  network(m => {
    let x = 'input';
    for (let i = 0; i < length; i++) x = m.op(operator, [x]);
    return x;
  });

const filled = (m: ModelBuilder, ...dims: readonly number[]): string =>
  m.op('ConstantOfShape', [m.ints(...dims)]);
const summed = (m: ModelBuilder, x: string): string =>
  m.op('Add', ['input', m.op('ReduceSum', [x], { keepdims: 0 })]);

/** Each function calls the one before twice. */
function doubling(model: ModelProto): void {
  const opsetImport = [
    { domain: '', version: 17 },
    { domain: 'local', version: 1 },
  ];
  const call = (level: number, input: string, output: string) =>
    level < 0
      ? { opType: 'Relu', input: [input], output: [output] }
      : { opType: `double${level}`, domain: 'local', input: [input], output: [output] };
  model.functions = Array.from({ length: 40 }, (_, level) => ({
    ...{ name: `double${level}`, domain: 'local', input: ['x'], output: ['z'], opsetImport },
    node: [call(level - 1, 'x', 'y'), call(level - 1, 'y', 'z')],
  }));
  model.opsetImport.push({ domain: 'local', version: 1 });
  Object.assign(graphOf(model).node.at(-1)!, { opType: 'double39', domain: 'local' });
}

const FINDINGS: readonly (readonly [what: string, build: () => Uint8Array, code: string])[] = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map(
    name => [`an operator named ${name}`, () => network(m => m.op(name, ['input'])), 'E0103'] as const,
  ),
  [
    'a mode of padding that every object has',
    () => network(m => m.op('Pad', ['input', m.ints(0, 1, 1, 0, 1, 1)], { mode: 'constructor' })),
    'E0106',
  ],
  [
    'a mode of resizing that every object has',
    () => network(m => m.op('Resize', ['input', '', '', m.ints(1, 8, 8)], { mode: 'toString' })),
    'E0106',
  ],
  [
    'an If of another domain',
    () =>
      edited(model => {
        Object.assign(graphOf(model).node.at(-1)!, { opType: 'If', domain: 'com.example' });
      }),
    'E0103',
  ],
  [
    'products of large constants',
    () => network(m => summed(m, m.op('MatMul', [filled(m, 4096, 4096), filled(m, 4096, 4096)]))),
    'E0106',
  ],
  [
    'arithmetic on large constants again and again',
    () =>
      network(m => {
        let x = filled(m, 2 ** 23);
        for (let i = 0; i < 200; i++) x = m.op('Neg', [x]);
        return summed(m, x);
      }),
    'E0106',
  ],
  ['a chain that outlasts the stack, of functions', () => chain('Gelu', 5000), 'E0302'],
  [
    'a chain that outlasts the stack, of sums',
    () =>
      network(m => {
        const first = m.op('MatMul', ['input', weights(m, 4, 4)]);
        let x = first;
        for (let i = 0; i < 5000; i++) x = m.op('Add', [x, first]);
        return x;
      }),
    'E0302',
  ],
  ['functions that double', () => edited(doubling), 'E0115'],
  [
    'an attribute that is no number',
    () =>
      edited(model => {
        const { AttributeType } = onnxProto.onnx.AttributeProto;
        const attribute = [{ name: 'perm', type: AttributeType.FLOATS, floats: [Number.NaN] }];
        Object.assign(graphOf(model).node.at(-1)!, { opType: 'Transpose', attribute });
      }),
    'E0106',
  ],
  ['a concatenation that names no axis', () => network(m => m.op('Concat', ['input', 'input'])), 'E0106'],
  [
    'an index between two rows',
    () => network(m => m.op('Gather', ['input', m.weight([2], [0.5, 1.5])], { axis: 1 })),
    'E0106',
  ],
  [
    'an infinite epsilon',
    () =>
      network(m =>
        m.op('LayerNormalization', ['input', weights(m, 4)], {
          epsilon: { float: Number.POSITIVE_INFINITY },
        }),
      ),
    'E0106',
  ],
  [
    'an output without a name',
    () =>
      edited(model => {
        graphOf(model).output[0]!.name = '';
      }),
    'E0107',
  ],
  ...['\u001b[31mred', 'two\nlines', 'x'.repeat(4000)].map(
    name =>
      [
        `an operator with the name ${JSON.stringify(name.slice(0, 20))}`,
        () => network(m => m.op(name, ['input'])),
        'E0103',
      ] as const,
  ),
];

for (const [what, build, code] of FINDINGS) {
  test(`${what}: ${code}`, () => {
    const { kind, codes, detail } = exercise(memoryFile(build(), 'model.onnx'));
    assert.equal(kind, 'refused', detail);
    assert.deepEqual([...codes], [code]);
  });
}

test('a long chain of offsets and gains is merged in one walk', () => {
  const bytes = network(m => {
    let x = m.op('MatMul', ['input', weights(m, 4, 4)]);
    for (let i = 0; i < 5000; i++) x = m.op('Neg', [x]);
    return x;
  });
  const { kind, detail } = exercise(memoryFile(bytes, 'model.onnx'));
  assert.equal(kind, 'accepted', detail);
});

test('axes of a transpose may be counted from the end', () => {
  const bytes = network(m => {
    const x = m.op('MatMul', ['input', weights(m, 4, 4)]);
    return m.op('MatMul', [x, m.op('Transpose', [x], { perm: [-3, 2, 1] })]);
  });
  const { kind, detail } = exercise(memoryFile(bytes, 'model.onnx'));
  assert.equal(kind, 'accepted', detail);
});

test('a sound network whose channels are scaled reads back from its own text', () => {
  const { kind, detail } = exercise(memoryFile(networks['constant arithmetic']!(), 'model.onnx'));
  assert.equal(kind, 'accepted', detail);
});
