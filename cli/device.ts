/** `snnc device`: an emulated device that hosts reach as they would a chip, and that can be told to misbehave. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerCredentials } from '@grpc/grpc-js';
import { openFolder } from '../backends/folder.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { bootDevice } from '../runtime-sim/device/boot.ts';
import { type Injury, injure } from '../runtime-sim/device/damage.ts';
import { createDevice } from '../runtime-sim/device/device.ts';
import { type Fault, parseFault } from '../runtime-sim/device/faults.ts';
import { createLine } from '../runtime-sim/device/line.ts';
import { Refusal } from '../runtime-sim/device/refusal.ts';
import { type DeviceServer, startServer } from '../runtime-sim/device/server.ts';
import { createConsole } from './console.ts';
import { makeCertificates, readCertificates } from './device-certs.ts';
import { bareHost, isLoopback } from './device-link.ts';
import type { Shared } from './options.ts';
import { VERSION } from './version.ts';

export interface DeviceArguments extends Shared {
  readonly folder?: string | undefined;
  readonly listen: string;
  readonly fault: readonly string[];
  readonly seed: number;
  readonly certs?: string | undefined;
  readonly allow?: string | undefined;
  readonly lease: number;
  readonly rate: number;
  readonly initCerts?: string | undefined;
  readonly hosts: string;
  readonly clients: string;
  readonly days: number;
}

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '');

export async function deviceCommand(args: DeviceArguments): Promise<number> {
  const out = createConsole(args);
  if (args.initCerts !== undefined) {
    const { hosts, clients, days } = args;
    const made = makeCertificates({
      dir: args.initCerts,
      hosts: listOf(hosts),
      clients: listOf(clients),
      days,
    });
    for (const file of made) out.line(join(args.initCerts, file));
    if (made.length === 0) out.line('everything is there already');
    out.result({ dir: args.initCerts, made });
    return 0;
  }
  const { host, port } = addressOf(args.listen);
  if (args.certs === undefined && !isLoopback(bareHost(host)))
    fail('E0803', { origin: '--listen' }, { address: args.listen });
  if (args.certs === undefined && args.allow !== undefined)
    fail('E0807', { origin: '--allow' }, { problem: 'without --certs nobody shows a name' });
  const faults = args.fault.map(faultOf);
  const log = (text: string) => {
    if (!args.quiet && !args.json) process.stderr.write(`${text}\n`);
  };
  const held = args.folder === undefined ? undefined : filesOf(args.folder, faults, args.seed);
  const running = await serve(args, host, port, faults, held, log);
  const address = `${host}:${running.port}`;
  out.line(`listening on ${address}${args.certs === undefined ? '' : ', mutual TLS'}; stop with Ctrl-C`);
  out.result({ listening: address, port: running.port, tls: args.certs !== undefined, faults: args.fault });
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.close();
  return 0;
}

async function serve(
  args: DeviceArguments,
  host: string,
  port: number,
  faults: readonly Fault[],
  held: readonly Uint8Array[] | undefined,
  log: (text: string) => void,
): Promise<DeviceServer> {
  const line = createLine(faults, args.seed);
  let server: DeviceServer | undefined;
  let commands = 0;
  const device = createDevice({
    firmware: `snnc ${VERSION}`,
    limits: { leaseSeconds: args.lease, messagesPerSecond: args.rate },
    held,
    damage: booted => {
      const { damage, injuries } = injure(booted, faults, args.seed);
      for (const injury of injuries) log(`fault: ${describeInjury(injury)}`);
      return damage;
    },
    onEvent: log,
    onCommand() {
      commands += 1;
      const { disconnect, crash } = line.afterCommand(commands);
      if (crash) device.crash();
      if (disconnect || crash) server?.disconnect();
    },
  });
  const clients = args.certs === undefined ? undefined : clientsOf(args.certs, args.allow);
  try {
    server = await startServer({
      device,
      clients,
      credentials: credentialsOf(args.certs),
      address: `${host}:${port}`,
      onReply: line.carry,
      onDefect: error =>
        process.stderr.write(
          `snnc: a fault of the device: ${error instanceof Error ? error.stack : error}\n`,
        ),
    });
    return server;
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    return fail('E0801', { origin: '--listen' }, { address: args.listen, reason });
  }
}

function faultOf(spec: string): Fault {
  const fault = parseFault(spec);
  return typeof fault === 'string'
    ? fail('E0802', { origin: `--fault ${spec}` }, { fault: spec, problem: fault })
    : fault;
}

/** What the device holds from the beginning. Places of faults are tried on it. Errors: E0802, those of openFolder */
function filesOf(folder: string, faults: readonly Fault[], seed: number): readonly Uint8Array[] {
  const deployment = openFolder(folder);
  const paths = deployment.manifest.files.map(({ path }) => path).filter(path => path.startsWith('program/'));
  const chips = new Map(
    deployment.programs().map(({ chip }, i) => [chip, deployment.read(paths[i]!)] as const),
  );
  for (const fault of faults) {
    // Copies: what is held stays sound.
    const images = new Map([...chips].map(([chip, bytes]) => [chip, Uint8Array.from(bytes)] as const));
    try {
      injure(bootDevice(images), [fault], seed);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      fail('E0802', { origin: folder }, { fault: fault.spec, problem: error.message });
    }
  }
  return [readFileSync(join(folder, 'manifest.json')), ...chips.values()];
}

/** Errors: E0801 */
function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const [, host, digits] = /^(\[[0-9a-f:]+\]|[^:[\]]+):(\d{1,5})$/i.exec(listen) ?? [];
  const port = Number(digits);
  if (host === undefined || port > 65_535)
    return fail('E0801', { origin: '--listen' }, { address: listen, reason: 'it is not HOST:PORT' });
  return { host, port };
}

const credentialsOf = (dir: string | undefined): ServerCredentials => {
  if (dir === undefined) return ServerCredentials.createInsecure();
  const { ca, cert, key } = readCertificates(dir, 'server');
  try {
    return ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true);
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'unknown';
    return fail('E0804', { origin: dir }, { file: 'server.crt', problem });
  }
};

/** --allow, or the list in the folder of certificates. Errors: E0804, E0807 */
function clientsOf(dir: string, allow: string | undefined): ReadonlySet<string> {
  const path = join(dir, 'clients.txt');
  let text = allow;
  try {
    text ??= readFileSync(path, 'utf8').replaceAll(/\s+/g, ',');
  } catch {
    fail('E0804', { origin: path }, { file: 'clients.txt', problem: 'it cannot be read' });
  }
  const names = listOf(text);
  if (names.length === 0)
    fail('E0807', { origin: allow === undefined ? path : '--allow' }, { problem: 'it names nobody' });
  return new Set(names);
}

export function describeInjury({ kind, chip, core, from, weight, changes }: Injury): string {
  const where = `chip ${chip}, core ${core}`;
  if (weight !== undefined) {
    const { block, row, column, bit } = weight;
    const effect = changes === true ? '' : ' (which it was already)';
    return `${kind} at ${where}, block ${block}, row ${row}, column ${column}, bit ${bit}${effect}`;
  }
  if (kind === 'dead-core' || kind === 'saturate') return `${kind} at ${where}`;
  return `${kind} from ${from === undefined ? 'the host' : `chip ${from.chip}, core ${from.core}`} to ${where}`;
}
