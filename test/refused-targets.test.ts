/** What a target cannot do is said once and whole, by check and by compile alike. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createAccounting } from '../backends/accounting.ts';
import { loadTarget, type Target } from '../backends/target.ts';
import { outlineOf } from '../compiler/check.ts';
import { readNetwork } from '../compiler/compile.ts';
import { isRefused } from '../compiler/estimate/modes.ts';
import { judge } from '../compiler/estimate/verdict.ts';
import { compactNames, refuseTarget } from '../compiler/refuse-target.ts';
import { lacksOf } from '../compiler/target-needs.ts';
import { createDiagnostics, type Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import { renderDiagnostic } from '../ir/diagnostics/render.ts';
import type { IntGraph } from '../ir/int.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { writeMlp } from './mlp.ts';
import { buildModel } from './onnx/build.ts';

function outlined(bytes: Uint8Array): IntGraph {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const { ann } = readNetwork(bytes, 'model.onnx', context);
  return outlineOf(ann, { steps: 1, terms: 3, keepUnread: false }, context.diagnostics.report);
}

function said(network: IntGraph, target: Target, weightBits = 8): readonly Diagnostic[] {
  const { report, list } = createDiagnostics();
  refuseTarget(network, target, createAccounting(target), weightBits, report);
  return list;
}

const vit = outlined(readFileSync('examples/digits/vit-digits.onnx'));
const mlp = outlined(writeMlp([40, 20, 10], 3));

const populationsOf = ({ nodes }: IntGraph) => nodes.filter(({ kind }) => kind === 'population');

test('a Transformer on Loihi 1: one message with every population that lacks something, and what to do', async () => {
  const target = await loadTarget('loihi1');
  const list = said(vit, target);
  assert.deepEqual(
    list.map(({ code }) => code),
    ['E0510'],
  );
  const lines = list[0]!.list ?? [];
  const lacks = lacksOf(vit, target, createAccounting(target));
  const lacking = new Set(lacks.map(({ population }) => population));
  assert.equal(list[0]!.facts.count, lacking.size);
  assert.equal(list[0]!.facts.all, populationsOf(vit).length);
  for (const [does, names] of [
    ['layernorm', 'blocks.{0–3}.ln1, blocks.{0–3}.ln2, norm'],
    ['product, softmax', 'blocks.{0–3}.scores'],
    ['product', 'blocks.{0–3}.attention'],
    ['gelu', 'blocks.{0–3}.fc1'],
  ]) {
    assert.ok(
      lines.some(line => line.startsWith(`${does}: `) && line.endsWith(names!)),
      `${does}: ${lines}`,
    );
  }
  // Every population that lacks something, no other: those that only fire, and read spikes, stay.
  assert.ok(!lacking.has('blocks.0.q') && !lacking.has('head'));
  for (const needs of new Set(lacks.map(lack => lack.needs)))
    assert.ok(
      lines.some(line => line.startsWith(`${needs}: `)),
      needs,
    );
  assert.ok(lines.some(line => line.includes('3 embedded processors')));
  const text = renderDiagnostic(list[0]!);
  for (const line of lines) assert.ok(text.includes(`  | ${line}`));
});

test('TrueNorth: a crossbar has no weights of synapses and 256 axons, whatever the network', async () => {
  const target = await loadTarget('truenorth');
  const needs = (network: IntGraph) =>
    new Set(lacksOf(network, target, createAccounting(target)).map(lack => lack.needs));
  assert.deepEqual(needs(mlp), new Set(['axonTypes', 'inAxons']));
  const all = ['programmableNeuron', 'tableLookup', 'leadingZeros', 'dynamicWeights', 'gradedSpikes'];
  for (const name of [...all, 'axonTypes', 'inAxons']) assert.ok(needs(vit).has(name), name);
  assert.equal(said(vit, target).length, 1);
});

test('delays are part of the list, and alone they are left to the routes', async () => {
  const target = await loadTarget('truenorth');
  const impatient = {
    ...target,
    limits: { ...target.limits, delayMax: { ...target.limits.delayMax, value: 1 } },
  };
  const lacks = lacksOf(vit, impatient, createAccounting(impatient)).filter(
    ({ needs }) => needs === 'delayMax',
  );
  assert.ok(lacks.length > 0);
  const loihi2 = await loadTarget('loihi2');
  const hasty = {
    ...loihi2,
    limits: { ...loihi2.limits, delayMax: { ...loihi2.limits.delayMax, value: 1 } },
  };
  assert.deepEqual(lacksOf(vit, hasty, createAccounting(hasty)), []);
});

test('what runs on them is not refused; binary spikes are told', async () => {
  for (const name of ['loihi2', 'generic', 'spinnaker2'])
    assert.deepEqual(said(vit, await loadTarget(name)), []);
  const [one, ...others] = said(mlp, await loadTarget('loihi1'));
  assert.equal(one?.code, 'W0512');
  assert.match(one!.message, /16 axons a neuron at most; each neuron with soft reset takes 2/);
  assert.deepEqual(others, []);
});

test('a fixed neuron compares no inputs and weighs no steps', async () => {
  const target = await loadTarget('loihi1');
  const lacking = (network: IntGraph) =>
    lacksOf(network, target, createAccounting(target)).map(({ does, missing }) => `${does}: ${missing}`);
  const random = createRandom(2);
  const pooled = (pool: string) => {
    const m = buildModel(17);
    const numbers = (count: number) => Float32Array.from({ length: count }, () => random.normal());
    const conv = m.op('Conv', ['input', m.weight([3, 1, 3, 3], numbers(27))], { kernel_shape: [3, 3] });
    const small = m.op(pool, [m.op('Relu', [conv])], { kernel_shape: [2, 2], strides: [2, 2] });
    const flat = m.op('Flatten', [small], { axis: 1 });
    return outlined(m.bytes(['b', 1, 8, 8], [m.op('Gemm', [flat, m.weight([27, 5], numbers(135))])]));
  };
  assert.deepEqual(lacking(pooled('AveragePool')), []);
  assert.ok(lacking(pooled('MaxPool')).includes('maximum: a soma that compares its inputs'));
  const weighed = { ...mlp, attrs: { ...mlp.attrs, coding: 'differential' } } as const;
  assert.equal(lacking(weighed).length, populationsOf(mlp).length);
});

test('payloads, exponents and soft reset that a core has not', async () => {
  const [one, two] = [await loadTarget('loihi1'), await loadTarget('loihi2')];
  const { softResetNeurons: _, ...limits } = one.limits;
  const few = { ...one.limits, synapseFormats: { ...one.limits.synapseFormats!, value: 7 } };
  const narrow = { ...two.limits, payloadBits: { ...two.limits.payloadBits, value: 8 } };
  const needsOf = (target: Target) =>
    new Set(lacksOf(mlp, target, createAccounting(target)).map(({ needs }) => needs));
  assert.deepEqual(needsOf({ ...one, limits }), new Set(['softResetNeurons']));
  assert.deepEqual(needsOf({ ...one, limits: few }), new Set(['synapseFormats']));
  assert.deepEqual(needsOf({ ...two, limits: narrow }), new Set(['payloadBits']));
});

test('weights of a width that the core does not store', async () => {
  const target = await loadTarget('loihi2');
  const [fault, ...others] = said(vit, target, 9);
  assert.equal(fault?.code, 'E0511');
  assert.deepEqual(fault?.facts, { bits: 9, target: 'loihi2', least: 1, most: 8 });
  assert.deepEqual(others, []);
});

test('check says the same, and nothing about room', async () => {
  const { report, list } = createDiagnostics();
  const target = await loadTarget('truenorth');
  const options = { weightBits: 8, seed: 1, activity: new Map(), wanted: undefined };
  const { taken, modes } = judge(vit, [target], options, report);
  assert.equal(taken, undefined);
  assert.ok(modes.every(isRefused));
  assert.deepEqual(list, said(vit, target));
});

test('names that differ in their first number are one', () => {
  const names = ['b0.x1', 'b1.x1', 'b2.x1', 'b5.x1', 'b0.x2', 'head', 'b7'];
  assert.deepEqual(compactNames(names), ['b{0–2,5}.x1', 'b0.x2', 'head', 'b7']);
});
