/**
 * What stands between neurons: linear maps, each said by where an element goes and with which weight.
 *
 * Source  NIR 1.0; convolutions and pools as PyTorch has them
 * Shapes  row-major, channels first
 */
import { sizeOf } from '../../ir/dialect.ts';
import type { NirNumbers } from '../../ir/nir-value.ts';
import { type NirNode, numbersOf } from './graph.ts';

export interface LinearMap {
  readonly outShape: readonly number[];
  /** Every element that element `from` goes to. */
  readonly each: (from: number, visit: (to: number, weight: number) => void) => void;
  /** Of each element that comes out; undefined: none. */
  readonly bias?: Float64Array;
  /** Seconds, of each element; undefined: none. */
  readonly delay?: Float64Array;
}

/** Elements that a node may give. */
export const MOST_ELEMENTS = 2 ** 24;

const tooMany = (shape: readonly number[]): Wrong =>
  `[${shape.join(', ')}] are more than ${MOST_ELEMENTS.toLocaleString('en-US')} elements`;

/** What is wrong with a node, in words. */
export type Wrong = string;
export type Made<T> = T | Wrong;

/** By type: the map of a node on inputs of a shape. */
export const OPERATORS: {
  readonly [type: string]: (node: NirNode, shape: readonly number[]) => Made<LinearMap>;
} = {
  'Inner input': (_, shape) => identity(shape),
  'Inner output': (_, shape) => identity(shape),
  Output: (_, shape) => identity(shape),
  Flatten: flatten,
  Linear: linear,
  Affine: linear,
  Scale: scale,
  Delay: delay,
  Conv1d: (node, shape) => convolution(node, shape, 1),
  Conv2d: (node, shape) => convolution(node, shape, 2),
  SumPool2d: (node, shape) => pool(node, shape, () => 1),
  AvgPool2d: (node, shape) => pool(node, shape, area => 1 / area),
};

/** Shape of what a node takes, where it says so itself. */
export function shapeTaken(node: NirNode): readonly number[] | undefined {
  const weight = numbersOf(node, 'weight');
  const input = numbersOf(node, 'input_shape');
  if (node.type === 'Conv1d' || node.type === 'Conv2d') {
    const spatial = input === undefined ? undefined : Array.from(input.data);
    const channels = (weight?.shape[1] ?? 0) * (wholes(node, 'groups', 1)?.[0] ?? 1);
    return spatial === undefined ? undefined : [channels, ...spatial];
  }
  const taken = numbersOf(node, 'input_type');
  if (node.type === 'Flatten' && taken !== undefined) return Array.from(taken.data);
  if (node.type === 'Linear' || node.type === 'Affine')
    return weight?.shape.length === 2 ? [weight.shape[1]!] : undefined;
  return undefined;
}

const identity = (outShape: readonly number[]): LinearMap => ({
  outShape,
  each: (from, visit) => visit(from, 1),
});

function flatten(node: NirNode, shape: readonly number[]): Made<LinearMap> {
  const axis = (name: string, otherwise: number) => {
    const given = numbersOf(node, name)?.data[0] ?? otherwise;
    return given < 0 ? shape.length + given : given;
  };
  const [first, last] = [axis('start_dim', 1), axis('end_dim', -1)];
  if (!(first >= 0 && first <= last && last < shape.length))
    return `dimensions ${first} to ${last} of [${shape.join(', ')}]`;
  const middle = sizeOf(shape.slice(first, last + 1));
  return identity([...shape.slice(0, first), middle, ...shape.slice(last + 1)]);
}

