/**
 * Where the fault is, from what a device sent: a tile that sends what follows from what its own sources sent is only downstream
 * of it. A tile that does not is where the fault is, or where a link ends that lost, doubled or delayed a message; which
 * of them is found by trying each, on that tile alone, until what the device sent follows exactly.
 */
import type { ChipProgram } from '../../backends/program/program.ts';
import type { WrongImage } from './run.ts';
import { countWrong, follows, type Suspect, seenImage, suspectOf } from './suspects.ts';
import type { Circumstances, TileBench } from './tile-bench.ts';
import { explainByMessages, type MessageFault } from './try-messages.ts';

export interface CorePlace {
  readonly chip: number;
  /** Number within the chip. */
  readonly core: number;
}

export type Cause = 'memory' | 'silent' | 'narrow' | MessageFault | 'unexplained';

export interface Fault {
  readonly kind: 'core' | 'link';
  readonly cause: Cause;
  /** Of a link: where it ends. */
  readonly at: CorePlace;
  /** Of a link: where it begins; 'host': at the input. */
  readonly from: CorePlace | 'host' | undefined;
  /** For people. */
  readonly detail: string;
  /** When it shows first. */
  readonly image: number;
  readonly timestep: number;
  readonly population: string;
  /** Tiles and images in which it shows. */
  readonly seen: number;
}

/** What is wrong in the memory of a core, in words; undefined: nothing, or the device cannot say. */
export type MemoryProbe = (place: CorePlace) => Promise<string | undefined>;

/** Faults that are looked into; more of them are one fault of the whole chip. */
const MOST_CORES = 12;
/** Suspects of one core that are looked into. */
const MOST_SUSPECTS = 6;

export async function locateFaults(
  bench: TileBench,
  header: ChipProgram['header'],
  wrong: readonly WrongImage[],
  probe: MemoryProbe,
): Promise<readonly Fault[]> {
  const suspects = wrong
    .map(image => seenImage(image, bench))
    .flatMap(({ seen, touched }) => touched.flatMap(tile => suspectOf(bench, tile, seen) ?? []))
    .sort((a, b) => a.image.number - b.image.number || a.timestep - b.timestep);
  const byCore = new Map<string, Suspect[]>();
  for (const suspect of suspects) {
    const key = `${suspect.tile.chip} ${suspect.tile.core}`;
    byCore.set(key, [...(byCore.get(key) ?? []), suspect]);
  }
  const faults: Fault[] = [];
  for (const own of [...byCore.values()].slice(0, MOST_CORES)) {
    const { tile, image, timestep } = own[0]!;
    faults.push({
      ...(await explain(bench, header, own, probe)),
      image: image.number,
      timestep,
      population: header.populations[tile.population]!.name,
      seen: own.length,
    });
  }
  return faults;
}

async function explain(
  bench: TileBench,
  header: ChipProgram['header'],
  suspects: readonly Suspect[],
  probe: MemoryProbe,
): Promise<Pick<Fault, 'kind' | 'cause' | 'at' | 'from' | 'detail'>> {
  const [{ tile }] = suspects as [Suspect];
  const at = { chip: tile.chip, core: tile.core };
  const core = { kind: 'core', at, from: undefined } as const;
  const memory = await probe(at);
  if (memory !== undefined) return { ...core, cause: 'memory', detail: memory };
  const isSilent = suspects.every(
    ({ got, predicted, step }) =>
      got[step]!.every(value => value === 0) && predicted[step]!.some(value => value !== 0),
  );
  if (isSilent) return { ...core, cause: 'silent', detail: 'the core sends nothing' };
  const some = simplest(suspects).slice(0, MOST_SUSPECTS);
  const narrow = findWidth(bench, header, suspects);
  if (narrow !== undefined) return { ...core, cause: 'narrow', detail: narrow };
  const message = explainByMessages(bench, some);
  if (message !== undefined) {
    const { link, fault, detail } = message;
    const from = link.from === undefined ? 'host' : { chip: link.from.chip, core: link.from.core };
    return { kind: 'link', cause: fault, at, from, detail };
  }
  const detail = 'no single fault of the core or of a link into it gives exactly this';
  return { ...core, cause: 'unexplained', detail };
}

/** Those of the first image, where little is wrong first: what comes later may be the echo of it. */
const simplest = (suspects: readonly Suspect[]): readonly Suspect[] => {
  const wrongOf = ({ predicted, got, step }: Suspect) => countWrong(predicted[step]!, got[step]!);
  return suspects.toSorted((a, b) => a.image.number - b.image.number || wrongOf(a) - wrongOf(b));
};

/** Do all suspects follow from sums or a state of fewer bits? */
function findWidth(
  bench: TileBench,
  { accumulatorBits, stateBits }: ChipProgram['header'],
  suspects: readonly Suspect[],
): string | undefined {
  const fits = (widths: Circumstances['widths']) =>
    suspects.every(suspect => follows(bench, suspect, { widths }));
  for (let bits = stateBits - 1; bits > 1; bits--)
    if (fits({ stateBits: bits })) return `its state saturates at ${bits} of ${stateBits} bits`;
  for (let bits = Math.min(accumulatorBits, MOST_BITS) - 1; bits > 1; bits--)
    if (fits({ accumulatorBits: bits })) return `its sums saturate at ${bits} of ${accumulatorBits} bits`;
  return undefined;
}
/** No sum of the integers here has more. */
const MOST_BITS = 32;
