/**
 * `npm run fuzz -- --runs N [--seed S] [--only KIND] [--run K] [--keep DIR]`: damages sound files in every way
 * that the tables of mutate/ know and takes each through the compiler. Anything but accepted or refused with a
 * diagnostic is a fault, and exit code 1.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exercise } from './exercise.ts';
import { makeFolder, placeIn, removeFolder } from './folder.ts';
import { createGenerator, KINDS } from './generate.ts';
import { runPool } from './pool.ts';
import { createTally } from './tally.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { runs: text, seed: text, only: text, run: text, keep: text, workers: text },
});

const seed = wholeOf('seed', values.seed, 1);
const { only, keep } = values;
if (only !== undefined && !KINDS.includes(only)) stop(`--only takes one of ${KINDS.join(', ')}`);
process.exitCode =
  values.run === undefined
    ? await campaign(wholeOf('runs', values.runs, 1000))
    : repeat(wholeOf('run', values.run, 0));

function wholeOf(name: string, value: string | undefined, otherwise: number): number {
  const number = Number(value ?? otherwise);
  return Number.isSafeInteger(number) && number >= 0 ? number : stop(`--${name} takes a whole number`);
}

function stop(problem: string): never {
  process.stderr.write(`fuzz: ${problem}\n`);
  process.exit(2);
}

function write(run: number, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `fuzz-${seed}-${run}.onnx`);
  writeFileSync(path, createGenerator(seed, only)(run).bytes);
  return path;
}

/** One run alone, in this process, with all that it says. */
function repeat(run: number): number {
  const { bytes, specimen, mutators } = createGenerator(seed, only)(run);
  const path = write(run, keep ?? '.');
  console.log(
    `run ${run} of seed ${seed}: ${specimen}; ${mutators.join('; ')}\n${bytes.length} bytes in ${path}`,
  );
  const folder = makeFolder();
  const start = performance.now();
  const outcome = exercise(placeIn(folder, bytes));
  removeFolder(folder);
  console.log(`${outcome.kind} ${outcome.codes.join(' ')} in ${Math.round(performance.now() - start)} ms`);
  if (outcome.detail !== undefined) console.log(outcome.detail);
  return outcome.kind === 'accepted' || outcome.kind === 'refused' ? 0 : 1;
}

async function campaign(count: number): Promise<number> {
  const tally = createTally();
  const generate = createGenerator(seed, only);
  const start = performance.now();
  const folder = makeFolder();
  const seconds = () => (performance.now() - start) / 1000;
  let told = 0;
  await runPool({
    runs: Array.from({ length: count }, (_, run) => run),
    seed,
    only,
    folder,
    workers: wholeOf('workers', values.workers, Math.min(2, availableParallelism())),
    onResult: result => {
      const { specimen, mutators } = result.mutators === undefined ? generate(result.run) : result;
      const isFault = tally.add({ ...result, specimen: specimen ?? '', mutators: mutators ?? [] });
      if (isFault && keep !== undefined) write(result.run, keep);
      if (seconds() - told > 10) {
        told = seconds();
        process.stderr.write(
          `${tally.count()} of ${count} in ${Math.round(told)} s, ${tally.faults()} fault(s)\n`,
        );
      }
    },
  });
  removeFolder(folder);
  const again = `npm run fuzz -- --seed ${seed}${only === undefined ? '' : ` --only ${only}`} --run`;
  console.log(tally.render(again, seconds()));
  return tally.faults() === 0 && tally.count() === count ? 0 : 1;
}
