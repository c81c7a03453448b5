/** What a machine is after boot: the programs of its chips as flat tables of cores, tiles, routes and links. */
import type { SomaFunction } from '../ir/interpret/soma.ts';
import type { EmitProgram, ProgramHeader } from '../backends/program/program.ts';
import type { CountedPopulation } from '../ir/count/counts.ts';
import type { Emission } from './fire.ts';
import type { GatherState } from './gathers.ts';
import type { Sender } from './messages.ts';

export interface CoreTable {
  readonly number: number;
  readonly chip: number;
  /** Number within its chip. */
  readonly core: number;
  readonly x: number;
  readonly y: number;
}

/** One destination core of one tile, or of the host (tile undefined). */
export interface RouteTable {
  readonly number: number;
  readonly tile: number | undefined;
  readonly core: number;
  readonly axon: number;
  /** 1 for each neuron that sends here; undefined: all. */
  readonly selected: Uint8Array | undefined;
  /** X–Y distance between the routers of one chip; 0 to another chip. */
  readonly hopsEastWest: number;
  readonly hopsNorthSouth: number;
  /** Distance between chips; 0 within one. */
  readonly chipHops: number;
}

/** A tile with its state. */
export interface Tile {
  readonly number: number;
  readonly core: number;
  readonly population: number;
  readonly sender: Sender;
  /** Extents of its box: size = groups · rows · channels. */
  readonly groups: number;
  readonly rows: number;
  readonly channels: number;
  readonly outFraction: number;
  readonly gathers: readonly GatherState[];
  readonly soma: SomaFunction;
  readonly isPartial: boolean;
  readonly emit: EmitProgram;
  /** U of a step, before and after saturation. */
  readonly input: Float64Array;
  readonly emission: Emission;
  /** Its neurons' numbers in the population. */
  readonly members: Int32Array;
  /** Touched by a message of this step: neurons, rows (at the row's first neuron), columns (group · channels + column). */
  readonly touched: { readonly neurons: Uint8Array; readonly rows: Uint8Array; readonly columns: Uint8Array };
  /** Table reads of its soma in a step. */
  readonly lookups: number;
  /** The tile as ir/count prices a soma. */
  readonly counted: CountedPopulation;
}

export interface ChipTables {
  readonly header: ProgramHeader;
  readonly steps: number;
  /** Chip timesteps 1 … timesteps in which cores work on one image. */
  readonly timesteps: number;
  /** Thresholds that the histograms have room for. */
  readonly levels: number;
  readonly cores: readonly CoreTable[];
  readonly tiles: readonly Tile[];
  readonly routes: readonly RouteTable[];
  readonly links: readonly (readonly Link[])[];
  readonly host: Sender;
  readonly inputFraction: number;
  /** Population that is read out. */
  readonly readout: number;
}
import type { Link } from './messages.ts';
