/** A folder around fuzzed models: what their external data may name (mutate/tensors.ts), good and bad. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openModelFile } from '../../cli/model-files.ts';
import { type ModelFile, memoryFile } from '../../compiler/onnx/source.ts';

/** Makes the folder; its path. */
export function makeFolder(): string {
  const around = mkdtempSync(join(tmpdir(), 'snnc-fuzz-'));
  const folder = join(around, 'model');
  mkdirSync(join(folder, 'folder'), { recursive: true });
  const files: Readonly<Record<string, Uint8Array>> = {
    [MODEL]: Uint8Array.of(0),
    'weights.bin': new Uint8Array(new Float32Array(2 ** 14).fill(0.125).buffer),
    'short.bin': new Uint8Array(10),
    'empty.bin': new Uint8Array(),
    '../outside.bin': new Uint8Array(2 ** 16),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  symlinkSync('../outside.bin', join(folder, 'link-out'));
  symlinkSync('weights.bin', join(folder, 'link-in'));
  symlinkSync('loop', join(folder, 'loop'));
  makePipe(join(folder, 'pipe'));
  return folder;
}

const MODEL = 'model.onnx';

export const removeFolder = (folder: string): void =>
  rmSync(dirname(folder), { recursive: true, force: true });

/** Bytes as a file of that folder. */
export const placeIn = (folder: string, bytes: Uint8Array): ModelFile => ({
  ...memoryFile(bytes, MODEL),
  open: openModelFile(join(folder, MODEL)).open,
});

/** Where the system has none, the name is missing. */
function makePipe(path: string): void {
  try {
    execFileSync('mkfifo', [path], { stdio: 'ignore' });
  } catch {
    return;
  }
}
