/**
 * The command line as one file, dist/snnc.js: a package then needs no dependency of its own, and the override
 * that puts protobufjs 8 under onnx-proto reaches users (an `overrides` field counts in the root project only).
 *
 * Descriptors stay files beside the bundle: backends/descriptor/shipped.ts finds them from package.json.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';

/** CommonJS dependencies ask for Node's own modules with require(), which an ES module does not have. */
const REQUIRE = "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);";

export interface BundleSize {
  readonly path: string;
  readonly bytes: number;
  /** Source files in it, ours and those of dependencies. */
  readonly inputs: number;
}

/** `entry` is TypeScript source: esbuild reads it directly, so the bundle never holds a stale build. */
export async function bundle(entry: string, outfile: string, root: string): Promise<BundleSize> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: REQUIRE },
    minify: false,
    sourcemap: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  return sizeOfBundle(result, outfile);
}

function sizeOfBundle({ metafile }: BuildResult<{ metafile: true }>, path: string): BundleSize {
  const [output] = Object.values(metafile.outputs);
  return { path, bytes: output?.bytes ?? 0, inputs: Object.keys(metafile.inputs).length };
}

/** The checkout, seen from build/bench. */
const checkout = (): string => resolve(fileURLToPath(import.meta.url), '../../..');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = checkout();
  const [entry = 'cli/main.ts', outfile = 'dist/snnc.js'] = process.argv.slice(2);
  if (!existsSync(join(root, entry))) {
    process.stderr.write(`bundle: no ${entry}\n`);
    process.exitCode = 70;
  } else {
    const { path, bytes, inputs } = await bundle(entry, outfile, root);
    process.stdout.write(`${path}  ${(bytes / 1024).toFixed(0)} KiB from ${inputs} files\n`);
  }
}
