/** Random networks at stage int, of every block and coding in turn; `untidy`: one whose sizes are no powers of two. */
import { randomAnn, type VitShape } from '../ir/random/ann.ts';
import { MODERN_BLOCKS, randomModern } from '../ir/random/modern.ts';
import { CODINGS } from '../ir/snn.ts';
import { descend, randomImages } from './kit.ts';

export function* integerNetworks(untidy: VitShape, steps: number) {
  const graphs = [
    ['untidy', randomAnn(7, untidy)] as const,
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
