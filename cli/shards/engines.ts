/** What job engines are given: text, made of a work's command and what is missing of it. */
import { isAbsolute, join } from 'node:path';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { printCommand, printIndices } from './merge.ts';

/** What all engines are told. */
export interface Submission {
  /** Of letters, digits and hyphens. */
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  readonly count: number;
  readonly missing: readonly number[];
  /** Shards at a time, at most; undefined: as the engine likes. */
  readonly workers: number | undefined;
  /** Threads of each shard. */
  readonly threads: number;
  /** The program with all words of a shard but its index. */
  readonly shard: readonly string[];
  readonly merge: readonly string[];
}

export const SLURM_FILES = { array: 'array.slurm.sh', merge: 'merge.slurm.sh' } as const;

/**
 * A job array, a task for each missing index, and a job that merges when the array has ended, however that was: it says
 * what is missing. A task that is killed may be queued again, since results are written whole or not at all.
 */
export function slurmScripts(submission: Submission): { readonly array: string; readonly merge: string } {
  const { name, dir, missing, workers, threads } = submission;
  const atOnce = workers === undefined ? '' : `%${workers}`;
  const log = (file: string) => `#SBATCH --output=${join(dir, 'logs', file)}`;
  const array = [
    '#!/bin/sh',
    `#SBATCH --job-name=${name}`,
    `#SBATCH --array=${printIndices(missing)}${atOnce}`,
    `#SBATCH --cpus-per-task=${threads}`,
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    log('%A_%a.log'),
    `exec ${printCommand(submission.shard)}`,
  ];
  const merge = [
    '#!/bin/sh',
    `#SBATCH --job-name=${name}-merge`,
    log('merge_%j.log'),
    `exec ${printCommand(submission.merge)}`,
  ];
  const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
  return { array: text(array), merge: text(merge) };
}

export const KUBERNETES_FILE = 'job.kubernetes.json';

export interface Cluster {
  readonly image: string | undefined;
  /** CLAIM:/absolute/path. */
  readonly volumes: readonly string[];
}

/**
 * An Indexed Job, as JSON, which `kubectl` takes as YAML. Each pod finds its index in JOB_COMPLETION_INDEX; indices that have a
 * result end at once.
 * Source  Kubernetes API batch/v1, Job
 * Errors  E0781
 */
export function kubernetesJob(submission: Submission, { image, volumes }: Cluster): object {
  const { name, count, workers, threads } = submission;
  const refuse = (problem: string): never => fail('E0781', { origin: '--engine kubernetes' }, { problem });
  if (image === undefined) return refuse('no --image in which snnc is installed');
  const claims = volumes.map(text => {
    const [, claim, path] = /^([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?):(.+)$/.exec(text) ?? [];
    if (claim === undefined || path === undefined || !isAbsolute(path))
      return refuse(`--volume ${text} is no CLAIM:/absolute/path`);
    return { claim, path };
  });
  if (claims.length === 0) return refuse('no --volume that holds model, images and results');
  const container = {
    name: 'shard',
    image,
    command: [...submission.shard],
    resources: { requests: { cpu: `${threads}` } },
    volumeMounts: claims.map(({ path }, i) => ({ name: `volume-${i}`, mountPath: path })),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      completionMode: 'Indexed',
      completions: count,
      parallelism: Math.min(workers ?? count, count),
      backoffLimit: Math.max(6, count),
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [container],
          volumes: claims.map(({ claim }, i) => ({
            name: `volume-${i}`,
            persistentVolumeClaim: { claimName: claim },
          })),
        },
      },
    },
  };
}
