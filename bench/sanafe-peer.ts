/** SANA-FE on a network of plain neurons: a program of its own, started by bench/sanafe-plain.py. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../compiler/plain-neurons/slices.ts';
import type { EventEnergies, EventTimes } from '../runtime-sim/lif/costs.ts';
import { writePlain } from './plain-file.ts';

const costs = z.object({
  ...{ neuron: z.number(), update: z.number(), fire: z.number(), axonOut: z.number(), axonIn: z.number() },
  ...{ synop: z.number(), hopEastWest: z.number(), hopNorthSouth: z.number() },
});
const perf = z.object({
  ...{ fired: z.number(), updated: z.number(), hops: z.number(), spikes: z.number(), packets: z.number() },
  ...{ sim_time: z.number(), total_energy: z.number() },
});
const answer = z.object({
  sanafe: z.string(),
  costs: z.object({ energy: costs, latency: costs, barrier: z.array(z.tuple([z.number(), z.number()])) }),
  load: z.object({ wall: z.number(), cpu: z.number(), rssMb: z.number() }),
  trace: z.object({ perf: z.array(perf), fired: z.array(z.array(z.string())) }).optional(),
  run: z
    .object({
      ...{ timing: z.string(), steps: z.number(), wall: z.array(z.number()), cpu: z.array(z.number()) },
      ...{ neurons_fired: z.number(), spikes: z.number(), packets_sent: z.number(), sim_time: z.number() },
    })
    .optional(),
});
export type PeerAnswer = z.infer<typeof answer>;

export interface PeerWork {
  /** Timesteps that are compared, from the first. */
  readonly trace?: number;
  /** Timesteps that are timed, several times over, after `warm` others. */
  readonly warm?: number;
  readonly steps?: number;
  readonly repeats?: number;
}

export function runPeer(
  python: string,
  network: PlainNetwork,
  mapping: PlainMapping,
  work: PeerWork,
): PeerAnswer {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-sanafe-'));
  const [input, output] = [join(folder, 'net.json'), join(folder, 'out.json')];
  try {
    writeFileSync(input, writePlain(network, mapping));
    const options = Object.entries(work).flatMap(([key, value]) => [`--${key}`, String(value)]);
    execFileSync(python, ['bench/sanafe-plain.py', input, output, ...options], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return answer.parse(JSON.parse(readFileSync(output, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** J and s; `routers`: in use. */
export function peerCosts(
  { costs: { energy, latency, barrier } }: Pick<PeerAnswer, 'costs'>,
  routers: number,
): { readonly energies: EventEnergies; readonly times: EventTimes } {
  const reached = barrier.filter(([least]) => least <= routers);
  return {
    energies: { ...energy, message: energy.axonOut + energy.axonIn, chipMessage: 0 },
    times: { ...latency, barrier: reached.at(-1)![1] },
  };
}
