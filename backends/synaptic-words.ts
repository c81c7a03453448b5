/**
 * Synaptic memory of Loihi 1, bit for bit: what one axon's list of target compartments takes.
 *
 * An axon points to a run of entries. An entry names its format and its number of synapses, then holds the
 * synapses; how a synapse says which compartment it means is the compression.
 *
 * Source  figures of NxTF (intel-nrc-ecosystem/models 3dc53bf, dnn), confirmed by nengo-loihi's block validation
 * Units   bits; words of 64 bit
 * Cost    linear in the number of synapses
 */
import { defect } from '../ir/diagnostics/diagnostic.ts';

/** `dense` starts a new entry at a gap, `filled` writes weights of 0 into it. */
export type Compression = 'sparse' | 'run-length' | 'dense' | 'filled';

export interface SynapseEntry {
  readonly synapses: number;
  /** Of every synapse of a sparse entry, else of the first compartment. */
  readonly indexBits: number;
  /** Run length only: distance from one compartment to the next. */
  readonly skipBits: number;
}

export interface SynapseWidths {
  readonly weightBits: number;
  readonly delayBits: number;
}

/** Format number and count of synapses stand before each entry. */
const HEADER_BITS = 4 + 6;
const SYNAPSES_PER_ENTRY = 60;
const INDEX_BITS = [6, 7, 8, 9, 10];
const SKIP_BITS = [2, 3, 4, 5];
const LONGEST_SKIP = 2 ** SKIP_BITS.at(-1)!;
const WORD_BITS = 64;
/** A last word that is full or nearly full cannot end the run: another follows it. */
const FULLEST_LAST_WORD = 58;

/** Entries of the compartments that one axon reaches, given in ascending order. */
export function encodeEntries(
  compartments: ArrayLike<number>,
  compression: Compression,
): readonly SynapseEntry[] {
  const entries: SynapseEntry[] = [];
  for (let start = 0; start < compartments.length; ) {
    const end = endOfEntry(compartments, start, compression);
    const [first, last] = [compartments[start]!, compartments[end - 1]!];
    entries.push({
      synapses: compression === 'filled' ? last - first + 1 : end - start,
      indexBits: bitsFor(compression === 'sparse' ? last : first, INDEX_BITS),
      skipBits: compression === 'run-length' ? skipBits(compartments, start, end) : 0,
    });
    start = end;
  }
  return entries;
}

function endOfEntry(compartments: ArrayLike<number>, start: number, compression: Compression): number {
  const first = compartments[start]!;
  let end = start + 1;
  for (; end < compartments.length; end++) {
    const gap = compartments[end]! - compartments[end - 1]!;
    const span = compression === 'filled' ? compartments[end]! - first : end - start;
    if (span >= SYNAPSES_PER_ENTRY) break;
    if (compression === 'dense' && gap > 1) break;
    if (compression === 'run-length' && gap >= LONGEST_SKIP) break;
  }
  return end;
}

function skipBits(compartments: ArrayLike<number>, start: number, end: number): number {
  let longest = 0;
  for (let i = start + 1; i < end; i++) longest = Math.max(longest, compartments[i]! - compartments[i - 1]!);
  return bitsFor(longest, SKIP_BITS);
}

const bitsFor = (value: number, widths: readonly number[]): number =>
  widths.find(bits => value < 2 ** bits) ?? defect(`${value} needs more than ${widths.at(-1)} bits`);

export function entryBits(entry: SynapseEntry, compression: Compression, widths: SynapseWidths): number {
  const own = widths.weightBits + widths.delayBits;
  return compression === 'sparse'
    ? HEADER_BITS + entry.synapses * (own + entry.indexBits)
    : HEADER_BITS + entry.indexBits + entry.synapses * (own + entry.skipBits);
}

/** Words of a run of entries. */
export function axonWords(bits: number): number {
  const last = bits % WORD_BITS;
  return Math.ceil(bits / WORD_BITS) + (last === 0 || last > FULLEST_LAST_WORD ? 1 : 0);
}

/**
 * Words of one axon. Synapses that differ in sign or in the grid of their compartments cannot share an entry:
 * they come as lists of their own, each ascending.
 */
export function synapticWords(
  lists: readonly ArrayLike<number>[],
  compression: Compression,
  widths: SynapseWidths,
): number {
  let bits = 0;
  for (const list of lists) {
    for (const entry of encodeEntries(list, compression)) bits += entryBits(entry, compression, widths);
  }
  return axonWords(bits);
}
