/** `snnc check`: seconds, no build: everything that stands in the way, and how large the network will be. */
import { loadCandidates } from '../backends/target.ts';
import { checkNetwork, type NetworkCheck, type OutlineOptions } from '../compiler/check.ts';
import { judge } from '../compiler/estimate/verdict.ts';
import { type Alternative, varied } from '../compiler/estimate/what-if.ts';
import type { Favour } from '../compiler/mapping/joint.ts';
import type { Resolved } from '../compiler/preprocess/resolve.ts';
import type { AnnGraph } from '../ir/ann.ts';
import type { Mode } from '../ir/chip.ts';
import { fail, UserError } from '../ir/diagnostics/diagnostic.ts';
import { findActivity, type Known } from './check-activity.ts';
import { type Checked, renderCheck, resultOf } from './check-table.ts';
import { type Console, createConsole, reportDiagnostics } from './console.ts';
import { openModelFile } from './model-files.ts';
import { isHdf5 } from './nir-file.ts';
import type { DataOptions, Shared } from './options.ts';
import { findPreprocess, type PreprocessFlags } from './preprocess.ts';
import { whatIfs } from './what-if.ts';

export interface CheckArguments extends Shared, DataOptions, PreprocessFlags {
  readonly model: string;
  readonly target: string;
  readonly inputShape?: string | undefined;
  readonly output?: string | undefined;
  readonly calibrate?: string | undefined;
  readonly mode: Mode | 'auto';
  readonly steps: number;
  readonly shift: number | 'auto';
  readonly terms: number;
  readonly bits: number;
  readonly favour: Favour;
  readonly seed: number;
  readonly keepUnread: boolean;
  readonly compare: boolean;
  readonly weights?: boolean | undefined;
}

const PLAN = ['import', 'canonicalize', 'look at weights', 'convert', 'measure activity', 'map', 'what if'];

/** Weights up to this are looked at unless told otherwise: a second or two. */
const SCAN_BYTES = 1.5 * 2 ** 30;

export async function checkCommand(args: CheckArguments): Promise<number> {
  const console_ = createConsole(args, PLAN);
  const { diagnostics } = console_;
  const start = performance.now();
  if (isHdf5(args.model)) {
    const help = '`snnc compile NET.nir --dry-run` says whether it fits, and writes nothing.';
    fail('E0138', { origin: args.model }, { option: 'snnc check', path: args.model }, help);
  }
  const candidates = await loadCandidates(args.target);
  const file = openModelFile(args.model);
  const { steps, terms, keepUnread } = args;
  const options = {
    ...{ steps, terms, keepUnread, output: args.output },
    inputShape: args.inputShape?.split(',').map(Number),
    shift: args.shift === 'auto' ? undefined : args.shift,
    scanBytes: args.weights === undefined ? SCAN_BYTES : args.weights ? Number.POSITIVE_INFINITY : 0,
  };
  const network = checkNetwork(file, options, console_);
  const images = network.ann && imagesOf(args, network, network.ann, console_);
  const isSound = network.ann !== undefined && network.outline !== undefined;
  const known =
    isSound && images !== undefined && !(images instanceof UserError)
      ? await findActivity(
          network.ann,
          images,
          { ...args, check: options, isRead: network.isScanned },
          console_,
        )
      : undefined;
  console_.step('map');
  const mapping = { weightBits: args.bits, seed: args.seed, favour: args.favour } as const;
  const wanted = args.mode === 'auto' ? undefined : args.mode;
  const found =
    known && judge(known.network, candidates, { ...mapping, ...known, wanted }, diagnostics.report);
  console_.step('what if');
  const whatIf =
    !args.compare || known === undefined || found?.taken === undefined
      ? []
      : whatIfs(
          found.taken,
          varied(
            {
              ...{ network: known.network, boards: candidates, taken: found.taken, modes: found.modes },
              options: { ...mapping, activity: known.activity },
              others: otherOptions(known, options),
            },
            console_.advance,
          ),
        );
  const seconds = (performance.now() - start) / 1000;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const faults = images instanceof UserError ? images.diagnostics : [];
  const list = [...diagnostics.list, ...faults];
  const check: Checked = { args, network, known, found, whatIf, images, list, seconds, peakBytes };
  console_.line(renderCheck(check, console_));
  return reportDiagnostics(list, args.json, resultOf(check));
}

/** Networks that other options of conversion make. */
function otherOptions(known: Known, options: OutlineOptions): readonly Alternative[] {
  const { steps, keepUnread } = options;
  const shift = known.shift;
  const other = (change: string, says: string, changed: Partial<OutlineOptions>): Alternative => ({
    ...{ change, says, make: () => known.again({ ...options, ...changed }) },
    isActivity: changed.keepUnread === undefined,
  });
  const times = steps === 1 ? 2 : 1;
  return [
    other(`--steps ${times}`, `T = ${times}`, { shift, steps: times }),
    other(`--shift ${shift + 1}`, 'finer thresholds', { shift: shift + 1 }),
    ...(shift > 0 ? [other(`--shift ${shift - 1}`, 'coarser thresholds', { shift: shift - 1 })] : []),
    keepUnread
      ? other('--no-keep-unread', 'without what nobody reads', { shift, keepUnread: false })
      : other('--keep-unread', 'with what nobody reads', { shift, keepUnread: true }),
  ];
}

/** What will be done to images; or what is wrong with what says so. */
function imagesOf(
  flags: PreprocessFlags & { readonly model: string },
  { metadata }: NetworkCheck,
  ann: AnnGraph,
  { diagnostics }: Console,
): Resolved | UserError {
  const { model } = flags;
  try {
    const { shape } = ann.nodes.find(node => node.kind === 'input')!.type;
    return findPreprocess(flags, model, metadata, shape, diagnostics.report);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}
