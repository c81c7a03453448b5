/**
 * Which messages into a tile did not arrive as they were sent, so that it sent what it sent. Each link into the tile is tried:
 * as a whole, message by message, and several messages at once, until what the device sent follows exactly.
 */
import type { Batch } from '../messages.ts';
import type { Suspect } from './suspects.ts';
import type { Delayed, Disturb, Passage, TileBench } from './tile-bench.ts';
import { createTrials, type Message, type Trials, type Vector } from './trials.ts';

export const MESSAGE_FAULTS = ['lost', 'doubled', 'late'] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

/** All ways from one core into a tile. */
export interface TileLink {
  readonly from: Passage['from'];
  readonly passages: readonly Passage[];
}

export interface LinkExplanation {
  readonly link: TileLink;
  readonly fault: MessageFault;
  readonly detail: string;
  /** Neurons that were wrong, and those that still are. */
  readonly wrong: number;
  readonly left: number;
}

/** How messages are disturbed. */
export interface Manner {
  readonly fault: MessageFault;
  readonly says: string;
  /** `before`: what the image before sent the same way. */
  readonly parts: (batch: Batch, before: () => Batch | undefined) => readonly Delayed[];
}

/** Timesteps by which messages may be late. */
const LATEST = 3;
const MANNERS: readonly Manner[] = [
  { fault: 'lost', says: 'not arrive in time', parts: () => [] },
  { fault: 'doubled', says: 'arrive twice', parts: batch => [0, 0].map(late => ({ batch, late })) },
  ...Array.from(
    { length: LATEST },
    (_, i): Manner => ({
      fault: 'late',
      says: `arrive ${i + 1} timestep${i === 0 ? '' : 's'} late`,
      parts: batch => [{ batch, late: i + 1 }],
    }),
  ),
];

/** Late by as much as the next image is: it meets that one. Of the first image this is lost. */
const INTO_NEXT: Manner = {
  fault: 'late',
  says: 'arrive so late that they meet the next image',
  parts: (_, before) => [before()].flatMap(batch => (batch === undefined ? [] : [{ batch, late: 0 }])),
};

/** Suspects of a core whose messages are searched; the others only tell explanations apart. */
const SEARCHED = 3;
/** Predictions that one suspect may take. */
const BUDGET = 5000;
/** An explanation that is not exact must leave no more than this share wrong, and others this much less explained. */
const MOST_LEFT = 0.3;
const MARGIN = 0.6;

/** The link that explains the suspects of a core best; undefined: none does. */
export function explainByMessages(
  bench: TileBench,
  suspects: readonly Suspect[],
): LinkExplanation | undefined {
  let best: LinkExplanation | undefined;
  for (const [i, suspect] of suspects.slice(0, SEARCHED).entries()) {
    const found = explainSuspect(bench, suspect);
    const exact = found.filter(({ left }) => left === 0);
    if (exact.length > 0) return chooseExact(bench, exact, suspects.toSpliced(i, 1));
    best ??= clearest(found);
  }
  return best;
}

/** Several links may explain one tile: both operands of a product that gets nothing. Others tell them apart. */
function chooseExact(
  bench: TileBench,
  exact: readonly LinkExplanation[],
  others: readonly Suspect[],
): LinkExplanation | undefined {
  const scored = exact.map(found => {
    const from = found.link.from;
    let agreeing = 0;
    let late = 0;
    for (const other of others) {
      const link = linksInto(other).find(
        own => own.from?.chip === from?.chip && own.from?.core === from?.core,
      );
      if (link === undefined) continue;
      const trials = createTrials(bench, other, BUDGET);
      const messages = trials.messagesOf(link.passages);
      const holds = (manner: Manner) => trials.wrongOf(trials.with(messages, manner)) === 0;
      const isLate = !MANNERS.some(holds) && holds(INTO_NEXT);
      if (isLate || MANNERS.some(holds)) agreeing += 1;
      if (isLate) late += 1;
    }
    return { found, agreeing, late };
  });
  const [best] = scored.sort((a, b) => b.agreeing - a.agreeing);
  if (best === undefined || best.late === 0 || best.found.fault !== 'lost') return best?.found;
  return { ...best.found, fault: 'late', detail: `its messages ${INTO_NEXT.says}` };
}

/** What each link can explain, the most first. */
function explainSuspect(bench: TileBench, suspect: Suspect): readonly LinkExplanation[] {
  const trials = createTrials(bench, suspect, BUDGET);
  const found: LinkExplanation[] = [];
  for (const link of linksInto(suspect)) {
    const messages = trials.messagesOf(link.passages);
    if (messages.length === 0) continue;
    const own = explainLink(trials, link, messages);
    if (own !== undefined) found.push(own);
  }
  return found.toSorted((a, b) => explained(b) - explained(a));
}

const explained = ({ wrong, left }: LinkExplanation): number => wrong - left;

function clearest([first, second]: readonly LinkExplanation[]): LinkExplanation | undefined {
  if (first === undefined || first.left > MOST_LEFT * first.wrong) return undefined;
  const isClear = second === undefined || explained(second) <= MARGIN * explained(first);
  return isClear ? first : undefined;
}

function linksInto({ tile }: Suspect): readonly TileLink[] {
  const links = new Map<string, { from: Passage['from']; passages: Passage[] }>();
  for (const passage of tile.passages) {
    const { from } = passage;
    const key = from === undefined ? 'host' : `${from.chip} ${from.core}`;
    const link = links.get(key) ?? { from, passages: [] };
    links.set(key, link);
    link.passages.push(passage);
  }
  return [...links.values()];
}

