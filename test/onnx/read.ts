/** Reads a model and says what the reader said. */
import assert from 'node:assert/strict';
import { type OnnxModel, readModel } from '../../compiler/onnx/model.ts';
import { type ModelFile, memoryFile } from '../../compiler/onnx/source.ts';
import { createDiagnostics, type Diagnostic } from '../../ir/diagnostics/diagnostic.ts';

export function read(file: Uint8Array | ModelFile): {
  model: OnnxModel | undefined;
  list: readonly Diagnostic[];
} {
  const { report, list } = createDiagnostics();
  const model = readModel(file instanceof Uint8Array ? memoryFile(file, 'test.onnx') : file, report);
  return { model, list };
}

/** Of a file that nothing is wrong with. */
export function readSound(file: Uint8Array | ModelFile): OnnxModel {
  const { model, list } = read(file);
  assert.deepEqual(messagesOf(list), []);
  assert.ok(model !== undefined);
  return model;
}

export const messagesOf = (list: readonly Diagnostic[]): readonly string[] =>
  list.map(d => `${d.code} ${d.message}`);
