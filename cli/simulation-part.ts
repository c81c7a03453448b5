/** `snnc simulate` on a range of images: what each of them answers, and counts of all. */
import { z } from 'zod';
import type { Deployment } from '../backends/folder.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Advance } from '../compiler/progress.ts';
import { isSettled } from '../ir/exit.ts';
import { argMax } from '../ir/logits.ts';
import type { HostStop } from '../runtime-sim/chip.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import type { ImageRecord } from '../runtime-sim/timed/sent.ts';
import type { Images } from './images.ts';
import { DIGEST_BYTES, digestOf } from './shards/input-hash.ts';
import { countsColumns, countsFacts, countsToColumns, type Part, type Range } from './shards/part.ts';

export const simulationFacts = z.strictObject({ hasLabels: z.boolean(), counts: countsFacts });
export type SimulationFacts = z.infer<typeof simulationFacts>;
export type SimulationPart = Part<SimulationFacts>;

/** Lengths of all columns of a part with so many images. */
export const simulationColumns = ({ counts }: SimulationFacts, images: number) =>
  ({
    class: { type: 'i32', length: images },
    label: { type: 'i32', length: images },
    input: { type: 'u8', length: images * DIGEST_BYTES },
    ...countsColumns(counts),
  }) as const;

export interface SimulationJob {
  readonly folder: Deployment;
  readonly programs: readonly ChipProgram[];
  readonly set: Images;
  /** Of the set: images that are run by all parts together. */
  readonly images: number;
  readonly workers: number | undefined;
}

/** Takes what images send while they run. */
export interface Recorder {
  /** Undefined: no more images are kept. */
  record(image: Float64Array): ImageRecord | undefined;
  keep(record: ImageRecord): void;
}

type Sent = Parameters<ImageRecord['take']>;

/** Images that are read before they are run. */
const AT_ONCE = 64;

/** The same for any number of workers. */
export async function simulateRange(
  { folder, programs, set, workers }: SimulationJob,
  { first, end }: Range,
  { recorder, advance = () => undefined }: { recorder?: Recorder | undefined; advance?: Advance } = {},
): Promise<SimulationPart> {
  const simulator = createSimulator(programs, { workers });
  const { margins = [] } = folder.manifest.network.exit ?? {};
  const stop: HostStop = (readout, step) => isSettled(readout, step, margins);
  const found = {
    class: new Int32Array(end - first),
    label: Int32Array.from({ length: end - first }, (_, i) => set.labels?.[first + i] ?? -1),
    input: new Uint8Array((end - first) * DIGEST_BYTES),
  };
  for (let begin = first; begin < end; begin += AT_ONCE) {
    const images: Float64Array[] = [];
    for (let n = begin; n < Math.min(begin + AT_ONCE, end); n++) images.push(await set.image(n));
    const records = recorder === undefined ? [] : images.map(recorder.record);
    const observe = recorder && ((i: number, ...sent: Sent) => records[i]?.take(...sent));
    for (const [i, readouts] of simulator.run(images, observe, stop).entries()) {
      found.class[begin - first + i] = argMax(readouts.at(-1)!);
      found.input.set(digestOf(images[i]!), (begin - first + i) * DIGEST_BYTES);
    }
    for (const record of records) if (record !== undefined) recorder?.keep(record);
    advance(begin + images.length - first, end - first);
  }
  const { facts, columns } = countsToColumns(simulator.counts);
  simulator.close();
  return {
    facts: { hasLabels: set.labels !== undefined, counts: facts },
    columns: { ...found, ...columns },
  };
}
