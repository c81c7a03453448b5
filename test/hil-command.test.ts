/** `snnc hil` as a user meets it: results, recordings, JUnit, certificates, and every error it can say. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ServerCredentials } from '@grpc/grpc-js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fuzz } from '../bench/hil-fuzz.ts';
import { makeCertificates, readCertificates } from '../cli/device-certs.ts';
import { isLoopback, parseAddress } from '../cli/device-link.ts';
import { hilJsonSchema } from '../report/hil-result.ts';
import { writeJunit } from '../report/junit.ts';
import { injure } from '../runtime-sim/device/damage.ts';
import { createDevice, type DeviceOptions } from '../runtime-sim/device/device.ts';
import { type DeviceServer, startServer } from '../runtime-sim/device/server.ts';
import { faultsOf, serve } from './hil-server.ts';
import { said } from './kit.ts';

const SCHEMA = 'backends/schema/hil.schema.json';
const home = mkdtempSync(join(tmpdir(), 'snnc-hil-'));
const folder = join(home, 'd.snnc');
const servers: DeviceServer[] = [];

before(async () => {
  const args = ['compile', 'examples/digits/vit-digits.onnx', '--effort', 'fast', '--simulate', '1'];
  assert.match(await said(...args, '--out', folder, '--quiet'), /^0/);
});
after(async () => {
  for (const server of servers) await server.close();
  rmSync(home, { recursive: true, force: true });
});

async function device(...[broken]: Parameters<typeof serve>): Promise<string> {
  const server = await serve(broken);
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

/** Exit code, stdout and stderr. */
async function snnc(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const lines: string[] = [];
  const { write } = process.stdout;
  process.stdout.write = ((text: string) => lines.push(text)) as unknown as typeof write;
  const err = await said(...args).finally(() => {
    process.stdout.write = write;
  });
  return { code: Number.parseInt(err, 10), out: lines.join(''), err };
}

const refuses = async (code: string, ...args: readonly string[]) => {
  const { err } = await snnc('hil', ...args, '--quiet');
  assert.match(err, new RegExp(`\\[${code}\\]`), err);
  return err;
};

test('a sound device: equal, by schema, recorded, replayed, as JUnit', async () => {
  const url = await device();
  const recording = join(home, 'run.hil');
  const junit = join(home, 'run.xml');
  const { code, out } = await snnc(
    ...['hil', folder, '--device', url, '--scrub', '--json', '--record', recording, '--junit', junit],
  );
  assert.equal(code, 0);
  const result = JSON.parse(out);
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(hilJsonSchema()));
  const isValid: boolean = validate(result);
  assert.ok(isValid, JSON.stringify(validate.errors));
  assert.deepEqual([result.equal, result.different, result.memory.different], [true, 0, 0]);
  assert.ok(result.compared > 20 && result.steps > 20);
  const xml = readFileSync(junit, 'utf8');
  assert.match(xml, /<testsuite name="snnc hil vit-digits.onnx" tests="\d+" failures="0"/);
  const again = await snnc('hil', folder, '--replay', recording, '--scrub', '--json');
  const replayed = JSON.parse(again.out);
  for (const key of ['compared', 'classes', 'memory', 'equal']) assert.deepEqual(replayed[key], result[key]);
  assert.equal(replayed.device.url, null);
  await refuses('E0859', folder, '--replay', recording, '--together', '2');
  writeFileSync(recording, readFileSync(recording).subarray(0, -50));
  await refuses('E0859', folder, '--replay', recording);
});

test('a broken device: the first difference, the fault, exit code 1, a failure in JUnit', async () => {
  const url = await device({ faults: ['flip-weight:bits=200'], seed: 3 });
  const junit = join(home, 'broken.xml');
  const { code, out, err } = await snnc('hil', folder, '--device', url, '--junit', junit, '--quiet');
  assert.equal(code, 1);
  assert.match(
    out,
    /first difference {2}image 0, step 1 \(timestep \d+\), population [\w.]+, core 0:\d+, neuron \d+/,
  );
  assert.match(out, /core 0:\d+: memory: weight \[\d+, \d+\] of block \d+ is -?\d+ instead of -?\d+/);
  assert.match(err, /\[E0857\][\s\S]*\[E0858\]/);
  assert.match(readFileSync(junit, 'utf8'), /<failure message="\d+ neurons? in \d+ comparisons? differ"/);
});

