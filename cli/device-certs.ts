/**
 * Certificates of a lab: an authority of its own, one certificate for the server, one for each client. Made by the `openssl`
 * program: Node has no writer of certificates.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '../ir/diagnostics/diagnostic.ts';

export interface CertificateWish {
  readonly dir: string;
  /** Names and addresses under which clients reach the server. */
  readonly hosts: readonly string[];
  readonly clients: readonly string[];
  readonly days: number;
}

/** Names of people and machines, as they stand in certificates, file names and lists. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:]*)$/i;
const AUTHORITY_DAYS = 3650;

/**
 * What was made; what is there stays, so that clients can be added later. Keys can be read by their owner alone.
 * Errors: E0805 no openssl, or it refuses · E0806 a name that cannot be · E0804 the folder cannot be written
 */
export function makeCertificates({ dir, hosts, clients, days }: CertificateWish): readonly string[] {
  const wrong = [...hosts.filter(host => !ADDRESS.test(host)), ...clients].find(name => !NAME.test(name));
  if (wrong !== undefined) fail('E0806', { origin: '--init-certs' }, { name: wrong });
  const made: string[] = [];
  writable(dir, () => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  const work = mkdtempSync(join(tmpdir(), 'snnc-certs-'));
  try {
    const make = (name: string, days: number, subject: string, extensions: string, signer?: string) => {
      if (existsSync(join(dir, `${name}.crt`))) return;
      makeOne(work, dir, { name, days, subject, extensions, signer });
      made.push(`${name}.crt`, `${name}.key`);
    };
    make(
      'ca',
      AUTHORITY_DAYS,
      'snnc lab authority',
      'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign',
    );
    const names = hosts.map(host => `${ADDRESS.test(host) ? 'IP' : 'DNS'}:${host}`).join(',');
    make('server', days, 'snnc device', `${leaf('serverAuth')}\nsubjectAltName=${names}`, 'ca');
    for (const client of clients) make(`client-${client}`, days, client, leaf('clientAuth'), 'ca');
    addClients(dir, clients);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return made;
}

/** Who may come in: one name a line, to be edited by hand. */
function addClients(dir: string, clients: readonly string[]): void {
  const path = join(dir, 'clients.txt');
  writable(dir, () => {
    const lines = existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter(line => line !== '')
      : [];
    const all = [...new Set([...lines, ...clients])];
    writeFileSync(path, all.map(name => `${name}\n`).join(''), { mode: 0o644 });
  });
}

const leaf = (use: string): string =>
  `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=${use}`;

interface One {
  readonly name: string;
  readonly days: number;
  readonly subject: string;
  readonly extensions: string;
  /** Undefined: by itself. */
  readonly signer: string | undefined;
}

/** Made aside and renamed, key first: a certificate without its key is never there. */
function makeOne(work: string, dir: string, { name, days, subject, extensions, signer }: One): void {
  const at = (file: string) => join(work, file);
  writeFileSync(at('extensions'), `${extensions}\n`);
  writeFileSync(at('request.cnf'), '[req]\ndistinguished_name=name\n[name]\n');
  openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', at('key')]);
  const common = ['-new', '-key', at('key'), '-subj', `/CN=${subject}`, '-config', at('request.cnf')];
  openssl(['req', ...common, '-sha256', '-out', at('request')]);
  const by =
    signer === undefined
      ? ['-signkey', at('key')]
      : [
          '-CA',
          join(dir, `${signer}.crt`),
          '-CAkey',
          join(dir, `${signer}.key`),
          '-CAserial',
          at('serial'),
          '-CAcreateserial',
        ];
  const what = ['-in', at('request'), '-days', `${days}`, '-sha256', '-extfile', at('extensions')];
  openssl(['x509', '-req', ...what, ...by, '-out', at('crt')]);
  writable(dir, () => {
    for (const [from, to, mode] of [
      ['key', `${name}.key`, 0o600],
      ['crt', `${name}.crt`, 0o644],
    ] as const) {
      const aside = join(dir, `.${to}.tmp-${process.pid}`);
      writeFileSync(aside, readFileSync(at(from)), { mode });
      chmodSync(aside, mode);
      renameSync(aside, join(dir, to));
    }
  });
}

function openssl(words: readonly string[]): void {
  try {
    execFileSync('openssl', [...words], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: Buffer };
    const line = stderr?.toString().trim().split('\n').at(-1);
    const problem = code === 'ENOENT' ? 'it is not installed' : `${words[0]}: ${line || 'it failed'}`;
    fail('E0805', { origin: 'openssl' }, { problem });
  }
}

function writable(dir: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const problem = error instanceof Error ? error.message.split(',')[0]! : 'it cannot be written';
    fail('E0804', { origin: dir }, { file: dir, problem });
  }
}

export interface Certificates {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Errors: E0804 a file that is not there */
export function readCertificates(dir: string, name: string): Certificates {
  const read = (file: string) => {
    const path = join(dir, file);
    try {
      return readFileSync(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const problem = code === 'ENOENT' ? 'it is not there' : `it cannot be read (${code})`;
      return fail('E0804', { origin: path }, { file, problem });
    }
  };
  return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) };
}
