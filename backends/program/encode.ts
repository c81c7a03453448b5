/** Decoded program → the bytes that a chip is loaded with. Layout: layout.ts and docs/deployment-folder.md. */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { alignUp, createWriter } from './bytes.ts';
import { findTrouble } from './check.ts';
import type { Codec } from './codec.ts';
import { coreEntry, coreSection, headerSection, MAGIC, preamble, SECTION_ALIGN, VERSION } from './layout.ts';
import type { ChipProgram } from './program.ts';

/**
 * One file for one chip. Equal programs give equal bytes, and no two byte sequences decode to one program.
 * Errors: none of the user's; a program that contradicts itself or does not fit the format is a defect.
 * Cost: linear in the bytes written.
 */
export function encodeChip(program: ChipProgram): Uint8Array {
  const trouble = findTrouble(program);
  if (trouble !== undefined) defect(`chip program ${program.chip}: ${trouble.place}: ${trouble.problem}`);
  const header = bytesOf(headerSection, program, []);
  const sections = program.cores.map((core, i) => bytesOf(coreSection, core, ['cores', i]));
  let end = MAGIC.length + preamble.least + coreEntry.least * sections.length + header.length;
  const offsets = sections.map(section => {
    const offset = alignUp(end, SECTION_ALIGN);
    end = offset + section.length;
    return offset;
  });
  const out = createWriter();
  out.raw(new TextEncoder().encode(MAGIC));
  const { chip } = program;
  const counts = { headerBytes: header.length, cores: sections.length };
  preamble.write(out, { version: VERSION, reserved: 0, bytes: end, chip, ...counts });
  program.cores.forEach(({ x, y, slot }, i) => {
    out.path.splice(0, out.path.length, 'cores', i);
    coreEntry.write(out, { x, y, slot, reserved: 0, offset: offsets[i]!, bytes: sections[i]!.length });
  });
  out.raw(header);
  for (const section of sections) {
    out.align(SECTION_ALIGN);
    out.raw(section);
  }
  return out.finish();
}

function bytesOf<T>(codec: Codec<T>, value: T, path: readonly (string | number)[]): Uint8Array {
  const out = createWriter();
  out.path.push(...path);
  codec.write(out, value);
  return out.finish();
}
