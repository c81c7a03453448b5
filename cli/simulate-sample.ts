/** The chip that boots from a compile's own bytes, on a few images, against the integer network. */
import { setImmediate } from 'node:timers/promises';
import type { FolderWriter } from '../backends/folder.ts';
import { decodeChip } from '../backends/program/decode.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import type { Target } from '../backends/target.ts';
import { encodeChips } from '../compiler/encode.ts';
import type { Mapped } from '../compiler/map-network.ts';
import type { Progress } from '../compiler/progress.ts';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import type { PopulationEmission } from '../runtime-sim/chip.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';
import { recordImage } from '../runtime-sim/timed/sent.ts';
import { countStopping } from './anytime.ts';
import { compareImages } from './compare.ts';
import { chipPath } from './deployment-files.ts';
import { timeSample } from './time-sample.ts';

/** Images that the chip is simulated on before the folder is written, and that go into golden.npz. */
const SAMPLE = 4;
/**
 * Multiply-accumulates of all images that are simulated at most: seconds on one core. What bounds it is memory: the programs
 * of all chips are held decoded, where a compile holds one chip at a time.
 */
const SIMULATED_WORK = 1.6e10;

/** Errors: W0540 */
export function sampleSize(wanted: number | undefined, macs: number, origin: string, report: Report): number {
  const count = wanted ?? Math.min(SAMPLE, Math.floor(SIMULATED_WORK / Math.max(1, macs)));
  if (count > 0) return count;
  const reason = wanted === 0 ? '--simulate 0 says so' : `one image takes ${macs} multiply-accumulates`;
  report('W0540', { origin }, { reason });
  return 0;
}

export interface Sample {
  readonly images: readonly Float64Array[];
  /** Where the host stops; undefined: nowhere. */
  readonly margins: readonly number[] | undefined;
  readonly origin: string;
  readonly target: Target;
}

/**
 * Writes every chip as it is encoded, proves delivery, and boots the machine from the bytes where there are images for
 * it. Errors: E0710
 */
export async function encodeAndSimulate(
  { programs, int }: Mapped,
  { add }: FolderWriter,
  sample: Sample,
  progress: Progress,
) {
  const { step, found } = progress;
  step('encode');
  const booted: ChipProgram[] = [];
  const proof = await encodeChips(programs, int, async (chip, bytes) => {
    add(chipPath(chip), bytes);
    if (sample.images.length > 0) booted.push(decodeChip(bytes, chipPath(chip)));
    await setImmediate();
  });
  found?.(`${proof.deliveries.toLocaleString('en-US')} connections proved`);
  if (sample.images.length === 0) return { proof, simulated: undefined };
  step('simulate');
  return { proof, simulated: await simulate(booted, int, sample, progress) };
}

/** What the chip answers, bit for bit what the integer network answers. */
async function simulate(
  programs: readonly ChipProgram[],
  int: IntGraph,
  sample: Sample,
  { advance, found }: Progress,
) {
  const { images, margins, origin, target } = sample;
  const populations = int.nodes.filter(node => node.kind === 'population').map(({ id }) => id as string);
  const records = images.map(image => recordImage(programs, image));
  const simulator = createSimulator(programs);
  const observe = (number: number) => ({
    chip: (step: number, id: string, emission: PopulationEmission) =>
      records[number]!.take(step, populations.indexOf(id), emission),
  });
  const golden = compareImages(int, simulator, images, observe, advance);
  const different = golden.find(g => g.difference !== undefined)?.difference;
  if (different !== undefined)
    fail('E0710', { origin, pass: 'simulate' }, { what: 'chip and integer network', problem: different });
  found?.(`${images.length} image(s), equal to the integer network`);
  const counts = margins === undefined ? simulator.counts : countStopping(programs, images, margins);
  simulator.close();
  const readouts = golden.map(g => g.readouts);
  const sent = records.map(record => record.finish());
  const timed = await timeSample(programs, target, { sent, readouts, margins }, counts);
  return { readouts, counts, programs, timed };
}
