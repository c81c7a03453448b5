/** A perceptron as a chip with fixed neurons holds it. */
import type { Target } from '../backends/target.ts';
import { type CompileOptions, convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import { writeMlp } from './mlp.ts';

const OPTIONS: CompileOptions = {
  coding: 'sum',
  steps: 1,
  thresholds: 'pow2',
  profile: defaultProfile(3),
  weightBits: 8,
  seed: 1,
  effort: 'fast',
  biasCorrection: false,
  keepUnread: false,
};

export async function spikingMlp(target: Target, widths: readonly number[], steps: number) {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann } = readNetwork(writeMlp(widths, 7), 'mlp.onnx', context);
  const images = syntheticImages(ann.nodes.find(node => node.kind === 'input')!.type.shape, 3);
  const options = { ...OPTIONS, steps };
  const { snn } = convertNetwork(ann, images, options, context);
  return { int: quantizeNetwork(snn, images, target, 8, context), images, options, context };
}
