/** Chip programs → bytes, one chip at a time in memory, and the proof of delivery on what these bytes hold. */
import type { Known } from '../backends/program/bytes.ts';
import { decodeTables } from '../backends/program/decode.ts';
import { encodeChip } from '../backends/program/encode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { IntGraph } from '../ir/int.ts';
import type { Programs } from './assemble.ts';
import { type DeliveryProof, proveDelivery } from './check-delivery.ts';
import { checkTiming } from './check-timing.ts';
import { createTablesReader } from './delivery-tables.ts';

/** `take` gets every chip's bytes, chips ascending; it may pause, so that a person can interrupt. */
export async function encodeChips(
  { chips, program }: Programs,
  network: IntGraph,
  take: (chip: number, bytes: Uint8Array) => Promise<void> | void,
): Promise<DeliveryProof> {
  const known: Known = new Map();
  const reader = createTablesReader();
  const inTime: ChipProgram[] = [];
  for (const chip of chips) {
    const bytes = encodeChip(program(chip));
    await take(chip, bytes);
    const tables = decodeTables(bytes, `chip ${chip}`, known);
    reader.add(tables);
    if (tables.header.mode === 'streaming') inTime.push(tables);
  }
  if (inTime.length > 0) checkTiming(inTime);
  return proveDelivery(reader.done(), network);
}
