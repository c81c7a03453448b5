/**
 * One timestep on the network between cores, in time: what goes in stands in mesh.ts and traffic.ts, what comes out here.
 *
 * Time is whole ticks. All that happens in a tick sees the state at its beginning, and every decision takes effect a tick
 * later at the earliest (latencies, busy times, services and credits of 0 count as 1): no order inside a tick matters.
 * No message is across a link before the link is idle again: a latency counts as the busy time at least.
 *
 * Core as sender   works its sends off in order: the gap, then for each message of the list axonOut. The message enters
 *                  its port of the router when the port has room and the local link is idle; until then the core waits
 *                  with all that follows. It reaches the router `local` ticks later.
 * Router           has one queue of `buffers.router` messages for each port: slots of cores, six neighbours. The head of
 *                  a queue asks for one output: X first, then Y, then Z, then the port of the target core, also for
 *                  messages between cores of one router. An idle output whose next queue has room grants one head, round
 *                  robin over queues. Room that becomes free is known to whoever fills it `credit` ticks later.
 * Core as receiver has one queue of `buffers.core` messages and a server, which takes its head for `service` ticks. The
 *                  host's messages stand before all others and in no buffer.
 *
 * Dimension order on a mesh cannot deadlock: east waits only for east, then Y, then Z, then for a core, which always
 * takes what comes. A step ends when all cores and the network are empty; a barrier is added elsewhere.
 */
import type { Mesh } from './mesh.ts';
import type { Fanouts, StepTraffic } from './traffic.ts';

/** Directions of the ports of a router, in their order behind its slots; the opposite of d is d ^ 1. */
export const DIRECTIONS = ['east', 'west', 'south', 'north', 'up', 'down'] as const;

export const portsOf = ({ slots }: Pick<Mesh, 'slots'>): number => slots + DIRECTIONS.length;

/** All times are ticks since the beginning of the step. */
export interface StepTimes {
  /** All is done. */
  readonly ticks: number;
  readonly perCore: {
    /** The core has computed and sent all. */
    readonly generated: Float64Array;
    /** The core has worked off all that came. */
    readonly received: Float64Array;
    /** Ticks that the core waited for its router with messages that were ready. */
    readonly blocked: Float64Array;
    /** Ticks that the core worked on messages, those of the host included. */
    readonly serving: Float64Array;
  };
  /** Of port p of router r at r · portsOf(mesh) + p: the way to a core of its own, or to the next router. */
  readonly perLink: { readonly messages: Float64Array; readonly busy: Float64Array };
  readonly messages?: MessageTimes;
}

/** Core by core, send by send, in the order of their lists; then the host's. */
export interface MessageTimes {
  /** The core would like to send it. */
  readonly ready: Float64Array;
  /** It leaves the core. */
  readonly entered: Float64Array;
  /** It waits at its target. */
  readonly arrived: Float64Array;
  /** It has been worked off. */
  readonly processed: Float64Array;
}

/** Errors: E0730. */
export type SimulateStep = (
  mesh: Mesh,
  fanouts: Fanouts,
  traffic: StepTraffic,
  record?: boolean,
) => StepTimes;

/** Messages of all sends of a step, the host's last. */
export function countMessages({ starts }: Fanouts, { fanout, host }: StepTraffic): number {
  let messages = 0;
  for (const list of fanout) messages += starts[list + 1]! - starts[list]!;
  for (const list of host) messages += starts[list + 1]! - starts[list]!;
  return messages;
}
