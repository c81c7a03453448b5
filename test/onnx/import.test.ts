import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { readNpz } from '../../compiler/data/npz.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import { applyPreprocess, preprocessOf } from '../../compiler/preprocess.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { interpretAnn } from '../../ir/interpret/ann.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { buildModel, floats } from './build.ts';
import { assertNear, codesOf, imported, outputsOf, refused } from './run.ts';

const DIGITS = 'examples/digits';
const digits = () => readFileSync(`${DIGITS}/vit-digits.onnx`);

test('digits: logits of all 500 test images equal onnxruntime’s within 1e-4', () => {
  const diagnostics = createDiagnostics();
  const model = importOnnx(digits(), 'vit-digits.onnx', diagnostics);
  assert.deepEqual(diagnostics.list, []);
  assert.ok(model !== undefined);
  assert.deepEqual(verifyGraph(model.graph), []);
  const preprocess = preprocessOf(model.metadata);
  assert.deepEqual(preprocess, { scale: 1 / 16, mean: [0.5], std: [0.5] });
  const images = readNpz(readFileSync(`${DIGITS}/digits-test.npz`), 'digits-test.npz').get('images');
  const [wanted] = readNpz(readFileSync(`${DIGITS}/digits-logits.npz`), 'digits-logits.npz').values();
  assert.deepEqual(
    [images?.shape, wanted?.shape],
    [
      [500, 8, 8],
      [500, 10],
    ],
  );
  assert.ok(images && wanted && preprocess);
  let largest = 0;
  for (let i = 0; i < 500; i++) {
    const image = applyPreprocess(images.data.subarray(i * 64, (i + 1) * 64), preprocess);
    const [logits] = interpretAnn(model.graph, image).values();
    logits?.forEach((x, c) => {
      largest = Math.max(largest, Math.abs(x - wanted.data[i * 10 + c]!));
    });
  }
  assert.ok(largest > 0 && largest < 1e-4, `largest error ${largest}`);
});

test('types are those of one image: the batch axis is gone', () => {
  const { nodes } = imported(digits());
  assert.deepEqual(nodes.find(node => node.kind === 'input')?.type.shape, [1, 8, 8]);
  assert.deepEqual(nodes.find(node => node.kind === 'output')?.type.shape, [10]);
});

test('every node names the ONNX node that it stands for', () => {
  const { nodes } = imported(digits());
  assert.ok(nodes.some(node => node.origin === '/blocks.0/attn/qkv/MatMul'));
  assert.ok(nodes.every(node => node.origin !== ''));
});

test('a file that ends too early is refused, wherever it ends', () => {
  const bytes = digits();
  for (let i = 0; i < 20; i++) {
    const list = refused(bytes.subarray(0, Math.floor((i * bytes.length) / 20)));
    assert.deepEqual(codesOf(list), ['E0102'], `cut at ${i}/20`);
    assert.doesNotMatch(list[0]?.message ?? '', /\bat .*\.(js|ts):/);
  }
});

test('what is no model is refused', () => {
  const garbage = Uint8Array.from({ length: 4096 }, (_, i) => (i * 197 + 31) % 256);
  assert.deepEqual(codesOf(refused(garbage)), ['E0102']);
  assert.deepEqual(codesOf(refused(new TextEncoder().encode('<html>not found</html>'))), ['E0102']);
  const { ModelProto } = onnxProto.onnx;
  const noOpset = ModelProto.encode({
    graph: { node: [{ opType: 'Relu', input: ['x'], output: ['y'] }] },
  }).finish();
  assert.match(refused(noOpset)[0]?.message ?? '', /no version/);
});

test('graphs in graphs beyond any use do not exhaust the stack', () => {
  const { ModelProto, GraphProto } = onnxProto.onnx;
  let graph: onnxProto.onnx.IGraphProto = { name: 'inner' };
  for (let i = 0; i < 80; i++)
    graph = { node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5, g: graph }] }] };
  const list = refused(
    ModelProto.encode({ graph: GraphProto.create(graph), opsetImport: [{ version: 17 }] }).finish(),
  );
  assert.match(list[0]?.message ?? '', /nest deeper/);
});

