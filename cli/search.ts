/** `--max-drop`, `--max-divergence`, `--optimize`, thresholds from a file: what they ask for, and what is said of it. */
import type { Manifest } from '../backends/manifest.ts';
import type { Target } from '../backends/target.ts';
import type { Context, Prepared } from '../compiler/compile.ts';
import { MAX_LEVELS } from '../compiler/compile.ts';
import { inputFractionOf } from '../compiler/integers/formats.ts';
import { spread } from '../compiler/samples.ts';
import type { Goal, Limit, Optimize } from '../compiler/search/goal.ts';
import { errorOf } from '../compiler/search/goal.ts';
import { type NetworkSearch, type NetworkSearchNeeds, searchNetwork } from '../compiler/search/network.ts';
import type { Trial } from '../compiler/search/search.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';

export interface SearchArguments {
  /** A share. */
  readonly maxDrop?: number | undefined;
  readonly maxDivergence?: number | undefined;
  readonly optimize: Optimize;
  readonly saveCurve?: string | undefined;
}

/** What the command line asks for; undefined: no search. Errors: E0342, E0344, E0345. */
export function goalOf(
  args: SearchArguments & {
    readonly thresholds: string;
    readonly levels?: number | undefined;
    readonly calibrate?: string | undefined;
  },
  labels: ArrayLike<number> | undefined,
): Goal | undefined {
  const { maxDrop, maxDivergence, optimize, thresholds } = args;
  const option = maxDrop === undefined ? '--max-divergence' : '--max-drop';
  const clash = (other: string) => fail('E0344', { origin: option }, { option, other });
  if (maxDrop === undefined && maxDivergence === undefined) {
    if (args.saveCurve === undefined) return undefined;
    return fail('E0345', { origin: '--save-curve' }, { option: '--save-curve' });
  }
  if (maxDrop !== undefined && maxDivergence !== undefined) return clash('--max-divergence');
  if (thresholds !== 'pow2') return clash(`--thresholds ${thresholds}`);
  if (args.levels !== undefined) return clash(`--levels ${args.levels}`);
  if (maxDivergence !== undefined) return { optimize, limit: { kind: 'divergence', value: maxDivergence } };
  if (labels === undefined) {
    return fail('E0342', { origin: '--max-drop' }, { source: args.calibrate ?? 'synthetic noise' });
  }
  return { optimize, limit: { kind: 'drop', value: maxDrop! } };
}

export interface SearchOptions
  extends Pick<
    NetworkSearchNeeds,
    'goal' | 'labels' | 'coding' | 'biasCorrection' | 'keepUnread' | 'maxTerms' | 'weightBits' | 'maxSteps'
  > {
  readonly target: Target;
  readonly isPixels: boolean;
  readonly origin: string;
}

/** A search that found something. Errors: E0343 nothing within the limit · W0340 few images. */
export interface Found extends NetworkSearch {
  readonly best: Trial;
  readonly goal: Goal;
}

export function runSearch(
  { ann, sites, calibration, images, float, macs }: Prepared,
  options: SearchOptions,
  { diagnostics, step }: Context,
): Found {
  const { goal, target, isPixels, origin } = options;
  step('search');
  const inputFraction = inputFractionOf(images, isPixels, target.arithmetic.stateBits.value);
  const network = {
    graph: ann,
    sites,
    calibration,
    images,
    float,
    macs,
    inputFraction,
    maxLevels: MAX_LEVELS,
  };
  const found = searchNetwork({ ...options, ...network, step });
  const { best } = found;
  if (!found.images.isSplit) {
    diagnostics.report('W0340', { origin, pass: 'search' }, { count: images.length });
  }
  if (best === undefined) {
    const errors = found.trials.flatMap(({ chosen, verified }) =>
      chosen === undefined
        ? []
        : [Math.max(...[chosen, verified ?? chosen].map(o => errorOf(o, goal.limit)))],
    );
    const reached = sayError(Math.min(...errors), goal.limit);
    return fail('E0343', { origin, pass: 'search' }, { limit: sayLimit(goal.limit), reached });
  }
  return { ...found, best, goal };
}

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;
const sayError = (error: number, { kind }: Limit): string =>
  kind === 'drop' ? percent(error) : error.toPrecision(3);
const sayLimit = (limit: Limit): string =>
  limit.kind === 'drop'
    ? `a loss of ${percent(limit.value)} accuracy`
    : `a logit mse of ${limit.value} of their variance`;

