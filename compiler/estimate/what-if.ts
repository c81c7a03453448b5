/**
 * What changes would do to a mapping: each is mapped, none is guessed.
 *
 * Cost  a mapping for each change; other modes, which are known already, where one mapping is more work than a user waits for
 */
import type { Target } from '../../backends/target.ts';
import type { Mode } from '../../ir/chip.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { Favour } from '../mapping/joint.ts';
import { type Advance, counted } from '../progress.ts';
import {
  type EstimateOptions,
  estimateModes,
  isRefused,
  type ModeEstimate,
  onSameCores,
  type Refused,
} from './modes.ts';

export interface Variation {
  /** As it would be written on the command line. */
  readonly change: string;
  readonly says: string;
  readonly map: () => ModeEstimate | undefined;
}

export interface Varied {
  readonly change: string;
  readonly says: string;
  readonly found: ModeEstimate;
}

/** Tiles of a mapping above which nothing is mapped anew: other modes that are known are all that is said. */
export const MOST_TILES = 4000;

/** A network that other options of conversion make, made only where it is asked for. */
export interface Alternative {
  readonly change: string;
  readonly says: string;
  readonly make: () => Pick<Given, 'network'> & Pick<EstimateOptions, 'activity'>;
  /** It changes how often neurons send, and nothing of what cores hold. */
  readonly isActivity: boolean;
}

interface Given {
  readonly network: IntGraph;
  readonly boards: readonly Target[];
  readonly options: EstimateOptions;
  readonly taken: ModeEstimate;
  /** What is known already of other modes. */
  readonly modes: readonly (ModeEstimate | Refused)[];
  readonly others: readonly Alternative[];
}

export function varied(given: Given, advance?: Advance): readonly Varied[] {
  const all: Varied[] = [];
  for (const { change, says, map } of counted(variationsOf(given), advance)) {
    const found = map();
    if (found !== undefined) all.push({ change, says, found });
  }
  return all;
}

function variationsOf({ network, boards, options, taken, modes, others }: Given): readonly Variation[] {
  const { weightBits } = options;
  const mapped = (
    change: Partial<EstimateOptions>,
    mode: Mode = taken.mode,
    graph = network,
  ): ModeEstimate | undefined => {
    const [found] = estimateModes(graph, boards, { ...options, ...change }, [mode]);
    return found === undefined || isRefused(found) ? undefined : found;
  };
  const isSmall = taken.chip.tables.tiles.rows <= MOST_TILES;
  const bits = [8, 4].filter(n => isSmall && n !== weightBits);
  const favours = FAVOUR_WORDS.filter(
    ({ favour }) => isSmall && others.length === 0 && favour !== options.favour,
  );
  const mappedModes = modes.filter(
    (found): found is ModeEstimate => !isRefused(found) && found.mode !== taken.mode,
  );
  return [
    ...bits.map(n => ({
      ...{ change: `--bits ${n}`, says: `${n}-bit weights`, map: () => mapped({ weightBits: n }) },
    })),
    ...mappedModes.map(found => {
      const { mode } = found;
      return { change: `--mode ${mode}`, says: MODE_WORDS[mode], map: () => found };
    }),
    ...favours.map(({ favour, says }) => ({
      ...{ change: `--favour ${favour}`, says },
      map: () => mapped({ favour }),
    })),
    ...(isSmall ? others : []).map(({ change, says, make, isActivity }) => ({
      change,
      says,
      map: () => {
        const { network: graph, activity } = make();
        const { steps } = graph.attrs;
        if (taken.mode === 'streaming' && steps > 1) return undefined;
        if (isActivity) return onSameCores(taken, { ...options, activity }, { steps });
        return mapped({ activity }, taken.mode, graph);
      },
    })),
  ];
}

const FAVOUR_WORDS: readonly { readonly favour: Favour; readonly says: string }[] = [
  { favour: 'cores', says: 'as few cores as the cuts allow' },
  { favour: 'messages', says: 'as few messages as the cuts allow' },
];

const MODE_WORDS: Readonly<Record<Mode, string>> = {
  pipelined: 'images follow each other step by step',
  layerwise: 'one image at a time',
  streaming: 'tokens pass through time, each weight stored once',
};
