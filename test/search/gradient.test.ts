/** Vector-Jacobian products against finite differences, on random networks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scalarDerivative } from '../../compiler/search/derivatives.ts';
import { createBackward } from '../../compiler/search/gradient.ts';
import { findSites } from '../../compiler/sites.ts';
import { type AnnGraph, type AnnNode, POINTWISE } from '../../ir/ann.ts';
import type { ValueId } from '../../ir/dialect.ts';
import { evaluateNode, interpretAnn } from '../../ir/interpret/ann.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { randomModern } from '../../ir/random/modern.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { scalarFunction } from '../../ir/scalar.ts';
import { randomImages } from '../kit.ts';

const READERS: ReadonlySet<string> = new Set(['linear', 'matmul', 'mul', 'affine', 'reduce']);
const readsSpikes = (node: AnnNode) =>
  READERS.has(node.kind) || (node.kind === 'pointwise' && node.attrs.function === 'square');

/** The logits where those who read spikes of `site` get its value plus `error`, and all others the value. */
function perturbed(graph: AnnGraph, image: Float64Array, site: ValueId, error: Float64Array): Float64Array {
  const values = new Map<ValueId, Float64Array>();
  const spikes = new Map<ValueId, Float64Array>();
  for (const node of graph.nodes) {
    const run = (of: ReadonlyMap<ValueId, Float64Array>) =>
      evaluateNode(
        node,
        node.operands.map(id => of.get(id) ?? values.get(id)!),
        image,
        id => graph.constants.get(id).data,
      );
    values.set(node.id, run(readsSpikes(node) ? spikes : values));
    const isView = node.kind === 'view' && node.operands.length === 1;
    if (node.id === site)
      spikes.set(
        site,
        values.get(site)!.map((x, i) => x + error[i]!),
      );
    else if (isView && spikes.has(node.operands[0]!)) spikes.set(node.id, run(spikes));
  }
  return values.get(graph.outputs[0]!)!;
}

function checkNetwork(graph: AnnGraph, seed: number): number {
  const random = createRandom(seed);
  const sites = findSites(graph);
  const image = randomImages(graph, 1, seed)[0]!;
  const values = new Map<ValueId, Float64Array>();
  interpretAnn(graph, image, (node, value) => values.set(node.id, value));
  const signs = values.get(graph.outputs[0]!)!.map(() => random.normal());
  let checked = 0;
  createBackward(graph, sites).run(values, signs, (site, gradient) => {
    const direction = gradient.map(() => random.normal());
    const h = 1e-6;
    const project = (sign: number) => {
      const error = direction.map(d => sign * h * d);
      return perturbed(graph, image, site, error).reduce((sum, y, c) => sum + y * signs[c]!, 0);
    };
    const wanted = (project(1) - project(-1)) / (2 * h);
    const got = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    const scale = gradient.reduce((sum, g) => sum + Math.abs(g), 1e-3);
    assert.ok(Math.abs(got - wanted) <= 1e-4 * scale, `${graph.name} ${site}: ${got}, not ${wanted}`);
    checked += 1;
  });
  return checked;
}

test('gradients at sites are those of finite differences: Vision Transformers', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const graph = randomAnn(seed);
    assert.equal(checkNetwork(graph, seed), findSites(graph).size);
  }
});

test('gradients at sites are those of finite differences: post-norm, gates, convolutions, pools', () => {
  const checked = Array.from({ length: 25 }, (_, seed) => checkNetwork(randomModern(seed + 1), seed + 1));
  assert.ok(checked.reduce((a, b) => a + b, 0) > 100);
});

test('the derivative of every scalar function is that of finite differences', () => {
  for (const name of POINTWISE) {
    const [f, slope] = [scalarFunction(name), scalarDerivative(name)];
    for (const x of [0.03, 0.4, 1.1, 2.2, 4.7, 7.5, -0.03, -0.4, -1.1, -2.2, -4.7]) {
      if (x < 0 && (name === 'log' || name === 'sqrt')) continue;
      const wanted = (f(x + 1e-6) - f(x - 1e-6)) / 2e-6;
      const size = Math.max(1, Math.abs(wanted));
      assert.ok(Math.abs(slope(x) - wanted) < 1e-6 * size, `${name}'(${x}) = ${slope(x)}, not ${wanted}`);
    }
  }
});