/** As the manifest keeps it. */
export function searchRecord({ goal, images, curve, trials, best, energyOf, mseOf }: Found) {
  const outcome = (o: Trial['chosen']) =>
    o === undefined
      ? null
      : {
          eq30: o.energy,
          logitMse: o.mse,
          agreement: o.agreement,
          accuracy: o.accuracy?.spiking ?? null,
          floatAccuracy: o.accuracy?.float ?? null,
          drop: o.accuracy?.drop ?? null,
          dropError: o.accuracy?.dropError ?? null,
        };
  return {
    optimize: goal.optimize,
    limit: goal.limit.kind,
    value: goal.limit.value,
    images,
    curve: curve.map(({ energy, mse }) => ({ eq30: energy, logitMse: mse })),
    trials: trials.map(trial => ({
      from: trial.from,
      coding: trial.candidate.coding,
      steps: trial.candidate.steps,
      weightBits: trial.candidate.weightBits,
      predicted: {
        eq30: Number.isFinite(trial.predicted.acs) ? energyOf(trial.predicted.acs) : null,
        logitMse: trial.predicted.error === undefined ? null : mseOf(trial.predicted.error),
      },
      chosen: outcome(trial.chosen),
      verified: outcome(trial.verified),
      isTaken: trial === best,
    })),
  };
}

type SearchRecord = NonNullable<Manifest['search']>;

/** Curve and trials, for people. */
export function renderSearch(search: SearchRecord): string {
  const { images, trials, curve } = search;
  const fixed = (x: number | null | undefined, digits: number) =>
    x === null || x === undefined ? '–' : x.toFixed(digits);
  const share = (x: number | null | undefined) => (x === null || x === undefined ? '–' : percent(x));
  const rows = trials.map(({ from, predicted, chosen, verified, isTaken }) =>
    [
      `${isTaken ? '→' : ' '} ${from}`.padEnd(24),
      fixed(predicted.eq30, 4).padStart(8),
      fixed(chosen?.eq30, 4).padStart(7),
      fixed(predicted.logitMse, 4).padStart(10),
      fixed(chosen?.logitMse, 4).padStart(7),
      share(chosen?.agreement).padStart(10),
      share(chosen?.drop).padStart(8),
      fixed(verified?.logitMse, 4).padStart(9),
      share(verified?.drop).padStart(8),
    ].join(' '),
  );
  const limit = sayLimit({ kind: search.limit, value: search.value });
  const points = spread(curve, CURVE_COLUMNS);
  const curveRow = (name: string, text: (p: (typeof curve)[number]) => string) =>
    `  ${name.padEnd(22)} ${points.map(p => text(p).padStart(7)).join(' ')}`;
  return [
    `search      least ${search.optimize} within ${limit}; chosen on ${images.chosenOn} calibration images, verified on ${images.isSplit ? `${images.verifiedOn} others` : 'the same'}`,
    `  ${''.padEnd(22)} predicted       E  predicted     mse  agreement     drop  verified     drop`,
    ...rows,
    curveRow('predicted curve: E', p => p.eq30.toFixed(3)),
    curveRow('logit mse', p => (p.logitMse < 0.001 ? p.logitMse.toExponential(0) : p.logitMse.toFixed(3))),
  ].join('\n');
}

/** Points of the curve that are printed; all of them stand in the manifest. */
const CURVE_COLUMNS = 8;

/** The curve and the runs as a table for other programs. */
export function curveCsv({ curve, trials }: SearchRecord): string {
  const rows: readonly (readonly (string | number | null)[])[] = [
    [
      'kind',
      'name',
      'eq30',
      'logit_mse',
      'predicted_eq30',
      'predicted_logit_mse',
      'agreement',
      'drop',
      'taken',
    ],
    ...curve.map((p, i) => ['predicted', `${i}`, null, null, p.eq30, p.logitMse, null, null, 0]),
    ...trials.map(({ from, predicted, chosen, isTaken }) => {
      const met = [chosen?.eq30 ?? null, chosen?.logitMse ?? null];
      const guessed = [predicted.eq30, predicted.logitMse];
      return [
        'run',
        from,
        ...met,
        ...guessed,
        chosen?.agreement ?? null,
        chosen?.drop ?? null,
        isTaken ? 1 : 0,
      ];
    }),
  ];
  return `${rows.map(row => row.map(cell => (typeof cell === 'string' ? `"${cell}"` : (cell ?? ''))).join(',')).join('\n')}\n`;
}
