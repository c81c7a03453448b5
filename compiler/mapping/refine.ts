/**
 * Moves items between bins so that fewer messages pass between them: annealing over moves that make room where
 * there is none by sending others the opposite way. The best packing that was met is kept, the first among them.
 */
import { createRandom, type Random } from '../../ir/random/seeded.ts';
import {
  type Bins,
  binsOf,
  compactPacking,
  gainOf,
  isOver,
  isRoom,
  type Packing,
  type PackProblem,
  putItem,
  takeItem,
} from './packing.ts';

export interface Effort {
  readonly seed: number;
  /** Moves that are tried, for each item. */
  readonly moves: number;
}

/** Items that one move may send back to make room. */
const MOST_EJECTED = 6;
/** Partners looked at in a large bin: enough for the full ones of a core, few enough to stay constant. */
const MOST_LOOKED_AT = 32;

/** Temperature at first and at last, in messages of an item; the first with so many moves for each item. */
const HOT = 0.6;
const COLD = 0.012;
const MANY = 1000;

export function refine(problem: PackProblem, start: Packing, { seed, moves }: Effort): Packing {
  const bins = binsOf(problem, start);
  const random = createRandom(seed);
  const total = Math.round(moves * problem.items);
  if (problem.items < 2 || start.bins < 2 || total === 0) return start;
  const worth = typicalWeight(bins);
  // Few moves cannot mend what heat undoes.
  const hot = HOT * Math.sqrt(Math.min(1, moves / MANY));
  let temperature = worth * hot;
  const cooling = (COLD / hot) ** (1 / total);
  // What was moved since the best packing, and from where: taken back at the end.
  const journal: number[] = [];
  let best = bins.messages;
  for (let move = 0; move < total; move++, temperature *= cooling) {
    const item = random.int(0, problem.items - 1);
    const to = chooseBin(bins, item, random);
    if (to < 0 || to === bins.binOf[item]) continue;
    tryMove(bins, item, to, temperature, random, journal);
    if (bins.messages < best - 1e-9) {
      best = bins.messages;
      journal.length = 0;
    }
  }
  const binOf = bins.binOf.slice();
  for (let i = journal.length - 2; i >= 0; i -= 2) binOf[journal[i]!] = journal[i + 1]!;
  return compactPacking({ binOf, bins: bins.count });
}

/** Messages of an item in the middle: what a move is worth at first. */
function typicalWeight({ problem: { netWeight, netsOf, items } }: Bins): number {
  let sum = 0;
  for (const net of netsOf.list) sum += netWeight[net]!;
  return sum / Math.max(1, items);
}

/** The bin of another item of one of its nets; now and then any bin. */
function chooseBin({ problem, binOf, count }: Bins, item: number, random: Random): number {
  const { netsOf, itemsOf } = problem;
  const nets = netsOf.begin[item + 1]! - netsOf.begin[item]!;
  if (nets === 0 || random.next() < 0.05) return random.int(0, count - 1);
  const net = netsOf.list[netsOf.begin[item]! + random.int(0, nets - 1)]!;
  const pins = itemsOf.begin[net + 1]! - itemsOf.begin[net]!;
  return binOf[itemsOf.list[itemsOf.begin[net]! + random.int(0, pins - 1)]!]!;
}

function tryMove(
  bins: Bins,
  item: number,
  to: number,
  temperature: number,
  random: Random,
  journal: number[],
): void {
  const from = bins.binOf[item]!;
  if (isRoom(bins, item, to)) {
    const gain = gainOf(bins, item, to);
    if (gain < 0 && random.next() >= Math.exp(gain / temperature)) return;
    takeItem(bins, item);
    putItem(bins, item, to);
    journal.push(item, from);
    return;
  }
  const before = bins.messages;
  const moved = [item];
  takeItem(bins, item);
  putItem(bins, item, to);
  while (isOver(bins, to) && moved.length <= MOST_EJECTED) {
    const other = chooseEjected(bins, to, from, moved, temperature, random);
    if (other < 0) break;
    takeItem(bins, other);
    putItem(bins, other, from);
    moved.push(other);
  }
  const worse = bins.messages - before;
  const isGood = worse <= 0 || random.next() < Math.exp(-worse / temperature);
  if (isGood && !isOver(bins, to) && !isOver(bins, from)) {
    for (const other of moved) journal.push(other, other === item ? from : to);
    return;
  }
  for (const other of moved.toReversed()) {
    const back = other === item ? from : to;
    takeItem(bins, other);
    putItem(bins, other, back);
  }
}

/** Of the bin's items the one whose leaving costs least, blurred by the temperature. */
function chooseEjected(
  bins: Bins,
  bin: number,
  to: number,
  moved: readonly number[],
  temperature: number,
  random: Random,
): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  let looked = 0;
  for (
    let other = bins.first[bin]!;
    other >= 0 && looked < MOST_LOOKED_AT;
    other = bins.next[other]!, looked++
  ) {
    if (moved.includes(other)) continue;
    const gain = gainOf(bins, other, to) - temperature * Math.log(1 - random.next());
    if (gain > most) [best, most] = [other, gain];
  }
  return best;
}
