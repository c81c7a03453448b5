/**
 * The network between cores in time, beside SANA-FE's flit-level timing model `cycle` on the same spikes: R(4, 1024, 10),
 * whose ten steps repeat, so that every step is run as often as wished and the shortest run counts.
 */
import { execFileSync } from 'node:child_process';
import { createStepEngine } from '../runtime-sim/noc/engine.ts';
import type { StepTimes } from '../runtime-sim/noc/step.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import {
  barrierOf,
  fanoutsOfNet,
  meshOfNet,
  type ReferenceNet,
  referenceNet,
  stepOfNet,
} from './noc-traffic.ts';

const SCRIPT = 'bench/sim-noc-sanafe.py';
const TICKS_PER_SECOND = 1e12;
/** Ours is so short that more runs cost nothing; as many for the peer would take an hour. */
const WARM_UP = 200;

interface Step {
  readonly seconds: number;
  readonly chipSeconds: number;
  readonly packets: number;
}
interface Ours extends Step {
  readonly hops: number;
  readonly events: number;
}
interface Peer {
  readonly version: string;
  readonly steps: readonly (Step & { readonly fired: number })[];
}

/** --python PYTHON with sanafe; --only N runs of every step instead of 5. */
export async function measureNoc({ python, only = '5' }: MeasureOptions): Promise<Measure> {
  const net = referenceNet(4, 1024, 10, 8, 1);
  const repeats = Number(only);
  const peer = python === undefined ? undefined : runPeer(python, net, repeats);
  const steps = runOurs(net, repeats + WARM_UP);
  const sum = (of: (step: Ours) => number) => steps.reduce((total, step) => total + of(step), 0);
  const seconds = sum(step => step.seconds);
  const mean = sum(step => step.chipSeconds) / steps.length;
  console.log(
    [
      `${net.period} steps, ${sum(step => step.packets)} packets, ${sum(step => step.hops)} hops, ${sum(step => step.events)} events`,
      `ours: ${((1e3 * seconds) / steps.length).toFixed(3)} ms a step, ${((1e9 * seconds) / sum(step => step.hops)).toFixed(1)} ns a packet-hop, ` +
        `${((1e9 * seconds) / sum(step => step.events)).toFixed(1)} ns an event, ${(sum(step => step.events) / seconds / 1e6).toFixed(1)} M events/s`,
      `ours: mean step ${(1e6 * mean).toFixed(3)} µs of the chip`,
    ].join('\n'),
  );
  if (peer === undefined) {
    const nanoseconds = (1e9 * seconds) / sum(step => step.events);
    return {
      value: nanoseconds,
      unit: 'ns an event',
      anchor: '60 ns that it may take',
      ratio: 60 / nanoseconds,
    };
  }
  const theirs = shortestOf(peer, net);
  const theirSeconds = theirs.reduce((total, step) => total + step.seconds, 0);
  const theirMean = theirs.reduce((total, step) => total + step.chipSeconds, 0) / theirs.length;
  const samePackets = theirs.every((step, k) => step.packets === steps[k]!.packets);
  console.log(
    [
      `SANA-FE ${peer.version} cycle: ${((1e3 * theirSeconds) / theirs.length).toFixed(0)} ms a step, mean step ${(1e6 * theirMean).toFixed(3)} µs of the chip`,
      `packets ${samePackets ? 'equal in every step' : 'DIFFER'}, mean step ${(100 * (mean / theirMean - 1)).toFixed(2)} % off; by step: ` +
        theirs
          .map((step, k) => `${(100 * (steps[k]!.chipSeconds / step.chipSeconds - 1)).toFixed(2)} %`)
          .join(' '),
    ].join('\n'),
  );
  return {
    value: (1e3 * seconds) / steps.length,
    unit: 'ms a step',
    anchor: 'speed of SANA-FE cycle',
    ratio: theirSeconds / seconds,
  };
}

function runOurs(net: ReferenceNet, runs: number): readonly Ours[] {
  const mesh = meshOfNet(net);
  const fanouts = fanoutsOfNet(net);
  const engine = createStepEngine(mesh);
  const traffic = Array.from({ length: net.period }, (_, k) => stepOfNet(net, k + 1));
  return traffic.map(step => {
    let seconds = Number.POSITIVE_INFINITY;
    let times: StepTimes | undefined;
    const before = engine.events();
    for (let run = 0; run < runs; run++) {
      const start = performance.now();
      times = engine.run(fanouts, step);
      seconds = Math.min(seconds, (performance.now() - start) / 1e3);
    }
    const { messages } = times!.perLink;
    const ports = messages.length / (mesh.size[0] * mesh.size[1] * mesh.size[2]);
    const packets = messages.reduce((n, count, i) => n + (i % ports < mesh.slots ? count : 0), 0);
    const events = (engine.events() - before) / runs;
    const chipSeconds = (times!.ticks + barrierOf(net)) / TICKS_PER_SECOND;
    return { seconds, chipSeconds, packets, events, hops: events - packets };
  });
}

function runPeer(python: string, net: ReferenceNet, repeats: number): Peer {
  const input = JSON.stringify({ ...net, phases: [...net.phases], steps: net.period * repeats });
  const out = execFileSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  // Written by our own script.
  return JSON.parse(out.slice(out.lastIndexOf('{"version"'))) as Peer;
}

const shortestOf = ({ steps }: Peer, { period }: ReferenceNet): readonly Step[] =>
  steps.slice(0, period).map((step, k) => ({
    ...step,
    seconds: Math.min(...steps.filter((_, i) => i % period === k).map(({ seconds }) => seconds)),
  }));
