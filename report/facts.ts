/** What a report is made from: the manifest, the network, and what was counted or is expected of it. Plain data. */
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import type { Counts } from '../ir/count/counts.ts';
import type { Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import type { Saturations } from '../ir/interpret/int.ts';
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import type { Ran } from './accounts.ts';
import type { Tallied } from './energy.ts';
import type { ModeFigures } from './mode-figures.ts';
import type { Report } from './schema.ts';
import type { WhatIf } from './what-if.ts';

/** Tiles in the order of their cores; cores are numbered as in the manifest, layers as its populations. */
export interface TileTable {
  readonly core: ArrayLike<number>;
  readonly layer: ArrayLike<number>;
  /** group0, group1, row0, row1, channel0, channel1. */
  readonly box: readonly ArrayLike<number>[];
}

/** Messages of an image from a layer's neurons on one core to another core. */
export interface CoreFlows {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly layer: Int32Array;
  readonly messages: Float64Array;
}

/** Timesteps in which a layer works on one image, half-open. */
export interface LayerSpan {
  readonly layer: number;
  readonly start: number;
  readonly end: number;
}

/** A number that the chip keeps: what calibration met of it, and the worst that any image can make of it. */
export interface KeptNumber {
  /** Of stage int: the population, or the projection whose accumulator it is. */
  readonly node: string;
  readonly quantity: string;
  readonly met: number | null;
  readonly worst: number;
  readonly bits: { readonly available: number };
  readonly status: 'proved' | 'calibrated' | 'open';
}

export interface Facts {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest. */
  readonly digest: string;
  /** As it was mapped: its populations are those of the manifest. */
  readonly int: IntGraph;
  readonly target: Target;
  readonly ran: Ran;
  readonly tallied: Tallied;
  readonly timed: TimedReport | undefined;
  readonly tiles: TileTable;
  readonly spans: readonly LayerSpan[];
  readonly flows: CoreFlows;
  /** Words of synaptic memory that each core reads for an image. */
  readonly words: ArrayLike<number>;
  /** Messages of an image by link, numbered as runtime-sim/counts.ts does; undefined: nothing was simulated. */
  readonly links: ReadonlyMap<number, number> | undefined;
  /** On calibration images. */
  readonly predicted: Counts;
  /** Of the integer network, on the calibration images that it was judged by; null without labels, or without images. */
  readonly answers: {
    readonly source: string;
    readonly images: number;
    readonly float: number | null;
    readonly integer: number | null;
    readonly agreement: number | null;
  };
  readonly accuracy: Pick<
    Report['accuracy'],
    'source' | 'images' | 'isLabelled' | 'float' | 'curve' | 'missing' | 'firing'
  >;
  readonly saturations: ReadonlyMap<string, Readonly<Saturations>>;
  readonly sqnrDb: ReadonlyMap<string, number | null>;
  readonly weights: number;
  readonly weightBits: number;
  readonly widths: { readonly kept: readonly KeptNumber[]; readonly says: string };
  readonly leastCores: number;
  readonly compared: Compared;
  readonly diagnostics: readonly Diagnostic[];
  readonly build: BuildRecord | null;
}

/** build.json: of the machine that compiled; no hash covers it. */
export interface BuildRecord {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly node: string;
  /** By pass. */
  readonly steps: Readonly<Record<string, number>>;
  /** Most bytes held until the end of each. */
  readonly peaks: Readonly<Record<string, number>>;
}

/** Other modes and options, each mapped. */
export interface Compared {
  readonly modes: readonly ModeFigures[];
  readonly changes: readonly WhatIf[];
  readonly tried: number;
  /** Why nothing, or not all, was tried. */
  readonly missing: Report['alternatives']['missing'];
}
