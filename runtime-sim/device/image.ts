/**
 * The memory of a device: the bytes of its programs as they were loaded. Weights are read from these bytes whenever a
 * message meets them, so that a bit that is flipped in the image is a bit that is flipped in every sum.
 */
import { createReader, type Known } from '../../backends/program/bytes.ts';
import { decodeTables } from '../../backends/program/decode.ts';
import { coreEntry, coreSection, MAGIC, preamble } from '../../backends/program/layout.ts';
import type { ChipProgram } from '../../backends/program/program.ts';
import { ROW_HEADER_BITS, rowWords } from '../../backends/program/weights.ts';

/** Weights at a place of a file: rows of packed bits, or one int16 a synapse. */
export interface Block {
  /** First byte in the file of the chip. */
  readonly at: number;
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly rowBytes: number;
  /** Bits of a row before its first weight. */
  readonly headBits: number;
}

export interface ChipImage {
  readonly program: ChipProgram;
  readonly bytes: Uint8Array;
  /** Weight blocks of every core. */
  readonly blocks: readonly (readonly Block[])[];
  /** Synapses one by one, by `core tile gather`. */
  readonly sparse: ReadonlyMap<string, Block>;
}

/**
 * The bytes are kept, not copied. `known` makes equal maps of all chips one object.
 * Errors: those of decodeChip
 */
export function readImage(bytes: Uint8Array, source: string, known: Known): ChipImage {
  const program = decodeTables(bytes, source, known);
  const sparse = new Map<string, Block>();
  const blocks = program.cores.map((core, c) => {
    const places = locateRaw(bytes, source, c);
    core.tiles.forEach((tile, t) => {
      tile.gathers.forEach((gather, g) => {
        if (gather.kind !== 'sparse') return;
        const at = places.get(`tiles.${t}.gathers.${g}.weights`)!;
        const rows = gather.weights.length;
        sparse.set(`${c} ${t} ${g}`, { at, rows, columns: 1, bits: 16, rowBytes: 2, headBits: 0 });
      });
    });
    return core.weights.map(({ inputs, channels, bits }, b): Block => {
      const at = places.get(`weights.${b}`)!;
      const rowBytes = 8 * rowWords(channels, bits);
      return { at, rows: inputs, columns: channels, bits, rowBytes, headBits: ROW_HEADER_BITS };
    });
  });
  return { program, bytes, blocks, sparse };
}

/** Where the raw bytes of a core's section lie, by their path within it. The section has been decoded before. */
function locateRaw(bytes: Uint8Array, source: string, core: number): ReadonlyMap<string, number> {
  const entryAt = MAGIC.length + preamble.least + core * coreEntry.least;
  const entry = coreEntry.read(createReader(bytes, source, entryAt));
  const reader = createReader(bytes, source, entry.offset, entry.offset + entry.bytes);
  const places = new Map<string, number>();
  coreSection.read({
    ...reader,
    raw(count) {
      places.set(reader.path.join('.'), reader.position());
      return reader.raw(count);
    },
  });
  return places;
}

export const blockBytes = ({ rows, rowBytes }: Block): number => rows * rowBytes;

/** Bit number `bit` (0 the lowest) of a weight: its byte in the file, and the bit there. */
export function bitOf({ at, rowBytes, headBits, bits }: Block, row: number, column: number, bit: number) {
  const place = headBits + column * bits + bit;
  return { byte: at + row * rowBytes + (place >>> 3), mask: 1 << (place & 7) };
}

/** A weight, two's complement, as the bytes have it now. */
export function readWeight(bytes: Uint8Array, block: Block, row: number, column: number): number {
  const { at, rowBytes, headBits, bits } = block;
  const place = headBits + column * bits;
  const from = at + row * rowBytes + (place >>> 3);
  const word = bytes[from]! | ((bytes[from + 1] ?? 0) << 8) | ((bytes[from + 2] ?? 0) << 16);
  const above = 32 - bits;
  return ((word >>> (place & 7)) << above) >> above;
}
