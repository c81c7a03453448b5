/**
 * The bytes of a chip → its program. Whatever is wrong with them is one diagnostic; nothing is allocated that
 * the bytes do not pay for.
 * Errors  E0601 no program image · E0602 another version · E0603 too few bytes · E0604 a number out of range ·
 *         E0605 a contradiction, references to what is not there included
 */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { createReader } from './bytes.ts';
import { coreEntry, coreSection, headerSection, MAGIC, preamble, VERSION } from './layout.ts';
import type { ChipProgram, CoreProgram } from './program.ts';

export function decodeChip(bytes: Uint8Array, source: string): ChipProgram {
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) return fail('E0601', { origin: source }, { problem: `it begins with ${JSON.stringify(magic)}` });
  const input = createReader(bytes.subarray(MAGIC.length), source);
  const start = preamble.read(input);
  if (start.version !== VERSION)
    return fail('E0602', { origin: source }, { found: start.version, known: VERSION });
  if (start.bytes !== bytes.length) input.refuse(`${start.bytes} bytes announced, ${bytes.length} there`);
  input.need(start.cores * coreEntry.least);
  const entries = Array.from({ length: start.cores }, () => coreEntry.read(input));
  const header = headerSection.read(createReader(input.raw(start.headerBytes), source));
  const cores = entries.map(({ x, y, slot, offset, bytes: length }): CoreProgram => {
    if (offset + length > bytes.length) input.refuse(`a core section ends at ${offset + length}`);
    const section = coreSection.read(createReader(bytes.subarray(offset, offset + length), source));
    return { x, y, slot, ...section };
  });
  for (const core of cores) checkReferences(core, header.header.populations.length, input.refuse);
  return { chip: start.chip, ...header, cores };
}

/** Every number that names something names something that is there. */
function checkReferences(core: CoreProgram, populations: number, refuse: (problem: string) => never): void {
  const within = (value: number, size: number, what: string) => {
    if (value >= size) refuse(`${what} ${value} of ${size}`);
  };
  for (const tile of core.tiles) {
    within(tile.population, populations, 'population');
    if (tile.function.kind === 'pointwise') within(tile.function.remainder, core.remainders.length, 'table');
    const needsLogs = tile.function.kind === 'layernorm' || tile.function.kind === 'softmax';
    if (needsLogs && (core.log2 === undefined || core.exp2 === undefined))
      refuse('a function without its tables');
    if (tile.emit.kind === 'mt' && tile.outFraction < tile.emit.theta + 2)
      refuse('a threshold finer than the state');
    for (const gather of tile.gathers) {
      if (gather.kind === 'linear') within(gather.weights, core.weights.length, 'weight block');
    }
  }
  for (const axon of core.axons) {
    for (const { tile, gather } of axon.targets) {
      within(tile, core.tiles.length, 'tile');
      within(gather, core.tiles[tile]!.gathers.length, 'gather');
    }
  }
}
