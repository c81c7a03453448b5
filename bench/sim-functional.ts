/**
 * Functional simulation of a mapped network of plain neurons, with every count, the energies of all cost sets and the
 * simple time of each timestep, beside SANA-FE on the same network.
 */
import { type CostSet, loadTarget } from '../backends/target.ts';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../compiler/plain-neurons/slices.ts';
import { type EventTimes, energiesOf, simpleTime, stepEnergy, timesOf } from '../runtime-sim/lif/costs.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { sumOf } from '../runtime-sim/lif/events.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { referenceMapping, referenceNet } from './plain-nets.ts';
import { type PeerAnswer, runPeer } from './sanafe-peer.ts';

const [LAYERS, SIZE, CORES] = [4, 1024, 8];
/** Timesteps from one spike of a neuron to the next; the peer runs the second one. */
const PERIODS = [20, 10, 5, 3] as const;
const PEER_PERIOD = 10;
const REPEATS = 5;
/** Ours is too fast for so few timesteps as the peer gets. */
const STEPS = { ours: 2000, peer: 20 } as const;

export interface Rate {
  readonly period: number;
  /** Wall, the shortest of several runs. */
  readonly secondsPerStep: number;
  readonly synopsPerStep: number;
  readonly firedPerStep: number;
  readonly messagesPerStep: number;
  /** Of the first cost set. */
  readonly microjoulesPerStep: number;
  readonly microsecondsPerStep: number;
}

export async function measureFunctional({ python }: MeasureOptions): Promise<Measure> {
  const { costSets, timing } = await loadTarget('loihi1');
  const { times } = timesOf(timing, 1);
  const rates = PERIODS.map(period => {
    const network = referenceNet(LAYERS, SIZE, period);
    return rateOf(network, referenceMapping(network, CORES), { period, costSets, times });
  });
  for (const rate of rates) console.log(printRate(rate));
  const ours = rates.find(({ period }) => period === PEER_PERIOD)!;
  const rate = ours.synopsPerStep / ours.secondsPerStep / 1e9;
  if (python === undefined) {
    console.log('without --python, an interpreter that has sanafe, no peer runs');
    return { value: rate, unit: 'G synops/s', anchor: 'peer, which did not run', ratio: Number.NaN };
  }
  const network = referenceNet(LAYERS, SIZE, PEER_PERIOD);
  const work = { warm: 2 * PEER_PERIOD, steps: STEPS.peer, repeats: REPEATS };
  const peer = runPeer(python, network, referenceMapping(network, CORES), work);
  const theirs = Math.min(...peer.run!.wall) / peer.run!.steps;
  console.log(printPeer(peer));
  return {
    value: rate,
    unit: 'G synops/s with counts, energies and simple time',
    anchor: `detailed model of SANA-FE ${peer.sanafe}`,
    ratio: theirs / ours.secondsPerStep,
  };
}

function rateOf(
  network: PlainNetwork,
  mapping: PlainMapping,
  about: {
    readonly period: number;
    readonly costSets: readonly CostSet[];
    readonly times: EventTimes;
  },
): Rate {
  const machine = createLifMachine(buildPrograms(network, mapping));
  const { neurons } = machine.network;
  const all = sumOf(neurons);
  const costs = about.costSets.map(energiesOf);
  const energies = new Float64Array(costs.length);
  let nanoseconds = 0;
  const run = (steps: number) =>
    machine.run(steps, ({ events }) => {
      for (let set = 0; set < costs.length; set++) energies[set]! += stepEnergy(events, all, costs[set]!);
      nanoseconds += simpleTime(events, neurons, about.times);
    });
  run(10 * about.period);
  const seconds = fastest(() => run(STEPS.ours));
  const { totals, steps } = machine;
  return {
    period: about.period,
    secondsPerStep: seconds / STEPS.ours,
    synopsPerStep: sumOf(totals.synops) / steps,
    firedPerStep: sumOf(totals.fired) / steps,
    messagesPerStep: sumOf(totals.messagesOut) / steps,
    microjoulesPerStep: energies[0]! / steps / 1e6,
    microsecondsPerStep: nanoseconds / steps / 1000,
  };
}

function fastest(work: () => void): number {
  const seconds = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  });
  return Math.min(...seconds);
}

const printRate = (rate: Rate): string =>
  [
    `R(${LAYERS},${SIZE},${rate.period})`.padEnd(12),
    `${(rate.secondsPerStep * 1e6).toFixed(1)} us a step`,
    `${(rate.synopsPerStep / rate.secondsPerStep / 1e9).toFixed(2)} G synops/s`,
    `${rate.firedPerStep.toFixed(1)} fire`,
    `${rate.synopsPerStep.toFixed(0)} synops`,
    `${rate.messagesPerStep.toFixed(1)} messages`,
    `${rate.microjoulesPerStep.toFixed(3)} uJ and ${rate.microsecondsPerStep.toFixed(1)} us of the chip`,
  ].join('  ');

function printPeer({ sanafe, load, run }: PeerAnswer): string {
  const { timing, steps, wall, spikes } = run!;
  const fastest = Math.min(...wall);
  return [
    `SANA-FE ${sanafe} ${timing}: ${((fastest / steps) * 1e3).toFixed(2)} ms a step`,
    `${(spikes / fastest / 1e6).toFixed(2)} M synops/s`,
    `loads in ${load.wall.toFixed(1)} s, ${load.rssMb.toFixed(0)} MB`,
  ].join('  ');
}
