/** A thread that takes starts of a placement until none is left; see threads.ts. */
import { workerData } from 'node:worker_threads';
import { type SharedStarts, takeStarts } from './threads.ts';

takeStarts(workerData as SharedStarts);
