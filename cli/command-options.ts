/** The options of every command, as tables; what they mean is checked here, what they clash with by the commands. */
import { EFFORTS, FAVOURS, SOMA_ARITHMETIC, STRATEGIES } from '../compiler/choices.ts';
import { DEFAULT_STOPPING, type Stopping } from '../compiler/margins.ts';
import { DECAYS, RESETS } from '../compiler/nir/neurons.ts';
import { OPTIMIZE } from '../compiler/search/goal.ts';
import { THRESHOLD_RULES } from '../compiler/thresholds.ts';
import { FORMATS } from '../export/formats.ts';
import { MODES } from '../ir/chip.ts';
import { TIES } from '../ir/snn.ts';
import { dataOptions, shared } from './options.ts';
import { preprocessOptions } from './preprocess-options.ts';

export const whole = (value: number, name: string, low: number, high: number): number => {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`--${name} takes a whole number from ${low} to ${high}`);
  return value;
};
export const number = (name: string, low: number, high: number, otherwise: number, describe: string) =>
  ({
    type: 'number',
    default: otherwise,
    describe,
    coerce: (value: number) => whole(value, name, low, high),
  }) as const;

export const allOrLimit = {
  type: 'number',
  describe: 'Images at most (default: all)',
  coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'limit', 1, 1e9)),
} as const;

/** `--anytime` alone: as few images as keep the answers. */
const stoppingOf = (value: string | undefined): Stopping | undefined => {
  if (value === undefined) return undefined;
  if (value === '') return DEFAULT_STOPPING;
  const percent = Number(/^(\d+(\.\d+)?) ?%?$/.exec(value)?.[1] ?? Number.NaN);
  if (!(percent > 0 && percent < 100))
    throw new Error(`--anytime takes a percentage between 0 and 100, such as 20, not ${value}`);
  return { by: 'share', value: percent / 100 };
};
/** Thresholds, weight bits and timesteps are chosen by what they cost and do. */
const searchOptions = {
  'max-drop': {
    type: 'string',
    describe: 'Search: accuracy that may be lost on labelled calibration images, in percent: 1%',
    coerce: (value: string | undefined) => {
      if (value === undefined) return undefined;
      if (!/^\d+(\.\d+)?%$/.test(value)) throw new Error('--max-drop takes percent points such as 0.5%');
      return Number(value.slice(0, -1)) / 100;
    },
  },
  'max-divergence': {
    type: 'number',
    describe: 'Search: error of the logits, mean square over their variance, that is allowed: 0.01',
    coerce: (value: number | undefined) => {
      if (value !== undefined && !(value > 0 && Number.isFinite(value)))
        throw new Error('--max-divergence takes a number above 0');
      return value;
    },
  },
  optimize: { choices: OPTIMIZE, default: 'energy' as const, describe: 'Search: what to have least of' },
  'save-thresholds': { type: 'string', describe: 'Write how each site fires; --thresholds takes the file' },
  'save-curve': { type: 'string', describe: 'Search: write the Pareto curve as CSV' },
} as const;

/** Which network a file holds. */
const network = {
  'input-shape': {
    type: 'string',
    describe: 'Sizes that the file leaves open: 3,224,224',
    coerce: (value: string | undefined) => {
      if (value !== undefined && !/^\d+(,\d+)*$/.test(value))
        throw new Error('--input-shape takes sizes such as 3,224,224');
      return value;
    },
  },
  output: { type: 'string', describe: 'Of several outputs, the one that is the answer' },
} as const;

const KEEP_UNREAD = {
  type: 'boolean',
  default: false,
  describe: 'Compute neurons that reach no output too',
} as const;

/** T in ascending order, each once. */
const stepsList = (text: string): readonly number[] => {
  const steps = text.split(',').map(Number);
  for (const t of steps) whole(t, 'steps', 1, 64);
  return [...new Set(steps)].sort((a, b) => a - b);
};

