/** What a compiled network would take and give in other modes and with other options, from the rates of its calibration. */
import type { Target } from '../backends/target.ts';
import {
  type EstimateOptions,
  estimateModes,
  type ModeEstimate,
  onSameCores,
  type Refused,
} from '../compiler/estimate/modes.ts';
import { denseWork, type TileWork } from '../compiler/estimate/tile-work.ts';
import { MOST_TILES, varied } from '../compiler/estimate/what-if.ts';
import type { Advance } from '../compiler/progress.ts';
import { MODES, type Mode } from '../ir/chip.ts';
import type { IntGraph } from '../ir/int.ts';
import type { Ran } from '../report/accounts.ts';
import type { Tallied } from '../report/energy.ts';
import type { Compared } from '../report/facts.ts';
import { columnsOf, type TileEvents } from '../runtime-sim/tile-events.ts';
import { figuresOf } from './mode-figures.ts';
import { whatIfs } from './what-if.ts';

/** Counts and peaks of an image that nobody has run. */
export const expectedOf = ({ peaks, totals, interval }: ModeEstimate): Ran => ({
  ...{ images: 0, peaks, interval },
  totals: { ...totals },
});

/** What every tile does in an image that nobody has run (`work`), and as an ordinary network. */
export function talliedOf(
  { chip }: ModeEstimate,
  work: TileWork,
  weightBits: number,
  counted: TileEvents | undefined,
): Tallied {
  const { steps } = chip.attrs;
  return {
    tiles: counted ?? eventsOf(work, steps),
    dense: eventsOf(denseWork(chip, weightBits), 1),
  };
}

const eventsOf = ({ events, wiring }: TileWork, steps: number): TileEvents => ({
  population: wiring.populationOf,
  core: wiring.coreOf,
  events: columnsOf(event => events[event].map(n => n * steps)),
});

/** Cost: a mapping for each change, of a network of MOST_TILES at most; of a larger one that in which each weight stands once. */
export function compareModes(
  network: IntGraph,
  boards: readonly Target[],
  taken: ModeEstimate,
  options: EstimateOptions,
  command: string,
  advance?: Advance,
): Compared {
  const isSmall = taken.chip.tables.tiles.rows <= MOST_TILES;
  const isOnSameCores = (mode: Mode) => mode !== 'streaming' && taken.mode !== 'streaming';
  const missing = MODES.filter(
    mode => mode !== taken.mode && !isOnSameCores(mode) && isOffered(mode, network),
  );
  const wanted = isSmall ? missing : missing.filter(mode => mode === 'streaming');
  const mapped = estimateModes(network, boards, options, wanted);
  const modes = MODES.flatMap((mode): readonly (ModeEstimate | Refused)[] => {
    if (mode === taken.mode) return [taken];
    return isOnSameCores(mode)
      ? [onSameCores(taken, options, { mode })]
      : mapped.filter(found => found.mode === mode);
  });
  const given = { network, boards, options, taken, modes, others: [] };
  const changes = varied(given, advance);
  const reason = `mapping ${taken.chip.tables.tiles.rows} tiles anew takes minutes: only other modes were`;
  return {
    modes: modes.map(figuresOf),
    changes: whatIfs(taken, changes),
    tried: changes.length,
    missing: isSmall ? null : { reason, command },
  };
}

/** Where nothing was to be compared. */
export const nothingCompared = (command: string): Compared => ({
  ...{ modes: [], changes: [], tried: 0 },
  missing: { reason: '--no-compare', command },
});

const isOffered = (mode: Mode, { attrs }: IntGraph): boolean => mode !== 'streaming' || attrs.steps === 1;
