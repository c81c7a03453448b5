/** What identifies the images of a run: the numbers that the network took, however they were stored. */
import { createHash } from 'node:crypto';

/** Kept of each image. */
export const DIGEST_BYTES = 16;

export const digestOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest()
    .subarray(0, DIGEST_BYTES);

/** Of all images, from the digests of each in their order: the same however they were divided. */
export function createInputHash() {
  const hash = createHash('sha256');
  return {
    add(digests: Uint8Array): void {
      hash.update(digests);
    },
    hex: (): string => hash.copy().digest('hex'),
  };
}
