/** Options of work that is divided: `snnc shard`, `submit`, `merge` and `sweep`. */
import { allOrLimit, number, whole } from '../command-options.ts';
import { SIMULATE_OPTIONS, VALIDATE_OPTIONS, workers } from '../folder-options.ts';
import { dataOptions, shared } from '../options.ts';
import { ENGINES } from './engine-names.ts';

/** Which part of a work, and where its result goes. */
const SHARD_OPTIONS = {
  count: {
    type: 'number',
    demandOption: true,
    describe: 'Shards that the work is divided into',
    coerce: (value: number) => whole(value, 'count', 1, 1e6),
  },
  out: { alias: 'o', type: 'string', describe: 'Folder of results (default: beside what is run)' },
} as const;

/** One shard. */
const oneShard = {
  ...SHARD_OPTIONS,
  index: {
    type: 'number',
    describe: 'From 0 on (default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX)',
    coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'index', 0, 1e6)),
  },
  missing: { type: 'boolean', default: false, describe: 'Every index that has no sound result' },
  again: { type: 'boolean', default: false, describe: 'Run what has a sound result too' },
} as const;

/** An image of a set that is divided: all of it, where nothing limits it. */
const SHARDED_SIMULATION = {
  input: SIMULATE_OPTIONS.input,
  limit: allOrLimit,
  workers,
  ...dataOptions,
  ...shared,
} as const;

export const SHARD_VALIDATE_OPTIONS = { ...VALIDATE_OPTIONS, ...oneShard } as const;
export const SHARD_SIMULATE_OPTIONS = { ...SHARDED_SIMULATION, ...oneShard } as const;

/** Who runs all shards. */
const allShards = {
  ...SHARD_OPTIONS,
  engine: { choices: ENGINES, demandOption: true, describe: 'Who runs the shards' },
  workers: {
    type: 'number',
    describe: 'Shards that run at a time, at most (local: one for each core)',
    coerce: (value: number | undefined) =>
      value === undefined ? undefined : whole(value, 'workers', 1, 1e5),
  },
  threads: number('threads', 1, 64, 1, 'Threads of each shard'),
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'Write scripts and print commands, submit nothing',
  },
  program: { type: 'string', describe: 'How the engine calls snnc (default: as it was called here)' },
  sbatch: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'Slurm: options for sbatch, such as --sbatch=--partition=long',
  },
  image: { type: 'string', describe: 'Kubernetes: image in which snnc is installed' },
  volume: {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'Kubernetes: CLAIM:/path of a volume with model, images and results',
  },
} as const;

/** Points at a time. */
const points = {
  type: 'number',
  describe: 'Points at a time, each a process of its own (default: 1)',
  coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'workers', 1, 1e3)),
} as const;

/** All points of a file. */
export const SWEEP_OPTIONS = {
  out: SHARD_OPTIONS.out,
  workers: points,
  keep: { type: 'boolean', default: false, describe: 'Keep every deployment, in points/ of the folder' },
  ...shared,
} as const;

export const SHARD_SWEEP_OPTIONS = { workers: points, ...shared, ...oneShard } as const;
export const SUBMIT_SWEEP_OPTIONS = { ...shared, ...allShards } as const;
export const SUBMIT_VALIDATE_OPTIONS = { ...VALIDATE_OPTIONS, ...allShards } as const;
export const SUBMIT_SIMULATE_OPTIONS = { ...SHARDED_SIMULATION, ...allShards } as const;

/** A folder of shards. */
export const MERGE_OPTIONS = {
  subject: {
    type: 'string',
    describe: 'Deployment folder or file of the sweep, where it is not where the shards found it',
  },
  ...shared,
} as const;
