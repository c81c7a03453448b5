/** The command line: one entry per command, options from tables, every fault of a user one diagnostic. Each command is loaded when called. */
import yargs from 'yargs';
import { makeDiagnostic } from '../ir/diagnostics/diagnostic.ts';
import {
  CHECK_OPTIONS,
  COMPILE_OPTIONS,
  EXPORT_OPTIONS,
  HIL_OPTIONS,
  INSPECT_OPTIONS,
  METHODS_OPTIONS,
  NUMERICS_OPTIONS,
  PAPER_OPTIONS,
  SIMULATE_OPTIONS,
  VALIDATE_OPTIONS,
} from './command-options.ts';
import { guarded, reportDiagnostics } from './console.ts';
import { shared } from './options.ts';
import { VERSION } from './version.ts';

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
    .parserConfiguration({ 'duplicate-arguments-array': false })
    .usage('$0 COMMAND\n\nTrained Vision Transformer (ONNX) → spiking network on a neuromorphic chip.')
    .command(
      'compile [model]',
      'ONNX → deployment folder MODEL.snnc',
      y =>
        y
          .positional('model', { type: 'string', describe: 'ONNX file (default: the bundled digits model)' })
          .options(COMPILE_OPTIONS)
          .example('$0 compile vit.onnx --target loihi2 --calibrate images.npz', ''),
      args =>
        run(async () => {
          const { compileCommand, withDefaultModel } = await import('./compile.ts');
          return compileCommand(withDefaultModel(args));
        })(),
    )
    .command(
      'check <model>',
      'Everything that stands in the way, cores, chips and time: seconds, no build',
      y =>
        y
          .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
          .options(CHECK_OPTIONS),
      args => run(async () => (await import('./check.ts')).checkCommand(args))(),
    )
    .command(
      'ops',
      'The ONNX operators that are read',
      y => y.options(shared),
      args => run(async () => (await import('./ops.ts')).opsCommand(args))(),
    )
    .command(
      'validate <folder>',
      'Every stage on real data: accuracy, Eq. 30, first difference',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(VALIDATE_OPTIONS),
      args => run(async () => (await import('./validate.ts')).validateCommand(args))(),
    )
    .command(
      'numerics <folder>',
      'What thresholds, integer weights and tables cost, population by population',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(NUMERICS_OPTIONS),
      args => run(async () => (await import('./numerics.ts')).numericsCommand(args))(),
    )
    .command(
      'methods <model>',
      'Conversion methods side by side: method × T → accuracy, agreement, Eq. 30',
      y =>
        y
          .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
          .options(METHODS_OPTIONS),
      args => run(async () => (await import('./methods.ts')).methodsCommand(args))(),
    )
    .command(
      'paper <model>',
      'Tables 1 to 3 and Figures 5 and 6 of the paper for this network',
      y =>
        y
          .positional('model', { type: 'string', demandOption: true, describe: 'ONNX file' })
          .options(PAPER_OPTIONS),
      args => run(async () => (await import('./paper.ts')).paperCommand(args))(),
    )
    .command(
      'simulate <folder>',
      'Boots from the folder alone: counts, time bound, energy',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(SIMULATE_OPTIONS),
      args => run(async () => (await import('./simulate.ts')).simulateCommand(args))(),
    )
    .command(
      'hil [folder]',
      'Runs on a device and compares every spike with the simulator; locates what is wrong',
      y =>
        y
          .positional('folder', { type: 'string', describe: 'Deployment folder' })
          .options(HIL_OPTIONS)
          .example('$0 hil vit.snnc --device 127.0.0.1:7413 --scrub', ''),
      args => run(async () => (await import('./hil.ts')).hilCommand(args))(),
    )
    .command(
      'report <folder>',
      'Chip-mapping report: one screen, or JSON',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(shared),
      args => run(async () => (await import('./inspect.ts')).reportCommand(args))(),
    )
    .command(
      'diff <a> <b>',
      'What changed between two deployments, and by how much: exit code 0 equal, 1 different',
      y =>
        y
          .positional('a', { type: 'string', demandOption: true, describe: 'Deployment folder or manifest' })
          .positional('b', { type: 'string', demandOption: true, describe: 'The one to compare with it' })
          .options(shared),
      args => run(async () => (await import('./diff.ts')).diffCommand(args))(),
    )
    .command(
      'export <folder>',
      'The deployment in the files of another tool, with what that tool must count on them',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(EXPORT_OPTIONS),
      args => run(async () => (await import('./export.ts')).exportCommand(args))(),
    )
    .command(
      'inspect <folder>',
      'What cores hold',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(INSPECT_OPTIONS),
      args => run(async () => (await import('./inspect.ts')).inspectCommand(args))(),
    )
    .command(
      'explain <code>',
      'What a message means and the way out',
      y => y.positional('code', { type: 'string', demandOption: true }).options(shared),
      args => run(async () => (await import('./explain.ts')).explainCommand(args))(),
    )
    .command(
      'targets [target]',
      'Chips and boards; of one of them every figure with status and source',
      y => y.positional('target', { type: 'string', describe: 'As for --target' }).options(shared),
      args => run(async () => (await import('./targets.ts')).targetsCommand(args))(),
    )
    .demandCommand(1, 'Which command? See snnc --help')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .exitProcess(false)
    .fail((message, error) => {
      isUsable = false;
      // Of a choice that is none, yargs says which on the line after the next.
      const lines = (message ?? error?.message ?? 'unknown').split('\n').map(line => line.trim());
      const problem = lines[0] === 'Invalid values:' ? lines.slice(1).join(' ').trim() : lines[0]!;
      code = reportDiagnostics(
        [makeDiagnostic('E0001', { origin: `snnc ${argv.join(' ')}` }, { problem })],
        json,
      );
    });
  await parser.parseAsync();
  return code;
}
