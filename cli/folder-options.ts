/** Options of the commands that work on a deployment folder. */
import { FORMATS } from '../export/formats.ts';
import { allOrLimit, number, whole } from './command-options.ts';
import { dataOptions, shared } from './options.ts';

/** Threads of a simulation. */
export const workers = {
  type: 'number',
  describe: 'Images that are simulated at a time, each on a thread (default: one core is left free)',
  coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'workers', 1, 64)),
} as const;

/** Every stage on real data. */
export const VALIDATE_OPTIONS = {
  data: { type: 'string', demandOption: true, describe: 'Images with labels: npz or a folder' },
  limit: allOrLimit,
  workers,
  logits: { type: 'string', describe: 'npz with reference logits of the float network' },
  tolerance: { type: 'number', default: 1, describe: 'Accuracy points that may be lost' },
  identity: {
    type: 'string',
    default: '16',
    describe: 'Images whose events are counted one by one, or all; closed forms count every image',
    coerce: (value: string) => (value === 'all' ? 'all' : whole(Number(value), 'identity', 0, 1e9)),
  },
  ...dataOptions,
  ...shared,
} as const;

/** Errors, population by population. */
export const NUMERICS_OPTIONS = {
  data: { type: 'string', demandOption: true, describe: 'Images: npz or a folder' },
  limit: number('limit', 1, 1e9, 200, 'Images at most'),
  csv: { type: 'string', describe: 'File for the table, one row a population' },
  ...dataOptions,
  ...shared,
} as const;

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

const seconds = (name: string, otherwise: number, describe: string) =>
  ({
    type: 'number',
    default: otherwise,
    describe,
    coerce: (value: number) => {
      if (!(value > 0 && value <= 86_400))
        throw new Error(`--${name} takes seconds, above 0 and at most a day`);
      return value;
    },
  }) as const;

export const HIL_OPTIONS = {
  device: { type: 'string', describe: 'HOST:PORT or grpc://HOST:PORT; grpcs:// with certificates' },
  input: {
    type: 'string',
    describe: 'Images: npz, npy, raw, a picture, a folder (default: the golden inputs)',
  },
  limit: allOrLimit,
  together: number('together', 1, 4096, 8, 'Images that follow each other on the chip without a restart'),
  stride: {
    type: 'number',
    describe: 'Timesteps of one command at most (default: as many as the device takes)',
    coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'stride', 1, 1e9)),
  },
  scrub: { type: 'boolean', default: false, describe: 'Read memory back and compare it with the folder' },
  record: { type: 'string', describe: 'Write all that the device says to this file' },
  replay: { type: 'string', describe: 'Take the answers from a recording; no device is needed' },
  junit: { type: 'string', describe: 'Write the result as JUnit XML' },
  conformance: {
    type: 'string',
    describe: 'Check the device at this URL against the protocol; needs no folder',
  },
  ca: { type: 'string', describe: 'Certificate of the authority (PEM); with --cert and --key: mutual TLS' },
  cert: { type: 'string', describe: 'Own certificate (PEM)' },
  key: { type: 'string', describe: 'Key of the own certificate (PEM)' },
  timeout: seconds('timeout', 30, 'Seconds that one call may take'),
  patience: seconds('patience', 60, 'Seconds without any progress until the run is given up'),
  workers,
  ...dataOptions,
  ...shared,
} as const;

export const DEVICE_OPTIONS = {
  ...shared,
  listen: { type: 'string', default: '127.0.0.1:50451', describe: 'HOST:PORT; port 0: any free one' },
  fault: {
    type: 'string',
    array: true,
    describe:
      'KIND[@PLACE][:SETTINGS], as often as you like: flip-weight, drop-spike:1e-4, crash:after=100 …',
  },
  seed: number('seed', 0, 2 ** 31 - 1, 1, 'Of places that faults leave open, and of all chance'),
  lease: number('lease', 1, 86_400, 600, 'Longest lease of a session, in seconds'),
  rate: number('rate', 1, 1e9, 20_000, 'Messages that are taken in a second'),
  certs: { type: 'string', describe: 'Folder of certificates: only clients that show one are let in' },
  allow: { type: 'string', describe: 'Clients that are let in, by comma (default: clients.txt of --certs)' },
  'init-certs': { type: 'string', describe: 'Make certificates of a lab in this folder, and end' },
  hosts: {
    type: 'string',
    default: 'localhost,127.0.0.1',
    describe: '--init-certs: names and addresses of the server',
  },
  clients: { type: 'string', default: 'client', describe: '--init-certs: names of clients, by comma' },
  days: number('days', 1, 3650, 825, '--init-certs: for how long certificates are good'),
} as const;
