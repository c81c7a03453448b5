/** Every family of models that imports also converts, and runs on the chip as in integers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../backends/target.ts';
import { compareEmissions } from '../cli/compare.ts';
import { type CompileOptions, convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createActivityLog } from '../ir/count/activity.ts';
import { closedFormCounts } from '../ir/count/closed-form.ts';
import { countedPopulations } from '../ir/count/counts.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { createIntRunner } from '../ir/interpret/int.ts';
import { verifyGraph } from '../ir/verify.ts';
import { createMachine } from '../runtime-sim/chip.ts';
import { createStreamingMachine } from '../runtime-sim/streaming.ts';
import { logitsOf, randomImages, reload } from './kit.ts';
import { createLayers, PATTERNS } from './onnx/patterns.ts';

const OPTIONS: CompileOptions = {
  coding: 'sum',
  steps: 1,
  thresholds: 'pow2',
  profile: defaultProfile(5),
  weightBits: 8,
  seed: 1,
  effort: 'fast',
  biasCorrection: true,
  keepUnread: false,
};

/** Mean squared error of the logits over their mean square, on images that calibration has not seen. */
const LARGEST_ERROR = 0.02;

const target = await loadTarget('loihi2');

for (const [name, write] of Object.entries(PATTERNS)) {
  test(`from ONNX to the chip: ${name}`, () => {
    const context = { diagnostics: createDiagnostics(), step: () => {} };
    const { ann } = readNetwork(write(createLayers(7)), 'pattern.onnx', context);
    const images = randomImages(ann, 16, 1);
    const { snn } = convertNetwork(ann, images, OPTIONS, context);
    const int = quantizeNetwork(snn, images, target, OPTIONS.weightBits, context);
    assert.deepEqual(context.diagnostics.list, []);
    assert.deepEqual([...verifyGraph(snn), ...verifyGraph(int)], []);
    const unseen = randomImages(ann, 6, 2);
    const error = relativeError(
      unseen.map(image => logitsOf(ann, image)),
      unseen.map(image => countedLogits(int, image)),
    );
    assert.ok(error < LARGEST_ERROR, `error ${error}`);
    for (const mode of ['pipelined', 'streaming'] as const) {
      const mapped = mapNetwork(int, target, new Map(), { ...OPTIONS, mode }, context);
      const programs = reload(mapped);
      assert.equal(compareEmissions(mapped.int, createMachine(programs), unseen[0]!).difference, undefined);
      if (mode === 'pipelined') continue;
      const wanted = unseen.map(image => createIntRunner(int).run(image)[0]!);
      assert.deepEqual(createStreamingMachine(reload(mapped)).runStream(unseen), wanted);
    }
  });
}

function relativeError(wanted: readonly Float64Array[], got: readonly Float64Array[]): number {
  const [all, results] = [wanted.flatMap(x => [...x]), got.flatMap(x => [...x])];
  const square = (values: readonly number[]) => values.reduce((sum, x) => sum + x * x, 0);
  return square(all.map((x, i) => x - results[i]!)) / square(all);
}

/** The readout; nothing behind the image's own layer is multiplied. */
function countedLogits(int: IntGraph, image: Float64Array): Float64Array {
  const populations = new Map(countedPopulations(int).map(p => [p.node.id, p]));
  const log = createActivityLog();
  const readouts = createIntRunner(int).run(image, (step, node, emission) => {
    log.record(step, node.id, emission);
    const population = populations.get(node.id);
    if (population === undefined) return;
    assert.equal(closedFormCounts(population, 'sum', step, log).performed.macs, 0, node.id);
  });
  return readouts.at(-1)!;
}
