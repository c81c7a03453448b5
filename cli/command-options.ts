/** The options of every command, as tables; what they mean is checked here, what they clash with by the commands. */
import { EFFORTS, FAVOURS, SOMA_ARITHMETIC, STRATEGIES } from '../compiler/choices.ts';
import { DEFAULT_STOPPING, type Stopping } from '../compiler/margins.ts';
import { DECAYS, RESETS } from '../compiler/nir/neurons.ts';
import { OPTIMIZE } from '../compiler/search/goal.ts';
import { THRESHOLD_RULES } from '../compiler/thresholds.ts';
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
