/** Who runs shards: names alone, which the command line loads at every start. */
export const ENGINES = ['slurm', 'local', 'kubernetes'] as const;
export type EngineName = (typeof ENGINES)[number];
