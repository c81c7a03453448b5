/** The reader against protobufjs with onnx-proto's messages: same structure, same numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import onnxProto from 'onnx-proto';
import { createBudget } from '../../compiler/onnx/limits.ts';
import type { OnnxAttribute } from '../../compiler/onnx/model.ts';
import { MODEL, type ModelRecord } from '../../compiler/onnx/proto.ts';
import { memorySource } from '../../compiler/onnx/source.ts';
import { readMessage } from '../../compiler/onnx/wire.ts';
import { readSound } from './read.ts';

const { ModelProto } = onnxProto.onnx;
type Proto = onnxProto.onnx.IModelProto;
const bytes = (data: Uint8Array | null | undefined): readonly number[] => [...(data ?? [])];

/** Long objects and numbers alike. */
const whole = (x: unknown): number => Number(`${x}`);

function attributeOf(proto: onnxProto.onnx.IAttributeProto): unknown {
  const text = (s: Uint8Array | null | undefined) => new TextDecoder().decode(s ?? new Uint8Array());
  const kinds: Record<number, () => unknown> = {
    1: () => ({ kind: 'numbers', values: [proto.f] }),
    2: () => ({ kind: 'numbers', values: [whole(proto.i)] }),
    3: () => ({ kind: 'strings', values: [text(proto.s)] }),
    4: () => bytes(proto.t?.rawData),
    6: () => ({ kind: 'numbers', values: proto.floats }),
    7: () => ({ kind: 'numbers', values: proto.ints?.map(whole) }),
    8: () => ({ kind: 'strings', values: proto.strings?.map(text) }),
  };
  return kinds[proto.type ?? 0]?.();
}

const rawOf = (attribute: OnnxAttribute): unknown =>
  attribute.kind === 'tensor' ? bytes(new Uint8Array(attribute.tensor.load().data.buffer)) : attribute;

/** Bytes of raw tensors and structure, for files whose attribute tensors are raw and of a type kept as it is. */
function compare(file: Uint8Array): void {
  const proto: Proto = ModelProto.decode(file);
  const model = readSound(file);
  const graph = proto.graph!;
  assert.deepEqual(
    model.graph.nodes.map(n => [n.operator, n.inputs, n.outputs]),
    graph.node!.map(n => [n.opType, n.input, n.output]),
  );
  model.graph.nodes.forEach((node, i) => {
    for (const wanted of graph.node![i]!.attribute ?? []) {
      const found = node.attributes.get(wanted.name ?? '');
      const isWide = wanted.t?.dataType === 7;
      assert.ok(found !== undefined);
      if (!isWide) assert.deepEqual(rawOf(found), attributeOf(wanted), `${node.name} ${wanted.name}`);
    }
  });
  assert.deepEqual(
    [...model.graph.initializers.keys()],
    graph.initializer!.map(t => t.name),
  );
  for (const wanted of graph.initializer!) {
    const found = model.graph.initializers.get(wanted.name ?? '')!;
    assert.deepEqual(found.shape, wanted.dims?.map(whole));
    if (wanted.dataType === 1)
      assert.deepEqual(bytes(new Uint8Array(found.load().data.buffer)), bytes(wanted.rawData));
  }
  for (const side of ['inputs', 'outputs'] as const) {
    const wanted = side === 'inputs' ? graph.input : graph.output;
    assert.deepEqual(
      model.graph[side].map(info => [info.name, info.shape]),
      wanted!.map(({ name, type }) => [
        name,
        type?.tensorType?.shape?.dim?.map(dim => dim.dimParam || whole(dim.dimValue)),
      ]),
    );
  }
  const entries = (proto.metadataProps ?? []).map(({ key, value }) => [key, value]);
  assert.deepEqual(model.metadata, Object.fromEntries(entries));
}

test('the digits model reads as onnx-proto reads it', () => {
  compare(readFileSync('examples/digits/vit-digits.onnx'));
});

const name = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' });
const int64 = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });
const attribute = fc
  .oneof(
    fc.record({ type: fc.constant(1), f: fc.float({ noNaN: true }) }),
    fc.record({ type: fc.constant(2), i: int64 }),
    fc.record({ type: fc.constant(3), s: name.map(s => new TextEncoder().encode(s)) }),
    fc.record({
      type: fc.constant(8),
      strings: fc.array(name.map(s => new TextEncoder().encode(s))),
    }),
    fc.record({ type: fc.constant(6), floats: fc.array(fc.float({ noNaN: true })) }),
    fc.record({ type: fc.constant(7), ints: fc.array(int64) }),
  )
  .map(value => ({ ...value, name: 'a' }));
const node = fc.record({
  name,
  opType: name,
  domain: name,
  input: fc.array(fc.string({ maxLength: 3 })),
  output: fc.array(name),
  attribute: fc.array(attribute, { maxLength: 1 }),
  docString: fc.string(),
});
const graph = fc.record({ name, node: fc.array(node, { minLength: 1, maxLength: 5 }) });

test('random structure reads as onnx-proto reads it', () => {
  const metadata = fc.array(fc.record({ key: name, value: name }));
  fc.assert(
    fc.property(graph, metadata, (graph, metadataProps) => {
      compare(
        ModelProto.encode({ graph, metadataProps, opsetImport: [{ domain: '', version: 17 }] }).finish(),
      );
    }),
    { numRuns: 200 },
  );
});

test('a window of the reader may end anywhere within a field', () => {
  const file = readFileSync('examples/digits/vit-digits.onnx');
  const empty = (): ModelRecord => ({
    ...{ opsets: [], metadata: [], functions: [], producer: '', producerVersion: '' },
  });
  const whole = memorySource(file);
  const wanted = readMessage(whole, createBudget(), MODEL, empty());
  for (const shortest of [4096, 4099, 5000]) {
    const source = {
      size: whole.size,
      read: (offset: number, length: number) => whole.read(offset, Math.min(length, shortest)),
    };
    const found = readMessage(source, createBudget(), MODEL, empty());
    assert.equal(JSON.stringify(found.graph?.nodes), JSON.stringify(wanted.graph?.nodes));
    assert.deepEqual(found.metadata, wanted.metadata);
  }
});
