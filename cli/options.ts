/** Options that several commands share. */
export const shared = {
  json: { type: 'boolean', default: false, describe: 'Print one JSON object on stdout and nothing else' },
  quiet: { type: 'boolean', default: false, describe: 'No progress' },
} as const;

export interface Shared {
  readonly json: boolean;
  readonly quiet: boolean;
}
