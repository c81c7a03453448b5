/**
 * Does a network fit, in which mode, on which board, and under which reading of the neuron limit.
 *
 * Errors  E0502 no mode fits, with what the one that is asked for would take; what refuses it; E0530
 */
import { createAccounting } from '../../backends/accounting.ts';
import type { Target } from '../../backends/target.ts';
import type { Mode } from '../../ir/chip.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../../ir/int.ts';
import { splitNetwork } from '../map-network.ts';
import { refuseTarget } from '../refuse-target.ts';
import { leastCoresIn } from './least-cores.ts';
import {
  type EstimateOptions,
  estimateModes,
  fastest,
  isRefused,
  type ModeEstimate,
  type Refused,
} from './modes.ts';

/** How many cores a network takes under one reading of the neuron limit. */
export interface Reading {
  readonly name: 'neurons' | 'stateWords';
  readonly limit: number;
  readonly cores: number;
  readonly leastCores: number;
  readonly chips: number;
  readonly fits: boolean;
  /** It takes no more than these cores and chips; how many was not found out. */
  readonly isBound: boolean;
}

export interface Verdict {
  readonly modes: readonly (ModeEstimate | Refused)[];
  /** What compile would take; where nothing fits, the first that can be mapped at all. */
  readonly taken: ModeEstimate | undefined;
  /** Of the mode that is taken, the stricter first: compile goes by it. */
  readonly readings: readonly Reading[];
  /** Several of a smaller board that hold it with fewer chips, as a target. */
  readonly instead: string | undefined;
}

/** `wanted`: undefined for the fastest that fits. Boards of one chip, fewest chips first. */
export function judge(
  given: IntGraph,
  boards: readonly Target[],
  options: EstimateOptions & { readonly wanted: Mode | undefined },
  report: Report,
): Verdict {
  const { wanted, weightBits } = options;
  const accounting = createAccounting(boards[0]!);
  const network = splitNetwork(given, accounting, weightBits, report);
  const isAble = refuseTarget(network, boards[0]!, accounting, weightBits, report);
  const modes = estimateModes(network, boards, options);
  if (!isAble) return { modes, taken: undefined, readings: [], instead: undefined };
  // One image at a time is never faster than one behind the other.
  const offered = modes.filter(({ mode }) => (wanted === undefined ? mode !== 'layerwise' : mode === wanted));
  const mapped = offered.filter((found): found is ModeEstimate => !isRefused(found));
  const taken = fastest(offered) ?? mapped[0];
  if (taken === undefined) {
    for (const { because } of offered.filter(isRefused).slice(0, 1))
      for (const { code, at, facts, help, list } of because) report(code, at, facts as never, help, list);
    return { modes, taken, readings: [], instead: undefined };
  }
  const readings = readingsOf(network, boards, taken, options);
  if (!taken.fits) reportTooLarge(boards.at(-1)!, taken, readings, report);
  return { modes, taken, readings, instead: severalOf(boards, taken) };
}

/** Where a network fits under the stricter limit it fits under the other, and takes no more cores: that is not mapped. */
function readingsOf(
  network: IntGraph,
  boards: readonly Target[],
  taken: ModeEstimate,
  options: EstimateOptions,
): readonly Reading[] {
  const { neuronsPerCore, stateWords } = taken.target.limits;
  if (neuronsPerCore === undefined) return [readingOf('stateWords', stateWords.value, taken)];
  const strict = readingOf('neurons', neuronsPerCore.value, taken);
  const uncapped = boards.map(withoutNeuronCap);
  if (taken.fits) {
    const leastCores = leastCoresIn(network, createAccounting(uncapped[0]!), options.weightBits, taken.mode);
    const loose = { ...readingOf('stateWords', stateWords.value, taken), leastCores };
    return [strict, { ...loose, isBound: true }];
  }
  const [found] = estimateModes(network, uncapped, options, [taken.mode]);
  if (found === undefined || isRefused(found)) return [strict];
  return [strict, readingOf('stateWords', stateWords.value, found)];
}

/** State words as the only limit of neurons: the looser reading. */
export const withoutNeuronCap = ({ limits: { neuronsPerCore: _, ...limits }, ...board }: Target): Target => ({
  ...board,
  limits,
});

const readingOf = (
  name: Reading['name'],
  limit: number,
  { cores, least, chips, fits }: ModeEstimate,
): Reading => ({ name, limit, cores, leastCores: least, chips, fits, isBound: false });

/** More boards than this are not wired together by hand. */
const MOST_BOARDS = 16;

function severalOf(boards: readonly Target[], { cores, target }: ModeEstimate): string | undefined {
  const offers = boards.map(board => ({ board, copies: Math.ceil(cores / board.cores) }));
  const fitting = offers.filter(
    ({ board, copies }) => copies > 1 && copies <= MOST_BOARDS && copies * board.chips < target.chips,
  );
  const [first] = fitting.toSorted((a, b) => a.copies * a.board.chips - b.copies * b.board.chips);
  return first && `${first.board.spec}*${first.copies}`;
}

function reportTooLarge(
  { spec, cores }: Target,
  taken: ModeEstimate,
  readings: readonly Reading[],
  report: Report,
): void {
  const loose = readings.find(({ fits }) => fits);
  const help =
    loose &&
    `With ${loose.limit} state words as the only limit of neurons it would take ${loose.cores} cores and fit.`;
  const facts = { target: spec, needed: taken.cores, available: cores };
  report('E0502', { origin: spec, pass: 'check' }, facts, help);
}
