/** The decoded model as mutators see it: every list is there, and what they draw from it. */
import onnxProto from 'onnx-proto';
import type { Random } from '../../ir/random/seeded.ts';

export type ModelProto = onnxProto.onnx.ModelProto;
export type NodeProto = onnxProto.onnx.INodeProto;
export type TensorProto = onnxProto.onnx.ITensorProto;
export type AttributeProto = onnxProto.onnx.IAttributeProto;
export type ValueInfoProto = onnxProto.onnx.IValueInfoProto;

export interface Graph {
  node: NodeProto[];
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  valueInfo: ValueInfoProto[];
}

/** One way to damage a model. Where a model has nothing to damage that way, `apply` leaves it as it is. */
export interface Mutator {
  readonly name: string;
  readonly apply: (model: ModelProto, random: Random) => void;
}

export const decodeModel = (bytes: Uint8Array): ModelProto => onnxProto.onnx.ModelProto.decode(bytes);
export const encodeModel = (model: ModelProto): Uint8Array =>
  onnxProto.onnx.ModelProto.encode(model).finish();

/** The main graph; lists that another mutator took away are put back empty. */
export function graphOf(model: ModelProto): Graph {
  model.graph ??= {};
  const { graph } = model;
  graph.node ??= [];
  graph.initializer ??= [];
  graph.input ??= [];
  graph.output ??= [];
  graph.valueInfo ??= [];
  return graph as Graph;
}

/** The item at a drawn place, or undefined where there is none. */
export const draw = <T>(items: readonly T[] | null | undefined, random: Random): T | undefined =>
  items && items.length > 0 ? random.pick(items) : undefined;

export const drawNode = (model: ModelProto, random: Random): NodeProto | undefined =>
  draw(graphOf(model).node, random);

/** Any value that the graph knows. */
export function drawName(model: ModelProto, random: Random): string {
  const { node, initializer, input } = graphOf(model);
  const kinds = [
    () => draw(draw(node, random)?.output, random),
    () => draw(initializer, random)?.name,
    () => draw(input, random)?.name,
  ];
  return random.pick(kinds)() ?? 'input';
}

/** Tensors wherever they are: initializers and attributes. */
export function drawTensor(model: ModelProto, random: Random): TensorProto | undefined {
  const { node, initializer } = graphOf(model);
  if (random.chance(0.8)) return draw(initializer, random);
  return draw(
    node.flatMap(({ attribute }) => (attribute ?? []).flatMap(({ t }) => (t ? [t] : []))),
    random,
  );
}

/** Sizes and positions that break what forgets to check them. */
const EXTREMES: readonly number[] = [
  ...[0, -1, 1, 2, 3, 7, -2, 255, 2 ** 16, 2 ** 24, 2 ** 25, 2 ** 31 - 1, 2 ** 31, 2 ** 32],
  ...[2 ** 40, 2 ** 53, 2 ** 62, -(2 ** 31), -(2 ** 62)],
];
export const extremeInt = (random: Random): number => random.pick(EXTREMES);

const EXTREME_REALS: readonly number[] = [
  ...[0, -0, 1, -1, 0.5, 1e-45, 1e-30, 1e30, 3.4e38, -3.4e38],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];
export const extremeReal = (random: Random): number => random.pick(EXTREME_REALS);

/** Names that break what prints or compares them. */
export function strangeName(random: Random): string {
  return random.pick([
    '',
    ' ',
    '__proto__',
    'constructor',
    'toString',
    'a\u0000b',
    'line\nbreak "quoted" \\',
    '\u001b[31mred',
    '%0 = input()',
    '名前',
    'x'.repeat(100_000),
  ]);
}

let serial = 0;
/** A name that nothing has; numbers start again with every model. */
export const freshName = (): string => `fuzz ${serial++}`;
export function restartNames(): void {
  serial = 0;
}

export const ints = (name: string, dims: readonly number[], data: readonly number[]): TensorProto => ({
  name,
  dims: [...dims],
  dataType: onnxProto.onnx.TensorProto.DataType.INT64,
  int64Data: [...data],
});

/** Adds a list of integers to the graph; its name. */
export function addInts(model: ModelProto, data: readonly number[]): string {
  const name = freshName();
  graphOf(model).initializer.push(ints(name, [data.length], data));
  return name;
}

const { AttributeType } = onnxProto.onnx.AttributeProto;
export const intAttribute = (name: string, i: number): AttributeProto => ({
  name,
  type: AttributeType.INT,
  i,
});
export const intsAttribute = (name: string, list: readonly number[]): AttributeProto => ({
  name,
  type: AttributeType.INTS,
  ints: [...list],
});
export const textAttribute = (name: string, text: string): AttributeProto => ({
  name,
  type: AttributeType.STRING,
  s: new TextEncoder().encode(text),
});

/** Adds a node; its first output. */
export function addNode(
  model: ModelProto,
  opType: string,
  input: readonly string[],
  attribute: readonly AttributeProto[] = [],
): string {
  const name = freshName();
  graphOf(model).node.push({
    opType,
    name: `/${name}`,
    input: [...input],
    output: [name],
    attribute: [...attribute],
  });
  return name;
}

/** Puts something between a value and one of its readers, or the graph's output. */
export function splice(model: ModelProto, random: Random, make: (value: string) => string): void {
  const { node, output } = graphOf(model);
  const reader = random.chance(0.8) ? draw(node, random) : undefined;
  if (reader?.input && reader.input.length > 0) {
    const at = random.int(0, Math.min(1, reader.input.length - 1));
    reader.input[at] = make(reader.input[at] ?? '');
    return;
  }
  const result = draw(output, random);
  if (result) result.name = make(result.name ?? '');
}