function linear(node: NirNode, shape: readonly number[]): Made<LinearMap> {
  const weight = numbersOf(node, 'weight');
  if (weight?.shape.length !== 2)
    return `weights of shape [${weight?.shape.join(', ') ?? ''}], not [out, in]`;
  const [outs, ins] = weight.shape as [number, number];
  const whole = sizeOf(shape);
  const isRow = shape.at(-1) === ins;
  if (!isRow && whole !== ins) return `takes ${ins} elements, but is given [${shape.join(', ')}]`;
  const bias = numbersOf(node, 'bias');
  if (node.type === 'Affine' && bias?.data.length !== outs)
    return `a bias that is not one of ${outs} numbers`;
  const rows = whole / ins;
  const { data } = weight;
  const outShape = [...(isRow ? shape.slice(0, -1) : []), outs];
  if (sizeOf(outShape) > MOST_ELEMENTS) return tooMany(outShape);
  return {
    outShape,
    each: (from, visit) => {
      const [row, i] = [Math.floor(from / ins), from % ins];
      for (let o = 0; o < outs; o++) visit(row * outs + o, data[o * ins + i]!);
    },
    ...(bias !== undefined && {
      bias: Float64Array.from({ length: rows * outs }, (_, i) => bias.data[i % outs]!),
    }),
  };
}

/** One number for all, or one each. */
export function spread(numbers: NirNumbers | undefined, size: number): Float64Array | undefined {
  if (numbers === undefined || (numbers.data.length !== 1 && numbers.data.length !== size)) return undefined;
  const { data } = numbers;
  return Float64Array.from({ length: size }, (_, i) => data[data.length === 1 ? 0 : i]!);
}

function scale(node: NirNode, shape: readonly number[]): Made<LinearMap> {
  const factors = spread(numbersOf(node, 'scale'), sizeOf(shape));
  if (factors === undefined) return `no scale for [${shape.join(', ')}]`;
  return { outShape: shape, each: (from, visit) => visit(from, factors[from]!) };
}

function delay(node: NirNode, shape: readonly number[]): Made<LinearMap> {
  const seconds = spread(numbersOf(node, 'delay'), sizeOf(shape));
  if (seconds === undefined || seconds.some(s => !(s >= 0))) return `no delays for [${shape.join(', ')}]`;
  return { ...identity(shape), delay: seconds };
}

/** One whole number for all axes, or one each; undefined: neither. */
function wholes(node: NirNode, field: string, axes: number, least = 1): readonly number[] | undefined {
  const found = numbersOf(node, field)?.data;
  if (found === undefined || (found.length !== 1 && found.length !== axes)) return undefined;
  const all = Array.from({ length: axes }, (_, i) => found[found.length === 1 ? 0 : i]!);
  return all.every(n => Number.isInteger(n) && n >= least && n < 2 ** 24) ? all : undefined;
}

/** Of one axis. */
interface Window {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly out: number;
}

/** Calls with every place of the output that looks at `at`, and the tap with which. */
function eachTap(
  { kernel, stride, dilation, before, out }: Window,
  at: number,
  visit: (o: number, tap: number) => void,
) {
  for (let tap = 0; tap < kernel; tap++) {
    const from = at + before - tap * dilation;
    if (from >= 0 && from % stride === 0 && from / stride < out) visit(from / stride, tap);
  }
}

function windowOf(
  size: number,
  { kernel, stride, dilation }: Pick<Window, 'kernel' | 'stride' | 'dilation'>,
  padding: number | 'same',
): Window {
  const reach = dilation * (kernel - 1);
  const before = padding === 'same' ? Math.floor(reach / 2) : padding;
  const out = padding === 'same' ? size : Math.floor((size + 2 * padding - reach - 1) / stride) + 1;
  return { size, kernel, stride, dilation, before, out };
}

/** Padding of each axis: numbers, `same`, `valid`. */
function paddings(node: NirNode, axes: number): readonly (number | 'same')[] | undefined {
  const field = node.fields.get('padding');
  if (field?.kind === 'text' && field.text === 'valid') return new Array<number>(axes).fill(0);
  if (field?.kind === 'text' && field.text === 'same') return new Array<'same'>(axes).fill('same');
  return wholes(node, 'padding', axes, 0);
}

