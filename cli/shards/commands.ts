/** Commands of commands: `snnc shard` and `snnc submit`, one for each kind of work. */
import type { Argv } from 'yargs';
import {
  SHARD_SIMULATE_OPTIONS,
  SHARD_SWEEP_OPTIONS,
  SHARD_VALIDATE_OPTIONS,
  SUBMIT_SIMULATE_OPTIONS,
  SUBMIT_SWEEP_OPTIONS,
  SUBMIT_VALIDATE_OPTIONS,
} from './options.ts';

export type Run = (command: () => Promise<number>) => () => Promise<void>;

const FOLDER = { type: 'string', demandOption: true, describe: 'Deployment folder' } as const;
const FILE = { type: 'string', demandOption: true, describe: 'JSON file of the sweep' } as const;
const WHICH = 'Which work: validate, simulate or sweep?';

export const shardCommands = (y: Argv, run: Run) =>
  y
    .command(
      'validate <folder>',
      'Part of `snnc validate`',
      own => own.positional('folder', FOLDER).options(SHARD_VALIDATE_OPTIONS),
      args =>
        run(async () => {
          const [{ shardCommand }, { planValidation }] = await parts();
          return shardCommand(args, out => planValidation(args, out));
        })(),
    )
    .command(
      'simulate <folder>',
      'Part of `snnc simulate`; times of a stream (--timed) need all images in one place',
      own => own.positional('folder', FOLDER).options(SHARD_SIMULATE_OPTIONS),
      args =>
        run(async () => {
          const [{ shardCommand }, { planSimulation }] = await parts();
          return shardCommand(args, out => planSimulation(args, out));
        })(),
    )
    .command(
      'sweep <file>',
      'Part of `snnc sweep`',
      own => own.positional('file', FILE).options(SHARD_SWEEP_OPTIONS),
      args =>
        run(async () => {
          const [{ shardCommand }, { planSweep }] = await Promise.all([import('./shard.ts'), sweepWork()]);
          return shardCommand(args, async out => planSweep(args, out));
        })(),
    )
    .demandCommand(1, WHICH)
    .strict()
    .recommendCommands();

export const submitCommands = (y: Argv, run: Run) =>
  y
    .command(
      'validate <folder>',
      'All of `snnc validate`, in shards',
      own => own.positional('folder', FOLDER).options(SUBMIT_VALIDATE_OPTIONS),
      args =>
        run(async () => {
          const [{ submitCommand }, { planValidation }] = await submitParts();
          return submitCommand(args, out => planValidation(args, out));
        })(),
    )
    .command(
      'simulate <folder>',
      'All of `snnc simulate`, in shards',
      own => own.positional('folder', FOLDER).options(SUBMIT_SIMULATE_OPTIONS),
      args =>
        run(async () => {
          const [{ submitCommand }, { planSimulation }] = await submitParts();
          return submitCommand(args, out => planSimulation(args, out));
        })(),
    )
    .command(
      'sweep <file>',
      'All of `snnc sweep`, in shards',
      own => own.positional('file', FILE).options(SUBMIT_SWEEP_OPTIONS),
      args =>
        run(async () => {
          const [{ submitCommand }, { planSweep }] = await Promise.all([import('./submit.ts'), sweepWork()]);
          return submitCommand(args, async out => planSweep({ file: args.file }, out));
        })(),
    )
    .demandCommand(1, WHICH)
    .strict()
    .recommendCommands();

const sweepWork = () => import('../sweep/sweep-work.ts');
const parts = () => Promise.all([import('./shard.ts'), import('./kinds.ts')]);
const submitParts = () => Promise.all([import('./submit.ts'), import('./kinds.ts')]);
