#!/usr/bin/env node
import { existsSync } from 'node:fs';

// A reader that has seen enough (`snnc ops | head`) ends the program, and that is no fault.
process.stdout.on('error', error => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const candidates = ['../dist/snnc.js', '../build/cli/main.js'].map(path => new URL(path, import.meta.url));
const entry = candidates.find(url => existsSync(url));
if (entry === undefined) {
  process.stderr.write('snnc is not built: run `npm ci` (or `npm run build`) in its folder\n');
  process.exitCode = 70;
} else {
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
}
