/** Writes ONNX files for tests, as any exporter would: nodes, initializers, one ModelProto. */
import onnxProto from 'onnx-proto';

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
type NodeProto = onnxProto.onnx.INodeProto;
type Tensor = onnxProto.onnx.ITensorProto;

/** A whole number is an INT, any other a FLOAT; `{ float }` is a FLOAT that happens to be whole. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: Tensor };
export type Attributes = { readonly [name: string]: Attribute };

function attribute(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  const { AttributeType } = AttributeProto;
  if (typeof value === 'string')
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { name, type: AttributeType.INT, i: value }
      : { name, type: AttributeType.FLOAT, f: value };
  }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('tensor' in value) return { name, type: AttributeType.TENSOR, t: value.tensor };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

export const floats = (name: string, dims: readonly number[], data: Iterable<number>): Tensor => ({
  name,
  dims: [...dims],
  dataType: TensorProto.DataType.FLOAT,
  rawData: new Uint8Array(Float32Array.from(data).buffer),
});

export const integers = (name: string, dims: readonly number[], data: readonly number[]): Tensor => ({
  name,
  dims: [...dims],
  dataType: TensorProto.DataType.INT64,
  int64Data: [...data],
});

export interface ModelBuilder {
  /** One node; its first output, or all of them where there are several. */
  op(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  ops(
    operator: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Attributes,
  ): readonly string[];
  tensor(tensor: Tensor): string;
  weight(dims: readonly number[], data: Iterable<number>): string;
  scalar(value: number): string;
  ints(...values: readonly number[]): string;
  /** One integer without axes. */
  index(value: number): string;
  bytes(
    input: readonly (number | string)[],
    outputs: readonly string[],
    metadata?: Record<string, string>,
  ): Uint8Array;
}

/** The input is called `input`. */
export function buildModel(opset = 17, domain = ''): ModelBuilder {
  const node: NodeProto[] = [];
  const initializer: Tensor[] = [];
  let count = 0;
  const fresh = (prefix: string) => `${prefix}_${count++}`;
  const tensor = (t: Tensor) => {
    initializer.push(t);
    return t.name ?? '';
  };
  const ops: ModelBuilder['ops'] = (opType, inputs, outputs, attributes = {}) => {
    const name = fresh(opType);
    const output = Array.from({ length: outputs }, (_, i) => `${name}.${i}`);
    const list = Object.entries(attributes).map(([key, value]) => attribute(key, value));
    node.push({ name: `/${name}`, opType, domain, input: [...inputs], output, attribute: list });
    return output;
  };
  return {
    ops,
    op: (operator, inputs, attributes) => ops(operator, inputs, 1, attributes)[0] ?? '',
    tensor,
    weight: (dims, data) => tensor(floats(fresh('w'), dims, data)),
    scalar: value => tensor(floats(fresh('s'), [], [value])),
    ints: (...values) => tensor(integers(fresh('i'), [values.length], values)),
    index: value => tensor(integers(fresh('i'), [], [value])),
    bytes: (input, outputs, metadata = {}) => encode({ node, initializer, input, outputs, metadata, opset }),
  };
}

interface Parts {
  readonly node: NodeProto[];
  readonly initializer: Tensor[];
  readonly input: readonly (number | string)[];
  readonly outputs: readonly string[];
  readonly metadata: Record<string, string>;
  readonly opset: number;
}

function encode({ node, initializer, input, outputs, metadata, opset }: Parts): Uint8Array {
  const elemType = TensorProto.DataType.FLOAT;
  const dim = input.map(size => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'test',
      node,
      initializer,
      input: [{ name: 'input', type: { tensorType: { elemType, shape: { dim } } } }],
      output: outputs.map(name => ({ name, type: { tensorType: { elemType } } })),
    },
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}
