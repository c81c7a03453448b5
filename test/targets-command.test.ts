/** `snnc targets`, and what reports say of a chip's times and energies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFigures } from '../backends/rests-on.ts';
import { loadTarget, stepFloor } from '../backends/target.ts';
import { main } from '../cli/main.ts';
import { notesOf } from '../report/notes.ts';
import { createCounts } from '../runtime-sim/counts.ts';
import { standingEnergy } from '../runtime-sim/energy.ts';
import { boundOf, stepBound } from '../runtime-sim/timing.ts';

/** What a command prints. */
async function printed(...args: readonly string[]): Promise<string> {
  const { log } = console;
  const write = process.stdout.write.bind(process.stdout);
  const lines: string[] = [];
  console.log = (...parts: unknown[]) => void lines.push(parts.join(' '));
  process.stdout.write = (text: unknown) => lines.push(`${text}`) > 0;
  try {
    assert.equal(await main(args), 0);
  } finally {
    console.log = log;
    process.stdout.write = write;
  }
  return lines.join('\n');
}

test('snnc targets: every board, with what its cores claim', async () => {
  const text = await printed('targets');
  for (const spec of [
    'generic:generic-1',
    'loihi1:wolf-mountain',
    'loihi1:nahuku-32',
    'loihi1:pohoiki-springs',
    'loihi2:kapoho-point',
    'spinnaker2:spinnaker2-48',
    'truenorth:truenorth-16',
  ]) {
    assert.ok(text.includes(spec), spec);
  }
  assert.match(text, /98,304 cores/);
  const { targets } = JSON.parse(await printed('targets', '--json'));
  const one = targets.find(({ name }: { name: string }) => name === 'loihi1');
  assert.deepEqual(one.capabilities, []);
  assert.equal(one.boards.length, 5);
});

test('snnc targets NAME: every figure once, with status and source', async () => {
  const target = await loadTarget('loihi1:nahuku-32');
  const figures = allFigures(target);
  const found = JSON.parse(await printed('targets', 'loihi1:nahuku-32', '--json'));
  assert.deepEqual(found.figures, JSON.parse(JSON.stringify(figures)));
  // Counted another way: every object of the target that carries a status.
  let count = 0;
  JSON.parse(JSON.stringify(target), (_, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'status' in value) count += 1;
    return value;
  });
  assert.equal(figures.length, count);
  const text = await printed('targets', 'loihi1:nahuku-32');
  assert.match(text, /softResetNeurons +2 neuron +published \[\d+\]/);
  assert.match(text, new RegExp(`${figures.length} figures: \\d+ measured`));
});

test('a clocked chip keeps its tick, and is longer where the work does not fit', async () => {
  const { timing, costSets } = await loadTarget('spinnaker2');
  const bound = (synops: number) => {
    const counts = createCounts(3, 1, 1, 1);
    counts.images = 1;
    counts.ran.fill(1);
    for (const work of counts.work) work.synops[0] = synops;
    return stepBound(counts, timing);
  };
  assert.equal(bound(10).pipelinedStepSeconds, 1e-3);
  assert.ok(Math.abs(bound(1e8).pipelinedStepSeconds - (4e8 * timing.synop!.value) / 1e9) < 1e-9);
  assert.ok('tick' in bound(10).terms && !('barrier' in bound(10).terms));
  const span = { chips: 1, steps: 5, seconds: 1 };
  assert.equal(standingEnergy(span, costSets[0]!, true).unknown.barrier, undefined);
  assert.equal(standingEnergy(span, costSets[0]!, false).unknown.barrier, 5);
  const idle = { updates: 0, active: 0, synops: 0, words: 0, link: 0, share: 1 };
  const expected = { image: Array.from({ length: 5 }, () => idle), stream: [idle] };
  assert.equal(boundOf(expected, timing, 1).layerwiseSeconds, 5e-3);
});

test('a barrier over several chips is that of the board', async () => {
  const { timing } = await loadTarget('loihi1:pohoiki-springs');
  assert.equal(stepFloor(timing, 1).figure?.value, 465);
  assert.equal(stepFloor(timing, 2).figure?.value, 16_200);
  assert.equal(stepFloor((await loadTarget('loihi2:hala-point')).timing, 1152).figure?.value, 200);
});

test('notes say what a chip’s figures are worth, from the figures', async () => {
  const notes = async (name: string) => notesOf(await loadTarget(name)).join('\n');
  assert.match(
    await notes('loihi2'),
    /loihi2 has no clock.*\nNo energy per operation of loihi2 has been published: constants of Loihi 1/,
  );
  assert.match(
    await notes('loihi1'),
    /Energies of loihi1 are published: 0\.75 V, simulated before silicon, a lower bound/,
  );
  assert.match(await notes('spinnaker2'), /its tick of 1 ms, or longer/);
  assert.match(await notes('truenorth'), /nothing is known of the work that fits/);
  assert.match(await notes('generic'), /Energies of generic are assumed/);
});
