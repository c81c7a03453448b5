/**
 * The second line of sim-functional: the same network with every message timed, contention included, beside SANA-FE's
 * detailed model of it. The functional engine runs, who fired becomes traffic, the network between cores is simulated.
 */
import { loadTarget } from '../backends/target.ts';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { TICKS_PER_MICROSECOND } from '../runtime-sim/timed/costs.ts';
import { createFreeTimer } from '../runtime-sim/timed/free.ts';
import type { Measure, MeasureOptions } from './measure.ts';
import { referenceMapping, referenceNet } from './plain-nets.ts';
import { runPeer } from './sanafe-peer.ts';

const [LAYERS, SIZE, CORES, PERIOD] = [4, 1024, 8, 10];
const REPEATS = 5;
const STEPS = { ours: 200, peer: 20 } as const;

export async function measureTimed({ python }: MeasureOptions): Promise<Measure> {
  const target = await loadTarget('loihi1');
  const network = referenceNet(LAYERS, SIZE, PERIOD);
  const mapping = referenceMapping(network, CORES);
  const programs = buildPrograms(network, mapping);
  const machine = createLifMachine(programs);
  const timer = createFreeTimer(programs, target);
  let [ticks, bound, messages, hops, steps] = [0, 0, 0, 0, 0];
  const run = (count: number) =>
    machine.run(count, step => {
      const { total, terms, tally } = timer.time(step);
      ticks += total;
      bound += Math.max(...Object.values(terms));
      messages += tally.perCore.sent.reduce((a, b) => a + b, 0);
      hops += tally.hops.eastWest + tally.hops.northSouth;
      steps += 1;
    });
  run(2 * PERIOD);
  const seconds = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    run(STEPS.ours);
    return (performance.now() - start) / 1000;
  });
  const ours = Math.min(...seconds) / STEPS.ours;
  console.log(
    [
      `R(${LAYERS},${SIZE},${PERIOD}) timed: ${(ours * 1e6).toFixed(1)} us a step`,
      `${(messages / steps).toFixed(1)} messages, ${(hops / steps).toFixed(1)} hops`,
      `${((ours / (messages / steps)) * 1e9).toFixed(0)} ns a message`,
      `${(ticks / steps / TICKS_PER_MICROSECOND).toFixed(2)} us of the chip, ${(ticks / bound).toFixed(3)} times the bound`,
    ].join('  '),
  );
  const value = messages / steps / ours / 1e6;
  const unit = 'M messages/s, timed with contention';
  if (python === undefined) {
    console.log('without --python, an interpreter that has sanafe, no peer runs');
    return { value, unit, anchor: 'peer, which did not run', ratio: Number.NaN };
  }
  const peer = runPeer(python, network, mapping, { warm: 2 * PERIOD, steps: STEPS.peer, repeats: REPEATS });
  const theirs = Math.min(...peer.run!.wall) / peer.run!.steps;
  console.log(`SANA-FE ${peer.sanafe} ${peer.run!.timing}: ${(theirs * 1e3).toFixed(2)} ms a step`);
  return { value, unit, anchor: `detailed model of SANA-FE ${peer.sanafe}`, ratio: theirs / ours };
}
