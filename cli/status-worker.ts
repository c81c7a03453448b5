/** A thread that draws the status line while the work goes on; see status-line.ts. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { drawLine } from './status-bar.ts';
import { freeLock, NUMBER, type SharedLine, SLOT, takeLock } from './status-line.ts';

const EVERY_MS = 125;
const { control, text, numbers } = workerData as SharedLine;
const quiet = new Int32Array(new SharedArrayBuffer(4));

while (true) {
  Atomics.wait(quiet, 0, 0, EVERY_MS);
  takeLock(control);
  if (Atomics.load(control, SLOT.isActive) === 1) {
    // A copy: decoders take no shared memory.
    const name = new TextDecoder().decode(text.slice(0, Atomics.load(control, SLOT.length)));
    const line = drawLine(name, {
      seconds: (Date.now() - numbers[NUMBER.start]!) / 1000,
      done: numbers[NUMBER.done]!,
      total: numbers[NUMBER.total]!,
      columns: Atomics.load(control, SLOT.columns),
    });
    if (line !== undefined) writeSync(2, `\r\x1b[K${line}`);
  }
  freeLock(control);
}
