/** The command line: one entry per command, options from tables, every fault of a user one diagnostic. */
import yargs from 'yargs';
import { SOMA_ARITHMETIC } from '../compiler/integers/formats.ts';
import { makeDiagnostic } from '../ir/diagnostics/diagnostic.ts';
import { checkCommand } from './check.ts';
import { compileCommand, withDefaultModel } from './compile.ts';
import { guarded, reportDiagnostics } from './console.ts';
import { explainCommand, targetsCommand } from './explain.ts';
import { inspectCommand, reportCommand } from './inspect.ts';
import { opsCommand } from './ops.ts';
import { dataOptions, shared } from './options.ts';
import { preprocessOptions } from './preprocess.ts';
import { simulateCommand } from './simulate.ts';
import { validateCommand } from './validate.ts';
import { VERSION } from './version.ts';

const whole = (value: number, name: string, low: number, high: number): number => {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`--${name} takes a whole number from ${low} to ${high}`);
  return value;
};
const number = (name: string, low: number, high: number, otherwise: number, describe: string) =>
  ({
    type: 'number',
    default: otherwise,
    describe,
    coerce: (value: number) => whole(value, name, low, high),
  }) as const;

/** `--anytime` alone: a fifth goes on. */
const shareOf = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined;
  const percent = value === '' ? 20 : Number(/^(\d+(\.\d+)?) ?%?$/.exec(value)?.[1] ?? Number.NaN);
  if (!(percent > 0 && percent < 100))
    throw new Error(`--anytime takes a percentage between 0 and 100, such as 20, not ${value}`);
  return percent;
};

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

const TARGET = {
  type: 'string',
  default: 'loihi2',
  describe: 'Chip, board and number: loihi2[:BOARD[*N]], or an XML file',
} as const;

export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  let isUsable = true;
  const json = argv.includes('--json');
  const run = (command: () => Promise<number>) => async () => {
    if (isUsable) code = await guarded(json, command); // yargs calls handlers even behind a refused option
  };
  const parser = yargs([...argv])
    .scriptName('snnc')
    .locale('en')
    .usage('$0 COMMAND\n\nTrained Vision Transformer (ONNX) → spiking network on a neuromorphic chip.')
    .command(
      'compile [model]',
      'ONNX → deployment folder MODEL.snnc',
      y =>
        y
          .positional('model', { type: 'string', describe: 'ONNX file (default: the bundled digits model)' })
          .options({
            target: TARGET,
            calibrate: {
              type: 'string',
              describe: 'Images (npz, npy, pictures, a folder): thresholds come from their activations',
            },
            ...network,
            out: { type: 'string', describe: 'Folder to write (default: beside the model)' },
            coding: {
              choices: ['sum', 'rate', 'differential'] as const,
              default: 'sum' as const,
              describe: 'What spikes add up to: F(S), t · F(S / t), or F(S) with weight 1/t at step t',
            },
            steps: {
              type: 'number',
              describe: 'Timesteps T of an image (default: 1, with --anytime 2)',
              coerce: (value: number | undefined) =>
                value === undefined ? undefined : whole(value, 'steps', 1, 64),
            },
            anytime: {
              type: 'string',
              describe: 'Stop early where the logits are sure; percent of images that go on (20)',
              coerce: shareOf,
            },
            coarse: {
              type: 'number',
              describe: 'Powers of two by which each step before the last is coarser (0, with --anytime 1)',
              coerce: (value: number | undefined) =>
                value === undefined ? undefined : whole(value, 'coarse', 0, 8),
            },
            shift: number('shift', 0, 12, 4, 'θ from p99 / 2^shift; per-site offsets by the profile'),
            terms: number('terms', 1, 4, 3, 'Powers of two in one payload, at most'),
            uniform: { type: 'boolean', default: false, describe: 'The same shift everywhere' },
            thresholds: {
              choices: ['pow2', 'paper', 'off'] as const,
              default: 'pow2' as const,
              describe: 'Threshold rule',
            },
            bits: number('bits', 2, 8, 8, 'Weight bits'),
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
            effort: {
              choices: ['fast', 'normal', 'max'] as const,
              default: 'normal' as const,
              describe: 'Placement moves',
            },
            seed: number('seed', 0, 2 ** 31 - 1, 1, 'Seed of placement'),
            ...preprocessOptions,
            ...dataOptions,
            ...shared,
          })
          .example('$0 compile vit.onnx --target loihi2 --calibrate images.npz', ''),
      args => run(() => compileCommand(withDefaultModel(args)))(),
    )
    .command(
      'check <model>',
      'Everything that stands in the way, cores, chips and time: seconds, no build',
      y =>
        y.positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' }).options({
          target: TARGET,
          ...network,
          steps: number('steps', 1, 64, 1, 'Timesteps T of an image'),
          terms: number('terms', 1, 4, 3, 'Powers of two in one payload, at most'),
          bits: number('bits', 2, 8, 8, 'Weight bits'),
          weights: {
            type: 'boolean',
            describe: 'Look for weights that are not finite (default: in files up to 1.5 GiB)',
          },
          ...shared,
        }),
      args => run(() => checkCommand(args))(),
    )
    .command(
      'ops',
      'The ONNX operators that are read',
      y => y.options(shared),
      args => run(() => opsCommand(args))(),
    )
    .command(
      'validate <folder>',
      'Every stage on real data: accuracy, Eq. 30, first difference',
      y =>
        y.positional('folder', { type: 'string', demandOption: true }).options({
          data: { type: 'string', demandOption: true, describe: 'Images with labels: npz or a folder' },
          limit: { type: 'number', describe: 'Images at most' },
          logits: { type: 'string', describe: 'npz with reference logits of the float network' },
          tolerance: { type: 'number', default: 1, describe: 'Accuracy points that may be lost' },
          ...dataOptions,
          ...shared,
        }),
      args => run(() => validateCommand(args))(),
    )
    .command(
      'simulate <folder>',
      'Boots from the folder alone: counts, time bound, energy',
      y =>
        y.positional('folder', { type: 'string', demandOption: true }).options({
          input: {
            type: 'string',
            demandOption: true,
            describe: 'Images: npz, npy, raw, a picture, a folder',
          },
          limit: number('limit', 1, 1e9, 10, 'Images at most'),
          ...dataOptions,
          ...shared,
        }),
      args => run(() => simulateCommand(args))(),
    )
    .command(
      'report <folder>',
      'Chip-mapping report: one screen, or JSON',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(shared),
      args => run(() => reportCommand(args))(),
    )
    .command(
      'inspect <folder>',
      'What cores hold',
      y =>
        y
          .positional('folder', { type: 'string', demandOption: true })
          .options({ core: { type: 'string', describe: 'CHIP:NUMBER, everything it holds' }, ...shared }),
      args => run(() => inspectCommand(args))(),
    )
    .command(
      'explain <code>',
      'What a message means and the way out',
      y => y.positional('code', { type: 'string', demandOption: true }).options(shared),
      args => run(() => explainCommand(args))(),
    )
    .command(
      'targets',
      'Chips and boards',
      y => y.options(shared),
      args => run(() => targetsCommand(args))(),
    )
    .demandCommand(1, 'Which command? See snnc --help')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .exitProcess(false)
    .fail((message, error) => {
      isUsable = false;
      const problem = (message ?? error?.message ?? 'unknown').split('\n')[0]!;
      code = reportDiagnostics(
        [makeDiagnostic('E0001', { origin: `snnc ${argv.join(' ')}` }, { problem })],
        json,
      );
    });
  await parser.parseAsync();
  return code;
}
