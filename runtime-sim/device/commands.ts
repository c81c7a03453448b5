/**
 * Numbered commands of a session: executed once, in order, replies kept until they are acknowledged. A command that comes again
 * is answered with the reply of then.
 */
import { createHash } from 'node:crypto';
import type { PopulationEvents } from './events.ts';
import { checkInput } from './events.ts';
import type { Machine } from './machine.ts';
import { type ReplyDraft, type RequestOf, runRequest } from './messages.ts';
import { type Recordings, recordEmission } from './recording.ts';
import { refuse } from './refusal.ts';

type Run = RequestOf<'Run'>;
export type RunReply = ReplyDraft<'Run'>;

interface Kept {
  readonly digest: string;
  readonly reply: RunReply;
  /** By `population timestep`: the spikes behind a hash. */
  readonly spikes: ReadonlyMap<string, PopulationEvents>;
  /** That it speaks of. */
  readonly neurons: number;
}

export interface Commands {
  readonly executed: number;
  readonly acknowledged: number;
  /** undefined: no command, an acknowledgement alone. Errors: Refusal */
  run(request: Run): Promise<RunReply | undefined>;
  /** Errors: Refusal */
  spikesOf(sequence: number, population: number, timestep: number): PopulationEvents;
}

export interface CommandLimits {
  readonly timesteps: number;
  readonly window: number;
}
/** Neurons that all kept replies may speak of before the host has to acknowledge some; and one reply alone. */
const MAX_KEPT = 2 ** 24;
const MAX_REPLY = 2 ** 25;

/** `pause` lets others have a turn between timesteps. */
export function createCommands(
  machine: Machine,
  recordings: Recordings,
  { timesteps, window }: CommandLimits,
  pause: () => Promise<void>,
): Commands {
  const kept = new Map<number, Kept>();
  let executed = 0;
  let acknowledged = 0;
  let keptNeurons = 0;
  let broken = '';

  function acknowledge(upTo: number): void {
    if (upTo > executed)
      refuse('OUT_OF_RANGE', `reply ${upTo} is acknowledged, but ${executed} was the last`);
    for (; acknowledged < upTo; acknowledged++) {
      keptNeurons -= kept.get(acknowledged + 1)!.neurons;
      kept.delete(acknowledged + 1);
    }
  }

  async function advance(command: NonNullable<Run['advance']>, silent: boolean) {
    const inputs = checkAdvance(command, machine, timesteps);
    const started = process.hrtime.bigint();
    const emissions: NonNullable<RunReply['emissions']>[number][] = [];
    const readouts: NonNullable<RunReply['readouts']>[number][] = [];
    const spikes = new Map<string, PopulationEvents>();
    let neurons = 0;
    for (let offset = 0; offset < command.timesteps; offset++) {
      const now = machine.timestep;
      const done = machine.advance(inputs.get(offset));
      for (const events of silent ? [] : done.emissions) {
        const emission = recordEmission(events, now, recordings, machine);
        if (emission === undefined) continue;
        emissions.push(emission);
        spikes.set(`${events.population} ${now}`, events);
        neurons += events.neurons.length + stateValues(emission);
      }
      if (!silent)
        readouts.push(
          ...done.readouts.map(({ population, neurons, values }) => ({
            population,
            timestep: now,
            neurons,
            values,
          })),
        );
      for (const readout of silent ? [] : done.readouts) neurons += readout.neurons.length;
      if (neurons > MAX_REPLY)
        refuse('RESOURCE_EXHAUSTED', `a reply about more than ${MAX_REPLY} neurons; ask for fewer timesteps`);
      await pause();
    }
    const serverNs = Number(process.hrtime.bigint() - started);
    return { emissions, readouts, spikes, neurons, timing: silent ? undefined : { serverNs } };
  }

  async function execute({
    sequence,
    silent,
    advance: command,
    restart,
  }: Run): Promise<Omit<Kept, 'digest'>> {
    if (restart !== undefined) machine.restart();
    if (command === undefined)
      return { reply: { sequence, timestep: machine.timestep }, spikes: new Map(), neurons: 0 };
    const { spikes, neurons, ...rest } = await advance(command, silent);
    return { reply: { sequence, timestep: machine.timestep, ...rest }, spikes, neurons };
  }

  return {
    get executed() {
      return executed;
    },
    get acknowledged() {
      return acknowledged;
    },
    async run(request) {
      const { sequence } = request;
      acknowledge(Math.max(acknowledged, request.acknowledged));
      if (sequence === 0) return undefined;
      const digest = digestOf(request);
      if (sequence <= executed) return repeat(kept.get(sequence), sequence, digest);
      if (sequence > executed + 1)
        refuse('OUT_OF_RANGE', `command ${sequence} comes after ${executed}: ${executed + 1} is missing`);
      if (broken !== '') refuse('FAILED_PRECONDITION', `${broken}; reset first`);
      if (executed - acknowledged >= window)
        refuse('RESOURCE_EXHAUSTED', `${window} replies wait to be acknowledged; no more are kept`);
      if (keptNeurons > MAX_KEPT)
        refuse(
          'RESOURCE_EXHAUSTED',
          `replies about ${keptNeurons} neurons wait to be acknowledged; no more are kept`,
        );
      if (request.advance === undefined && request.restart === undefined)
        refuse('INVALID_ARGUMENT', `command ${sequence} says nothing to do`);
      if (request.advance !== undefined) checkAdvance(request.advance, machine, timesteps);
      broken = `command ${sequence} failed half way`;
      const done = { digest, ...(await execute(request)) };
      broken = '';
      executed = sequence;
      kept.set(sequence, done);
      keptNeurons += done.neurons;
      return done.reply;
    },
    spikesOf(sequence, population, timestep) {
      const { spikes } =
        kept.get(sequence) ??
        refuse('FAILED_PRECONDITION', `reply ${sequence} is not kept (${acknowledged} is acknowledged)`);
      return (
        spikes.get(`${population} ${timestep}`) ??
        refuse(
          'INVALID_ARGUMENT',
          `reply ${sequence} says nothing of population ${population} in timestep ${timestep}`,
        )
      );
    },
  };
}

function repeat(found: Kept | undefined, sequence: number, digest: string): RunReply {
  if (found === undefined)
    return refuse('FAILED_PRECONDITION', `reply ${sequence} was acknowledged and is no longer kept`);
  if (found.digest !== digest)
    refuse('INVALID_ARGUMENT', `command ${sequence} was executed before, but it was another one`);
  return found.reply;
}

const stateValues = ({ states }: NonNullable<ReturnType<typeof recordEmission>>): number =>
  Array.from(states ?? []).reduce((sum, { values }) => sum + (values?.length ?? 0), 0);

const digestOf = ({ silent, advance, restart }: Run): string =>
  createHash('sha256').update(runRequest.encode({ silent, advance, restart })).digest('base64');

/** Everything that can be wrong is said before anything is executed. Errors: Refusal */
function checkAdvance({ timesteps, inputs }: NonNullable<Run['advance']>, machine: Machine, most: number) {
  if (timesteps < 1 || timesteps > most)
    refuse('INVALID_ARGUMENT', `${timesteps} timesteps in one command; from 1 to ${most}`);
  const byOffset = new Map<number, (typeof inputs)[number]>();
  for (const input of inputs) {
    if (input.offset >= timesteps || byOffset.has(input.offset))
      refuse(
        'INVALID_ARGUMENT',
        `a second input at offset ${input.offset}, or beyond ${timesteps} timesteps`,
      );
    byOffset.set(input.offset, input);
    checkInput(machine.booted, input, machine.timestep + input.offset);
  }
  return byOffset;
}
