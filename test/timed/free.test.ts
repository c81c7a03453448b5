/** Free-running chips in time: what is timed is what the machine counted, and a gap by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTarget } from '../../backends/target.ts';
import { randomPlainNet } from '../../bench/plain-nets.ts';
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import { createLifReference } from '../../runtime-sim/lif/reference.ts';
import { coreCosts } from '../../runtime-sim/timed/costs.ts';
import { createFreeTimer } from '../../runtime-sim/timed/free.ts';

test('random plain networks: traffic adds up to the counts of each core and step', async () => {
  const target = await loadTarget('loihi1');
  const { costs } = coreCosts(target.timing);
  let messages = 0;
  for (let seed = 0; seed < 12; seed++) {
    const { network, mapping } = randomPlainNet(seed);
    const programs = buildPrograms(network, mapping);
    const machine = createLifReference(programs);
    const timer = createFreeTimer(programs, target);
    const names = {
      ...({ active: 'updated', spikes: 'fired', sent: 'messagesOut', received: 'messagesIn' } as const),
      ...({ synops: 'synops', words: 'words' } as const),
    };
    machine.run(12, step => {
      const { tally, total, terms, times, traffic } = timer.time(step);
      for (const [own, name] of Object.entries(names) as [keyof typeof names, 'fired'][])
        assert.deepEqual(tally.perCore[own], step.events[name], `${seed} ${own}`);
      const sum = (column: Float64Array) => column.reduce((a, b) => a + b, 0);
      const { eastWest, northSouth, chipMessages } = tally.hops;
      const { hopsEastWest, hopsNorthSouth, chipMessages: crossed } = step.events;
      assert.deepEqual(
        [eastWest, northSouth, chipMessages],
        [hopsEastWest, hopsNorthSouth, crossed].map(sum),
      );
      assert.deepEqual(tally.perCore.updates, machine.network.neurons);
      assert.ok(total >= Math.max(...Object.values(terms)));
      assert.equal(total, times.ticks + timer.end.ticks);
      // Each core spends what its neurons cost.
      timer.wiring.cores.forEach((_, core) => {
        const [updates, active, spikes] = (['updates', 'active', 'spikes'] as const).map(
          name => tally.perCore[name][core]!,
        );
        const exact =
          active! * costs.updateActive +
          (updates! - active!) * costs.updateInactive +
          spikes! * costs.spikeOut;
        assert.equal(tally.perCore.updateTicks[core], exact, `${seed}`);
        const own = traffic.gap.subarray(traffic.starts[core], traffic.starts[core + 1]);
        assert.equal(sum(own) + traffic.tail[core]!, tally.perCore.updateTicks[core]);
      });
      messages += sum(tally.perCore.sent);
    });
  }
  assert.ok(messages > 1000, `${messages} messages`);
});
