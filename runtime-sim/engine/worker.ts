/** A thread that runs images until it is told to end; see pool.ts. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { createEngine, type Engine } from './engine.ts';
import type { Answer, Order, ThreadData } from './pool.ts';
import { sameArrays } from './thread-plan.ts';

const { plan, room, port, common, bells } = workerData as ThreadData;

let heard = 0;

function say(answer: Answer, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(answer, transfer);
  Atomics.add(common, 0, 1);
  Atomics.notify(common, 0);
}

function next(): Order {
  Atomics.wait(bells, 0, heard);
  heard += 1;
  const got = receiveMessageOnPort(port) as { readonly message: Order } | undefined;
  return got?.message ?? { kind: 'close' };
}

function runImage(engine: Engine, { image, isObserved, canStop }: Extract<Order, { kind: 'run' }>): void {
  const readouts = engine.run(
    image,
    isObserved
      ? (step, population, emission) => {
          const { values, terms, sums } = emission;
          const arrays = [values, terms, sums].map(array => array.buffer as ArrayBuffer);
          say({ kind: 'sent', step, population, emission }, arrays);
        }
      : undefined,
    canStop
      ? (readout, step) => {
          say({ kind: 'ask', readout, step });
          const answer = next();
          return answer.kind === 'answer' && answer.isOver;
        }
      : undefined,
  );
  say({ kind: 'done', readouts });
}

function serve(): void {
  const engine = createEngine({ ...plan, contents: sameArrays() }, room);
  if (engine === undefined) {
    say({ kind: 'failed' });
    return;
  }
  for (let order = next(); order.kind !== 'close'; order = next()) {
    if (order.kind === 'run') runImage(engine, order);
    else if (order.kind === 'tallies') say({ kind: 'tallies', tallies: engine.tallies });
  }
}

try {
  serve();
} catch {
  // Whoever waits does it without this thread.
  say({ kind: 'failed' });
}
