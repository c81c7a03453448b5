import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadCandidates, loadTarget, type Target } from '../backends/target.ts';
import { measureActivity } from '../cli/activity.ts';
import { type CheckOptions, checkNetwork, type NetworkCheck } from '../compiler/check.ts';
import { type CompileOptions, convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import { isRefused } from '../compiler/estimate/modes.ts';
import { judge } from '../compiler/estimate/verdict.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { type ModelFile, memoryFile } from '../compiler/onnx/source.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { buildModel } from './onnx/build.ts';
import { codesOf } from './onnx/run.ts';
import { FUSED, writeVit } from './onnx/vit.ts';

const OPTIONS: CheckOptions = {
  steps: 1,
  terms: 3,
  keepUnread: false,
  scanBytes: Number.POSITIVE_INFINITY,
};
const mappingOf = ({ outline }: NetworkCheck) => ({
  ...({ weightBits: 8, seed: 1, effort: 'fast', wanted: undefined } as const),
  activity: outline!.activity,
});

const COMPILE: CompileOptions = {
  coding: 'sum',
  steps: 1,
  thresholds: 'pow2',
  profile: defaultProfile(4),
  weightBits: 8,
  seed: 1,
  effort: 'fast',
  biasCorrection: false,
  keepUnread: false,
};

function check(file: Uint8Array | ModelFile, options = OPTIONS) {
  const diagnostics = createDiagnostics();
  const model = file instanceof Uint8Array ? memoryFile(file, 'test.onnx') : file;
  const network = checkNetwork(model, options, { diagnostics, step: () => {} });
  return { network, diagnostics };
}

test('mapped with the activity that check expects, a network takes the cores that check says, and never fewer', async () => {
  const target = await loadTarget('loihi2');
  for (const bytes of [readFileSync('examples/digits/vit-digits.onnx'), writeVit(FUSED)]) {
    const { network, diagnostics } = check(bytes);
    assert.deepEqual(diagnostics.list, []);
    assert.ok(network.outline !== undefined);
    const verdict = judge(network.outline.network, [target], mappingOf(network), diagnostics.report);
    const context = { diagnostics, step: () => {} };
    const { ann } = readNetwork(bytes, 'test.onnx', context);
    const input = ann.nodes.find(node => node.kind === 'input')!;
    const images = syntheticImages(input.type.shape, 2);
    const { snn } = convertNetwork(ann, images, COMPILE, context);
    const int = quantizeNetwork(snn, images, target, 8, context);
    const rates = new Map([...measureActivity(int, images).rates].map(([id, { rate }]) => [id, rate]));
    for (const found of verdict.modes) {
      assert.ok(!isRefused(found));
      if (found.mode === 'layerwise') continue; // the cores of pipelined
      const { mode, cores, depth, interval, least } = found;
      const { chip } = mapNetwork(int, target, rates, { ...COMPILE, mode }, context);
      const used = chip.tables.cores.rows;
      assert.ok(least <= used, `${mode}: ${used} of at least ${least}`);
      assert.ok(Math.abs(used - cores) <= Math.max(1, 0.1 * used), `${mode}: ${used} for ${cores}`);
      assert.deepEqual([depth, interval], [chip.attrs.depth, chip.attrs.interval]);
    }
  }
});

test('weights are not read unless they are looked at', () => {
  const random = createRandom(5);
  const m = buildModel(17);
  const weight = m.weight(
    [1024, 512],
    Float32Array.from({ length: 1024 * 512 }, () => random.normal()),
  );
  const bytes = m.bytes(['b', 1024], [m.op('MatMul', ['input', weight])]);
  let read = 0;
  const counted: ModelFile = {
    ...memoryFile(bytes, 'test.onnx'),
    bytes: {
      size: bytes.length,
      read: (offset, length) => {
        read += length;
        return bytes.subarray(offset, offset + length);
      },
    },
  };
  assert.equal(check(counted, { ...OPTIONS, scanBytes: 0 }).network.isScanned, false);
  assert.ok(read < 2 ** 18, `${read} bytes of ${bytes.length}`);
  assert.equal(check(counted).network.isScanned, true);
  assert.ok(read > 1024 * 512 * 4);
});

/** A network with a hole in each of three ways, one behind the other. */
function broken(): Uint8Array {
  const m = buildModel(17);
  const strange = m.op('GridSample', ['input', m.scalar(1)]);
  const refused = m.op('Pow', [m.op('Relu', ['input']), m.weight([4], [1.5, 2, 3, 4])]);
  const soma = m.op('Exp', [m.op('Neg', ['input'])]);
  return m.bytes(['b', 4], [m.op('Sum', [m.op('GridSample', [strange, strange]), refused, soma])]);
}

test('everything that stands in the way is told at once, import and conversion alike', () => {
  const { network, diagnostics } = check(broken());
  assert.equal(network.outline, undefined);
  assert.deepEqual([...new Set(codesOf(diagnostics.list))].sort(), ['E0103', 'E0106', 'E0302']);
  const missing = diagnostics.list.find(d => d.code === 'E0103');
  assert.match(missing?.message ?? '', /GridSample .*2 node\(s\): \/GridSample_\d+, \/GridSample_\d+/);
  assert.ok(missing?.help !== undefined && missing.help !== '');
});

test('a weight that is no number is found by looking, and by looking only', () => {
  const random = createRandom(3);
  const weight = Float32Array.from({ length: 64 * 64 }, () => random.normal());
  weight[1234] = Number.NaN;
  const m = buildModel(17);
  const bytes = m.bytes(['b', 64], [m.op('MatMul', ['input', m.weight([64, 64], weight)])]);
  assert.deepEqual(codesOf(check(bytes).diagnostics.list), ['E0104']);
  assert.deepEqual(codesOf(check(bytes, { ...OPTIONS, scanBytes: 0 }).diagnostics.list), []);
});

test('the smallest board that holds the network, or what it would need', async () => {
  const boards = (await loadCandidates('loihi2')).map(board => withCores(board, 8));
  const { network, diagnostics } = check(readFileSync('examples/digits/vit-digits.onnx'));
  assert.ok(network.outline !== undefined);
  const outline = network.outline.network;
  const unrolled = { ...mappingOf(network), wanted: 'pipelined' } as const;
  const all = judge(outline, boards, unrolled, diagnostics.report);
  assert.deepEqual(codesOf(diagnostics.list), []);
  assert.ok(all.taken!.target.chips > 1 && all.taken!.fits);
  assert.match(all.instead ?? '', /^loihi2:oheo-gulch\*\d+$/);
  const [small] = boards;
  const fastest = judge(outline, [small!], mappingOf(network), diagnostics.report);
  assert.deepEqual([fastest.taken?.mode, fastest.taken?.fits], ['streaming', true]);
  const one = judge(outline, [small!], unrolled, diagnostics.report);
  const { taken } = one;
  assert.deepEqual([taken?.fits, taken?.target.spec], [false, `${small!.spec}*${taken!.target.copies}`]);
  assert.deepEqual(codesOf(diagnostics.list), ['E0502']);
  // Under the looser reading of the limit it takes no more.
  const [strict, loose] = one.readings;
  assert.ok(loose!.cores <= strict!.cores && strict!.leastCores <= strict!.cores);
});

/** The same board with so many usable cores a chip. */
const withCores = (board: Target, cores: number): Target => ({
  ...board,
  cores: cores * board.chips,
  topology: { ...board.topology, usableCores: { ...board.topology.usableCores, value: cores } },
});

test('a file that names more operators than there are gets a bounded list', () => {
  const m = buildModel(17);
  const made = Array.from({ length: 80 }, (_, i) => m.op(`Invented${i}`, ['input']));
  const { diagnostics } = check(m.bytes(['b', 4], [m.op('Sum', made)]));
  const missing = diagnostics.list.filter(d => d.code === 'E0103');
  assert.equal(missing.length, 51);
  assert.match(missing.at(-1)?.message ?? '', /Invented50 and 29 more .*30 node\(s\)/);
});