test('a device that cannot read memory back, and one that damages replies', async () => {
  const dead: string[] = [];
  const sound = createDevice({
    firmware: 'blind',
    damage: booted => injure(booted, faultsOf(dead), 2).damage,
  });
  const calls = {
    ...sound.calls,
    Describe: async () => ({
      ...(await sound.calls.Describe({}, undefined)),
      capabilities: { memory: false, spikesOnDemand: false },
    }),
  };
  const server = await startServer({
    device: { ...sound, calls },
    credentials: ServerCredentials.createInsecure(),
    address: '127.0.0.1:0',
  });
  servers.push(server);
  const blind = await snnc('hil', folder, '--device', `127.0.0.1:${server.port}`, '--scrub', '--quiet');
  assert.match(blind.err, /^0[\s\S]*\[W0862\]/);
  dead.push('dead-core');
  const silent = await snnc('hil', folder, '--device', `127.0.0.1:${server.port}`, '--quiet');
  assert.match(silent.out, /fault {13}core 0:\d+: silent: the core sends nothing/);
  const url = await device({ faults: ['corrupt-reply:every=2'] });
  const damaged = await snnc('hil', folder, '--device', url, '--quiet', '--stride', '8');
  assert.match(damaged.err, /^0[\s\S]*\[W0863\]/);
});

test('what cannot be done is said', async () => {
  const url = await device();
  await refuses('E0001', '--device', url);
  await refuses('E0001', folder);
  await refuses('E0001', folder, '--device', url, '--replay', 'x');
  await refuses('E0001', folder, '--replay', 'x', '--record', 'y');
  await refuses('E0001', folder, '--conformance', url);
  await refuses('E0850', folder, '--device', '127.0.0.1:1', '--timeout', '2');
  await refuses('E0851', folder, '--device', 'lab.example:7000');
  for (const wrong of ['nothing', 'http://127.0.0.1:80', '127.0.0.1:99999', ':7', 'grpcs://127.0.0.1:7'])
    await refuses('E0852', folder, '--device', wrong);
  await refuses('E0852', folder, '--device', url, '--ca', 'x');
  await refuses('E0725', folder, '--device', url, '--record', join(home, 'no', 'such', 'folder'));
  const bare = join(home, 'bare.snnc');
  cpSync(folder, bare, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(bare, 'manifest.json'), 'utf8'));
  manifest.files = manifest.files.filter(({ path }: { path: string }) => path !== 'golden.npz');
  writeFileSync(join(bare, 'manifest.json'), JSON.stringify(manifest));
  await refuses('E0860', bare, '--device', url);
  const options: readonly Partial<DeviceOptions>[] = [{ limits: { programBytes: 1000 } }];
  await refuses('E0855', folder, '--device', await device({ options: options[0]! }));
  await refuses('E0856', folder, '--device', await device({ faults: ['crash:every=1'] }), '--patience', '1');
});

test('a device that somebody holds is left alone', async () => {
  const held = createDevice({ firmware: 'held' });
  await held.calls.Open({ client: 'Ada', leaseSeconds: 60 }, undefined);
  const server = await startServer({
    device: held,
    credentials: ServerCredentials.createInsecure(),
    address: '127.0.0.1:0',
  });
  servers.push(server);
  assert.match(await refuses('E0854', folder, '--device', `127.0.0.1:${server.port}`), /in use by Ada/);
});

