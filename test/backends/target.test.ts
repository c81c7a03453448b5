import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findBackendsFolder } from '../../backends/descriptor/shipped.ts';
import { parseTargetSpec } from '../../backends/descriptor/spec.ts';
import { restsOn } from '../../backends/rests-on.ts';
import { loadCandidates, loadTarget } from '../../backends/target.ts';
import { UserError } from '../../ir/diagnostics/diagnostic.ts';
import { codesOf, faultsOf } from './kit.ts';

test('Loihi 2: limits of the published compiler reports', async () => {
  const { limits } = await loadTarget('loihi2');
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(limits).map(([name, figure]) => [
        name,
        `${figure.value} ${figure.unit} ${figure.status}`,
      ]),
    ),
    {
      neuronsPerCore: '4096 neuron derived',
      inAxons: '16000 axon derived',
      outAxonEntries: '16000 entry derived',
      neuronGroups: '8 group derived',
      delayMax: '62 step published',
      payloadBits: '24 bit published',
      weightBitsMin: '1 bit published',
      weightBitsMax: '8 bit published',
      stateWords: '8192 word derived',
      stateWordBits: '64 bit published',
      synapseWords: '16000 word derived',
      synapseWordBits: '64 bit derived',
      sramBytes: '196608 byte published',
    },
  );
});

test('Loihi 2: costs are inherited and said to be; what nobody published is absent, not 0', async () => {
  const { costSets } = await loadTarget('loihi2');
  assert.deepEqual(
    costSets.map(set => set.name),
    ['davies2018', 'sanafe-nahuku'],
  );
  const [davies, sanafe] = costSets;
  assert.equal(davies?.costs.synop?.value, 23.6);
  assert.equal(davies?.costs.synop?.basis, 'min');
  assert.match(davies?.costs.synop?.source ?? '', /Davies.*second hand/);
  assert.equal(sanafe?.costs.synop?.value, 35.5);
  assert.equal(sanafe?.costs.hopNorthSouth?.value, 4.2);
  for (const { costs } of costSets) {
    assert.equal(costs.staticPower?.value, 232);
    assert.equal(costs.staticPower?.status, 'measured');
    for (const unknown of ['barrier', 'hopBetweenChips', 'hostPower'] as const)
      assert.ok(!(unknown in costs), unknown);
    for (const [name, figure] of Object.entries(costs)) {
      assert.equal(figure.unit, name === 'staticPower' ? 'mW' : 'pJ');
      assert.ok(figure.value > 0, name);
      // The price of a multiplication is nobody's chip: it is that of the paper's integer costs.
      if (name === 'multiply') assert.equal(figure.status, 'derived');
      else if (name !== 'staticPower') assert.equal(figure.status, 'inherited', name);
    }
  }
  assert.equal(davies?.costs.axonOut, undefined);
});

test('Loihi 2: computed times equal the arithmetic in their notes', async () => {
  const { timing, topology } = await loadTarget('loihi2');
  const near = (name: keyof typeof timing, expected: number): void => {
    const figure = timing[name];
    assert.ok(
      figure !== undefined && Math.abs(figure.value / expected - 1) < 1e-9,
      `${name} ${figure?.value}`,
    );
  };
  near('synop', 0.7);
  near('updateActive', 4.2);
  near('updateInactive', 2.65);
  near('hopEastWest', 4.1);
  near('hopNorthSouth', 6.5);
  near('barrierOneTile', 49);
  near('barrierAllTiles', 200);
  // 16 PB/s over 140,544 cores: 113.8 GB/s, 8 bytes in 70.27 ps.
  near('memoryRead', 0.070272);
  // 3.44 Gspike/s.
  near('linkMessage', 0.290697674419);
  near('interchipBandwidth', 4.34027777778);
  assert.equal(topology.cores.value, 128);
  assert.equal(topology.routersX.value * topology.routersY.value * topology.coresPerRouter.value, 128);
});

test('a target is plain data: it survives a worker and a file', async () => {
  for (const spec of ['loihi2:kapoho-point*3', 'generic']) {
    const target = await loadTarget(spec);
    assert.deepEqual(structuredClone(target), target);
    assert.deepEqual(JSON.parse(JSON.stringify(target)), target);
  }
});

