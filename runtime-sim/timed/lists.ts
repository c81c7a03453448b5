/** Lists of messages, each made once and named by the neurons that send them, with all that is counted of a message. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import type { Fanouts } from '../noc/traffic.ts';

export interface ListedMessage {
  /** Core, by number over all chips. */
  readonly target: number;
  readonly service: number;
  readonly synopTicks: number;
  readonly wordTicks: number;
  readonly synops: number;
  readonly words: number;
  readonly hopsEastWest: number;
  readonly hopsNorthSouth: number;
  readonly crossesChips: boolean;
}

/** Columns by message. */
export interface Lists extends Fanouts {
  readonly synopTicks: Float64Array;
  readonly wordTicks: Float64Array;
  readonly synops: Float64Array;
  readonly words: Float64Array;
  readonly hopsEastWest: Uint16Array;
  readonly hopsNorthSouth: Uint16Array;
  readonly crossesChips: Uint8Array;
}

/** The list of those that send nothing. */
export const NO_LIST = -1;

/** Messages of all lists: what a simulator may have to allocate for them. */
const MAX_LISTED = 2 ** 22;

/** Errors: E0743 */
export function createListBuilder(limit = MAX_LISTED) {
  const starts: number[] = [0];
  const all: ListedMessage[] = [];
  return {
    /** Number of the list. */
    add(messages: readonly ListedMessage[]): number {
      if (messages.length === 0) return NO_LIST;
      if (all.length + messages.length > limit) fail('E0743', { origin: 'program' }, { limit });
      for (const message of messages) all.push(message);
      return starts.push(all.length) - 2;
    },
    finish(): Lists {
      const column = (name: Exclude<keyof ListedMessage, 'crossesChips'>) =>
        Float64Array.from(all, message => message[name]);
      return {
        starts: Int32Array.from(starts),
        target: Int32Array.from(all, ({ target }) => target),
        service: column('service'),
        synopTicks: column('synopTicks'),
        wordTicks: column('wordTicks'),
        synops: column('synops'),
        words: column('words'),
        hopsEastWest: Uint16Array.from(all, message => message.hopsEastWest),
        hopsNorthSouth: Uint16Array.from(all, message => message.hopsNorthSouth),
        crossesChips: Uint8Array.from(all, message => (message.crossesChips ? 1 : 0)),
      };
    },
  };
}
