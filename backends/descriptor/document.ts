/** One checked descriptor file: figures under their names, children still references. */
import type { Figure, Vlnv } from './figure.ts';
import type {
  AXON_FORMULAS,
  BOARD_TIMING,
  BOARD_TOPOLOGY,
  Capabilities,
  CHIP_COSTS,
  CHIP_TIMING,
  CHIP_TOPOLOGY,
  CORE_ARITHMETIC,
  CORE_COSTS,
  CORE_LIMITS,
  CORE_MEMORIES,
  CORE_TIMING,
  DYNAMIC_FORMULAS,
  FiguresOf,
  FormulasOf,
  STATE_FORMULAS,
  WEIGHT_FORMULAS,
} from './rules.ts';

export const NAMESPACE = 'urn:snnc:descriptor:0';
export const KINDS = ['core', 'chip', 'board'] as const;
export type Kind = (typeof KINDS)[number];

export const SOURCE_KINDS = [
  'paper',
  'brief',
  'news',
  'software',
  'measurement',
  'definition',
  'assumption',
] as const;

export interface Figures {
  readonly [name: string]: Figure;
}

/** Bytes of a descriptor and where they came from. */
export interface DescriptorFile {
  /** The path as messages show it. */
  readonly origin: string;
  /** The path on disk. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

export interface Reference {
  readonly kind: 'core' | 'chip';
  readonly vlnv: Vlnv;
  /** Path relative to the file that refers; absent: a shipped descriptor. */
  readonly file?: string;
  /** Where the reference stands, for messages. */
  readonly origin: string;
}

interface Identity {
  readonly origin: string;
  readonly path: string;
  readonly sha256: string;
  readonly vlnv: Vlnv;
  readonly title: string;
  readonly description: string;
  readonly extensions: Figures;
}

/** `shared`: a weight is stored once for all tokens of a tile; `private`: once for each token. */
export interface WeightEncoding extends FormulasOf<typeof WEIGHT_FORMULAS> {
  readonly name: string;
  readonly sharing: 'shared' | 'private';
  readonly parameters: Figures;
}
export interface DynamicEncoding extends FormulasOf<typeof DYNAMIC_FORMULAS> {
  readonly name: string;
  readonly parameters: Figures;
}
export interface StateEncoding extends FormulasOf<typeof STATE_FORMULAS> {
  readonly name: string;
  readonly parameters: Figures;
}

export interface AxonEncoding extends FormulasOf<typeof AXON_FORMULAS> {
  readonly name: string;
  readonly parameters: Figures;
}

export interface Encodings {
  /** The default one first. */
  readonly weights: readonly WeightEncoding[];
  /** How an operand of a product is stored; absent where spikes cannot write weights. */
  readonly dynamic?: DynamicEncoding;
  readonly state: StateEncoding;
  /** Absent: one in-axon a source tile, one out-axon entry a row of it and tile that reads it. */
  readonly axons?: AxonEncoding;
}

export interface CostSetOf<T> {
  readonly name: string;
  readonly costs: FiguresOf<T>;
  readonly origin: string;
}

export interface CheckedCore extends Identity {
  readonly kind: 'core';
  readonly limits: FiguresOf<typeof CORE_LIMITS>;
  readonly memories: FiguresOf<typeof CORE_MEMORIES>;
  readonly encodings: Encodings;
  readonly arithmetic: FiguresOf<typeof CORE_ARITHMETIC>;
  readonly capabilities: Capabilities;
  /** The default one first. */
  readonly costSets: readonly CostSetOf<typeof CORE_COSTS>[];
  readonly timing: FiguresOf<typeof CORE_TIMING>;
}

export interface CheckedChip extends Identity {
  readonly kind: 'chip';
  readonly child: Reference;
  readonly costSets: readonly CostSetOf<typeof CHIP_COSTS>[];
  readonly timing: FiguresOf<typeof CHIP_TIMING>;
  readonly topology: FiguresOf<typeof CHIP_TOPOLOGY>;
}

export interface CheckedBoard extends Identity {
  readonly kind: 'board';
  readonly child: Reference;
  readonly timing: FiguresOf<typeof BOARD_TIMING>;
  readonly topology: FiguresOf<typeof BOARD_TOPOLOGY>;
}

export type CheckedDescriptor = CheckedCore | CheckedChip | CheckedBoard;
