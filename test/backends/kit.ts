/** What the tests of descriptors share. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTarget } from '../../backends/target.ts';
import { type Diagnostic, UserError } from '../../ir/diagnostics/diagnostic.ts';

/** What stands in the way of loading `spec`; fails where nothing does. */
export async function faultsOf(spec: string): Promise<readonly Diagnostic[]> {
  try {
    await loadTarget(spec);
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics;
    throw error;
  }
  return assert.fail(`${spec} loads`);
}

export const codesOf = (faults: readonly Diagnostic[]): readonly string[] => faults.map(fault => fault.code);

/** A descriptor in a folder of its own. */
export function writeTemporary(text: string | Uint8Array, name = 'descriptor.xml'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'snnc-')), name);
  writeFileSync(path, text);
  return path;
}
