/** What SANA-FE gave once for the same networks (sanafe-golden.json says by which command) is what ours gives. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadTarget } from '../../backends/target.ts';
import { compareWithPeer } from '../../bench/sanafe-compare.ts';
import { type Golden, goldenCases } from '../../bench/sim-sanafe.ts';
import { energiesOf, timesOf } from '../../runtime-sim/lif/costs.ts';

const golden = JSON.parse(readFileSync('test/lif/sanafe-golden.json', 'utf8')) as Golden;

for (const { name, network, mapping } of goldenCases()) {
  test(`${name}: spikes, updates, packets, hops and synops are those of SANA-FE, energy and time within 1e-9`, () => {
    const trace = golden.traces.find(candidate => candidate.name === name)!;
    const { different, fired, energy, time } = compareWithPeer(network, mapping, trace);
    assert.deepEqual(different, []);
    assert.ok(fired > 0);
    assert.ok(energy <= 1e-9 && time <= 1e-9, `${energy} ${time}`);
  });
}

test('a changed network is told from the one that SANA-FE ran', () => {
  const { name, network, mapping } = goldenCases()[0]!;
  const trace = golden.traces.find(candidate => candidate.name === name)!;
  const slower = network.groups.map(({ neurons, ...group }) => ({
    ...group,
    neurons: { ...neurons, threshold: neurons.threshold.map(threshold => threshold + 2 ** 18) },
  }));
  assert.notDeepEqual(compareWithPeer({ ...network, groups: slower }, mapping, trace).different, []);
});

test('the cost set sanafe-nahuku has the energies of SANA-FE’s own model', async () => {
  const { costSets } = await loadTarget('loihi1');
  const ours = energiesOf(costSets.find(({ name }) => name === 'sanafe-nahuku')!);
  const { energy } = golden.traces[0]!.costs;
  const { axonIn, axonOut, ...same } = energy;
  const theirs = { ...same, message: axonIn + axonOut, chipMessage: 0 };
  for (const [event, joule] of Object.entries(theirs))
    assert.ok(Math.abs(ours[event as keyof typeof ours] - joule * 1e12) < 1e-9, event);
});

test('times that a descriptor does not know are listed', async () => {
  const { axonIn, synop, ...timing } = (await loadTarget('loihi1')).timing;
  assert.deepEqual([axonIn!.value, synop!.value], [16, 3.5]);
  const { times, unknown } = timesOf(timing, 1);
  assert.deepEqual([times.axonIn, times.synop], [0, 0]);
  assert.ok(unknown.includes('axonIn') && unknown.includes('synop'));
});
