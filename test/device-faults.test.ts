/** Faults of an emulated device: their texts, where they strike, and that they change what is executed. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ChipProgram } from '../backends/program/program.ts';
import { loadTarget } from '../backends/target.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { type Booted, bootDevice } from '../runtime-sim/device/boot.ts';
import { type Injury, injure } from '../runtime-sim/device/damage.ts';
import { FAULT_KINDS, type Fault, parseFault } from '../runtime-sim/device/faults.ts';
import { createLine } from '../runtime-sim/device/line.ts';
import { createMachine } from '../runtime-sim/device/machine.ts';
import { runReply } from '../runtime-sim/device/messages.ts';
import { Refusal } from '../runtime-sim/device/refusal.ts';
import { bytesOf, driveDevice } from './device-kit.ts';
import { cramped, descend, mapTo, randomImages } from './kit.ts';

let programs: readonly ChipProgram[];
let images: readonly Float64Array[];

before(async () => {
  const graph = randomAnn(3);
  images = randomImages(graph, 2, 5);
  const { int } = descend(graph, images, { coding: 'sum', steps: 2, shift: 4, terms: 2 });
  const target = cramped(await loadTarget('loihi2'), 150, 1500);
  programs = mapTo(int, target, { mode: 'pipelined' });
});

const faultOf = (spec: string): Fault => {
  const fault = parseFault(spec);
  assert.ok(typeof fault !== 'string', `${spec}: ${fault}`);
  return fault;
};

function broken(
  specs: readonly string[],
  seed: number,
): { booted: Booted; injuries: readonly Injury[]; ran: Map<string, string> } {
  const booted = bootDevice(bytesOf(programs));
  const { damage, injuries } = injure(booted, specs.map(faultOf), seed);
  const { spikes, readouts } = driveDevice(createMachine(booted, damage), programs, images);
  const ran = new Map([
    ...spikes,
    ...[...readouts].map(([key, values]) => [`r ${key}`, values.join(' ')] as const),
  ]);
  return { booted, injuries, ran };
}

test('what a fault says is read, or refused with what would be right', () => {
  assert.deepEqual(faultOf('drop-spike:1e-6'), {
    kind: 'drop-spike',
    spec: 'drop-spike:1e-6',
    place: { kind: 'drawn' },
    settings: { share: 1e-6 },
  });
  const { place, settings } = faultOf('late-spike@0:1>2:3:share=0.5,steps=4');
  assert.deepEqual(place, { kind: 'link', from: { chip: 0, core: 1 }, to: { chip: 2, core: 3 } });
  assert.deepEqual(settings, { share: 0.5, steps: 4 });
  assert.equal(faultOf('slow-link').settings.steps, 1);
  assert.deepEqual(faultOf('drop-spike@host>0:3:share=1').place, {
    kind: 'link',
    from: undefined,
    to: { chip: 0, core: 3 },
  });
  const bit = faultOf('stuck-weight@0:3:1:20:7:to=1');
  assert.deepEqual(bit.place, { kind: 'weights', chip: 0, core: 3, block: 1, row: 20, column: 7 });
  assert.deepEqual(bit.settings, { bits: 1, to: 1 });
  assert.deepEqual(faultOf('saturate@0:3:bits=5').settings, { bits: 5 });
  assert.deepEqual(faultOf('disconnect:after=3').settings, { after: 3, every: undefined });
  const wrong = [
    ['smoke', /no fault is called "smoke"; there are flip-weight, /],
    ['', /no fault is called ""/],
    ['constructor', /no fault/],
    ['drop-spike', /needs share/],
    ['drop-spike:2', /share is a number from 0 to 1, not "2"/],
    ['drop-spike:x=1', /"x=1" is no setting of it; it has: share/],
    ['dead-core@7', /takes CHIP:CORE behind @, not "7"/],
    ['dead-core@a:b', /takes CHIP:CORE/],
    ['dead-core:1', /it has: none/],
    ['saturate@0:1:bits=1', /bits is a whole number from 2 to 32, not "1"/],
    ['saturate:bits=2.5', /whole/],
    ['slow-link@0:1', /CHIP:CORE>CHIP:CORE/],
    ['slow-link@0:1>0:2>0:3', /CHIP:CORE>CHIP:CORE/],
    ['crash@0:1:after=2', /takes nothing/],
    ['crash', /needs after or every/],
    ['flip-weight@0:1:2:3', /CHIP:CORE:BLOCK:ROW:COLUMN/],
  ] as const;
  for (const [spec, pattern] of wrong) {
    const problem = parseFault(spec);
    assert.ok(typeof problem === 'string', spec);
    assert.match(problem, pattern);
  }
});

test('a place that the programs do not have is refused', () => {
  const places = [
    'dead-core@0:999',
    'flip-weight@0:999',
    'flip-weight@0:0:99',
    'slow-link@0:999>0:0',
    'drop-spike@0:999>0:0:share=1',
  ];
  for (const spec of places)
    assert.throws(() => injure(bootDevice(bytesOf(programs)), [faultOf(spec)], 1), Refusal, spec);
});

test('a flipped bit is one bit of the bytes, and of every sum that meets it', () => {
  const sound = broken([], 0).ran;
  let changed = 0;
  for (let seed = 0; seed < 6; seed++) {
    const { booted, injuries, ran } = broken(['flip-weight'], seed);
    const [{ chip, core, weight, changes }] = injuries as [Injury];
    assert.ok(changes && weight !== undefined);
    const image = booted.images.find(({ program }) => program.chip === chip)!;
    const before = bytesOf(programs).get(chip)!;
    const differing = [...image.bytes.keys()].filter(i => image.bytes[i] !== before[i]);
    assert.equal(differing.length, 1);
    const block = image.blocks[core]![weight.block]!;
    assert.ok(differing[0]! >= block.at && differing[0]! < block.at + block.rows * block.rowBytes);
    const program = programs.find(own => own.chip === chip)!;
    const was = program.cores[core]!.weights[weight.block]!;
    assert.ok(weight.row < was.inputs && weight.column < was.channels && weight.bit < was.bits);
    if ([...sound].some(([key, words]) => ran.get(key) !== words)) changed += 1;
  }
  assert.ok(changed >= 3, `${changed} of 6`);
});

test('a stuck bit is found where it was stuck; the same seed breaks the same', () => {
  const first = broken(['stuck-weight:bits=5', 'dead-core'], 9);
  const again = broken(['stuck-weight:bits=5', 'dead-core'], 9);
  assert.deepEqual([again.injuries, again.ran], [first.injuries, first.ran]);
  assert.equal(first.injuries.length, 6);
  assert.ok(first.injuries.slice(0, 5).every(({ changes }) => changes === true));
  const [{ chip, core, weight }] = first.injuries as [Injury];
  const { block, row, column } = weight!;
  const high = broken([`stuck-weight@${chip}:${core}:${block}:${row}:${column}:to=1,bits=8`], 1);
  const low = broken([`stuck-weight@${chip}:${core}:${block}:${row}:${column}:to=0,bits=8`], 1);
  const bits = programs.find(own => own.chip === chip)!.cores[core]!.weights[block]!.bits;
  assert.equal(high.injuries.length, Math.min(8, bits));
  assert.equal(
    [...high.injuries, ...low.injuries].filter(({ changes }) => changes).length,
    Math.min(8, bits),
  );
});

test('cores, states and links that are broken change what is sent, from there on', () => {
  const sound = broken([], 0).ran;
  const specs = [
    'dead-core',
    'saturate:bits=3',
    'drop-spike:0.2',
    'duplicate-spike:0.2',
    'late-spike:0.2',
    'slow-link',
  ];
  for (const spec of specs) {
    const seeds = [1, 2, 3, 4].filter(seed => {
      const { ran } = broken([spec], seed);
      return [...sound].some(([key, words]) => ran.get(key) !== words);
    });
    assert.ok(seeds.length >= 2, `${spec}: changes something for seeds ${seeds.join(', ')}`);
  }
  const never = broken(['drop-spike:0', 'duplicate-spike:0', 'late-spike:0'], 5).ran;
  assert.deepEqual(never, sound);
});

test('the line: wrong replies, breaks, restarts', async () => {
  const line = createLine(['disconnect:after=3', 'crash:every=2', 'corrupt-reply:after=2'].map(faultOf), 7);
  assert.deepEqual(
    [1, 2, 3, 4].map(n => line.afterCommand(n)),
    [
      { disconnect: false, crash: false },
      { disconnect: false, crash: true },
      { disconnect: true, crash: false },
      { disconnect: false, crash: true },
    ],
  );
  const reply = runReply.encode({
    sequence: 1,
    emissions: [{ population: 1, spikes: { neurons: [4, 5], payloads: [1, -2] } }],
  });
  assert.deepEqual(await line.carry('Run', reply), reply);
  const wrong = runReply.decode(await line.carry('Run', reply));
  assert.notDeepEqual(wrong, runReply.decode(reply));
  assert.deepEqual(wrong.emissions[0]!.spikes!.neurons, [4, 5]);
  const slow = createLine([faultOf('slow-reply:ms=1')], 7);
  assert.deepEqual(await slow.carry('Locate', reply), reply);
  assert.ok(Object.values(FAULT_KINDS).every(({ says }) => says.length > 0));
});