test('a weight that is not a number is named', () => {
  const m = buildModel();
  m.tensor(floats('blocks.0.weight', [4, 2], [1, 2, Number.NaN, 4, 5, Number.POSITIVE_INFINITY, 7, 8]));
  const [found, ...others] = refused(m.bytes(['batch', 4], [m.op('MatMul', ['input', 'blocks.0.weight'])]));
  assert.equal(others.length, 0);
  assert.equal(found?.code, 'E0104');
  assert.deepEqual(found?.facts, { tensor: 'blocks.0.weight', count: 2 });
});

test('all unsupported operators are listed at once, each with its count and first node', () => {
  const m = buildModel();
  const a = m.op('GridSample', ['input']);
  const b = m.op('LSTM', [m.op('GridSample', [a])]);
  const list = refused(m.bytes(['batch', 4], [m.op('Relu', [b])]));
  assert.deepEqual(codesOf(list), ['E0103', 'E0103']);
  assert.deepEqual(
    list.map(d => [d.facts.operator, d.facts.count, d.at.origin]),
    [
      ['GridSample', 2, '/GridSample_0'],
      ['LSTM', 1, '/LSTM_2'],
    ],
  );
});

test('operators of other domains are not taken for the standard ones', () => {
  const m = buildModel(17, 'com.example');
  const [found] = refused(m.bytes(['batch', 4], [m.op('Relu', ['input'])]));
  assert.deepEqual([found?.code, found?.facts.operator], ['E0103', 'com.example.Relu']);
});

test('sizes that the file leaves open are asked for, and taken', () => {
  const m = buildModel();
  const bytes = m.bytes(['batch', 3, 'height', 'width'], [m.op('Relu', ['input'])]);
  const [found] = refused(bytes);
  assert.equal(found?.code, 'E0108');
  assert.match(found?.message ?? '', /\[batch, 3, height, width\]/);
  for (const inputShape of [
    [3, 4, 5],
    [1, 3, 4, 5],
  ]) {
    const model = importOnnx(bytes, 'test.onnx', createDiagnostics(), { inputShape });
    assert.deepEqual(model?.graph.nodes[0]?.type.shape, [3, 4, 5]);
  }
});

test('a batch that is not one, two inputs, numbers that are no image', () => {
  const relu = (shape: readonly (number | string)[]) => {
    const m = buildModel();
    return m.bytes(shape, [m.op('Relu', ['input'])]);
  };
  assert.deepEqual(codesOf(refused(relu([3, 4]))), ['E0110']);
  const two = onnxProto.onnx.ModelProto.decode(relu(['batch', 4]));
  two.graph?.input?.push({
    name: 'mask',
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } },
  });
  assert.deepEqual(codesOf(refused(onnxProto.onnx.ModelProto.encode(two).finish())), ['E0109']);
  const text = onnxProto.onnx.ModelProto.decode(relu(['batch', 4]));
  const type = text.graph?.input?.[0]?.type?.tensorType;
  assert.ok(type);
  type.elemType = onnxProto.onnx.TensorProto.DataType.INT64;
  assert.deepEqual(codesOf(refused(onnxProto.onnx.ModelProto.encode(text).finish())), ['E0110']);
});

test('graphs that cannot be: dangling, cyclic, made twice, constant, without output', () => {
  const dangling = buildModel();
  assert.deepEqual(codesOf(refused(dangling.bytes(['b', 4], [dangling.op('Relu', ['nowhere'])]))), ['E0107']);
  const cyclic = buildModel();
  cyclic.op('Add', ['input', 'Relu_1.0']);
  assert.match(
    refused(cyclic.bytes(['b', 4], [cyclic.op('Relu', ['Add_0.0'])]))[0]?.message ?? '',
    /needs its own result/,
  );
  const twice = buildModel();
  twice.tensor(floats('Relu_0.0', [1], [1]));
  assert.match(refused(twice.bytes(['b', 4], [twice.op('Relu', ['input'])]))[0]?.message ?? '', /made twice/);
  const constant = buildModel();
  const two = constant.op('Relu', [constant.scalar(2)]);
  assert.match(refused(constant.bytes(['b', 4], [two]))[0]?.message ?? '', /does not depend on the image/);
  const mute = buildModel();
  mute.op('Relu', ['input']);
  assert.deepEqual(codesOf(refused(mute.bytes(['b', 4], []))), ['E0107']);
});

