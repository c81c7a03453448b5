// @ts-check
/**
 * Compiles a model with several weight widths, validates each, and prints what each costs: snnc as a library.
 *
 *   node sweep.mjs MODEL.onnx CALIBRATION.npz TEST.npz OUT_FOLDER [BITS ...]
 */
import { join } from 'node:path';
import { compile, SnncError, validate } from 'snnc';

const [model, calibrate, data, folder, ...widths] = process.argv.slice(2);
if (model === undefined || calibrate === undefined || data === undefined || folder === undefined) {
  console.error('node sweep.mjs MODEL.onnx CALIBRATION.npz TEST.npz OUT_FOLDER');
  process.exit(2);
}

// Ctrl-C ends the compile that runs and leaves no half-written folder.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));

console.log('bits  cores  Eq. 30  accuracy');
for (const bits of widths.length === 0 ? [8, 6, 4] : widths.map(Number)) {
  const out = join(folder, `${bits}-bit.snnc`);
  try {
    /** @type {import('snnc').CompileOptions} */
    const options = { calibrate, bits, out, compare: false, effort: 'fast', biasCorrection: false };
    const made = await compile(model, options, {
      signal: stop.signal,
      onProgress: ({ step, number, of, state }) => {
        if (state === 'begin') process.stderr.write(`${bits} bits: ${number}/${of} ${step}\n`);
      },
    });
    const { accuracy, samples, eq30 } = await validate(out, { data, limit: 100 }, { signal: stop.signal });
    const right = accuracy.chip.at(-1);
    const chip = right === undefined ? 'no labels' : `${(100 * right).toFixed(1)} % of ${samples}`;
    console.log(`${bits}     ${made.cores.used}     ${eq30.performed.at(-1)?.toFixed(3)}  ${chip}`);
  } catch (error) {
    if (!(error instanceof SnncError)) throw error;
    for (const { code, message, at } of error.diagnostics)
      console.error(`${code} at ${at.origin}: ${message}`);
    process.exitCode = error.exitCode;
  }
}
