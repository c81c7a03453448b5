/** Imports bytes as the compiler does and runs what comes out. */
import assert from 'node:assert/strict';
import { type ImportOptions, importOnnx } from '../../compiler/onnx/import.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createDiagnostics, type Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { interpretAnn } from '../../ir/interpret/ann.ts';
import { verifyGraph } from '../../ir/verify.ts';

export function imported(bytes: Uint8Array): AnnGraph {
  const diagnostics = createDiagnostics();
  const model = importOnnx(bytes, 'test.onnx', diagnostics);
  assert.deepEqual(
    diagnostics.list.map(d => `${d.code} ${d.message}`),
    [],
  );
  assert.ok(model !== undefined);
  assert.deepEqual(verifyGraph(model.graph), []);
  return model.graph;
}

/** What the importer says about a file that it must refuse. */
export function refused(bytes: Uint8Array, options?: ImportOptions): readonly Diagnostic[] {
  const diagnostics = createDiagnostics();
  assert.equal(importOnnx(bytes, 'test.onnx', diagnostics, options), undefined);
  assert.ok(diagnostics.hasErrors());
  return diagnostics.list;
}

export const codesOf = (list: readonly Diagnostic[]): readonly string[] => list.map(d => d.code);

/** All outputs, one after another. */
export const outputsOf = (graph: AnnGraph, image: Iterable<number>): readonly number[] =>
  [...interpretAnn(graph, Float64Array.from(image)).values()].flatMap(value => [...value]);

export function assertNear(actual: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs(actual[i]! - wanted[i]!);
    assert.ok(error <= tolerance, `element ${i}: ${actual[i]} is not ${wanted[i]}`);
  }
}
