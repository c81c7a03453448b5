import { FORMATS } from '../export/formats.ts';
import { number, workers } from './option-types.ts';
import { dataOptions, shared } from './options.ts';
/** A booted chip. */
export const SIMULATE_OPTIONS = {
  input: {
    type: 'string',
    demandOption: true,
    describe: 'Images: npz, npy, raw, a picture, a folder; for plain neurons spike trains, npz or npy',
  },
  limit: number('limit', 1, 1e9, 10, 'Images at most'),
  workers,
  timed: {
    type: 'boolean',
    default: false,
    describe: 'Time every message: latency, steady state of a stream, what binds',
  },
  trace: {
    type: 'string',
    describe: 'Folder for spikes.csv, messages.csv, perf.csv, trace.json (Perfetto); implies --timed',
  },
  'trace-of': {
    choices: ['stream', 'image'] as const,
    default: 'stream' as const,
    describe: 'What --trace and --watch look at: the stream from its beginning, or each image alone',
  },
  'trace-limit': number(
    'trace-limit',
    1,
    1e9,
    1_000_000,
    'Rows of a file of a trace at most, perf.csv aside',
  ),
  watch: {
    type: 'string',
    describe: 'A row a timestep: core:CHIP:NUMBER, link:NAME or population:NAME, separated by commas',
  },
  save: {
    type: 'string',
    describe: 'Plain neurons: npz for what outputs did, [samples, timesteps, neurons]',
  },
  record: {
    type: 'string',
    array: true,
    describe: 'Plain neurons: populations whose spikes go to --save too',
  },
  ...dataOptions,
  ...shared,
} as const;

/** A deployment in the files of another tool. */
export const EXPORT_OPTIONS = {
  to: {
    choices: FORMATS,
    demandOption: true,
    describe:
      'SANA-FE, NIR, the ONNX model with what became of each node, plain tables, a trace for Perfetto',
  },
  out: {
    alias: 'o',
    type: 'string',
    demandOption: true,
    describe: 'Folder to write; for nir and onnx the file',
  },
  model: { type: 'string', describe: 'onnx: the model that was compiled' },
  population: {
    type: 'string',
    array: true,
    describe: 'sanafe, nir of a ViT: only these populations (default: all)',
  },
  input: {
    type: 'string',
    describe: 'sanafe, trace: images that are run: npz, npy, raw, a picture, a folder',
  },
  limit: number('limit', 1, 1e6, 1, 'sanafe, trace: images at most'),
  costs: { type: 'string', describe: 'sanafe: cost set of the target (default: its first)' },
  synapses: number(
    'synapses',
    1,
    1e9,
    5_000_000,
    'sanafe: synapses at most; it takes about 715 bytes for each',
  ),
  ...dataOptions,
  ...shared,
} as const;

/** What cores hold. */
export const REPORT_OPTIONS = {
  html: { type: 'string', describe: 'Write the page to this file, nothing to the folder' },
  curve: { type: 'string', describe: 'Measure accuracy and Eq. 30 over T on these images, and keep them' },
  calibrate: {
    type: 'string',
    describe: 'For --curve: images that the paper’s thresholds come from (default: the same)',
  },
  limit: { ...number('limit', 1, 1e9, 256, 'For --curve: images at most') },
  ...dataOptions,
  ...shared,
} as const;

export const INSPECT_OPTIONS = {
  core: { type: 'string', describe: 'CHIP:NUMBER, everything it holds' },
  ...shared,
} as const;