/** The best of all manners; the first that is exact ends the search. */
function explainLink(
  trials: Trials,
  link: TileLink,
  messages: readonly Message[],
): LinkExplanation | undefined {
  const wrong = trials.wrongOf(trials.base);
  let best: LinkExplanation | undefined;
  const consider = (manner: Manner, chosen: readonly Message[], left: number): boolean => {
    if (best === undefined || left < best.left)
      best = {
        link,
        fault: manner.fault,
        detail: describe(manner, chosen, messages.length, wrong, left),
        wrong,
        left,
      };
    return left === 0;
  };
  const manners = MANNERS.filter((manner, i) => i < 2 || !trials.isLikeLost(messages, manner, MANNERS[0]!));
  for (const manner of manners)
    if (consider(manner, messages, trials.wrongOf(trials.with(messages, manner)))) return best;
  const effects = messages.map(message => trials.effectOf(message, MANNERS[0]!));
  for (const manner of manners) {
    const sign = manner.fault === 'doubled' ? -1 : 1;
    const own = manner.fault === 'late' ? messages.map(message => trials.effectOf(message, manner)) : effects;
    const chosen = search(trials, messages, own, sign, manner);
    if (consider(manner, chosen, trials.wrongOf(trials.with(chosen, manner)))) return best;
  }
  return best;
}

function describe(
  { says }: Manner,
  chosen: readonly Message[],
  all: number,
  wrong: number,
  left: number,
): string {
  const [only] = chosen;
  const which =
    chosen.length === all
      ? 'its messages do'
      : chosen.length === 1
        ? `the message of neuron ${only!.neuron} of tile ${only!.passage.from?.slot ?? 'host'} in step ${only!.step} does`
        : `${chosen.length} of its ${all} messages do`;
  const rest = left === 0 ? '' : `; that explains ${wrong - left} of ${wrong} wrong neurons`;
  return `${which} ${says}${rest}`;
}

/** Candidates that are followed at a time, and messages that each is tried with. */
const BEAM = 3;
const BRANCH = 4;
/** Messages of one part of a tile that are disturbed at once, at most. */
const DEEPEST = 12;

/**
 * Parts of a tile that share no message are searched on their own. Effects of single messages say which to try next, what
 * really follows is predicted each time.
 */
function search(
  trials: Trials,
  messages: readonly Message[],
  effects: readonly Vector[],
  sign: number,
  manner: Manner,
): readonly Message[] {
  const chosen: Message[] = [];
  for (const part of partsOf(effects)) {
    const places = [...new Set(part.flatMap(m => [...effects[m]!.keys()]))];
    const start = trials.distance(trials.base, places);
    if (start === 0) continue;
    let best = { set: [] as readonly number[], distance: start, sent: trials.base };
    let beam = [best];
    for (let depth = 0; depth < DEEPEST && best.distance > 0 && !trials.isSpent(); depth++) {
      const next = beam.flatMap(({ set, sent }) => {
        const scored = part
          .filter(m => !set.includes(m))
          .map(m => ({ m, gain: trials.gain(sent, effects[m]!, sign) }))
          .sort((a, b) => b.gain - a.gain)
          .slice(0, BRANCH);
        return scored.map(({ m }) => {
          const own = [...set, m];
          const made = trials.with(
            own.map(i => messages[i]!),
            manner,
          );
          return { set: own, distance: trials.distance(made, places), sent: made };
        });
      });
      next.sort((a, b) => a.distance - b.distance);
      beam = next.slice(0, BEAM);
      if (beam[0] === undefined) break;
      if (beam[0].distance < best.distance) best = beam[0];
      else if (depth > 1) break;
    }
    for (const m of best.set) chosen.push(messages[m]!);
  }
  return chosen;
}

/** Messages that meet at some neuron belong together; those that change nothing belong nowhere. */
function partsOf(effects: readonly Vector[]): readonly (readonly number[])[] {
  const root = effects.map((_, m) => m);
  const find = (m: number): number => {
    let at = m;
    while (root[at] !== at) at = root[at]!;
    return at;
  };
  const owner = new Map<number, number>();
  effects.forEach((effect, m) => {
    for (const place of effect.keys()) {
      const other = owner.get(place);
      if (other === undefined) owner.set(place, m);
      else root[find(m)] = find(other);
    }
  });
  const parts = new Map<number, number[]>();
  effects.forEach((effect, m) => {
    if (effect.size === 0) return;
    const key = find(m);
    parts.set(key, [...(parts.get(key) ?? []), m]);
  });
  return [...parts.values()];
}

/** Disturbs the chosen messages of each passage and step, and no others. */
export function disturbing(chosen: readonly Message[], { parts }: Manner): Disturb {
  const struck = new Map<Passage, Map<number, Set<number>>>();
  for (const { passage, step, neuron } of chosen) {
    const steps = struck.get(passage) ?? new Map<number, Set<number>>();
    struck.set(passage, steps);
    const neurons = steps.get(step) ?? new Set<number>();
    steps.set(step, neurons);
    neurons.add(neuron);
  }
  return (passage, batch, step, before) => {
    const neurons = struck.get(passage)?.get(step);
    if (neurons === undefined) return [{ batch, late: 0 }];
    return [
      { batch: pick(batch, neuron => !neurons.has(neuron)), late: 0 },
      ...parts(
        pick(batch, neuron => neurons.has(neuron)),
        before,
      ),
    ];
  };
}

function pick(batch: Batch, keep: (neuron: number) => boolean): Batch {
  const chosen: number[] = [];
  for (let i = 0; i < batch.neurons.length; i++) if (keep(batch.neurons[i]!)) chosen.push(i);
  return {
    neurons: Int32Array.from(chosen, i => batch.neurons[i]!),
    payloads: Int32Array.from(chosen, i => batch.payloads[i]!),
    terms: Uint8Array.from(chosen, i => batch.terms[i]!),
  };
}
