/**
 * Compiles kernels with AssemblyScript: those of ir/fast, and the network between cores. What comes out is committed as text, so that neither the build
 * nor the bundle needs the compiler; a test compiles anew and compares the bytes.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface KernelModule {
  readonly sources: readonly string[];
  readonly output: string;
}
/** Modules of kernels, each with a memory of its own. */
export const KERNEL_MODULES: readonly KernelModule[] = [
  {
    sources: ['products', 'populations', 'events', 'dense', 'operands', 'intake', 'neurons'].map(
      name => `ir/fast/kernels/${name}.assembly.ts`,
    ),
    output: 'ir/fast/kernels/binary.ts',
  },
  { sources: ['runtime-sim/lif/kernels/lif.assembly.ts'], output: 'runtime-sim/lif/kernels/binary.ts' },
  { sources: ['runtime-sim/noc/kernels/mesh.assembly.ts'], output: 'runtime-sim/noc/kernels/binary.ts' },
];
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
const FLAGS = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory'];

/** The module's bytes: the same for the same sources. */
export function compileKernels({ sources }: KernelModule): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-kernels-'));
  const file = join(folder, 'kernels.wasm');
  try {
    execFileSync(process.execPath, [COMPILER, ...sources, ...FLAGS, '--outFile', file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

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
  for (const module of KERNEL_MODULES) writeFileSync(module.output, printKernels(compileKernels(module)));
