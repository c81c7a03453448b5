/** Which messages into a tile were lost, doubled or late, so that it sent what it sent. */
import type { Batch } from '../messages.ts';
import { countWrong, follows, type Suspect } from './suspects.ts';
import type { Delayed, Disturb, Passage, TileBench } from './tile-bench.ts';

export const MESSAGE_FAULTS = ['lost', 'doubled', 'late'] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

export interface MessageExplanation {
  readonly passage: Passage;
  readonly fault: MessageFault;
  readonly detail: string;
}

/** Predictions that one suspect may take. */
const BUDGET = 6000;
/** Timesteps by which a message may be late. */
const LATEST = 3;

interface Trial extends MessageExplanation {
  readonly disturb: Disturb;
}

/** The explanation that holds for most of the suspects of a core; undefined: none holds for any. */
export function explainByMessages(
  bench: TileBench,
  suspects: readonly Suspect[],
): MessageExplanation | undefined {
  const votes = new Map<Passage, { found: MessageExplanation[]; suspects: number }>();
  for (const suspect of suspects) {
    const budget = { left: BUDGET };
    for (const found of explanationsOf(bench, suspect, budget)) {
      const vote = votes.get(found.passage) ?? { found: [], suspects: 0 };
      votes.set(found.passage, vote);
      vote.found.push(found);
      vote.suspects += 1;
    }
  }
  const best = [...votes.values()].sort((a, b) => b.suspects - a.suspects)[0];
  return best?.found[0];
}

/** At most one for each passage. */
function explanationsOf(
  bench: TileBench,
  suspect: Suspect,
  budget: { left: number },
): readonly MessageExplanation[] {
  const { tile, image } = suspect;
  const found: MessageExplanation[] = [];
  for (const passage of tile.passages) {
    const sent: { step: number; neuron: number }[] = [];
    bench.predict(tile, image, {
      disturb: (other, batch, step) => {
        if (other === passage)
          for (const neuron of new Set(batch.neurons)) if (passage.sends(neuron)) sent.push({ step, neuron });
        return [{ batch, late: 0 }];
      },
    });
    const singles = sent.flatMap(message => singlesOf(passage, message.step, message.neuron));
    const explained =
      [...wholeOf(passage), ...singles].find(trial => attempt(bench, suspect, trial, budget)) ??
      greedy(bench, suspect, passage, sent, budget);
    if (explained !== undefined) found.push(explained);
  }
  return found;
}

function attempt(bench: TileBench, suspect: Suspect, { disturb }: Trial, budget: { left: number }): boolean {
  budget.left -= 1;
  return budget.left >= 0 && follows(bench, suspect, { disturb });
}

const pick = (batch: Batch, keep: (neuron: number) => boolean): Batch => {
  const chosen = Array.from(batch.neurons.keys()).filter(i => keep(batch.neurons[i]!));
  return {
    neurons: Int32Array.from(chosen, i => batch.neurons[i]!),
    payloads: Int32Array.from(chosen, i => batch.payloads[i]!),
    terms: Uint8Array.from(chosen, i => batch.terms[i]!),
  };
};

const only =
  (passage: Passage, change: (batch: Batch, step: number) => readonly Delayed[]): Disturb =>
  (other, batch, step) =>
    other === passage ? change(batch, step) : [{ batch, late: 0 }];

function wholeOf(passage: Passage): readonly Trial[] {
  const all = (change: (batch: Batch) => readonly Delayed[]) => only(passage, change);
  return [
    { passage, fault: 'lost', detail: 'no message of it arrives', disturb: all(() => []) },
    {
      ...{ passage, fault: 'doubled', detail: 'every message of it arrives twice' },
      disturb: all(batch => [0, 0].map(late => ({ batch, late }))),
    },
    ...Array.from(
      { length: LATEST },
      (_, i): Trial => ({
        ...{ passage, fault: 'late', detail: `every message of it arrives ${i + 1} timestep(s) late` },
        disturb: all(batch => [{ batch, late: i + 1 }]),
      }),
    ),
  ];
}

function singlesOf(passage: Passage, step: number, neuron: number): readonly Trial[] {
  const one = (parts: (own: Batch) => readonly Delayed[]) =>
    only(passage, (batch, now) =>
      now !== step
        ? [{ batch, late: 0 }]
        : [{ batch: pick(batch, n => n !== neuron), late: 0 }, ...parts(pick(batch, n => n === neuron))],
    );
  const name = `the message of neuron ${neuron} of its tile in step ${step}`;
  return [
    { passage, fault: 'lost', detail: `${name} does not arrive`, disturb: one(() => []) },
    {
      ...{ passage, fault: 'doubled', detail: `${name} arrives twice` },
      disturb: one(batch => [0, 0].map(late => ({ batch, late }))),
    },
    ...Array.from(
      { length: LATEST },
      (_, i): Trial => ({
        ...{ passage, fault: 'late', detail: `${name} arrives ${i + 1} timestep(s) late` },
        disturb: one(batch => [{ batch, late: i + 1 }]),
      }),
    ),
  ];
}

/** Several messages of one passage: each time the one whose fault leaves least wrong, until nothing is. */
function greedy(
  bench: TileBench,
  suspect: Suspect,
  passage: Passage,
  sent: readonly { readonly step: number; readonly neuron: number }[],
  budget: { left: number },
): MessageExplanation | undefined {
  for (const times of [0, 2]) {
    const touched = new Set<string>();
    const disturb = only(passage, (batch, step) => [
      { batch: pick(batch, n => !touched.has(`${step} ${n}`)), late: 0 },
      ...Array.from({ length: times }, () => ({
        batch: pick(batch, n => touched.has(`${step} ${n}`)),
        late: 0,
      })),
    ]);
    let wrong = distance(bench, suspect, disturb);
    while (wrong > 0) {
      let best: { key: string; wrong: number } | undefined;
      for (const { step, neuron } of sent) {
        const key = `${step} ${neuron}`;
        if (touched.has(key) || budget.left <= 0) continue;
        touched.add(key);
        budget.left -= 1;
        const left = distance(bench, suspect, disturb);
        touched.delete(key);
        if (left < (best?.wrong ?? wrong)) best = { key, wrong: left };
      }
      if (best === undefined) break;
      touched.add(best.key);
      wrong = best.wrong;
    }
    if (wrong > 0) continue;
    const how = times === 0 ? 'do not arrive' : 'arrive twice';
    const fault = times === 0 ? 'lost' : 'doubled';
    return { passage, fault, detail: `${touched.size} of its ${sent.length} messages ${how}` };
  }
  return undefined;
}

/** How far what follows is from what the device sent. */
function distance(bench: TileBench, { tile, image, step, got }: Suspect, disturb: Disturb): number {
  const predicted = bench.predict(tile, image, { disturb });
  let sum = 0;
  for (let i = 0; i <= step; i++) {
    sum += countWrong(predicted[i]!, got[i]!);
    for (let n = 0; n < got[i]!.length; n++) sum += Math.abs(predicted[i]![n]! - got[i]![n]!) / 2 ** 20;
  }
  return sum;
}
