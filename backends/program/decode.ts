/** Bytes of a chip program → what they mean. Everything that reads a deployed network reads it through here. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { alignUp, type ByteReader, createReader, type Known } from './bytes.ts';
import { findTrouble } from './check.ts';
import type { Codec } from './codec.ts';
import {
  type CoreEntry,
  coreEntry,
  coreSection,
  headerSection,
  MAGIC,
  preamble,
  SECTION_ALIGN,
  VERSION,
} from './layout.ts';
import type { ChipProgram } from './program.ts';

const PREAMBLE_BYTES = MAGIC.length + preamble.least;

/**
 * Accepts exactly what encodeChip writes: for any bytes that decode, encoding the result gives them back.
 * Memory stays within a small multiple of the file, whatever its counts promise.
 * `source`: the file's name, for messages.
 * Errors: E0601 (no chip program), E0602 (other version), E0603 (cut off), E0604 (number out of range),
 * E0605 (parts contradict each other)
 * Cost: linear in the bytes
 */
export const decodeChip = (bytes: Uint8Array, source: string): ChipProgram => decode(bytes, source);

/** The same without the numbers of weight blocks; equal maps of all calls with one `known` are one object. */
export const decodeTables = (bytes: Uint8Array, source: string, known: Known): ChipProgram =>
  decode(bytes, source, known);

function decode(bytes: Uint8Array, source: string, known?: Known): ChipProgram {
  const { chip, headerBytes, cores } = readPreamble(bytes, source);
  const entries = createReader(bytes, source, PREAMBLE_BYTES);
  entries.path.push('core table');
  entries.need(cores * coreEntry.least);
  const table = Array.from({ length: cores }, (): CoreEntry => coreEntry.read(entries));
  const headerAt = PREAMBLE_BYTES + cores * coreEntry.least;
  entries.need(headerBytes);
  const { header, input } = readSection(
    headerSection,
    createReader(bytes, source, headerAt, headerAt + headerBytes, [], known),
  );
  let end = headerAt + headerBytes;
  const programs = table.map((entry, i) => {
    const { x, y, slot, offset } = entry;
    checkEntry(entry, end, bytes, source, i);
    end = offset + entry.bytes;
    return {
      x,
      y,
      slot,
      ...readSection(coreSection, createReader(bytes, source, offset, end, ['cores', i], known)),
    };
  });
  if (end !== bytes.length)
    fail('E0605', { origin: source }, { place: 'core table', problem: `ends at byte ${end}` });
  const program: ChipProgram = { header, chip, ...(input === undefined ? {} : { input }), cores: programs };
  const trouble = findTrouble(program);
  if (trouble !== undefined) fail('E0605', { origin: source }, { ...trouble });
  return program;
}

function readPreamble(bytes: Uint8Array, source: string) {
  const at = { origin: source };
  if (bytes.length < PREAMBLE_BYTES) fail('E0601', at, { problem: `${bytes.length} bytes` });
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    fail('E0601', at, { problem: `it does not begin with ${MAGIC}` });
  }
  const input = createReader(bytes, source, MAGIC.length);
  input.path.push('preamble');
  const head = preamble.read(input);
  if (head.version !== VERSION) fail('E0602', at, { found: head.version, known: VERSION });
  if (head.reserved !== 0) input.refuseValue(head.reserved, '0 (reserved)');
  if (head.bytes > bytes.length) {
    fail('E0603', at, { place: 'preamble', needed: head.bytes - bytes.length, left: 0 });
  }
  if (head.bytes < bytes.length) input.refuse(`the file has ${bytes.length} bytes, not ${head.bytes}`);
  return head;
}

/** Sections lie one behind the other, aligned, with zeros between them. */
function checkEntry(entry: CoreEntry, end: number, bytes: Uint8Array, source: string, i: number): void {
  const reader = createReader(bytes, source, end, bytes.length, ['core table', i]);
  const offset = alignUp(end, SECTION_ALIGN);
  if (entry.reserved !== 0) reader.refuseValue(entry.reserved, '0 (reserved)');
  if (entry.offset !== offset)
    reader.refuseValue(entry.offset, `byte ${offset}, where the section before ends`);
  reader.need(offset - end + entry.bytes);
  if (bytes.subarray(end, offset).some(byte => byte !== 0))
    reader.refuse('padding before the section is not zero');
}

function readSection<T>(codec: Codec<T>, input: ByteReader): T {
  const value = codec.read(input);
  if (input.left() > 0) input.refuse(`${input.left()} byte(s) after its end`);
  return value;
}
