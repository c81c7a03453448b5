/** Who may speak with a device: certificates of its authority, not over, and a name on its list. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ChannelCredentials, credentials, ServerCredentials, status } from '@grpc/grpc-js';
import { makeCertificates, readCertificates } from '../cli/device-certs.ts';
import type { UserError } from '../ir/diagnostics/diagnostic.ts';
import { createDevice } from '../runtime-sim/device/device.ts';
import { startServer } from '../runtime-sim/device/server.ts';
import { connect } from './device-client.ts';

const home = mkdtempSync(join(tmpdir(), 'snnc-tls-'));
after(() => rmSync(home, { recursive: true, force: true }));

const lab = join(home, 'lab');
const hosts = ['localhost', '127.0.0.1'];
const showing = (dir: string, name: string, authority = lab): ChannelCredentials => {
  const { cert, key } = readCertificates(dir, name);
  return credentials.createSsl(readFileSync(join(authority, 'ca.crt')), key, cert);
};

test('certificates are made once, keys are their owner’s alone, clients can be added', () => {
  const first = makeCertificates({ dir: lab, hosts, clients: ['ada', 'eve'], days: 30 });
  assert.deepEqual(first.length, 8);
  const ca = readFileSync(join(lab, 'ca.crt'));
  const second = makeCertificates({ dir: lab, hosts, clients: ['ada', 'bob'], days: 30 });
  assert.deepEqual(second, ['client-bob.crt', 'client-bob.key']);
  assert.deepEqual(readFileSync(join(lab, 'ca.crt')), ca);
  assert.equal(readFileSync(join(lab, 'clients.txt'), 'utf8'), 'ada\neve\nbob\n');
  const keys = readdirSync(lab).filter(file => file.endsWith('.key'));
  assert.equal(keys.length, 5);
  for (const key of keys) assert.equal(statSync(join(lab, key)).mode & 0o777, 0o600);
  const wrong = () => makeCertificates({ dir: lab, hosts, clients: ['../eve'], days: 30 });
  assert.throws(wrong, (error: UserError) => error.diagnostics[0]!.code === 'E0806');
  const path = process.env.PATH;
  process.env.PATH = '/nowhere';
  try {
    const none = () => makeCertificates({ dir: join(home, 'none'), hosts, clients: ['ada'], days: 30 });
    assert.throws(none, (error: UserError) => error.diagnostics[0]!.code === 'E0805');
  } finally {
    process.env.PATH = path;
  }
  const missing = () => readCertificates(home, 'server');
  assert.throws(missing, (error: UserError) => error.diagnostics[0]!.code === 'E0804');
});

test('no certificate, a strange one, one that is over, a name that is not on the list: refused', async () => {
  const strange = join(home, 'strange');
  makeCertificates({ dir: strange, hosts, clients: ['ada'], days: 30 });
  makeCertificates({ dir: lab, hosts, clients: ['old'], days: -1 });
  const { ca, cert, key } = readCertificates(lab, 'server');
  const server = await startServer({
    device: createDevice({ firmware: 'test' }),
    credentials: ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true),
    address: '127.0.0.1:0',
    clients: new Set(['ada', 'bob', 'old']),
  });
  const attempt = async (channel: ChannelCredentials) => {
    const client = connect(server.port, channel, { deadline: Date.now() + 20_000 });
    try {
      return (await client.call('Describe', {})).device;
    } catch (error) {
      return (error as { code: number }).code;
    } finally {
      client.close();
    }
  };
  try {
    assert.equal(await attempt(showing(lab, 'client-ada')), 'snnc emulated device');
    assert.equal(await attempt(credentials.createSsl(ca)), status.UNAVAILABLE);
    assert.equal(await attempt(credentials.createInsecure()), status.UNAVAILABLE);
    assert.equal(await attempt(showing(strange, 'client-ada')), status.UNAVAILABLE);
    assert.equal(await attempt(showing(lab, 'client-old')), status.UNAVAILABLE);
    assert.equal(await attempt(showing(lab, 'client-eve')), status.PERMISSION_DENIED);
    // And a client notices a server that is not its lab's.
    assert.equal(await attempt(showing(lab, 'client-ada', strange)), status.UNAVAILABLE);

    const ada = connect(server.port, showing(lab, 'client-ada'));
    const bob = connect(server.port, showing(lab, 'client-bob'));
    const { session } = await ada.call('Open', { client: 'somebody else' });
    await assert.rejects(bob.call('Open', {}), /in use by ada/);
    await assert.rejects(bob.call('Locate', { session }), /belongs to another client/);
    await ada.call('Close', { session });
    ada.close();
    bob.close();
  } finally {
    await server.close();
  }
});