test('certificates: mutual TLS, or nothing', async () => {
  const lab = join(home, 'lab');
  const strange = join(home, 'strange');
  const hosts = ['localhost', '127.0.0.1'];
  makeCertificates({ dir: lab, hosts, clients: ['ada', 'bob'], days: 30 });
  makeCertificates({ dir: lab, hosts, clients: ['old'], days: -1 });
  makeCertificates({ dir: strange, hosts, clients: ['ada'], days: 30 });
  const { ca, cert, key } = readCertificates(lab, 'server');
  const server = await startServer({
    device: createDevice({ firmware: 'tls' }),
    credentials: ServerCredentials.createSsl(ca, [{ private_key: key, cert_chain: cert }], true),
    address: '127.0.0.1:0',
    clients: new Set(['ada', 'old']),
  });
  servers.push(server);
  const url = `127.0.0.1:${server.port}`;
  const showing = (dir: string, name: string) => [
    ...['--ca', join(lab, 'ca.crt'), '--cert', join(dir, `client-${name}.crt`)],
    ...['--key', join(dir, `client-${name}.key`), '--timeout', '3'],
  ];
  const ok = await snnc('hil', folder, '--device', `grpcs://${url}`, ...showing(lab, 'ada'), '--quiet');
  assert.equal(ok.code, 0, ok.err);
  await refuses('E0850', folder, '--device', url, '--timeout', '2');
  await refuses('E0850', folder, '--device', url, ...showing(strange, 'ada'));
  assert.match(await refuses('E0854', folder, '--device', url, ...showing(lab, 'bob')), /PERMISSION_DENIED/);
  assert.match(await refuses('E0853', folder, '--device', url, ...showing(lab, 'old')), /expired/);
  writeFileSync(join(home, 'no.crt'), 'nothing');
  await refuses('E0853', folder, '--device', url, ...showing(lab, 'ada'), '--ca', join(home, 'no.crt'));
  await refuses('E0852', folder, '--device', `grpc://${url}`, ...showing(lab, 'ada'));
});

test('conformance from the command line, and a device that fails it', async () => {
  const url = await device();
  const junit = join(home, 'conformance.xml');
  const { code, out } = await snnc('hil', '--conformance', url, '--json', '--junit', junit);
  const result = JSON.parse(out);
  assert.deepEqual([code, result.failed], [0, 0]);
  assert.match(readFileSync(junit, 'utf8'), /failures="0"/);
  const forgetful = await device({ faults: ['corrupt-reply:every=1'] });
  const failing = await snnc('hil', '--conformance', forgetful, '--quiet');
  assert.equal(failing.code, 1);
  assert.match(failing.err, /\[E0861\]/);
});

test('noise and damaged messages: answered, none of them a fault of the device', async () => {
  const server = await serve({ options: { limits: { messagesPerSecond: 1e6 } } });
  servers.push(server);
  const result = await fuzz(server.port, 600, 7);
  assert.deepEqual([result.hangs, result.defects, result.isSound], [0, 0, true], JSON.stringify(result));
  assert.ok((result.answers.INVALID_ARGUMENT ?? 0) > 100);
});

test('addresses, loopback, and what XML must not hold', () => {
  assert.deepEqual(parseAddress('grpcs://[::1]:7413'), { host: '::1', port: 7413, isSecure: true });
  assert.deepEqual(parseAddress('lab-7.example:1'), { host: 'lab-7.example', port: 1, isSecure: undefined });
  assert.ok(['localhost', '127.0.0.1', '127.9.9.9', '::1'].every(isLoopback));
  assert.ok(
    ['127.0.0.1.example.org', 'localhost.lab', '10.0.0.1', '::2', '0.0.0.0'].every(host => !isLoopback(host)),
  );
  const xml = writeJunit({
    name: 'a<b>&"',
    seconds: 1,
    cases: [{ name: 'x\u0000y', failure: '</failure>' }],
  });
  assert.match(xml, /name="a&#60;b&#62;&#38;&#34;"/);
  assert.match(xml, /name="xy"/);
  assert.match(xml, /&#60;\/failure&#62;/);
});

test('the published schema is that of the code (UPDATE=1 rewrites it)', () => {
  if (process.env.UPDATE === '1') writeFileSync(SCHEMA, hilJsonSchema());
  assert.equal(readFileSync(SCHEMA, 'utf8'), hilJsonSchema());
});
