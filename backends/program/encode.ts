/** Program of a chip → the bytes of its program/chip-NNN.bin. Equal programs give equal bytes. */
import { alignUp, createWriter } from './bytes.ts';
import { coreEntry, coreSection, headerSection, MAGIC, preamble, SECTION_ALIGN, VERSION } from './layout.ts';
import type { ChipProgram } from './program.ts';

export function encodeChip(program: ChipProgram): Uint8Array {
  const header = createWriter();
  headerSection.write(header, { header: program.header, input: program.input });
  const headerBytes = header.finish();
  const sections = program.cores.map(core => {
    const out = createWriter();
    coreSection.write(out, core);
    return out.finish();
  });
  const fixedBytes = MAGIC.length + preamble.least + program.cores.length * coreEntry.least;
  let offset = alignUp(fixedBytes + headerBytes.length, SECTION_ALIGN);
  const entries = program.cores.map(({ x, y, slot }, i) => {
    const bytes = sections[i]!.length;
    const entry = { x, y, slot, reserved: 0, offset, bytes };
    offset = alignUp(offset + bytes, SECTION_ALIGN);
    return entry;
  });
  const out = createWriter();
  out.raw(new TextEncoder().encode(MAGIC));
  preamble.write(out, {
    version: VERSION,
    reserved: 0,
    bytes: offset,
    chip: program.chip,
    headerBytes: headerBytes.length,
    cores: program.cores.length,
  });
  for (const entry of entries) coreEntry.write(out, entry);
  out.raw(headerBytes);
  for (const section of sections) {
    out.align(SECTION_ALIGN);
    out.raw(section);
  }
  out.align(SECTION_ALIGN);
  return out.finish();
}
