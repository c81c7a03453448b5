/** The bench of node tests tells right, wrong and refused apart. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import onnxProto from 'onnx-proto';
import { nodePassRate, printNodeReport, runNodeTests } from '../../bench/onnx-node.ts';
import { floats } from './build.ts';

const { ModelProto, TensorProto } = onnxProto.onnx;

/** A case of one node whose two inputs are [1, 2] and [3, 4], and what its result should be. */
function writeCase(folder: string, name: string, opType: string, wanted: readonly number[]): void {
  const at = join(folder, name, 'set_0');
  mkdirSync(at, { recursive: true });
  const info = (value: string) => ({ name: value, type: { tensorType: { elemType: 1 } } });
  const graph = {
    name,
    node: [{ opType, input: ['a', 'b'], output: ['y'] }],
    input: [info('a'), info('b')],
    output: [info('y')],
  };
  const model = ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph,
  }).finish();
  writeFileSync(join(folder, name, 'model.onnx'), model);
  const write = (file: string, value: string, data: readonly number[]) =>
    writeFileSync(join(at, file), TensorProto.encode(floats(value, [data.length], data)).finish());
  write('input_0.pb', 'a', [1, 2]);
  write('input_1.pb', 'b', [3, 4]);
  write('output_0.pb', 'y', wanted);
}

test('each variant of a case is passed, refused or wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-node-'));
  try {
    writeCase(folder, 'right', 'Add', [4, 6]);
    writeCase(folder, 'wrong', 'Mul', [3, 9]);
    writeCase(folder, 'shape', 'Sub', [-2]);
    writeCase(folder, 'refused', 'Mod', [1, 2]);
    writeCase(folder, 'unknown', 'GridSample', [1, 2]);
    const report = runNodeTests(folder);
    const outcomes = (name: string) => report.results.filter(r => r.case === name).map(r => r.outcome);
    assert.deepEqual(outcomes('right'), ['passed', 'passed', 'passed']);
    assert.deepEqual(outcomes('wrong'), ['wrong', 'wrong', 'wrong']);
    assert.deepEqual(outcomes('shape'), ['wrong', 'wrong', 'wrong']);
    assert.deepEqual(outcomes('refused'), ['passed', 'refused', 'refused']);
    assert.deepEqual(outcomes('unknown'), ['refused', 'refused', 'refused']);
    assert.equal(nodePassRate(report), 40);
    const text = printNodeReport(report);
    assert.match(text, /WRONG wrong \(data\): y: element 1 is 8, not 9/);
    assert.match(text, /Not read: GridSample \(1\)/);
    assert.match(
      text,
      /5 cases, 15 variants: 2 passed as data, 2 passed as constants, 5 refused, .* 6 wrong/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
