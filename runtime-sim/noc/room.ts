/** A memory of WebAssembly that is filled from below and emptied down to a mark. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';

export interface Room {
  readonly memory: WebAssembly.Memory;
  /** The whole memory as of now: what reserves makes new views. */
  bytes(): Uint8Array;
  used(): number;
  /** Errors: E0731. */
  reserve(bytes: number): number;
  copy(numbers: Int32Array | Float64Array): number;
  /** Everything from here on is free again. */
  release(mark: number): void;
}

const PAGE = 2 ** 16;
const ALIGNMENT = 16;
const LIMIT = 2 ** 32;
const GIBIBYTE = 2 ** 30;

export function createRoom(): Room {
  const memory = attempt(
    () => new WebAssembly.Memory({ initial: 1 }),
    'the process may not reserve what WebAssembly takes',
  );
  let used = ALIGNMENT;
  const room: Room = {
    memory,
    bytes: () => new Uint8Array(memory.buffer),
    used: () => used,
    reserve(bytes) {
      const at = used;
      const end = at + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
      const { byteLength } = memory.buffer;
      const gibibytes = (end / GIBIBYTE).toFixed(2);
      if (end > LIMIT) noMemory(`it takes ${gibibytes} GiB, of which WebAssembly has 4`);
      if (end > byteLength) {
        // Growing is slow, and a page costs nothing before it is written.
        const wished = Math.min(LIMIT, Math.max(end, byteLength * 1.5));
        attempt(
          () => memory.grow(Math.ceil((wished - byteLength) / PAGE)),
          `the process may not have ${gibibytes} GiB`,
        );
      }
      used = end;
      return at;
    },
    copy(numbers) {
      const at = room.reserve(numbers.byteLength);
      const { buffer, byteOffset, byteLength } = numbers;
      room.bytes().set(new Uint8Array(buffer, byteOffset, byteLength), at);
      return at;
    },
    release(mark) {
      used = mark;
    },
  };
  return room;
}

/** Errors: E0731 where the process may have no more memory. */
function attempt<T>(grow: () => T, reason: string): T {
  try {
    return grow();
  } catch (error) {
    if (error instanceof RangeError) return noMemory(reason);
    throw error;
  }
}

/** Errors: E0731 */
const noMemory = (reason: string): never => fail('E0731', { origin: 'network on chip' }, { reason });
