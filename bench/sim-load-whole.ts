/** In a process of its own: chip programs of the files named, decoded and booted. Prints seconds and what it took at most. */
import { readFileSync } from 'node:fs';
import { decodeChip } from '../backends/program/decode.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';

const files = process.argv.slice(2);
const start = performance.now();
const machine = createLifMachine(files.map(file => decodeChip(readFileSync(file), file)));
const seconds = (performance.now() - start) / 1000;
machine.run(2);
console.log(JSON.stringify({ seconds, bytes: process.resourceUsage().maxRSS * 1024 }));
