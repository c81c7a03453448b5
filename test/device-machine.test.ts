/** The emulated device equals the simulator, every spike of every population: it is a third reading of one semantics. */
import { test } from 'node:test';
import { loadTarget, type Target } from '../backends/target.ts';
import { mapNetwork } from '../compiler/map-network.ts';
import { MODES, type Mode } from '../ir/chip.ts';
import { createDiagnostics } from '../ir/diagnostics/diagnostic.ts';
import type { IntGraph } from '../ir/int.ts';
import { randomAnn } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { CODINGS } from '../ir/snn.ts';
import { assertSame } from './device-kit.ts';
import { cramped, descend, randomImages, reload } from './kit.ts';
import { spikingMlp } from './spiking-mlp.ts';

const UNTIDY = { tokens: 5, dim: 24, heads: 3, mlp: 50, depth: 1, classes: 5, patch: 12 } as const;

function mapTo(int: IntGraph, target: Target, mode: Mode) {
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  return reload(
    mapNetwork(int, target, new Map(), { weightBits: 8, seed: 1, effort: 'fast', mode }, context),
  );
}

function* networks(steps: number) {
  const graphs = [
    ['untidy', randomAnn(7, UNTIDY)] as const,
    ...Array.from({ length: 3 }, (_, seed) => [`random ${seed}`, randomAnn(seed)] as const),
    ...(Object.keys(MODERN_BLOCKS) as (keyof typeof MODERN_BLOCKS)[]).map(
      kind => [kind, randomModern(steps + 40, [kind])] as const,
    ),
  ];
  for (const [number, [name, graph]] of graphs.entries()) {
    const images = randomImages(graph, 3, number);
    const coding = CODINGS[(number + steps) % 3]!;
    const functions = number % 2 === 0 ? 'tables' : 'multiply';
    const { int } = descend(graph, images, { coding, steps, shift: 4 + (number % 2), terms: 3, functions });
    yield { number, name: `${name} ${coding} T=${steps}`, int, images };
  }
}

test('one step, in every mode, whole and cut, images behind each other', async () => {
  const large = await loadTarget('loihi2');
  const small = cramped(large, 150, 1500);
  for (const { number, name, int, images } of networks(1)) {
    const [mode, other] = [MODES[number % 3]!, MODES[(number + 1) % 3]!];
    assertSame(`${name} ${mode}`, mapTo(int, large, mode), images);
    assertSame(`${name} ${other} cut`, mapTo(int, small, other), images.slice(0, 2));
  }
});

test('several steps in every coding', async () => {
  const large = await loadTarget('loihi2');
  for (const { number, name, int, images } of networks(3)) {
    const mode = (['pipelined', 'layerwise'] as const)[number % 2]!;
    assertSame(`${name} ${mode}`, mapTo(int, large, mode), images);
  }
});

test('binary spikes', async () => {
  const target = await loadTarget('loihi1');
  const { int, images, options, context } = await spikingMlp(target, [37, 29, 23, 11], 2);
  assertSame('binary', reload(mapNetwork(int, target, new Map(), options, context)), images);
});
