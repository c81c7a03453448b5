/** Bundles the command line into one file: dist/snnc.js. */
import { statSync } from 'node:fs';
import { build } from 'esbuild';

const outfile = 'dist/snnc.js';
const banner = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";
await build({
  entryPoints: ['cli/main.ts'],
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