test('nodes may stand in any order', () => {
  const m = buildModel();
  const y = m.op('Relu', [m.op('Neg', ['input'])]);
  const model = onnxProto.onnx.ModelProto.decode(m.bytes(['b', 3], [y]));
  model.graph?.node?.reverse();
  const graph = imported(onnxProto.onnx.ModelProto.encode(model).finish());
  assertNear(outputsOf(graph, [1, -2, 3]), [0, 2, 0], 0);
});

test('weights in other files, tensors that lie about their size, old operator sets', () => {
  const external = buildModel();
  external.tensor({
    name: 'w',
    dims: [4, 4],
    dataType: 1,
    dataLocation: 1,
    externalData: [{ key: 'location', value: 'weights.bin' }],
  });
  const [found] = refused(external.bytes(['b', 4], [external.op('MatMul', ['input', 'w'])]));
  assert.deepEqual([found?.code, found?.facts.location], ['E0105', 'weights.bin']);
  for (const dims of [
    [4, 5],
    [-4, -4],
    [2 ** 40, 4],
  ]) {
    const short = buildModel();
    short.tensor({ ...floats('w', [], new Float32Array(16)), dims });
    assert.deepEqual(codesOf(refused(short.bytes(['b', 4], [short.op('MatMul', ['input', 'w'])]))), [
      'E0112',
    ]);
  }
  const old = buildModel(6);
  assert.deepEqual(codesOf(refused(old.bytes(['b', 4], [old.op('Relu', ['input'])]))), ['E0111']);
});

test('a known operator in a form that is not supported says why', () => {
  const pool = buildModel(11);
  const [pooled] = refused(
    pool.bytes(['b', 1, 4], [pool.op('LpPool', ['input'], { kernel_shape: [2], p: 3 })]),
  );
  assert.deepEqual([pooled?.code, pooled?.at.origin], ['E0106', '/LpPool_0']);
  assert.match(pooled?.message ?? '', /1 and 2 are supported/);
  const m = buildModel();
  const [shapes] = refused(
    m.bytes(['b', 4], [m.op('MatMul', ['input', m.weight([5, 2], new Float32Array(10))])]),
  );
  assert.match(shapes?.message ?? '', /inner sizes differ/);
  const huge = buildModel();
  const wide = huge.op('Expand', ['input', huge.ints(1, 2 ** 20, 2 ** 20)]);
  assert.match(refused(huge.bytes(['b', 1, 1], [wide]))[0]?.message ?? '', /too large/);
});

test('an If with a known condition is the branch that it takes', () => {
  for (const [condition, wanted] of [
    [1, [2, -4]],
    [0, [1, 2]],
  ] as const) {
    const m = buildModel();
    const scaled = m.op('Mul', ['input', m.scalar(2)]);
    const which = m.index(condition);
    const branch = (operator: string, input: string): onnxProto.onnx.IAttributeProto => ({
      type: onnxProto.onnx.AttributeProto.AttributeType.GRAPH,
      g: {
        name: operator,
        node: [{ opType: operator, name: `${operator} inside`, input: [input], output: ['chosen'] }],
        output: [{ name: 'chosen' }],
      },
    });
    const model = onnxProto.onnx.ModelProto.decode(m.bytes(['b', 2], ['y']));
    model.graph?.node?.push({
      opType: 'If',
      input: [which],
      output: ['y'],
      attribute: [
        { ...branch('Identity', scaled), name: 'then_branch' },
        { ...branch('Abs', 'input'), name: 'else_branch' },
      ],
    });
    const bytes = onnxProto.onnx.ModelProto.encode(model).finish();
    assertNear(outputsOf(imported(bytes), [1, -2]), wanted, 0);
  }
});

test('what stands in the way is told all at once, with every node by name', () => {
  const m = buildModel();
  const hidden = m.op('GridSample', ['input', m.scalar(1)]);
  const raised = m.op('Pow', [m.op('GridSample', [hidden, m.scalar(1)]), m.scalar(2.5)]);
  const list = refused(m.bytes(['b', 2], [m.op('Add', [raised, m.op('Pow', ['input', m.scalar(1.7)])])]));
  assert.deepEqual(codesOf(list), ['E0106', 'E0103']);
  assert.match(list[1]?.message ?? '', /2 node\(s\): \/GridSample_\d+, \/GridSample_\d+/);
});
