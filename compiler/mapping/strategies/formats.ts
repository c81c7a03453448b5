/**
 * Synapse formats of a Loihi 1 core: entries that are laid out alike share one, and a core holds only a few, so the
 * closest are merged at the price of wider fields.
 *
 * Source  NxTF (intel-nrc-ecosystem/models 3dc53bf): formats with equal grid, compression and sign may be merged,
 *         closest bit widths first
 */
import { defect } from '../../../ir/diagnostics/diagnostic.ts';

export interface SynapseFormat {
  /** Compartment = offset + index · (step + 1). */
  readonly offset: number;
  readonly step: number;
  readonly indexBits: number;
  readonly skipBits: number;
  /** 0 excites, 1 inhibits. */
  readonly sign: 0 | 1;
  /** Synapses that reset a neuron ask for a format of their own, but may be merged with others. */
  readonly isReset: 0 | 1;
}

const FIELD = 64;

/** A number that stands for the format and sorts like it. */
export const encodeFormat = ({ offset, step, indexBits, skipBits, sign, isReset }: SynapseFormat): number =>
  (((offset * FIELD + step) * FIELD + indexBits) * FIELD + skipBits) * FIELD + 2 * sign + isReset;

export function decodeFormat(code: number): SynapseFormat {
  const field = (power: number): number => Math.floor(code / FIELD ** power) % FIELD;
  const last = field(0);
  return {
    offset: field(4),
    step: field(3),
    indexBits: field(2),
    skipBits: field(1),
    sign: (last >> 1) as 0 | 1,
    isReset: (last & 1) as 0 | 1,
  };
}

export interface MergedFormats {
  readonly formats: readonly SynapseFormat[];
  /** Merged format of every format given. */
  readonly formatOf: Int32Array;
}

/** Infinite where two formats cannot be one. Weights are all equally wide. */
function distance(a: SynapseFormat, b: SynapseFormat, weightBits: number): number {
  if (a.offset !== b.offset || a.step !== b.step || a.sign !== b.sign) {
    return Number.POSITIVE_INFINITY;
  }
  const apart = (a.indexBits - b.indexBits) ** 2 + (a.skipBits - b.skipBits) ** 2;
  const size = (a.indexBits + b.indexBits) ** 2 + (a.skipBits + b.skipBits) ** 2 + (2 * weightBits) ** 2;
  return apart / size;
}

/** Undefined where no merging brings them down to `most`. Formats given are all different. */
export function mergeFormats(
  given: readonly SynapseFormat[],
  most: number,
  weightBits: number,
): MergedFormats | undefined {
  const sorted = given.map((format, number) => ({ format, members: [number] }));
  sorted.sort((a, b) => encodeFormat(a.format) - encodeFormat(b.format));
  while (sorted.length > most) {
    let closest = Number.POSITIVE_INFINITY;
    let pair: readonly [number, number] | undefined;
    for (let later = 1; later < sorted.length; later++) {
      for (let earlier = 0; earlier < later; earlier++) {
        const apart = distance(sorted[later]!.format, sorted[earlier]!.format, weightBits);
        if (apart < closest) {
          closest = apart;
          pair = [earlier, later];
        }
      }
    }
    if (pair === undefined) return undefined;
    const [kept, dropped] = [sorted[pair[0]]!, sorted[pair[1]]!];
    const indexBits = Math.max(kept.format.indexBits, dropped.format.indexBits);
    const skipBits = Math.max(kept.format.skipBits, dropped.format.skipBits);
    sorted[pair[0]] = {
      format: { ...kept.format, indexBits, skipBits },
      members: [...kept.members, ...dropped.members],
    };
    sorted.splice(pair[1], 1);
  }
  const formatOf = new Int32Array(given.length).fill(-1);
  sorted.forEach(({ members }, number) => {
    for (const member of members) formatOf[member] = number;
  });
  if (formatOf.includes(-1)) return defect('a synapse format was lost');
  return { formats: sorted.map(({ format }) => format), formatOf };
}
