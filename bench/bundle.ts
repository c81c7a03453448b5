/**
 * Bundles the command line into dist/: snnc.js, which loads the chunk of the command that is called, and the threads of
 * placement and simulation.
 */
import { rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { build } from 'esbuild';
import { copyTypes, writeLicences } from './bundle-extras.ts';

const ENTRIES = {
  snnc: 'cli/main.ts',
  api: 'api/index.ts',
  'api-worker': 'api/worker.ts',
  'placement-worker': 'compiler/placement/worker.ts',
  'status-worker': 'cli/status-worker.ts',
  'simulator-worker': 'runtime-sim/engine/worker.ts',
};
const banner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ENTRIES,
  outdir: 'dist',
  chunkNames: 'chunk-[hash]',
  splitting: true,
  bundle: true,
  // Read where a NIR file is met, if the user has it.
  external: ['h5wasm/node'],
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: banner },
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
});
const packages = writeLicences(Object.keys(metafile.inputs), 'dist/LICENCES.txt');
copyTypes('build/types/api', 'dist/types');
const outputs = Object.keys(metafile.outputs);
const megabytes = outputs.reduce((sum, path) => sum + statSync(path).size, 0) / 2 ** 20;
const largest = outputs.toSorted((a, b) => statSync(b).size - statSync(a).size).slice(0, 3);
const sizes = largest.map(path => `${basename(path)} ${(statSync(path).size / 2 ** 20).toFixed(2)} MB`);
console.log(
  `dist/ ${outputs.length} files, ${megabytes.toFixed(2)} MB; largest: ${sizes.join(', ')}; of ${packages.length} packages`,
);
