/** A thread that runs one command as the command line would, and says how it ended. */
import { workerData } from 'node:worker_threads';
import { main } from '../cli/main.ts';
import type { Task } from './run.ts';

const { argv, listener } = workerData as Task;
const code = await main(argv);
// Behind everything that was printed, so that the other side has all of it.
process.stdout.write('', () => listener.told.postMessage({ state: 'exit', code }));
