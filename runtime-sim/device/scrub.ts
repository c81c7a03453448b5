/** Memory read back: bytes, or hashes of blocks of them. */
import { createHash } from 'node:crypto';
import { blockBytes, type ChipImage } from './image.ts';
import type { ReplyDraft, RequestOf } from './messages.ts';
import { refuse } from './refusal.ts';

type Read = RequestOf<'ReadMemory'>;

/** Errors: Refusal */
export function answerMemory(
  images: readonly ChipImage[],
  request: Read,
  memoryBytes: number,
): ReplyDraft<'ReadMemory'> {
  const region = regionOf(images, request);
  const { offset, form, blockBytes: size } = request;
  const bytes = request.bytes === 0 ? region.length - offset : request.bytes;
  if (offset > region.length || offset + bytes > region.length)
    refuse('OUT_OF_RANGE', `bytes ${offset} to ${offset + bytes} of a region of ${region.length}`);
  if (bytes > memoryBytes) refuse('RESOURCE_EXHAUSTED', `${bytes} bytes in one call; at most ${memoryBytes}`);
  const data = region.subarray(offset, offset + bytes);
  if (form === 'bytes') return { regionBytes: region.length, data };
  if (form !== 'sha256') refuse('INVALID_ARGUMENT', 'neither bytes nor hashes are asked for');
  if (size < MIN_BLOCK) refuse('INVALID_ARGUMENT', `a hash for every ${size} bytes; at least ${MIN_BLOCK}`);
  const sha256: Buffer[] = [];
  for (let at = 0; at < data.length; at += size)
    sha256.push(
      createHash('sha256')
        .update(data.subarray(at, at + size))
        .digest(),
    );
  return { regionBytes: region.length, sha256 };
}

/** A hash is no longer than what it stands for. */
const MIN_BLOCK = 32;

function regionOf(images: readonly ChipImage[], { chip, region, core, block }: Read): Uint8Array {
  const image =
    images.find(({ program }) => program.chip === chip) ??
    refuse('INVALID_ARGUMENT', `there is no chip ${chip}`);
  if (region === 'program') return image.bytes;
  if (region !== 'weights') return refuse('INVALID_ARGUMENT', 'no region is asked for');
  const found =
    image.blocks[core]?.[block] ??
    refuse('INVALID_ARGUMENT', `there is no weight block ${block} in core ${core} of chip ${chip}`);
  return image.bytes.subarray(found.at, found.at + blockBytes(found));
}
