/**
 * One cut for every population, chosen together. Messages of a cut do not depend on how its neighbours are cut (a
 * tile reads the same neurons whatever tiles they are in); cores do, because small tiles of one population fill what
 * large ones of another leave. So the price of a choice is that of its tiles, counted by kind, packed on cores.
 *
 *   price = (cores + messages / MESSAGES_PER_CORE) · (1 + BUSY · busiest core / mean core)
 *
 * Method  descent: the cheapest cut of each class by itself, then class by class the offer that makes the whole
 *         cheapest, until none does. A class is all populations that cost the same, so that equal blocks are
 *         decided once, and what is not equal is a class of its own.
 * Cost    classes × offers × rounds packings by kind; where there are many classes each is looked at once
 */

import type { Accounting } from '../../backends/accounting.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import type { FAVOURS } from '../choices.ts';
import { type CutClass, MESSAGES_PER_CORE, type Offer } from './cuts.ts';
import { createVectors, packKinds } from './kinds.ts';

/** What a busiest core twice as busy as the mean one costs, as a share of the price: throughput is for the slowest. */
const BUSY = 0.03;
const ROUNDS = 4;
/** Packings by kind that are tried at once; fewer where more than a few classes make each of them dear. */
const MOST_TRIED = 6000;
const FEW = 16;

export type Favour = (typeof FAVOURS)[number];

/** Worth of a core in cores: more where the board has too few of them. */
const CORE_WEIGHTS = {
  messages: [1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64, 1024],
  balance: [1, 4, 16, 64, 1024],
  cores: [1024],
} as const satisfies Record<Favour, readonly number[]>;
/** Packing by kind knows no single tiles: it may be so far below what tiles will take. */
const RESERVE = 0.99;

/** The best choice that the board has cores for, cores getting dearer until it has; else the fewest cores. */
export function chooseJointly(
  classes: readonly CutClass[],
  accounting: Accounting,
  cores: number,
  favour: Favour,
): readonly Offer[] {
  const vectorsOf = createVectors(accounting);
  let fewest: Choice | undefined;
  for (const coreWeight of CORE_WEIGHTS[favour]) {
    const choice = cheapestChoice({ classes, vectorsOf, coreWeight });
    if (choice.cores <= cores * RESERVE) return choice.offers;
    if (fewest === undefined || choice.cores < fewest.cores) fewest = choice;
  }
  return fewest!.offers;
}

interface Choice {
  readonly offers: readonly Offer[];
  readonly price: number;
  readonly cores: number;
}

interface Context {
  readonly classes: readonly CutClass[];
  readonly vectorsOf: ReturnType<typeof createVectors>;
  readonly coreWeight: number;
}

/** From several beginnings, cores dear and messages dear. */
function cheapestChoice(context: Context): Choice {
  const { classes, coreWeight } = context;
  const choices = [coreWeight, coreWeight / 16].map(weight => {
    const start = classes.map(({ offers }) => cheapestAlone(offers, weight));
    return descend(anneal(descend(start, context), context).offers, context);
  });
  return choices.reduce((a, b) => (b.price < a.price ? b : a));
}

/** Class by class the offer that makes the whole cheapest, until none does. */
function descend(start: readonly Offer[], context: Context): Choice {
  const { classes } = context;
  const rounds = Math.max(1, Math.min(ROUNDS, Math.floor(MOST_TRIED / countOffers(classes))));
  let best = choiceOf(start, context);
  for (let round = 0; round < rounds; round++) {
    const before = best;
    classes.forEach(({ offers }, i) => {
      for (const offer of offers) {
        const next = choiceOf(best.offers.with(i, offer), context);
        if (next.price < best.price * (1 - 1e-9)) best = next;
      }
    });
    if (best === before) break;
  }
  return best;
}

/** Shares of the price that a change may cost at first and at last. */
const WARM = 0.01;
const COLD = 0.0003;

/** Changes of one class or two, also some that are worse; always the same ones. */
function anneal(start: Choice, context: Context): Choice {
  const { classes } = context;
  const open = classes.flatMap(({ offers }, i) => (offers.length > 1 ? [i] : []));
  if (open.length === 0) return start;
  const random = createRandom(1);
  const steps = Math.min(300 * open.length, Math.floor((MOST_TRIED * FEW) / Math.max(FEW, open.length)));
  let best = start;
  let now = start;
  for (let step = 0; step < steps; step++) {
    const temperature = start.price * WARM * (COLD / WARM) ** (step / steps);
    let offers = now.offers;
    for (let change = random.int(1, 2); change > 0; change--) {
      const i = random.pick(open);
      offers = offers.with(i, random.pick(classes[i]!.offers));
    }
    const next = choiceOf(offers, context);
    if (next.price > now.price && random.next() >= Math.exp((now.price - next.price) / temperature)) continue;
    now = next;
    if (now.price < best.price) best = now;
  }
  return best;
}

const countOffers = (classes: readonly CutClass[]): number =>
  classes.reduce((sum, { offers }) => sum + offers.length, 0);

function cheapestAlone(offers: readonly Offer[], coreWeight: number): Offer {
  const price = ({ tiles, share, messages }: Offer) =>
    coreWeight * tiles * share + messages / MESSAGES_PER_CORE;
  return offers.reduce((a, b) => (price(b) < price(a) ? b : a));
}

function choiceOf(offers: readonly Offer[], { classes, vectorsOf, coreWeight }: Context): Choice {
  const sizes = classes.map(({ members }) => members.length);
  const kinds = offers.map((offer, i) => ({ offer, count: offer.tiles * sizes[i]! }));
  const { cores, busiest } = packKinds(kinds, vectorsOf);
  const messages = offers.reduce((sum, offer, i) => sum + offer.messages * sizes[i]!, 0);
  const work = kinds.reduce((sum, { offer, count }) => sum + offer.time * count, 0);
  const busy = work === 0 ? 1 : (busiest * cores) / work;
  const price = (coreWeight * cores + messages / MESSAGES_PER_CORE) * (1 + BUSY * busy);
  return { offers, price, cores };
}
