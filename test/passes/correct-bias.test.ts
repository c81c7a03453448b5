import assert from 'node:assert/strict';
import { test } from 'node:test';
import { correctBias } from '../../compiler/passes/correct-bias.ts';
import { createSnnRunner } from '../../ir/interpret/snn.ts';
import { HOLE, mapIndices } from '../../ir/map.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import type { SnnGraph } from '../../ir/snn.ts';
import { descend, logitsOf, randomImages } from '../kit.ts';

const SIZES = { tokens: 5, dim: 12, heads: 2, mlp: 17, depth: 1, classes: 4, patch: 6 } as const;

/** The first linear, which leaves a hole for the class token, and all of its biases, row by row. */
function embedding(graph: SnnGraph) {
  const node = graph.nodes.find(n => n.kind === 'linear')!;
  assert.ok(node.kind === 'linear');
  const [inputs, channels] = graph.constants.get(node.attrs.weight).shape as [number, number];
  const indices = mapIndices(node.attrs.map, node.attrs.rows * inputs);
  const data = node.attrs.bias === undefined ? [] : [...graph.constants.get(node.attrs.bias).data];
  const isHole = (row: number) => indices.slice(row * inputs, (row + 1) * inputs).every(i => i === HOLE);
  return { node, inputs, channels, indices, data, isHole };
}

test('a row that reads nothing keeps its bias; the others take the mean error of those that read', () => {
  let seen = 0;
  for (let seed = 0; seed < 8; seed++) {
    const ann = randomAnn(seed, SIZES);
    const images = randomImages(ann, 8, seed);
    const { folded, snn } = descend(ann, images, { coding: 'sum', steps: 1, shift: 2, terms: 1 });
    const first = embedding(snn);
    const { rows } = first.node.attrs;
    if (!Array.from({ length: rows }, (_, r) => r).some(first.isHole)) continue;
    const after = correctBias(
      snn,
      images,
      images.map(image => logitsOf(folded, image)),
    );
    if (after === undefined) continue;
    const { data, isHole, channels, inputs, indices } = embedding(after);
    const errors = meanErrors(snn, images, first.node.operands[0]!);
    const weight = snn.constants.get(first.node.attrs.weight).data;
    const readers = Array.from({ length: rows }, (_, r) => r).filter(r => !isHole(r));
    assert.ok(readers.length > 0 && readers.length < rows);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < channels; c++) {
        let wanted = 0;
        for (let k = 0; k < inputs; k++) {
          for (const row of readers)
            wanted += (errors[indices[row * inputs + k]!]! * weight[k * channels + c]!) / readers.length;
        }
        const got = data[r * channels + c]! - first.data[r * channels + c]!;
        assert.ok(Math.abs(got - (isHole(r) ? 0 : wanted)) < 1e-9, `row ${r}: ${got}, not ${wanted}`);
      }
    }
    seen += 1;
  }
  assert.ok(seen > 0);
});

function meanErrors(graph: SnnGraph, images: readonly Float64Array[], id: string): Float64Array {
  const runner = createSnnRunner(graph);
  let mean = new Float64Array();
  for (const image of images) {
    runner.run(image, (_, node, { target, sums }) => {
      if (node.id !== id) return;
      if (mean.length === 0) mean = new Float64Array(target.length);
      for (let i = 0; i < target.length; i++) mean[i]! += (target[i]! - sums[i]!) / images.length;
    });
  }
  return mean;
}
