/** Inference that stops early, as `snnc compile` sets it up. */
import type { ChipProgram } from '../backends/program/program.ts';
import { calibrateMargins, type Stopping } from '../compiler/margins.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { isSettled } from '../ir/exit.ts';
import { createFastIntRunner } from '../ir/fast/int.ts';
import type { IntGraph } from '../ir/int.ts';
import type { MachineCounts } from '../runtime-sim/counts.ts';
import { createSimulator } from '../runtime-sim/simulator.ts';

/** The margins of an anytime network, on calibration images. Errors: E0321 */
export function marginsOf(
  int: IntGraph,
  images: readonly Float64Array[],
  stopping: Stopping | undefined,
): readonly number[] | undefined {
  if (stopping === undefined) return undefined;
  const classes = int.nodes.find(({ id }) => id === int.outputs[0])!.type.shape.at(-1)!;
  if (classes < 2) fail('E0321', { origin: '--anytime' }, { classes });
  const runner = createFastIntRunner(int);
  return calibrateMargins(
    images.map(image => runner.run(image)),
    stopping,
  );
}

/** What the chip does for these images where the host stops it. */
export function countStopping(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  margins: readonly number[],
): MachineCounts {
  const simulator = createSimulator(programs);
  simulator.run(images, undefined, (logits, t) => isSettled(logits, t, margins));
  const { counts } = simulator;
  simulator.close();
  return counts;
}
