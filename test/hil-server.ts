/** A device in this process, broken as a test wants it, and a run of `snnc hil` on it. */
import { createHash } from 'node:crypto';
import { ServerCredentials } from '@grpc/grpc-js';
import { encodeChip } from '../backends/program/encode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { createDevice, type DeviceOptions } from '../runtime-sim/device/device.ts';
import { type DeviceServer, startServer } from '../runtime-sim/device/server.ts';
import { connectGrpc } from '../runtime-sim/hil/grpc-link.ts';
import type { DeviceFile } from '../runtime-sim/hil/load.ts';
import { type HilDevice, openSession, type SessionOptions } from '../runtime-sim/hil/session.ts';

export const filesOf = (programs: readonly ChipProgram[]): readonly DeviceFile[] => [
  ...programs.map(program => fileOf('program', program.chip, encodeChip(program))),
];

function fileOf(kind: DeviceFile['kind'], chip: number, bytes: Uint8Array): DeviceFile {
  return { kind, chip, bytes, sha256: createHash('sha256').update(bytes).digest() };
}

export async function serve(options: Partial<DeviceOptions> = {}, port = 0): Promise<DeviceServer> {
  const device = createDevice({ firmware: 'test', ...options });
  const failed: unknown[] = [];
  const server = await startServer({
    device,
    credentials: ServerCredentials.createInsecure(),
    address: `127.0.0.1:${port}`,
    onDefect: error => failed.push(error),
  });
  return server;
}

/** Loads programs on a device, works with it, and lets it go. */
export async function withSession<T>(
  port: number,
  programs: readonly ChipProgram[],
  work: (device: HilDevice, files: readonly DeviceFile[]) => Promise<T>,
  options: Partial<SessionOptions> = {},
): Promise<T> {
  const link = connectGrpc(`127.0.0.1:${port}`, undefined);
  const files = filesOf(programs);
  const device = await openSession(link, await link.call('Describe', {}, 5000), files, {
    ...{ client: 'test', timeout: 10_000, patience: 20_000 },
    ...options,
  });
  try {
    return await work(device, files);
  } finally {
    await device.close();
    link.close();
  }
}
