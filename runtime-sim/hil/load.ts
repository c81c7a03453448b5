/** Brings the files of a deployment onto a device: only what it lacks, from where it broke off. */
import { createHash } from 'node:crypto';
import type { ReplyOf, RequestDraft } from '../device/messages.ts';
import { type DeviceLink, LinkError } from './link.ts';

export interface DeviceFile {
  readonly kind: 'manifest' | 'program';
  readonly chip: number;
  readonly bytes: Uint8Array;
  /** SHA-256. */
  readonly sha256: Uint8Array;
}

export const deviceFile = (kind: DeviceFile['kind'], chip: number, bytes: Uint8Array): DeviceFile => ({
  ...{ kind, chip, bytes },
  sha256: createHash('sha256').update(bytes).digest(),
});

interface LoadLimits {
  readonly chunkBytes: number;
}

/** Errors: LinkError. `loading`: bytes that the device holds, of all. */
export async function loadFiles(
  link: DeviceLink,
  session: string,
  files: readonly DeviceFile[],
  { chunkBytes }: LoadLimits,
  milliseconds: number,
  loading: (done: number, all: number) => void,
): Promise<void> {
  const wire = link.stream('Load');
  const ask = async (request: RequestDraft<'Load'>): Promise<ReplyOf<'Load'>> => {
    await wire.send({ ...request, session });
    const reply = await wire.next(milliseconds);
    if (reply === undefined) throw new LinkError('Load', 'UNAVAILABLE', 'the device has ended the stream');
    return reply;
  };
  const all = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  try {
    const planned = await ask({
      plan: {
        files: files.map(({ kind, chip, bytes, sha256 }) => ({ kind, chip, bytes: bytes.length, sha256 })),
      },
    });
    let done = 0;
    for (const [file, { bytes }] of files.entries()) {
      const state = planned.files.find(held => held.file === file);
      let held = state?.held ?? 0;
      let isVerified = state?.verified ?? false;
      while (!isVerified && held < bytes.length) {
        const data = bytes.subarray(held, held + chunkBytes);
        const answer = (await ask({ chunk: { file, offset: held, data } })).files.find(h => h.file === file);
        if (answer === undefined || answer.held !== held + data.length) {
          const problem = `of file ${file} the device holds ${answer?.held ?? 'nothing'} bytes after ${held + data.length} were sent`;
          throw new LinkError('Load', 'DATA_LOSS', problem);
        }
        ({ held, verified: isVerified } = answer);
        loading(done + held, all);
      }
      if (!isVerified)
        throw new LinkError('Load', 'DATA_LOSS', `file ${file} is not verified after its last byte`);
      done += bytes.length;
      loading(done, all);
    }
    const { booted } = await ask({ commit: {} });
    if (!booted) throw new LinkError('Load', 'UNAVAILABLE', 'the device does not say that it booted');
    wire.end();
  } catch (error) {
    wire.cancel();
    throw error;
  }
}
