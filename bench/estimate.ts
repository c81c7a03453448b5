/** What `snnc check` says beside what compile finds: cores, chips, step and energy of both, mode by mode. */
import { loadCandidates } from '../backends/target.ts';
import { measureActivity } from '../cli/activity.ts';
import { calibrationSet, foldInto } from '../cli/calibration.ts';
import { findActivity } from '../cli/check-activity.ts';
import { createConsole } from '../cli/console.ts';
import { mapOnSmallest } from '../cli/fitting.ts';
import { figuresOf } from '../cli/mode-figures.ts';
import { openModelFile } from '../cli/model-files.ts';
import { findPreprocess } from '../cli/preprocess.ts';
import { checkNetwork } from '../compiler/check.ts';
import { BY_SYNTHETIC } from '../compiler/choose-shift.ts';
import { convertNetwork, quantizeNetwork, readNetwork } from '../compiler/compile.ts';
import { estimateModes, estimatePlaced, isRefused } from '../compiler/estimate/modes.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { defaultProfile } from '../compiler/profile.ts';
import { spread } from '../compiler/samples.ts';
import type { Mode } from '../ir/chip.ts';
import type { ModeFigures } from '../report/mode-figures.ts';

export interface EstimateRow {
  readonly mode: Mode;
  readonly check: ModeFigures;
  readonly compile: ModeFigures;
}

export interface Estimated {
  readonly rows: readonly EstimateRow[];
  readonly activity: string;
  readonly seconds: { readonly check: number; readonly compile: number };
}

/** Layerwise sits on the cores of pipelined. */
const MEASURED = ['pipelined', 'streaming'] as const satisfies readonly Mode[];

/** `images`: synthetic ones that compile's rates are measured on. */
export async function measureEstimate(model: string, images: number): Promise<Estimated> {
  const console_ = createConsole({ json: false, quiet: true });
  const context = { diagnostics: console_.diagnostics, step: console_.step };
  const boards = await loadCandidates('loihi2');
  const mapping = { weightBits: 8, seed: 1 } as const;
  const [shift] = BY_SYNTHETIC.shifts as readonly [number];
  const options = { steps: 1, terms: 3, shift, keepUnread: false };
  const start = performance.now();
  const network = checkNetwork(openModelFile(model), { ...options, scanBytes: 0 }, context);
  if (network.ann === undefined) throw new Error(`${model} does not convert`);
  const { shape } = network.ann.nodes.find(node => node.kind === 'input')!.type;
  const preprocess = findPreprocess({}, model, network.metadata, shape, console_.diagnostics.report);
  const known = await findActivity(
    network.ann,
    preprocess,
    { model, check: options, isRead: true },
    console_,
  );
  const checked = estimateModes(known.network, boards, { ...mapping, activity: known.activity }, MEASURED);
  const between = performance.now();
  const read = readNetwork(openModelFile(model), model, context);
  const { ann, centre } = foldInto(read.ann, preprocess, true, console_);
  const compiled = {
    ...({ coding: 'sum', thresholds: 'pow2', profile: defaultProfile(shift), effort: 'fast' } as const),
    ...{ ...mapping, steps: 1, biasCorrection: false, keepUnread: false },
  };
  const needs = { shape, resolved: preprocess, centre };
  const data = await calibrationSet({ model }, needs, console_);
  const drawn = spread(data.images, images);
  const { snn } = convertNetwork(ann, drawn, compiled, context);
  const int = quantizeNetwork(snn, drawn, boards[0]!, mapping.weightBits, context, centre !== null);
  const { rates: activity } = measureActivity(int, drawn);
  const rates = new Map([...activity].map(([id, { rate }]) => [id, rate]));
  const rows = checked.flatMap((found): readonly EstimateRow[] => {
    if (isRefused(found)) return [];
    const { mode } = found;
    const offered = found.fits ? boards : [...boards, found.target];
    const { mapped, target } = mapOnSmallest(
      offered.filter(board => board.cores >= found.least),
      (board, diagnostics) =>
        mapNetwork(int, board, rates, { ...compiled, mode }, { ...context, diagnostics }),
    );
    const { chip, accounting } = mapped;
    const placed = estimatePlaced(chip, target, accounting, { ...mapping, activity });
    return [{ mode, check: figuresOf(found), compile: figuresOf(placed) }];
  });
  const seconds = { check: (between - start) / 1000, compile: (performance.now() - between) / 1000 };
  return { rows, activity: `${known.from}, ${known.images} image(s)`, seconds };
}

const FIGURES: readonly (readonly [name: string, of: (figures: ModeFigures) => number])[] = [
  ['cores', f => f.cores!],
  ['chips', f => f.chips!],
  ['step, µs', f => f.stepSeconds! * 1e6],
  ['interval, µs', f => f.interval!.seconds * 1e6],
  ['latency, µs', f => f.latency!.seconds * 1e6],
  ['energy, µJ', f => f.energyPj!.low / 1e6],
];
/** Those that must be near. */
const HELD = new Set(['cores', 'chips', 'step, µs', 'energy, µJ']);

/** The largest error of a figure that must be near, as a share. */
export function printEstimate({ rows, activity, seconds }: Estimated): number {
  let worst = 0;
  for (const { mode, check, compile } of rows) {
    for (const [name, of] of FIGURES) {
      const error = of(check) / of(compile) - 1;
      if (HELD.has(name)) worst = Math.max(worst, Math.abs(error));
      const figures = [of(check), of(compile)].map(n => n.toPrecision(4).padStart(10)).join(' ');
      console.log(
        `${mode.padEnd(10)} ${name.padEnd(14)} ${figures}  ${(100 * error).toFixed(1).padStart(6)} %`,
      );
    }
  }
  console.log(
    `activity: ${activity}; check ${seconds.check.toFixed(1)} s, compile ${seconds.compile.toFixed(1)} s`,
  );
  return worst;
}
