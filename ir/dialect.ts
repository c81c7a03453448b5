/**
 * A stage of the ladder is a table of operators. From that one table come the TypeScript types of its
 * nodes, the text form (text.ts), the verifier (verify.ts) and the reference page (docs/ir.md).
 */
import type { ConstantPool, ConstId } from './constants.ts';
import type { StridedMap } from './map.ts';

export type ValueId = `%${string}`;

/** One axis of a population; *unrolled in space*: a neuron for every index, *in time*: one after another. */
export interface Axis {
  readonly name: 'groups' | 'rows' | 'channels';
  readonly size: number;
  readonly unrolled: 'space' | 'time';
}

/** What an attribute of each scalar kind is in memory. */
interface AttrTypes {
  int: number;
  real: number;
  bool: boolean;
  string: string;
  ints: readonly number[];
  const: ConstId;
  map: StridedMap;
  axes: readonly Axis[];
}

export type AttrSpec =
  | keyof AttrTypes
  | { readonly oneOf: readonly string[] }
  | { readonly variant: VariantTable }
  | { readonly variants: VariantTable };
/** Attribute name → kind. A name that ends in `?` is optional. */
export type AttrSpecs = { readonly [name: string]: AttrSpec };
export type VariantTable = { readonly [kind: string]: AttrSpecs };

type ValueOf<S> = S extends keyof AttrTypes
  ? AttrTypes[S]
  : S extends { readonly oneOf: readonly (infer E)[] }
    ? E
    : S extends { readonly variant: infer V }
      ? VariantOf<V>
      : S extends { readonly variants: infer V }
        ? readonly VariantOf<V>[]
        : never;

type Simplify<T> = { [K in keyof T]: T[K] };
export type AttrsOf<S> = Simplify<
  { readonly [K in keyof S as K extends `${string}?` ? never : K]: ValueOf<S[K]> } & {
    readonly [K in keyof S as K extends `${infer N}?` ? N : never]?: ValueOf<S[K]> | undefined;
  }
>;
export type VariantOf<V> = { [K in keyof V]: Simplify<{ readonly kind: K } & AttrsOf<V[K]>> }[keyof V];

/**
 * Numbers of a value. `real` above the quantize pass; below it `fixed<s.i.f>`: s sign bits, i integer bits,
 * f fraction bits (f may be negative: a multiple of 2^-f), rounding half up, saturating.
 */
export type Element = 'real' | `fixed<${number}.${number}.${number}>`;

export interface TensorType {
  readonly element: Element;
  readonly shape: readonly number[];
}

export interface OpSpec {
  readonly summary: string;
  readonly source?: string;
  /** Names of the operands; one name ending in `...` stands for any number of them. */
  readonly operands: readonly string[];
  readonly attrs: AttrSpecs;
  /** What the result is, in words, for the reference page. */
  readonly result: string;
}

export interface Dialect {
  readonly stage: string;
  /** Version of the stage's types and text form; a change of either is a commit of its own. */
  readonly version: number;
  readonly summary: string;
  readonly graph: AttrSpecs;
  readonly ops: { readonly [kind: string]: OpSpec };
  /** Column names of the integer tables that belong to a graph of this stage. */
  readonly tables: { readonly [name: string]: readonly string[] };
}

export type NodeOf<D extends Dialect> = {
  [Kind in keyof D['ops'] & string]: {
    readonly kind: Kind;
    readonly id: ValueId;
    readonly operands: readonly ValueId[];
    readonly attrs: AttrsOf<D['ops'][Kind]['attrs']>;
    readonly type: TensorType;
    /** The user's own ONNX node (or input) that this node stands for; every message names it. */
    readonly origin: string;
  };
}[keyof D['ops'] & string];

/** Rows of integers, one typed array per column: for what comes in tens of thousands. */
export interface Table {
  readonly rows: number;
  readonly columns: { readonly [column: string]: Int32Array };
}

export interface Graph<D extends Dialect> {
  readonly dialect: D;
  readonly name: string;
  readonly attrs: AttrsOf<D['graph']>;
  /** In topological order: an operand stands before its reader. */
  readonly nodes: readonly NodeOf<D>[];
  readonly outputs: readonly ValueId[];
  readonly constants: ConstantPool;
  readonly tables: { readonly [T in keyof D['tables']]: Table };
}

/** A node of any stage, as the text form and the verifier see it. */
export interface AnyNode {
  readonly kind: string;
  readonly id: ValueId;
  readonly operands: readonly ValueId[];
  readonly attrs: { readonly [name: string]: unknown };
  readonly type: TensorType;
  readonly origin: string;
}
export interface AnyGraph {
  readonly dialect: Dialect;
  readonly name: string;
  readonly attrs: { readonly [name: string]: unknown };
  readonly nodes: readonly AnyNode[];
  readonly outputs: readonly ValueId[];
  readonly constants: ConstantPool;
  readonly tables: { readonly [name: string]: Table };
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function nodeMap<N extends { readonly id: ValueId }>(nodes: readonly N[]): ReadonlyMap<ValueId, N> {
  return new Map(nodes.map(node => [node.id, node]));
}

/** Readers of every value, in node order. */
export function readersOf<N extends { readonly id: ValueId; readonly operands: readonly ValueId[] }>(
  nodes: readonly N[],
): ReadonlyMap<ValueId, readonly N[]> {
  const readers = new Map<ValueId, N[]>();
  for (const node of nodes) {
    for (const operand of new Set(node.operands)) {
      const list = readers.get(operand);
      if (list) list.push(node);
      else readers.set(operand, [node]);
    }
  }
  return readers;
}