function convolution(node: NirNode, shape: readonly number[], axes: 1 | 2): Made<LinearMap> {
  const weight = numbersOf(node, 'weight');
  if (weight?.shape.length !== axes + 2) return `weights of shape [${weight?.shape.join(', ') ?? ''}]`;
  if (shape.length !== axes + 1) return `takes ${axes + 1} axes, but is given [${shape.join(', ')}]`;
  const strides = wholes(node, 'stride', axes);
  const dilations = wholes(node, 'dilation', axes);
  const padding = paddings(node, axes);
  const groups = wholes(node, 'groups', 1)?.[0];
  const [outs, perGroup, ...kernel] = weight.shape as [number, number, ...number[]];
  if (strides === undefined || dilations === undefined || padding === undefined || groups === undefined)
    return 'stride, dilation, padding or groups are not numbers of its axes';
  if (shape[0] !== perGroup * groups || outs % groups !== 0)
    return `${outs} × ${perGroup} channels in ${groups} groups, but is given [${shape.join(', ')}]`;
  if (padding.includes('same') && strides.some(s => s !== 1)) return 'padding `same` with a stride';
  // One axis is two of which the first has one place.
  const at = (values: readonly number[], axis: number) =>
    axes === 2 ? values[axis]! : axis === 0 ? 1 : values[0]!;
  const windows = [0, 1].map(axis =>
    windowOf(
      at(shape.slice(1), axis),
      { kernel: at(kernel, axis), stride: at(strides, axis), dilation: at(dilations, axis) },
      axes === 2 ? padding[axis]! : axis === 0 ? 0 : padding[0]!,
    ),
  ) as [Window, Window];
  const [rows, columns] = windows;
  if (rows.out < 1 || columns.out < 1) return `nothing comes out of [${shape.join(', ')}]`;
  const outShape = [outs, ...(axes === 2 ? [rows.out] : []), columns.out];
  const { data } = weight;
  const bias = numbersOf(node, 'bias');
  if (bias !== undefined && bias.data.length !== outs) return `a bias that is not one of ${outs} numbers`;
  const place = rows.out * columns.out;
  const outsPerGroup = outs / groups;
  const each: LinearMap['each'] = (from, visit) => {
    const x = from % columns.size;
    const y = Math.floor(from / columns.size) % rows.size;
    const channel = Math.floor(from / columns.size / rows.size);
    const group = Math.floor(channel / perGroup);
    const inner = channel % perGroup;
    for (let o = group * outsPerGroup; o < (group + 1) * outsPerGroup; o++) {
      const kernelAt = (o * perGroup + inner) * rows.kernel;
      eachTap(rows, y, (row, i) =>
        eachTap(columns, x, (column, j) =>
          visit(o * place + row * columns.out + column, data[(kernelAt + i) * columns.kernel + j]!),
        ),
      );
    }
  };
  if (sizeOf(outShape) > MOST_ELEMENTS) return tooMany(outShape);
  if (bias === undefined) return { outShape, each };
  const spreadBias = Float64Array.from({ length: outs * place }, (_, i) => bias.data[Math.floor(i / place)]!);
  return { outShape, each, bias: spreadBias };
}

function pool(node: NirNode, shape: readonly number[], weightOf: (area: number) => number): Made<LinearMap> {
  if (shape.length !== 3) return `takes [channels, height, width], but is given [${shape.join(', ')}]`;
  const kernel = wholes(node, 'kernel_size', 2);
  const stride = wholes(node, 'stride', 2);
  const padding = wholes(node, 'padding', 2, 0);
  if (kernel === undefined || stride === undefined || padding === undefined)
    return 'kernel_size, stride or padding are not numbers of its axes';
  const [channels, height, width] = shape as [number, number, number];
  const [rows, columns] = [height, width].map((size, axis) =>
    windowOf(size, { kernel: kernel[axis]!, stride: stride[axis]!, dilation: 1 }, padding[axis]!),
  ) as [Window, Window];
  if (rows.out < 1 || columns.out < 1) return `nothing comes out of [${shape.join(', ')}]`;
  const weight = weightOf(kernel[0]! * kernel[1]!);
  if (sizeOf([channels, rows.out, columns.out]) > MOST_ELEMENTS) return tooMany(shape);
  return {
    outShape: [channels, rows.out, columns.out],
    each: (from, visit) => {
      const [x, y] = [from % width, Math.floor(from / width) % height];
      const first = Math.floor(from / width / height) * rows.out;
      eachTap(rows, y, row =>
        eachTap(columns, x, column => visit((first + row) * columns.out + column, weight)),
      );
    },
  };
}
