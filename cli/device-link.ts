/** The device that a user names: how to reach it, and what its errors mean to them. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { type Certificates, connectGrpc, type GrpcLink } from '../runtime-sim/hil/grpc-link.ts';
import { LinkError } from '../runtime-sim/hil/link.ts';
import { type Description, GivenUp, limitsOf } from '../runtime-sim/hil/session.ts';
import { readBytes } from './data.ts';

export interface LinkArguments {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly timeout: number;
  readonly patience: number;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean | undefined;
}

/** Errors: E0852. */
export function parseAddress(url: string): Address {
  const match = /^(?:(grpcs?):\/\/)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/.exec(url);
  const port = Number(match?.[3]);
  if (match === null || !(port >= 1 && port <= 65_535))
    return fail('E0852', { origin: url }, { problem: `"${url}" names no device` });
  const host = bareHost(match[2]!);
  return { host, port, isSecure: match[1] === undefined ? undefined : match[1] === 'grpcs' };
}

/** Without the brackets of an IPv6 address. */
export const bareHost = (host: string): string => host.replace(/^\[|\]$/g, '');

/** By its name alone: what a name server says may change. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** Errors: E0851–E0853, E0101. */
export function openLink(url: string, args: LinkArguments): GrpcLink {
  const { host, port, isSecure } = parseAddress(url);
  const given = [args.ca, args.cert, args.key].filter(file => file !== undefined).length;
  if (given > 0 && given < 3)
    fail('E0852', { origin: url }, { problem: '--ca, --cert and --key belong together' });
  if (given === 0 && isSecure === true)
    fail('E0852', { origin: url }, { problem: 'grpcs:// needs --ca, --cert and --key' });
  if (given > 0 && isSecure === false)
    fail(
      'E0852',
      { origin: url },
      { problem: 'grpc:// goes without certificates; with them write grpcs://' },
    );
  if (given === 0 && !isLoopback(host)) fail('E0851', { origin: url }, { url });
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return connectGrpc(address, given === 0 ? undefined : readCertificates(args, url));
}

function readCertificates({ ca, cert, key }: LinkArguments, url: string): Certificates {
  const certificates = { ca: readBytes(ca!), cert: readBytes(cert!), key: readBytes(key!) };
  const today = new Date();
  for (const [name, bytes] of [['--ca', certificates.ca] as const, ['--cert', certificates.cert] as const]) {
    const found = parseCertificate(bytes);
    if (found === undefined)
      fail('E0853', { origin: url }, { reason: `${name} is no certificate in PEM form` });
    if (new Date(found!.validTo) < today)
      fail('E0853', { origin: url }, { reason: `${name} has expired on ${found!.validTo}` });
  }
  return certificates;
}

function parseCertificate(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

/** Runs what talks to a device; what goes wrong is said in the user's words. Errors: E0850, E0854–E0856. */
export async function withDevice<T>(url: string, patience: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const at = { origin: url };
    if (error instanceof GivenUp) return fail('E0856', at, { seconds: patience, reason: error.message });
    if (!(error instanceof LinkError)) throw error;
    const { call, status, message } = error;
    if (call === 'Describe' && (status === 'UNAVAILABLE' || status === 'DEADLINE_EXCEEDED'))
      return fail('E0850', at, { url, reason: unavailable(message) });
    return fail('E0854', at, { url, call, reason: `${message} (${status})` });
  }
}

/** What a library says of it names sockets and contexts; most people want the last cause. */
const unavailable = (message: string): string => {
  const last = /Last error: (?:Error: )?(.*?)\.?(?: Resolution note:.*)?$/.exec(message)?.[1];
  return last ?? message;
};

/** Of a deployment, what a device has to take. */
export interface Wanted {
  readonly target: string;
  readonly programVersion: number;
  readonly bytes: number;
}

/** Errors: E0855. */
export function checkDescription(description: Description, wanted: Wanted, url: string): void {
  const { protocol, targets, programVersions } = description;
  const refuse = (reason: string): never => fail('E0855', { origin: url }, { url, reason });
  if (protocol !== 1) refuse(`it speaks version ${protocol} of the protocol, this snnc version 1`);
  if (programVersions.length > 0 && !programVersions.includes(wanted.programVersion))
    refuse(`it runs programs of version ${programVersions.join(', ')}, not ${wanted.programVersion}`);
  if (targets.length > 0 && !targets.includes(wanted.target))
    refuse(`it runs programs for ${targets.join(', ')}, not for ${wanted.target}`);
  const { programBytes } = limitsOf(description);
  if (programBytes > 0 && wanted.bytes > programBytes)
    refuse(`it holds ${programBytes} bytes of programs, of ${wanted.bytes}`);
}
