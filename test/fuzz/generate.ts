/** Run number → damaged file. The same seed and number give the same bytes, so that one run can be repeated alone. */
import { createRandom, type Random } from '../../ir/random/seeded.ts';
import { collectCorpus, createReader } from './corpus.ts';
import { encodeModel, restartNames } from './model.ts';
import { byteMutators } from './mutate/bytes.ts';
import { structural } from './mutators.ts';

export interface Case {
  readonly bytes: Uint8Array;
  readonly specimen: string;
  /** In the order in which they were applied. */
  readonly mutators: readonly string[];
}

export const KINDS: readonly string[] = [...Object.keys(structural), 'bytes'];

/** Of ten files six are damaged once, others up to four times: what is damaged too much is refused at once. */
const STACKED: readonly number[] = [1, 1, 1, 1, 1, 1, 2, 2, 3, 4];

interface Step {
  readonly name: string;
  readonly apply: (bytes: Uint8Array, random: Random) => Uint8Array;
}

export function createGenerator(seed: number, only?: string): (run: number) => Case {
  const corpus = collectCorpus();
  const read = createReader();
  const kinds = only === undefined ? KINDS : KINDS.filter(kind => kind === only);
  return run => {
    const random = createRandom(seed * 1_000_003 + run);
    restartNames();
    const specimen = random.pick(corpus);
    const model = read(specimen);
    const drawn = Array.from({ length: random.pick(STACKED) }, () => random.pick(kinds));
    const mutators: string[] = [];
    for (const kind of drawn) {
      if (kind === 'bytes') continue;
      const mutator = random.pick(structural[kind] ?? []);
      mutator.apply(model, random);
      mutators.push(`${kind}: ${mutator.name}`);
    }
    let bytes = encodeModel(model);
    for (const kind of drawn) {
      if (kind !== 'bytes') continue;
      const mutator: Step = random.pick(byteMutators);
      bytes = mutator.apply(bytes, random);
      mutators.push(`bytes: ${mutator.name}`);
    }
    return { bytes, specimen: specimen.name, mutators };
  };
}