/** Of stage `snn` nothing goes to a chip, so that it makes no difference who normalises. */
const { 'fold-normalisation': _, ...preprocessMeasured } = preprocessOptions;

/** Measures of stage `snn` on a data set. */
const measured = {
  calibrate: { type: 'string', describe: 'Images that thresholds come from; never the test images' },
  ...network,
  steps: {
    type: 'string',
    default: '1,2,4,8,16',
    describe: 'Timesteps T, separated by commas',
    coerce: stepsList,
  },
  limit: allOrLimit,
  shift: number('shift', 0, 12, 4, 'Ours: θ from p99 / 2^shift'),
  terms: number('terms', 1, 4, 3, 'Ours: powers of two in one payload, at most'),
  levels: number('levels', 1, 16, 8, 'Thresholds n of the paper’s ladder, per sign'),
  ties: {
    choices: TIES,
    default: TIES[0],
    describe: 'Edges of Eq. 25: as in the authors’ code, or as printed',
  },
  ...preprocessMeasured,
  ...dataOptions,
  ...shared,
} as const;

const MODE = {
  choices: ['auto', ...MODES] as const,
  default: 'auto' as const,
  describe:
    'Rows unrolled in space (pipelined, layerwise) or in time (streaming); auto: the fastest that fits',
} as const;

const COMPARE = {
  type: 'boolean',
  default: true,
  describe: 'Say what other modes and options would take and give',
} as const;

const FAVOUR = {
  choices: FAVOURS,
  default: 'balance' as const,
  describe: 'What the mapping is to have few of, on a board that holds it',
} as const;

const SHIFT = {
  type: 'string',
  default: 'auto' as const,
  describe: 'θ from p99 / 2^shift; auto: the coarsest that is near enough on calibration images',
  coerce: (value: string): number | 'auto' =>
    value === 'auto' ? value : whole(Number(value || Number.NaN), 'shift', 0, 12),
} as const;

const TARGET = {
  type: 'string',
  default: 'loihi2',
  describe: 'Chip, board and number: loihi2[:BOARD[*N]], or an XML file',
} as const;

