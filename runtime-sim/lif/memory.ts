/** The memory of the kernels of plain neurons: whatever is placed stays. */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { KERNELS } from './kernels/binary.ts';

export interface Memory {
  /** Tables, timestep, most of a sum, most of a potential; see kernels/lif.assembly.ts. */
  readonly lifStep: (tables: number, now: number, sumTop: number, stateTop: number) => void;
  /** Zeros. Errors: E0714 */
  reserve(bytes: number): number;
  /** Whole memory, as of now: what reserves makes new ones. */
  buffer(): ArrayBufferLike;
}

const PAGE = 2 ** 16;
const ALIGNMENT = 16;
const MOST_BYTES = 2 ** 32 - PAGE;

/** undefined: the process may not reserve the address space of one (`ulimit -v`). */
export function createMemory(): Memory | undefined {
  const memory = attempt(() => new WebAssembly.Memory({ initial: 1 }));
  if (memory === undefined) return undefined;
  const module = new WebAssembly.Module(Buffer.from(KERNELS, 'base64'));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  let end = ALIGNMENT;
  return {
    // The exports are those of the source that binary.ts is made of.
    lifStep: (exports as Pick<Memory, 'lifStep'>).lifStep,
    buffer: () => memory.buffer,
    reserve(bytes) {
      const place = end;
      end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
      const { byteLength } = memory.buffer;
      if (end <= byteLength) return place;
      // Growing is slow, and a page costs nothing before it is written.
      const wished = Math.min(MOST_BYTES, Math.max(end, 1.5 * byteLength));
      const pages = Math.ceil((wished - byteLength) / PAGE);
      if (end > MOST_BYTES || attempt(() => memory.grow(pages)) === undefined)
        fail('E0714', { origin: 'program' }, { problem: `${end} bytes of memory are not to be had` });
      return place;
    },
  };
}

function attempt<T>(take: () => T): T | undefined {
  try {
    return take();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Writes numbers of their own width where they stay. */
export function store(
  memory: Memory,
  numbers: Int32Array | Int16Array | Int8Array | Uint8Array | Float64Array,
): number {
  const { buffer, byteOffset, byteLength } = numbers;
  const place = memory.reserve(byteLength);
  new Uint8Array(memory.buffer(), place, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
  return place;
}
