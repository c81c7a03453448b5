/** A process of its own that exercises one file after another: what ends it costs one run. */
import { exercise, type Outcome } from './exercise.ts';
import { placeIn } from './folder.ts';
import { createGenerator } from './generate.ts';

export interface Result extends Outcome {
  readonly run: number;
  readonly specimen: string;
  readonly mutators: readonly string[];
  readonly seconds: number;
}

const LARGEST_GROWTH = 2 ** 30;

const [seed = '1', folder = '.', only = ''] = process.argv.slice(2);
const generate = createGenerator(Number(seed), only === '' ? undefined : only);
process.on('message', (run: number) => {
  const { bytes, specimen, mutators } = generate(run);
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const outcome = exercise(placeIn(folder, bytes));
  const seconds = (performance.now() - start) / 1000;
  const growth = process.resourceUsage().maxRSS * 1024 - before;
  const tooLarge = { kind: 'memory', detail: `grew by ${Math.round(growth / 2 ** 20)} MB` } as const;
  const result: Result = {
    ...outcome,
    ...(growth > LARGEST_GROWTH ? tooLarge : {}),
    run,
    specimen,
    mutators,
    seconds,
  };
  process.send?.(result);
});
process.send?.('ready');
