/** Timestep by timestep against SANA-FE: who fires, packets, hops, synops, updates, energy, time of the `simple` model. */

import { createHash } from 'node:crypto';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../compiler/plain-neurons/slices.ts';
import { simpleTime, stepEnergy } from '../runtime-sim/lif/costs.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { sumOf } from '../runtime-sim/lif/events.ts';
import type { LifStep } from '../runtime-sim/lif/machine.ts';
import { type PeerAnswer, peerCosts } from './sanafe-peer.ts';

/** What SANA-FE counted of each timestep; of who fired a digest, so that it can be kept. */
export interface PeerTrace extends Pick<PeerAnswer, 'sanafe' | 'costs'> {
  readonly perf: NonNullable<PeerAnswer['trace']>['perf'];
  readonly fired: readonly string[];
}

export const traceOf = ({ sanafe, costs, trace }: PeerAnswer): PeerTrace => ({
  sanafe,
  costs,
  perf: trace!.perf,
  fired: trace!.fired.map(digestOf),
});

const digestOf = (names: readonly string[]): string =>
  createHash('sha256')
    .update([...names].sort().join())
    .digest('hex')
    .slice(0, 16);

export interface Comparison {
  readonly steps: number;
  readonly fired: number;
  readonly synops: number;
  /** Timesteps in which something that is counted differs. */
  readonly different: readonly string[];
  /** Largest relative differences. */
  readonly energy: number;
  readonly time: number;
}

export function compareWithPeer(network: PlainNetwork, mapping: PlainMapping, peer: PeerTrace): Comparison {
  const machine = createLifMachine(buildPrograms(network, mapping));
  const { tiles, neurons } = machine.network;
  const routers = new Set(mapping.cores.map(({ x, y }) => `${x} ${y}`)).size;
  const { energies, times } = peerCosts(peer, routers);
  const { perf, fired } = peer;
  const different: string[] = [];
  const worst = { energy: 0, time: 0 };
  let synops = 0;
  const namesOf = ({ fired: { starts, neurons: numbers } }: LifStep) =>
    tiles.flatMap(({ program: { population, box } }, t) =>
      Array.from(
        numbers.subarray(starts[t], starts[t + 1]),
        i => `${network.groups[population]!.name}.${box.channel[0] + i}`,
      ),
    );
  machine.run(perf.length, step => {
    const { events } = step;
    const theirs = perf[step.step]!;
    const counts = {
      fired: [sumOf(events.fired), theirs.fired],
      updated: [sumOf(events.updated), theirs.updated],
      packets: [sumOf(events.messagesOut), theirs.packets],
      hops: [sumOf(events.hopsEastWest) + sumOf(events.hopsNorthSouth), theirs.hops],
      synops: [sumOf(events.synops), theirs.spikes],
    };
    for (const [what, [ours, peers]] of Object.entries(counts))
      if (ours !== peers) different.push(`step ${step.step}: ${what} ${ours}, not ${peers}`);
    if (digestOf(namesOf(step)) !== fired[step.step]) different.push(`step ${step.step}: other neurons fire`);
    const energy = stepEnergy(events, sumOf(neurons), energies);
    const time = simpleTime(events, neurons, times);
    worst.energy = Math.max(worst.energy, Math.abs(energy / theirs.total_energy - 1));
    worst.time = Math.max(worst.time, Math.abs(time / theirs.sim_time - 1));
    synops += counts.synops[0]!;
  });
  return { steps: perf.length, fired: sumOf(machine.totals.fired), synops, different, ...worst };
}
