/** Imports one model whole, weights and all, and prints what that took: a process of its own, so that memory is its own. */
import { openModelFile } from '../cli/model-files.ts';
import { readNetwork } from '../compiler/compile.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';

const path = process.argv[2] ?? '';
const start = performance.now();
const { ann } = readNetwork(openModelFile(path), path, { diagnostics: createDiagnostics(), step: () => {} });
const seconds = (performance.now() - start) / 1000;
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ seconds, peakBytes, nodes: ann.nodes.length }));
