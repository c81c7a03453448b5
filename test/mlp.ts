/** A perceptron as an ONNX file. */
import { createRandom } from '../ir/random/seeded.ts';
import { buildModel } from './onnx/build.ts';

/** Gemm, Relu, Gemm, …: what a core with a fixed neuron can hold. */
export function writeMlp(widths: readonly number[], seed: number): Uint8Array {
  const random = createRandom(seed);
  const m = buildModel(17);
  const normal = (count: number, scale: number) =>
    Float32Array.from({ length: count }, () => random.normal() * scale);
  let value = 'input';
  widths.slice(1).forEach((width, i) => {
    const inputs = widths[i]!;
    const weight = m.weight([inputs, width], normal(inputs * width, inputs ** -0.5));
    value = m.op('Gemm', [value, weight, m.weight([width], normal(width, 0.1))]);
    if (i < widths.length - 2) value = m.op('Relu', [value]);
  });
  return m.bytes(['batch', widths[0]!], [value]);
}
