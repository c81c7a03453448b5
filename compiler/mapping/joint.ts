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
import { type Accounting, RESOURCES } from '../../backends/accounting.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { type CutClass, MESSAGES_PER_CORE, type Offer } from './cuts.ts';

/** What a busiest core twice as busy as the mean one costs, as a share of the price: throughput is for the slowest. */
const BUSY = 0.03;
const ROUNDS = 4;
/** Packings by kind that may be tried in all. */
const MOST_TRIED = 6000;

/** Worth of a core in cores: more where the board has too few of them. */
const CORE_WEIGHTS = [1, 4, 16, 64, 1024] as const;
/** Packing by kind knows no single tiles: it may be so far below what tiles will take. */
const RESERVE = 0.99;

/** The fewest messages that the board has cores for; where it has not, the fewest cores. */
export function chooseJointly(
  classes: readonly CutClass[],
  accounting: Accounting,
  cores: number,
): readonly Offer[] {
  let fewest: Choice | undefined;
  for (const coreWeight of CORE_WEIGHTS) {
    const choice = cheapestChoice({ classes, accounting, coreWeight });
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
  readonly accounting: Accounting;
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
  const steps = Math.min(MOST_TRIED / 4, 100 * open.length);
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

function choiceOf(offers: readonly Offer[], { classes, accounting, coreWeight }: Context): Choice {
  const sizes = classes.map(({ members }) => members.length);
  const kinds = offers.map((offer, i) => ({ offer, count: offer.tiles * sizes[i]! }));
  const { cores, busiest } = packKinds(kinds, accounting);
  const messages = offers.reduce((sum, offer, i) => sum + offer.messages * sizes[i]!, 0);
  const work = kinds.reduce((sum, { offer, count }) => sum + offer.time * count, 0);
  const busy = work === 0 ? 1 : (busiest * cores) / work;
  const price = (coreWeight * cores + messages / MESSAGES_PER_CORE) * (1 + BUSY * busy);
  return { offers, price, cores };
}

/** So many tiles of one kind. */
export interface Kind {
  readonly offer: Offer;
  readonly count: number;
}

/**
 * Cores for tiles counted by kind: again and again the fullest core that the kind with the largest tiles left can be
 * completed to, as many times as there are tiles for it.
 * Cost: kinds × looks
 */
export function packKinds(
  kinds: readonly Kind[],
  { capacity }: Accounting,
): { readonly cores: number; readonly busiest: number } {
  const limits = RESOURCES.map(resource => capacity[resource]);
  const order = kinds
    .map(({ offer, count }, i) => ({ ...vectors(offer), share: offer.share, time: offer.time, count, i }))
    .sort((a, b) => b.share - a.share || a.i - b.i);
  let cores = 0;
  let busiest = 0;
  for (let first = 0; first < order.length; first++) {
    while (order[first]!.count > 0) {
      const bin = fullestBin(order, first, limits);
      let times = Number.POSITIVE_INFINITY;
      bin.forEach((n, k) => {
        if (n > 0) times = Math.min(times, Math.floor(order[k]!.count / n));
      });
      cores += times;
      let time = 0;
      bin.forEach((n, k) => {
        order[k]!.count -= n * times;
        time += n * order[k]!.time;
      });
      busiest = Math.max(busiest, time);
    }
  }
  return { cores, busiest };
}

interface Vectors {
  readonly own: readonly number[];
  /** With what the first tile of a core takes on top. */
  readonly begin: readonly number[];
}

function vectors({ own, once }: Offer): Vectors {
  const list = RESOURCES.map(resource => own[resource]);
  const first = { ...own, synapseWords: own.synapseWords + once.synapseWords };
  const begin = { ...first, stateWords: first.stateWords + once.stateWords };
  return { own: list, begin: RESOURCES.map(resource => begin[resource]) };
}

/** Completions of a core that are looked at. */
const LOOKS = 120;

/** How many tiles of each kind: at least one of the first, with them as full as can be found. */
function fullestBin(
  order: readonly (Vectors & { readonly count: number; readonly share: number })[],
  first: number,
  limits: readonly number[],
): readonly number[] {
  const bin = order.map(() => 0);
  let best = [...bin];
  let fullest = -1;
  let looks = 0;
  const used = limits.map(() => 0);
  const fitsOne = (k: number) => {
    const ask = bin[k] === 0 ? order[k]!.begin : order[k]!.own;
    return bin[k]! < order[k]!.count && ask.every((amount, r) => used[r]! + amount <= limits[r]!);
  };
  const change = (k: number, by: 1 | -1) => {
    if (by === -1) bin[k]! -= 1;
    const ask = bin[k] === 0 ? order[k]!.begin : order[k]!.own;
    ask.forEach((amount, r) => {
      used[r]! += by * amount;
    });
    if (by === 1) bin[k]! += 1;
  };
  const complete = (from: number) => {
    const fullness = Math.max(...used.slice(0, -1).map((amount, r) => amount / limits[r]!));
    if (fullness > fullest) [fullest, best] = [fullness, [...bin]];
    for (let k = from; k < order.length && looks < LOOKS && fullest < 0.999; k++) {
      if (!fitsOne(k)) continue;
      looks += 1;
      change(k, 1);
      complete(k);
      change(k, -1);
    }
  };
  change(first, 1);
  complete(first);
  return best;
}