/** ONNX → deployment. */
export const COMPILE_OPTIONS = {
  target: TARGET,
  calibrate: {
    type: 'string',
    describe: 'Images (npz, npy, pictures, a folder): thresholds come from their activations',
  },
  ...network,
  out: { alias: 'o', type: 'string', describe: 'Folder to write (default: beside the model)' },
  'dry-run': {
    type: 'boolean',
    default: false,
    describe: 'Compile, prove and simulate everything, but write no folder',
  },
  simulate: {
    type: 'number',
    describe: 'Images that the chip is simulated on (default: 4, fewer where the network is large)',
    coerce: (value: number | undefined) => (value === undefined ? value : whole(value, 'simulate', 0, 64)),
  },
  coding: {
    choices: ['sum', 'rate', 'differential'] as const,
    default: 'sum' as const,
    describe: 'What spikes add up to: F(S), t · F(S / t), or F(S) with weight 1/t at step t',
  },
  steps: {
    type: 'number',
    describe: 'Timesteps T of an image (default: 1, with --anytime 2)',
    coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'steps', 1, 64)),
  },
  anytime: {
    type: 'string',
    describe:
      'Stop early where the logits are sure: as often as answers bear it, or let so many percent of images go on',
    coerce: stoppingOf,
  },
  mode: MODE,
  strategy: {
    choices: STRATEGIES,
    default: 'auto' as const,
    describe: 'How populations are cut: all together (auto), or one by one as others do it, to compare',
  },
  compare: COMPARE,
  favour: FAVOUR,
  coarse: {
    type: 'number',
    describe:
      'Powers of two by which each step before the last is coarser (0; with --anytime what is cheapest)',
    coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'coarse', 0, 8)),
  },
  shift: SHIFT,
  terms: number('terms', 1, 4, 3, 'Powers of two in one payload, at most'),
  levels: {
    type: 'number',
    describe: 'Thresholds n of every ladder, per sign (default: up to the calibration maximum)',
    coerce: (value: number | undefined) => (value === undefined ? undefined : whole(value, 'levels', 1, 16)),
  },
  uniform: { type: 'boolean', default: false, describe: 'The same shift everywhere' },
  thresholds: {
    type: 'string',
    default: 'pow2',
    describe: `Threshold rule (${THRESHOLD_RULES.join(', ')}), or a file of thresholds`,
  },
  ...searchOptions,
  bits: number(
    'bits',
    2,
    16,
    8,
    'Weight bits; more than 8 only of a NIR network, where the target stores them',
  ),
  functions: {
    choices: SOMA_ARITHMETIC,
    default: 'tables' as const,
    describe: 'How somas compute: tables, or multiplications as a reference',
  },
  'bias-correction': {
    type: 'boolean',
    default: true,
    describe: 'Correct biases where calibration says it helps',
  },
  'keep-unread': KEEP_UNREAD,
  effort: {
    choices: EFFORTS,
    default: 'normal' as const,
    describe: 'Placement: how many moves are tried',
  },
  pin: { type: 'string', describe: 'A file of cores that have their place: NAME[:PART] CHIP X Y [SLOT]' },
  seed: number('seed', 0, 2 ** 31 - 1, 1, 'Seed of placement'),
  dt: {
    type: 'number',
    describe: 'NIR: seconds of a timestep, where the network has time constants',
    coerce: (value: number | undefined) => {
      if (value !== undefined && !(value > 0 && Number.isFinite(value)))
        throw new Error('--dt takes seconds above 0, such as 1e-4');
      return value;
    },
  },
  decay: {
    choices: DECAYS,
    default: DECAYS[0],
    describe: 'NIR: what a timestep keeps of a value: 1 − dt/τ, or exp(−dt/τ)',
  },
  reset: {
    choices: RESETS,
    default: RESETS[0],
    describe:
      'NIR: what a spike does to the potential: to v_reset, as the format says, or minus the threshold',
  },
  ...preprocessOptions,
  ...dataOptions,
  ...shared,
} as const;

/** What stands in the way, without a build. */
export const CHECK_OPTIONS = {
  target: TARGET,
  ...network,
  calibrate: {
    type: 'string',
    describe: 'Images (npz, npy, pictures, a folder) that rates are measured on; default: synthetic ones',
  },
  mode: MODE,
  favour: FAVOUR,
  compare: COMPARE,
  steps: number('steps', 1, 64, 1, 'Timesteps T of an image'),
  shift: SHIFT,
  terms: number('terms', 1, 4, 3, 'Powers of two in one payload, at most'),
  bits: number('bits', 2, 8, 8, 'Weight bits'),
  seed: number('seed', 0, 2 ** 31 - 1, 1, 'Seed of placement'),
  'keep-unread': KEEP_UNREAD,
  weights: {
    type: 'boolean',
    describe: 'Look for weights that are not finite (default: in files up to 1.5 GiB)',
  },
  ...preprocessMeasured,
  ...dataOptions,
  ...shared,
} as const;

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

/** Conversion methods side by side. */
export const METHODS_OPTIONS = {
  data: { type: 'string', demandOption: true, describe: 'Test images, with labels for accuracy' },
  methods: { type: 'string', describe: 'Some of the methods, separated by commas' },
  csv: { type: 'string', describe: 'File to write the table to' },
  ...measured,
} as const;

/** The paper's tables and figures. */
export const PAPER_OPTIONS = {
  data: { type: 'string', describe: 'Test images, with labels for accuracy; Table 3 needs none' },
  only: { type: 'string', describe: 'Some of table1, table2, table3, fig5, fig6' },
  out: { type: 'string', describe: 'Folder for text, CSV, SVG and JSON' },
  ...measured,
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
