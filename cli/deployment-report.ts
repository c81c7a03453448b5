/** What a deployment did on images: counts, time and energy, from the folder's own programs and the descriptor that it carries. */
import type { Manifest } from '../backends/manifest.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { type Accounts, accountsOf, ranOf } from '../report/accounts.ts';
import type { MachineCounts } from '../runtime-sim/counts.ts';
import { denseEvents } from '../runtime-sim/dense-events.ts';
import { placesOf, tileEventsOf } from '../runtime-sim/tile-events.ts';
import type { TimedReport } from '../runtime-sim/timed/machine.ts';
import { deployedTarget } from './deployed-target.ts';

export function accountsOfRun(
  manifest: Manifest,
  programs: readonly ChipProgram[],
  counts: MachineCounts,
  timed?: TimedReport,
): Accounts {
  const target = deployedTarget(manifest, 'manifest.json');
  const tallied = {
    tiles: tileEventsOf(counts, placesOf(programs, manifest.cores)),
    dense: denseEvents(programs, manifest.cores),
  };
  return accountsOf(manifest, ranOf(counts), tallied, target, timed);
}