test('boards: copies multiply chips, a board may have its own count of usable cores', async () => {
  const kapoho = await loadTarget('loihi2:kapoho-point*3');
  assert.equal(kapoho.spec, 'loihi2:kapoho-point*3');
  assert.equal(kapoho.chips, 24);
  assert.equal(kapoho.cores, 24 * 120);
  assert.equal(kapoho.topology.chipsX.status, 'assumed');
  const hala = await loadTarget('loihi2:hala-point');
  assert.equal(hala.cores, 140_544);
  assert.equal(hala.topology.usableCores.status, 'derived');
  assert.equal((await loadTarget('loihi2')).spec, 'loihi2:oheo-gulch');
  assert.deepEqual(
    (await loadCandidates('loihi2')).map(target => target.spec),
    ['loihi2:oheo-gulch', 'loihi2:kapoho-point', 'loihi2:hala-point'],
  );
});

test('a shipped board by its path is the same target', async () => {
  const byName = await loadTarget('loihi2:hala-point*2');
  const byPath = await loadTarget('backends/boards/hala-point.xml*2');
  assert.deepEqual({ ...byPath, spec: byName.spec }, byName);
});

test('specs', () => {
  assert.deepEqual(parseTargetSpec('loihi2'), { kind: 'name', name: 'loihi2', copies: 1 });
  assert.deepEqual(parseTargetSpec('a:b*12'), { kind: 'name', name: 'a', board: 'b', copies: 12 });
  assert.deepEqual(parseTargetSpec('C:\\x\\b.xml*2'), { kind: 'file', path: 'C:\\x\\b.xml', copies: 2 });
  for (const spec of [
    '',
    ':',
    'a:',
    ':b',
    'a:b:c',
    'a*2',
    'a:b*',
    'a:b*0',
    'a:b*-1',
    'a:b*1.5',
    'a:b*1e3',
    '../a',
    'a b',
    '*',
  ]) {
    assert.throws(
      () => parseTargetSpec(spec),
      (error: unknown) => error instanceof UserError && error.diagnostics[0]?.code === 'E0570',
      spec,
    );
  }
});

test('unknown names list the known ones', async () => {
  const [target] = await faultsOf('loihi3');
  assert.equal(target?.code, 'E0569');
  assert.match(target?.message ?? '', /generic, loihi1, loihi2, spinnaker2, truenorth/);
  const [board] = await faultsOf('loihi2:nahuku');
  assert.match(board?.message ?? '', /loihi2:oheo-gulch, loihi2:kapoho-point, loihi2:hala-point/);
  assert.deepEqual(codesOf(await faultsOf('nowhere/board.xml')), ['E0101']);
  assert.deepEqual(codesOf(await faultsOf('test/backends/good/core.xml')), ['E0567']);
});

test('this mapping rests on: every weak figure, weakest first, each with its source', async () => {
  const target = await loadTarget('loihi2:kapoho-point');
  const list = restsOn(target);
  assert.deepEqual([...new Set(list.map(figure => figure.status))], ['assumed', 'inherited', 'derived']);
  const names = list.map(figure => figure.name);
  assert.equal(new Set(names).size, names.length);
  for (const name of [
    'capabilities.leadingZeros',
    'capabilities.tableLookup',
    'capabilities.dynamicWeights',
    'arithmetic.accumulatorBits',
    'topology.chipsX',
    'encodings.conv1x1.headerBits',
    'encodings.words.neuronWords',
    'costSets.davies2018.synop',
    'timing.barrierOneTile',
    'limits.neuronsPerCore',
  ]) {
    assert.ok(names.includes(name), name);
  }
  // Counted another way: every object in the target that carries a weak status.
  let weak = 0;
  JSON.parse(JSON.stringify(target), (_, value: unknown) => {
    const isWeak = typeof value === 'object' && value !== null && 'status' in value;
    if (isWeak && ['assumed', 'inherited', 'derived'].includes(`${value.status}`)) weak += 1;
    return value;
  });
  assert.equal(list.length, weak);
  for (const figure of list) assert.ok(figure.source.length > 3, figure.name);
});

test('descriptors are found from a checkout, a bundle and an installed package alike', () => {
  const root = mkdtempSync(join(tmpdir(), 'snnc-'));
  writeFileSync(join(root, 'package.json'), '{"name":"host"}');
  const installed = join(root, 'node_modules', 'snnc');
  mkdirSync(join(installed, 'dist'), { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{"name":"snnc"}');
  assert.equal(findBackendsFolder(join(installed, 'dist', 'snnc.js')), join(installed, 'backends'));
  assert.throws(() => findBackendsFolder(join(root, 'other.js')), /internal defect/);
});
