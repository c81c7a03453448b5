/** The engine of plain neurons answers and counts like the reference, on random networks, bit for bit. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { decodeChip } from '../../backends/program/decode.ts';
import { encodeChip } from '../../backends/program/encode.ts';
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import type { PlainEdge, PlainNetwork } from '../../compiler/plain-neurons/network.ts';
import { sliceGroups } from '../../compiler/plain-neurons/slices.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import { CORE_EVENTS, type CoreEvents } from '../../runtime-sim/lif/events.ts';
import type { LifMachine } from '../../runtime-sim/lif/machine.ts';
import { createLifReference } from '../../runtime-sim/lif/reference.ts';
import { lif, randomNet, randomPrograms, withCurrents } from './random-net.ts';

const copy = (events: CoreEvents) =>
  Object.fromEntries(CORE_EVENTS.map(key => [key, Array.from(events[key])]));

/** Everything that a machine shows of so many timesteps, in two runs. */
function record(machine: LifMachine, steps: number, host: (step: number) => Int32Array) {
  const seen: unknown[] = [];
  for (const part of [1, steps - 1])
    machine.run(
      part,
      ({ step, events, fired, updated, host: sent }) =>
        seen.push({
          step,
          ...copy(events),
          starts: Array.from(fired.starts),
          neurons: Array.from(fired.neurons),
          updated: machine.network.tiles.map((_, tile) => updated(tile)?.join('') ?? 'all'),
          sent: Array.from(sent),
        }),
      host,
    );
  const potentials = machine.network.tiles.map((_, tile) => Array.from(machine.potentials(tile)));
  return { seen, potentials, totals: copy(machine.totals), steps: machine.steps };
}

test('engine and reference agree on random networks, bit for bit', () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= 40; seed++) {
    const net = seed % 4 === 0 ? randomNet(seed) : withCurrents(randomNet(seed), seed);
    // Narrow sums and potentials saturate.
    const [sumBits, stateBits] = seed % 3 === 0 ? [12, 13] : [26, 30];
    const programs = randomPrograms(net, sumBits, stateBits).map(program =>
      decodeChip(encodeChip(program), 'memory'),
    );
    const ours = record(createLifMachine(programs), 25, net.host);
    const theirs = record(createLifReference(programs), 25, net.host);
    assert.deepEqual(ours, theirs, `seed ${seed}`);
    for (const [event, perCore] of Object.entries(ours.totals))
      met.set(event, (met.get(event) ?? 0) + perCore.reduce((a, b) => a + b, 0));
  }
  for (const [event, count] of met) assert.ok(count > 1000, `${event} ${count}`);
});

test('hundreds of the largest weights at once are added exactly', () => {
  for (const weight of [-128, 127, -32768, 32767]) {
    const [sources, targets] = [777, 83];
    const always = lif({ bias: Int32Array.of(1), threshold: Int32Array.of(0) });
    const deaf = lif({ threshold: Int32Array.of(2 ** 29 - 1) });
    const Weights = Math.abs(weight) > 128 ? Int16Array : Int8Array;
    const synapses = new Weights(sources * targets).fill(weight);
    const network: PlainNetwork = {
      hostSize: 0,
      groups: [
        { name: 'a', size: sources, neurons: always },
        { name: 'b', size: targets, neurons: deaf },
      ],
      edges: [{ from: 0, to: 1, delay: 0, synapses }],
    };
    const programs = buildPrograms(network, sliceGroups(network, [3, 1], { height: 2, slots: 2 }));
    const machine = createLifMachine(programs);
    machine.run(2);
    assert.deepEqual(new Set(machine.potentials(3)), new Set([sources * weight]));
    const reference = createLifReference(programs);
    reference.run(2);
    assert.deepEqual(copy(machine.totals), copy(reference.totals));
  }
});

test('tiles of more neurons than 16 bits count', () => {
  const size = 66_000;
  const [starts, targets] = [Int32Array.of(0, 4), Int32Array.of(65_999, 0, 65_536, 65_999)];
  const synapses = { starts, targets, weights: Int16Array.of(7, -3, 11, 13) };
  const network = {
    hostSize: 1,
    groups: [{ name: 'a', size, neurons: lif({ threshold: Int32Array.of(1000) }) }],
    edges: [{ from: 'host' as const, to: 0, delay: 0, synapses }],
  };
  const machine = createLifMachine(
    buildPrograms(network, sliceGroups(network, [1], { height: 1, slots: 1 })),
  );
  machine.run(2, undefined, step => Int32Array.from(step === 0 ? [0] : []));
  const potentials = machine.potentials(0);
  assert.deepEqual([potentials[65_999], potentials[0], potentials[65_536], potentials[1]], [20, -3, 11, 0]);
  assert.equal(machine.totals.updated[0], 3);
});

const isLinux = process.platform === 'linux';
test('without the address space of a WebAssembly memory a network runs all the same', {
  skip: !isLinux,
}, () => {
  const run = (limit: string) =>
    JSON.parse(
      execFileSync('sh', ['-c', `${limit} ${process.execPath} build/test/lif/no-memory.js`], {
        encoding: 'utf8',
      }),
    );
  const [limited, free] = [run('ulimit -v 2000000;'), run('')];
  assert.ok(free.hasMemory);
  // Later versions of Node.js reserve less.
  if (Number.parseInt(process.versions.node, 10) < 22) assert.ok(!limited.hasMemory);
  assert.deepEqual({ ...limited, hasMemory: true }, free);
});

const fault = (code: string) => (error: unknown) =>
  error instanceof UserError && error.diagnostics[0]!.code === code;

/** One group that feeds itself. */
function looped(size: number, synapses: PlainEdge['synapses'], delay: number) {
  const edges = [{ from: 0, to: 0, delay, synapses }];
  const network = { hostSize: 0, groups: [{ name: 'a', size, neurons: lif({}) }], edges };
  return buildPrograms(network, sliceGroups(network, [1], { height: 1, slots: 1 }));
}

test('programs that take images are refused', () => {
  const [program] = randomPrograms(randomNet(1));
  const images = { ...program!, header: { ...program!.header, mode: 'pipelined' as const } };
  for (const create of [createLifMachine, createLifReference])
    assert.throws(() => create([images]), fault('E0712'));
});

test('sums beyond 32 bits and too many sums that wait are refused', () => {
  const size = 70_000;
  const starts = Int32Array.from({ length: size + 1 }, (_, i) => i);
  const synapses = {
    ...{ starts, targets: new Int32Array(size), weights: new Int16Array(size).fill(-32768) },
  };
  assert.throws(() => createLifMachine(looped(size, synapses, 0)), fault('E0713'));
  const late = { starts: new Int32Array(4001), targets: new Int32Array(1), weights: Int16Array.of(1) };
  late.starts[4000] = 1;
  assert.throws(() => createLifMachine(looped(4000, late, 65_535)), fault('E0714'));
});
