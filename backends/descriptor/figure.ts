/** What a number of a descriptor is once read: never without where it comes from. */
import type { FormulaNode } from './formula.ts';

/**
 * measured: on silicon, by the source · published: stated by its maker or in a paper, simulations included ·
 * derived: computed here from such figures · inherited: another chip's figure, for want of its own ·
 * assumed: nobody has said it.
 */
export const STATUSES = ['measured', 'published', 'derived', 'inherited', 'assumed'] as const;
export type Status = (typeof STATUSES)[number];

/** What an energy or time per event stands for: an operating-point average is not a marginal cost. */
export const BASES = ['marginal', 'average', 'min', 'max'] as const;
export type Basis = (typeof BASES)[number];

export interface Evidence {
  readonly status: Status;
  /** The document or software, readable; `(second hand)` where the primary was not opened. */
  readonly source: string;
  /** How the figure came about, where the status alone would say too little. */
  readonly note?: string;
}

export interface Figure extends Evidence {
  readonly value: number;
  /** The unit of `value`: `pJ`, `ns`, `word`, … (units.ts). */
  readonly unit: string;
  readonly basis?: Basis;
  /** Costs of the same set that are contained in this one: known, and not to be added. */
  readonly includes?: readonly string[];
  /** Operating point, for example `0.75 V`. */
  readonly condition?: string;
}

export interface Capability extends Evidence {
  readonly value: boolean;
}

export interface Formula extends Evidence {
  readonly text: string;
  readonly unit: string;
  readonly tree: FormulaNode;
}

/** What sets a document apart: vendor, library, name, version, as in IP-XACT. */
export interface Vlnv {
  readonly vendor: string;
  readonly library: string;
  readonly name: string;
  readonly version: string;
}

export const formatVlnv = (id: Vlnv): string => `${id.vendor}:${id.library}:${id.name}:${id.version}`;
