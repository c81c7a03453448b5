/**
 * Memory of a device against the files of the deployment: hashes of blocks first, bytes only where they differ, and of each
 * byte which weight of which core it belongs to.
 */
import { createHash } from 'node:crypto';
import { createReader } from '../../backends/program/bytes.ts';
import { coreEntry, MAGIC, preamble } from '../../backends/program/layout.ts';
import { blockBytes, type ChipImage, readImage, readWeight } from '../device/image.ts';
import type { DeviceFile } from './load.ts';
import type { HilDevice } from './session.ts';
import { sameBytes } from './spikes.ts';

export interface MemoryDifference {
  readonly chip: number;
  /** Number within the chip; null: tables of the whole chip. */
  readonly core: number | null;
  /** In the program file. */
  readonly offset: number;
  readonly expected: number;
  readonly got: number;
  /** Which weight, where it is one. */
  readonly weight: {
    readonly block: number;
    readonly row: number;
    readonly column: number;
    readonly expected: number;
    readonly got: number;
  } | null;
}

export interface ScrubResult {
  /** Bytes that were compared. */
  readonly bytes: number;
  /** Bytes that differ; all of them are counted, the first are listed. */
  readonly different: number;
  readonly differences: readonly MemoryDifference[];
}

const BLOCK_BYTES = 4096;
const LISTED = 1000;

/** Errors: those of the session; UNIMPLEMENTED where the device cannot read its memory. */
export async function scrub(
  device: HilDevice,
  files: readonly DeviceFile[],
  progress?: (done: number, all: number) => void,
): Promise<ScrubResult> {
  const programs = files.filter(({ kind }) => kind === 'program');
  const all = programs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const differences: MemoryDifference[] = [];
  let done = 0;
  let different = 0;
  for (const { chip, bytes } of programs) {
    let image: ChipImage | undefined;
    const span = Math.max(BLOCK_BYTES, device.limits.memoryBytes - (device.limits.memoryBytes % BLOCK_BYTES));
    for (let from = 0; from < bytes.length; from += span) {
      const length = Math.min(span, bytes.length - from);
      for (const block of await wrongBlocks(device, chip, bytes, from, length)) {
        const got = await readBytes(device, chip, block, Math.min(BLOCK_BYTES, bytes.length - block));
        image ??= readImage(bytes, `chip ${chip}`, new Map());
        for (const difference of compareBlock(image, bytes, got, block)) {
          different += 1;
          if (differences.length < LISTED) differences.push(difference);
        }
      }
      done += length;
      progress?.(done, all);
    }
  }
  return { bytes: all, different, differences };
}

/** First bytes of the blocks whose hash is not that of the file. */
async function wrongBlocks(
  device: HilDevice,
  chip: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Promise<readonly number[]> {
  const reply = await device.readMemory({
    ...{ chip, region: 'program', offset, bytes: length, form: 'sha256', blockBytes: BLOCK_BYTES },
  });
  const count = Math.ceil(length / BLOCK_BYTES);
  return Array.from({ length: count }, (_, i) => offset + i * BLOCK_BYTES).filter((at, i) => {
    const end = Math.min(at + BLOCK_BYTES, offset + length);
    const hash = createHash('sha256').update(bytes.subarray(at, end)).digest();
    return !sameBytes(hash, reply.sha256[i] ?? new Uint8Array(0));
  });
}

async function readBytes(
  device: HilDevice,
  chip: number,
  offset: number,
  bytes: number,
): Promise<Uint8Array> {
  const { data } = await device.readMemory({ chip, region: 'program', offset, bytes, form: 'bytes' });
  return data;
}

function* compareBlock(
  { bytes: file, blocks }: ChipImage,
  bytes: Uint8Array,
  got: Uint8Array,
  from: number,
): Generator<MemoryDifference> {
  const chip = createReader(file, 'chip', MAGIC.length);
  const { chip: number, cores } = preamble.read(chip);
  const sections = Array.from({ length: cores }, () => coreEntry.read(chip));
  const length = Math.min(BLOCK_BYTES, bytes.length - from);
  for (let i = 0; i < length; i++) {
    const offset = from + i;
    const [expected, had] = [bytes[offset]!, got[i] ?? 0];
    if (expected === had) continue;
    const core = sections.findIndex(entry => offset >= entry.offset && offset < entry.offset + entry.bytes);
    yield {
      chip: number,
      core: core < 0 ? null : core,
      offset,
      expected,
      got: had,
      weight: core < 0 ? null : weightAt(bytes, got, from, blocks[core]!, offset),
    };
  }
}

/** The first weight of which this byte holds bits that differ. */
function weightAt(
  bytes: Uint8Array,
  got: Uint8Array,
  from: number,
  blocks: ChipImage['blocks'][number],
  offset: number,
): MemoryDifference['weight'] {
  const number = blocks.findIndex(block => offset >= block.at && offset < block.at + blockBytes(block));
  const block = blocks[number];
  if (block === undefined) return null;
  const row = Math.floor((offset - block.at) / block.rowBytes);
  const start = block.at + row * block.rowBytes;
  // A Buffer's slice would be a view.
  const whole = Uint8Array.from(bytes.subarray(start, start + block.rowBytes + 3));
  const changed = Uint8Array.from(whole);
  changed[offset - start] = got[offset - from] ?? 0;
  const inRow = { ...block, at: 0 };
  for (let column = 0; column < block.columns; column++) {
    const [expected, had] = [readWeight(whole, inRow, 0, column), readWeight(changed, inRow, 0, column)];
    if (expected !== had) return { block: number, row, column, expected, got: had };
  }
  return null;
}

export function describeMemory({ offset, expected, got, weight }: MemoryDifference): string {
  const hex = (byte: number) => `0x${byte.toString(16).padStart(2, '0')}`;
  const bytes = `byte ${offset} of its program is ${hex(got)} instead of ${hex(expected)}`;
  if (weight === null) return bytes;
  const { block, row, column } = weight;
  return `weight [${row}, ${column}] of block ${block} is ${weight.got} instead of ${weight.expected} (${bytes})`;
}
