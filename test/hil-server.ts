/** A device in this process, broken as a test wants it, and a run of `snnc hil` on it. */
import { ServerCredentials } from '@grpc/grpc-js';
import type { ChipProgram } from '../backends/program/program.ts';
import { injure } from '../runtime-sim/device/damage.ts';
import { createDevice, type DeviceOptions } from '../runtime-sim/device/device.ts';
import { type Fault, parseFault } from '../runtime-sim/device/faults.ts';
import { createLine } from '../runtime-sim/device/line.ts';
import { type DeviceServer, startServer } from '../runtime-sim/device/server.ts';
import { connectGrpc } from '../runtime-sim/hil/grpc-link.ts';
import type { DeviceFile } from '../runtime-sim/hil/load.ts';
import { type Fault as FoundFault, locateFaults } from '../runtime-sim/hil/locate.ts';
import { type HilOutcome, recordAll, runImages } from '../runtime-sim/hil/run.ts';
import { describeMemory, type ScrubResult, scrub } from '../runtime-sim/hil/scrub.ts';
import { type HilDevice, type Mended, openSession, type SessionOptions } from '../runtime-sim/hil/session.ts';
import { ownersOf } from '../runtime-sim/hil/spread.ts';
import { createTileBench } from '../runtime-sim/hil/tile-bench.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import { filesOf } from './device-kit.ts';

export interface Broken {
  readonly faults?: readonly string[];
  readonly seed?: number;
  readonly port?: number;
  readonly options?: Partial<DeviceOptions>;
}

export const faultsOf = (specs: readonly string[]): readonly Fault[] =>
  specs.map(spec => {
    const fault = parseFault(spec);
    if (typeof fault === 'string') throw new Error(`${spec}: ${fault}`);
    return fault;
  });

/** A device with faults, as `snnc device --fault` makes it. */
export async function serve({
  faults = [],
  seed = 1,
  port = 0,
  options = {},
}: Broken = {}): Promise<DeviceServer> {
  const parsed = faultsOf(faults);
  const line = createLine(parsed, seed);
  let commands = 0;
  let server: DeviceServer | undefined;
  const device = createDevice({
    firmware: 'test',
    damage: booted => injure(booted, parsed, seed).damage,
    onCommand() {
      commands += 1;
      const { disconnect, crash } = line.afterCommand(commands);
      if (crash) device.crash();
      if (disconnect || crash) server?.disconnect();
    },
    ...options,
  });
  server = await startServer({
    device,
    credentials: ServerCredentials.createInsecure(),
    address: `127.0.0.1:${port}`,
    onReply: line.carry,
    onDefect: error => {
      throw error;
    },
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

export interface HilCase {
  readonly outcome: HilOutcome;
  readonly memory: ScrubResult;
  readonly faults: readonly FoundFault[];
  readonly mended: Mended;
  /** That the device says it has executed. */
  readonly timesteps: number;
}

/** All that `snnc hil --scrub` does with a device. */
export function runHil(
  port: number,
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  { together = images.length, stride }: { together?: number; stride?: number } = {},
  session: Partial<SessionOptions> = {},
): Promise<HilCase> {
  const { header } = programs[0]!;
  const bench = createTileBench(programs);
  const simulator = createSimulator(programs, { workers: 1 });
  return withSession(
    port,
    programs,
    async (device, files) => {
      await device.configure(recordAll(device, header));
      const owner = ownersOf(bench.tiles, header);
      const outcome = await runImages(device, programs, simulator, images, owner, { together, stride });
      const memory = await scrub(device, files);
      const faults = await locateFaults(bench, header, outcome.wrong, async ({ chip, core }) => {
        const own = memory.differences.find(found => found.chip === chip && found.core === core);
        return own && describeMemory(own);
      });
      const { timesteps } = await device.readCounters();
      return { outcome, memory, faults, mended: { ...device.mended }, timesteps };
    },
    session,
  );
}
