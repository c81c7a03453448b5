#!/usr/bin/env node
// Runs the bundle of a package, or the build of a checkout.
import { existsSync } from 'node:fs';

const entry = ['../dist/snnc.js', '../build/cli/main.js']
  .map(path => new URL(path, import.meta.url))
  .find(url => existsSync(url));

if (entry === undefined) {
  process.stderr.write('snnc is not built yet: run `npm ci` (or `npm run build`) in its folder first\n');
  process.exitCode = 70;
} else {
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
}
