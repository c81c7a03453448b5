/** `snnc export`: a deployment in the files of another tool. Each format is loaded when it is asked for. */
import type { Format } from '../export/formats.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { DataOptions, Shared } from './options.ts';

export interface ExportArguments extends Shared, DataOptions {
  readonly folder: string;
  readonly to: Format;
  readonly out: string;
  readonly population?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly input?: string | undefined;
  readonly limit: number;
  readonly costs?: string | undefined;
  readonly synapses: number;
}

/** As `snnc simulate --trace` has it. */
const TRACE_ROWS = 1_000_000;

const WRITERS: { readonly [F in Format]: (args: ExportArguments) => Promise<number> } = {
  sanafe: async args => (await import('./export-sanafe.ts')).exportToSanafe(args),
  nir: async args => (await import('./export-nir.ts')).exportToNir(args),
  onnx: async args => (await import('./export-onnx.ts')).exportToOnnx(args),
  csv: async args => (await import('./export-csv.ts')).exportToCsv(args),
  trace: async args => {
    const { simulateCommand } = await import('./simulate.ts');
    const input = inputOf(args);
    const traced = { timed: true, trace: args.out, traceOf: 'stream', traceLimit: TRACE_ROWS } as const;
    return simulateCommand({ ...args, ...traced, input, watch: undefined, workers: undefined });
  },
};

export const exportCommand = (args: ExportArguments): Promise<number> => WRITERS[args.to](args);

/** Errors: E0764 */
export const inputOf = ({ to, input }: ExportArguments): string =>
  input ?? fail('E0764', { origin: 'snnc export' }, { format: to, option: '--input' });
