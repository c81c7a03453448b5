/** Bundles the command line into one file, dist/snnc.js, and the threads of placement and simulation into others beside it. */
import { statSync } from 'node:fs';
import { build } from 'esbuild';

const BUNDLES = {
  'cli/main.ts': 'dist/snnc.js',
  'compiler/placement/worker.ts': 'dist/placement-worker.js',
  'runtime-sim/engine/worker.ts': 'dist/simulator-worker.js',
};
const banner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";
for (const [entry, outfile] of Object.entries(BUNDLES)) {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: banner },
    legalComments: 'none',
    logLevel: 'warning',
  });
  console.log(`${outfile} ${(statSync(outfile).size / 2 ** 20).toFixed(2)} MB`);
}
