// @ts-check
/**
 * Does a model fit a chip that snnc does not know? The chip is three XML files beside this one.
 *
 *   node fits.mjs MODEL.onnx
 */
import { fileURLToPath } from 'node:url';
import { check } from 'snnc';

const board = fileURLToPath(new URL('board.xml', import.meta.url));
const [model = 'vit-digits.onnx'] = process.argv.slice(2);

const found = await check(model, { target: board, compare: false });
const verdict = found.fits ? 'fits' : 'does not fit';
console.log(`${verdict}: ${found.mode}, ${found.cores.used} of ${found.cores.available} cores`);
for (const { mode, cores } of found.modes) console.log(`  ${mode}: ${cores ?? 'cannot be mapped, no'} cores`);
console.log(`  bound by ${found.binding?.resource}`);
for (const { code, message } of found.diagnostics) console.log(`  ${code}: ${message}`);
