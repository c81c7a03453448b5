/**
 * Compiles the kernels of a folder with AssemblyScript. What comes out is committed as text, so that neither the build nor
 * the bundle needs the compiler; a test compiles anew and compares the bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of kernels, each a module with a memory of its own. */
export const KERNEL_FOLDERS = ['ir/fast/kernels', 'runtime-sim/lif/kernels', 'runtime-sim/noc/kernels'];
/** Whose memory threads may share. */
const SHARED_FOLDERS: readonly string[] = ['ir/fast/kernels'];
const SOURCE = '.assembly.ts';
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
const FLAGS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];
/** The most pages that there are: the maker of a memory must not promise more. */
const SHARED_FLAGS = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];

/** The module's bytes: the same for the same sources. */
export function compileKernels(from: string): Uint8Array {
  const sources = readdirSync(from)
    .filter(name => name.endsWith(SOURCE))
    .sort()
    .map(name => `${from}/${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'snnc-kernels-'));
  const file = join(folder, 'kernels.wasm');
  try {
    const flags = SHARED_FOLDERS.includes(from) ? [...FLAGS, ...SHARED_FLAGS] : FLAGS;
    execFileSync(process.execPath, [COMPILER, ...sources, ...flags, '--outFile', file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const kernelsPath = (from: string): string => `${from}/binary.ts`;

const WIDTH = 100;

export function printKernels(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  const lines = Array.from({ length: Math.ceil(text.length / WIDTH) }, (_, i) =>
    text.slice(i * WIDTH, (i + 1) * WIDTH),
  );
  return [
    '/** Made by `npm run kernels` from the *.assembly.ts beside it: a WebAssembly module in base64. */',
    'export const KERNELS = [',
    ...lines.map(line => `  '${line}',`),
    "].join('');",
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const from of KERNEL_FOLDERS) writeFileSync(kernelsPath(from), printKernels(compileKernels(from)));
