/** What many tests need: random images, a network taken down the ladder, distances. */
import { decodeChip } from '../backends/program/decode.ts';
import { encodeChip } from '../backends/program/encode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Target } from '../backends/target.ts';
import { main } from '../cli/main.ts';
import { allPrograms } from '../compiler/assemble.ts';
import { calibrate } from '../compiler/calibrate.ts';
import { checkDelivery } from '../compiler/check-delivery.ts';
import { checkTiming } from '../compiler/check-timing.ts';
import type { SomaArithmetic } from '../compiler/integers/formats.ts';
import { type Mapped, mapNetwork } from '../compiler/map-network.ts';
import { convert } from '../compiler/passes/convert.ts';
import { foldAttentionScale } from '../compiler/passes/fold-attention-scale.ts';
import { foldNorms } from '../compiler/passes/fold-norms.ts';
import { quantize } from '../compiler/passes/quantize.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { measureRanges } from '../compiler/ranges.ts';
import { findSites } from '../compiler/sites.ts';
import { emitsOf } from '../compiler/thresholds.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../ir/dialect.ts';
import type { IntGraph } from '../ir/int.ts';
import { interpretAnn } from '../ir/interpret/ann.ts';
import { createRandom } from '../ir/random/seeded.ts';
import type { Coding, SnnGraph } from '../ir/snn.ts';
import { createMachine, type Machine } from '../runtime-sim/chip.ts';

export function randomImages(graph: AnnGraph, count: number, seed: number): readonly Float64Array[] {
  const random = createRandom(seed);
  const size = sizeOf(graph.nodes.find(n => n.kind === 'input')!.type.shape);
  return Array.from({ length: count }, () => Float64Array.from({ length: size }, () => random.normal()));
}

export const logitsOf = (graph: AnnGraph, image: Float64Array): Float64Array =>
  [...interpretAnn(graph, image).values()][0]!;

export const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((max, x, i) => Math.max(max, Math.abs(x - b[i]!)), 0);

export interface LadderOptions {
  readonly coding: Coding;
  readonly steps: number;
  readonly shift: number;
  readonly terms: number;
  readonly coarse?: number;
  readonly functions?: SomaArithmetic;
}

/** ann → snn → int with the default profile, calibrated on the given images. */
export function descend(
  graph: AnnGraph,
  images: readonly Float64Array[],
  { coding, steps, shift, terms, coarse = 0, functions }: LadderOptions,
): { folded: AnnGraph; snn: SnnGraph; int: IntGraph } {
  const { report, list } = createDiagnostics();
  const folded = foldAttentionScale.run(foldNorms.run(graph, undefined, report), undefined, report);
  const sites = findSites(folded);
  const options = {
    rule: 'pow2',
    profile: defaultProfile(shift, terms),
    coarse,
    maxLevels: 16,
  } as const;
  const emits = emitsOf(sites, calibrate(folded, sites, images), options, report);
  const snn = convert.run(folded, { coding, steps, emits }, report);
  const widths = { functions, weightBits: 8, accumulatorBits: 24, stateBits: 24, inputFraction: 12 };
  const int = quantize.run(snn, { ranges: measureRanges(snn, images), ...widths }, report);
  if (list.length > 0) throw new Error(list.map(d => d.message).join('\n'));
  return { folded, snn, int };
}

/** The target with memories so small that every population must be cut. */
export function shrunk(target: Target, neurons: number, synapseWords: number): Target {
  const { limits, topology } = target;
  return {
    ...target,
    cores: 100_000,
    chips: 1000,
    limits: {
      ...limits,
      neuronsPerCore: { ...limits.stateWords, unit: 'neuron', value: neurons },
      stateWords: { ...limits.stateWords, value: neurons * 8 },
      synapseWords: { ...limits.synapseWords, value: synapseWords },
    },
    topology: { ...topology, chipsX: { ...topology.chipsX, value: 1000 } },
  };
}

/** The same on a board of twenty chips in a row. */
export function cramped(target: Target, neurons: number, synapseWords: number): Target {
  const small = shrunk(target, neurons, synapseWords);
  const topology = { ...small.topology, chipsX: { ...small.topology.chipsX, value: 20 } };
  return { ...small, cores: 2400, chips: 20, topology };
}

/** The programs of a mapped network as its bytes say them, delivery and timing proved. */
export function reload({ programs, int }: Pick<Mapped, 'programs' | 'int'>): readonly ChipProgram[] {
  const decoded = allPrograms(programs).map(program => decodeChip(encodeChip(program), 'memory'));
  checkDelivery(decoded, int);
  checkTiming(decoded);
  return decoded;
}

/** The programs of a network on a target, mapped quickly. */
export function mapTo(
  int: IntGraph,
  target: Target,
  options: { readonly mode?: Mode } = {},
): readonly ChipProgram[] {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const all = { weightBits: 8, seed: 1, effort: 'fast', ...options } as const;
  return reload(mapNetwork(int, target, new Map(), all, context));
}

/** A chip that boots from bytes, as a deployed one does. */
export const bootFromBytes = (mapped: Pick<Mapped, 'programs' | 'int'>): Machine =>
  createMachine(reload(mapped));

/** Exit code and stderr of a command. */
export async function said(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const { write } = process.stderr;
  process.stderr.write = ((text: string) => lines.push(text)) as unknown as typeof write;
  const code = await main(args).finally(() => {
    process.stderr.write = write;
  });
  return `${code} ${lines.join('')}`;
}
