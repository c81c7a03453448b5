/**
 * Bundles the report page's script and style. What comes out is committed as text, so that rendering needs no bundler;
 * a test bundles anew and compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

export const ASSETS_PATH = 'report/html/assets.ts';
const ENTRY = 'report/html/browser/main.ts';
/** In this order: what is printed has the last word. */
const STYLES = ['page', 'parts', 'print'].map(name => `report/html/style/${name}.css`);
/** Browsers since the summer of 2024: light-dark(), popovers, texts for signs that styles draw. */
const TARGETS = ['chrome123', 'firefox128', 'safari17.5'];
const WIDTH = 110;

export async function bundleAssets(): Promise<{ readonly script: string; readonly style: string }> {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: TARGETS,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const styles = STYLES.map(path => readFileSync(path, 'utf8')).join('');
  const { code } = await transform(styles, { loader: 'css', minify: true, target: TARGETS });
  return { script: outputFiles[0]!.text.trim(), style: code.trim() };
}

function linesOf(text: string): string {
  const points = [...text];
  const lines = Array.from({ length: Math.ceil(points.length / WIDTH) }, (_, i) =>
    points.slice(i * WIDTH, (i + 1) * WIDTH).join(''),
  );
  return `[\n${lines.map(line => `  ${JSON.stringify(line)},\n`).join('')}].join('')`;
}

export const printAssets = ({ script, style }: { readonly script: string; readonly style: string }): string =>
  `/** Made by \`npm run page\` from browser/ and style/ beside it. */
export const SCRIPT = ${linesOf(script)};

export const STYLE = ${linesOf(style)};
`;

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(ASSETS_PATH, printAssets(await bundleAssets()));
