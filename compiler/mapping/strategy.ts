/**
 * Ways to cut a network. Ours chooses the cuts of all populations together; the others are what is compared with it:
 * equal slices of one population each, one slice a core.
 */

import type { Accounting, Overflow } from '../../backends/accounting.ts';
import type { IntOf } from '../../ir/int.ts';
import type { STRATEGIES } from '../choices.ts';
import { type Candidates, type CutClass, type CutContext, cutClasses, everyCut, type Offer } from './cuts.ts';
import { chooseJointly, type Favour } from './joint.ts';
import { lavaPieces } from './strategies/lava.ts';
import type { Cut } from './tiles.ts';

export type Strategy = (typeof STRATEGIES)[number];

/** Do slices have a core each? */
export const isOneTileACore = (strategy: Strategy): boolean => strategy !== 'auto';

export type Cuts = ReadonlyMap<IntOf<'population'>, Cut>;

/** How much of a population a tile may have (axonSize): less where its axons ran out. */
export type SizeBounds = ReadonlyMap<IntOf<'population'>, number>;

export interface Misfit extends Overflow {
  readonly population: IntOf<'population'>;
}

export interface CutOffers {
  readonly classes: readonly CutClass[];
  /** Populations no cut of which fits. */
  readonly misfits: readonly Misfit[];
}

export interface CutWishes {
  readonly strategy: Strategy;
  readonly favour: Favour;
  /** Cores of the board. */
  readonly cores: number;
}

export function offerCuts(
  context: CutContext,
  strategy: Strategy,
  bounds: SizeBounds = new Map(),
): CutOffers {
  const candidates: Candidates = function* (population) {
    const most = bounds.get(population) ?? Number.POSITIVE_INFINITY;
    for (const cut of everyCut(population, context.cutsRows))
      if (axonSize(population, cut, context.accounting) <= most) yield cut;
  };
  const choose = strategy === 'auto' ? undefined : (all: readonly Offer[]) => slices(all, strategy);
  const classes = cutClasses(context, candidates, bounds, choose);
  const misfits = classes.flatMap(({ members, overflow }) =>
    overflow === undefined ? [] : members.map(population => ({ population, ...overflow })),
  );
  return { classes, misfits };
}

/** Needs: offers for every class. */
export function chooseCuts(
  classes: readonly CutClass[],
  accounting: Accounting,
  { strategy, favour, cores }: CutWishes,
): Cuts {
  if (strategy === 'auto') return cutsOf(classes, chooseJointly(classes, accounting, cores, favour));
  return cutsOf(
    classes,
    classes.map(({ offers }) => offers[0]!),
  );
}

const cutsOf = (classes: readonly CutClass[], chosen: readonly Offer[]): Cuts =>
  new Map(classes.flatMap(({ members }, i) => members.map(member => [member, chosen[i]!.cut] as const)));

/** What the axons of a tile go by: rows of all groups, or neurons where the target counts those. */
export function axonSize(
  { type: { shape } }: IntOf<'population'>,
  { groups, rows, channels }: Cut,
  { countsNeuronsOfAxons }: Pick<Accounting, 'countsNeuronsOfAxons'>,
): number {
  const tokens = Math.ceil(shape[0]! / groups) * Math.ceil(shape[1]! / rows);
  return countsNeuronsOfAxons ? tokens * Math.ceil(shape[2]! / channels) : tokens;
}

/** The one slice of a population, of those that fit. */
function slices(offers: readonly Offer[], strategy: Exclude<Strategy, 'auto'>): readonly Offer[] {
  if (offers.length === 0) return [];
  if (strategy === 'lava') return lavaSlices(offers);
  return [offers.reduce((a, b) => (isBefore(ORDERS[strategy](b.cut), ORDERS[strategy](a.cut)) ? b : a))];
}

/**
 * The largest equal slices that fit. Token-major: whole tokens as long as that fits, then the fewest heads and channels
 * a token must be cut into, then as many tokens a slice as fit. Channel-major: all tokens as long as that fits.
 */
const ORDERS = {
  'token-major': ({ groups, rows, channels }: Cut) => [channels, groups, rows],
  'channel-major': ({ groups, rows, channels }: Cut) => [rows, groups, channels],
} as const satisfies Partial<Record<Strategy, (cut: Cut) => readonly number[]>>;

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((n, at) => n !== b[at]);
  return i >= 0 && a[i]! < b[i]!;
}

/** Lava's rule on [groups, rows, channels]; where it finds no cut, the one with the fewest tiles. */
function lavaSlices(offers: readonly Offer[]): readonly Offer[] {
  const byPieces = new Map(offers.map(offer => [piecesKey(offer.cut), offer]));
  const [{ shape }] = offers as readonly [Offer];
  const pieces = lavaPieces(shape, [true, true, true], parts => byPieces.has(`${parts}`));
  const fewest = offers.reduce((a, b) => (b.tiles < a.tiles ? b : a));
  return [(pieces && byPieces.get(`${pieces}`)) ?? fewest];
}

const piecesKey = ({ groups, rows, channels }: Cut): string => `${[groups, rows, channels]}`;
