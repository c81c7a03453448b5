import { ORDERS, type Order } from '../compiler/data/layout.ts';

const DATA_TYPES = ['float32', 'uint8'] as const;

/** Options that several commands share. */
export const shared = {
  json: { type: 'boolean', default: false, describe: 'Print one JSON object on stdout and nothing else' },
  quiet: { type: 'boolean', default: false, describe: 'No progress' },
  config: {
    type: 'string',
    describe: 'JSON file of options, {"bits": 4}; what the command line says goes first',
  },
} as const;

export interface Shared {
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Where the numbers of an array leave more than one reading. */
export const dataOptions = {
  'data-layout': { choices: ORDERS, describe: 'Channels first or last, where an array leaves it open' },
  'data-type': {
    choices: DATA_TYPES,
    describe: 'Numbers of a raw tensor (.bin, .raw), where its size leaves it open',
  },
} as const;

export interface DataOptions {
  readonly dataLayout?: Order | undefined;
  readonly dataType?: (typeof DATA_TYPES)[number] | undefined;
}

/** Two deployments. */
export const DIFF_OPTIONS = {
  html: {
    type: 'string',
    describe: 'File for a page with core maps side by side; it opens without a network',
  },
  ...shared,
} as const;
