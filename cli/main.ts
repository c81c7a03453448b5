/** The command line: one entry per command, options from tables, every fault of a user one diagnostic. Each command is loaded when called. */
import yargs from 'yargs';
import { makeDiagnostic } from '../ir/diagnostics/diagnostic.ts';
import { CHECK_OPTIONS, COMPILE_OPTIONS, METHODS_OPTIONS, PAPER_OPTIONS } from './command-options.ts';
import { ASK, SHELLS } from './completion/scripts.ts';
import { guarded, reportDiagnostics } from './console.ts';
import {
  DEVICE_OPTIONS,
  EXPORT_OPTIONS,
  HIL_OPTIONS,
  INSPECT_OPTIONS,
  NUMERICS_OPTIONS,
  REPORT_OPTIONS,
  SIMULATE_OPTIONS,
  VALIDATE_OPTIONS,
} from './folder-options.ts';
import { DIFF_OPTIONS, shared } from './options.ts';
import { shardCommands, submitCommands } from './shards/commands.ts';
import { MERGE_OPTIONS, SWEEP_OPTIONS } from './shards/options.ts';
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
      'ONNX or NIR → deployment folder MODEL.snnc',
      y =>
        y
          .positional('model', {
            type: 'string',
            describe: 'ONNX file (default: the bundled digits model), or a spiking network in NIR',
          })
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
      'device [folder]',
      'Emulated device: executes what hosts load into it over gRPC, with faults if you like',
      y =>
        y
          .positional('folder', { type: 'string', describe: 'Deployment that it holds from the beginning' })
          .options(DEVICE_OPTIONS)
          .example('$0 device --listen 127.0.0.1:0 --fault flip-weight --fault drop-spike:1e-4', '')
          .example('$0 device --init-certs lab --hosts rack7.lab --clients ada,bob', ''),
      args =>
        run(async () =>
          (await import('./device.ts')).deviceCommand({
            ...args,
            fault: valuesOf(argv, 'fault', args.fault),
          }),
        )(),
    )
    .command(
      'report <folder>',
      'Chip-mapping report: one screen, report.html, or JSON',
      y => y.positional('folder', { type: 'string', demandOption: true }).options(REPORT_OPTIONS),
      args => run(async () => (await import('./inspect.ts')).reportCommand(args))(),
    )
    .command(
      'diff <a> <b>',
      'What changed between two deployments, and by how much: exit code 0 equal, 1 different',
      y =>
        y
          .positional('a', { type: 'string', demandOption: true, describe: 'Deployment folder or manifest' })
          .positional('b', { type: 'string', demandOption: true, describe: 'The one to compare with it' })
          .options(DIFF_OPTIONS)
          .example('$0 diff before.snnc after.snnc --html changes.html', ''),
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
      'sweep <file>',
      'Every combination of options of a file: a table, what nothing beats, a page',
      y =>
        y
          .positional('file', { type: 'string', demandOption: true, describe: 'JSON file of the sweep' })
          .options(SWEEP_OPTIONS),
      args => run(async () => (await import('./sweep/sweep.ts')).sweepCommand(args))(),
    )
    .command('shard', 'One part of a validation, simulation or sweep: a file that `merge` adds up', y =>
      shardCommands(y, run),
    )
    .command(
      'submit',
      'All shards of a work, by Slurm, Kubernetes or processes of this machine; only what is missing',
      y => submitCommands(y, run),
    )
    .command(
      'status <dir>',
      'How far a folder of shards is: done, missing, damaged, time left',
      y => y.positional('dir', { type: 'string', demandOption: true }).options(shared),
      args => run(async () => (await import('./shards/status.ts')).statusCommand(args))(),
    )
    .command(
      'merge <dir>',
      'What all shards of a folder say together, as the undivided command says it',
      y => y.positional('dir', { type: 'string', demandOption: true }).options(MERGE_OPTIONS),
      args => run(async () => (await import('./shards/merge.ts')).mergeCommand(args))(),
    )
    .command(
      'explain <what> [thing..]',
      'What a message means; what stands behind a population, a core or a limit of a deployment',
      y =>
        y
          .positional('what', {
            type: 'string',
            demandOption: true,
            describe: 'Code of a message, or a folder',
          })
          .positional('thing', {
            type: 'string',
            array: true,
            describe: 'Of the folder: a population, a core CHIP:NUMBER, or a limit such as neurons',
          })
          .options(shared)
          .example('$0 explain E0502', '')
          .example('$0 explain vit.snnc blocks.3.fc1', '')
          .example('$0 explain vit.snnc 0:17', '')
          .example('$0 explain vit.snnc synapse-words', ''),
      args => run(async () => (await import('./explain/command.ts')).explainCommand(args))(),
    )
    .command(
      'targets [target]',
      'Chips and boards; of one of them every figure with status and source',
      y => y.positional('target', { type: 'string', describe: 'As for --target' }).options(shared),
      args => run(async () => (await import('./targets.ts')).targetsCommand(args))(),
    )
    .command(
      'completion <shell>',
      'Completes commands, options, targets, files, codes and names for your shell',
      y =>
        y
          .positional('shell', { choices: SHELLS, demandOption: true })
          .options(shared)
          .example('source <($0 completion bash)', 'until the shell ends; in ~/.bashrc for ever'),
      args => run(async () => (await import('./completion/command.ts')).completionCommand(args))(),
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
  if (argv[0] === 'completion' && argv[1] === ASK)
    return (await import('./completion/command.ts')).printWords(parser, argv.slice(2));
  const read = await guarded(json, async () => {
    const hasFile = argv.some(word => /^--config(=|$)/.test(word));
    const whole = hasFile ? (await import('./config-file.ts')).withConfig(parser, argv) : argv;
    await parser.parseAsync([...whole]);
    return 0;
  });
  return Math.max(code, read);
}

/** Every value of an option that may be given again and again; of others the last one counts. `otherwise`: of a file of options. */
function valuesOf(
  argv: readonly string[],
  name: string,
  otherwise: readonly string[] | undefined,
): readonly string[] {
  const values = argv.flatMap((word, i) => {
    if (word.startsWith(`--${name}=`)) return [word.slice(name.length + 3)];
    return word === `--${name}` && argv[i + 1] !== undefined ? [argv[i + 1]!] : [];
  });
  return values.length > 0 ? values : (otherwise ?? []);
}
