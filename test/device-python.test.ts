/** The Python example: the whole conformance suite, and random networks in every coding, spike for spike. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { CODINGS } from '../ir/snn.ts';
import { runSuite } from '../runtime-sim/hil/conformance/suite.ts';
import { connectGrpc } from '../runtime-sim/hil/grpc-link.ts';
import { connect, prepare } from './device-client.ts';
import { deviceOf, filesOf, inputsOf } from './device-kit.ts';
import { descend, mapTo, randomImages } from './kit.ts';

/** A Python that has grpcio; undefined: there is none on this machine. */
function findPython(): string | undefined {
  return ['python3', '/usr/bin/python3'].find(python => {
    try {
      execFileSync(python, ['-c', 'import grpc, google.protobuf'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

const python = findPython();
const skip = python === undefined && process.env.CI === undefined ? 'no Python with grpcio' : false;
let server: ChildProcess;
let port = 0;

before(async () => {
  if (skip !== false) return;
  assert.ok(python !== undefined, 'CI has Python with grpcio');
  server = spawn(python, ['docs/device-example/device_server.py', '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  port = await new Promise<number>((resolve, reject) => {
    server.once('exit', code => reject(new Error(`the server ended with ${code}`)));
    server.stdout!.on('data', (text: Buffer) => resolve(Number(/:(\d+)\s*$/.exec(text.toString())?.[1])));
  });
});
after(() => server?.kill());

test('the Python example passes the conformance suite', { skip }, async () => {
  const link = connectGrpc(`127.0.0.1:${port}`, undefined);
  const { checks } = await runSuite(link, 30_000);
  link.close();
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  assert.deepEqual(failed, []);
  assert.ok(checks.filter(({ outcome }) => outcome === 'passed').length >= 40);
});

test('it executes networks of every coding as the emulated device does', { skip }, async () => {
  const target = await loadTarget('loihi2');
  const client = connect(port);
  const kinds = Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[];
  for (const [number, coding] of [...CODINGS, ...CODINGS].entries()) {
    const graph = number < 3 ? randomAnn(number) : randomModern(number, [kinds[number % kinds.length]!]);
    const images = randomImages(graph, 2, number);
    const { int } = descend(graph, images, { coding, steps: 1 + (number % 3), shift: 4, terms: 2 });
    const mode = number % 2 === 0 ? 'pipelined' : 'layerwise';
    const programs = mapTo(int, target, { mode });
    const files = filesOf(programs);
    const { header } = programs[0]!;
    const recordings = header.populations.map((_, population) => ({ population, form: 'spikes' as const }));
    const session = await prepare(client, files, recordings);
    const machine = deviceOf(programs);
    const inputs = inputsOf(programs, images);
    const stream = client.stream('Run');
    const timesteps = (images.length - 1) * header.interval + header.depth + 1;
    const sent = [...inputs].map(([offset, events]) => ({ offset, ...events }));
    stream.write({ session, sequence: 1, advance: { timesteps, inputs: sent } });
    const { emissions, readouts } = await stream.next();
    stream.end();
    const wanted = Array.from({ length: timesteps }, (_, now) => ({
      now,
      ...machine.advance(inputs.get(now)),
    }));
    assert.deepEqual(
      emissions
        .filter(({ spikes }) => spikes!.neurons.length > 0)
        .map(({ population, timestep, spikes }) => [timestep, population, spikes]),
      wanted.flatMap(({ now, emissions: all }) =>
        all
          .filter(({ neurons }) => neurons.length > 0)
          .map(({ population, neurons, values }) => [now, population, { neurons, payloads: values }]),
      ),
      `${coding} ${mode} network ${number}`,
    );
    assert.deepEqual(
      readouts.map(({ population, timestep, neurons, values }) => ({
        timestep,
        population,
        neurons,
        values,
      })),
      wanted.flatMap(({ now, readouts: all }) => all.map(readout => ({ timestep: now, ...readout }))),
    );
    assert.ok(emissions.length > 0 && readouts.length > 0);
    await client.call('Close', { session });
  }
  client.close();
});
