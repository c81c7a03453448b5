/** What integers cost a network, layer by layer, and how often each threshold is sent: a few images through both stages. */

import { compare, createFidelity, type Fidelity, sqnr } from '../compiler/numerics/spread.ts';
import { payloadFraction } from '../compiler/numerics/variants.ts';
import { sizeOf, type ValueId } from '../ir/dialect.ts';
import { createFastProbedRunner } from '../ir/fast/int.ts';
import { createFastSnnRunner } from '../ir/fast/snn.ts';
import { type Firing, pow2 } from '../ir/fixed.ts';
import type { IntGraph, IntOf } from '../ir/int.ts';
import { createMembrane, firing } from '../ir/interpret/membrane.ts';
import type { SnnGraph } from '../ir/snn.ts';

/** By threshold 2^p · θ of one sign: the share of neurons and steps that send it. */
export interface LayerFiring {
  readonly name: string;
  readonly positive: number[];
  readonly negative: number[];
}

export interface Quality {
  readonly images: number;
  /** By name of the population. */
  readonly sqnrDb: ReadonlyMap<string, number | null>;
  readonly firing: readonly LayerFiring[];
}

/** Multiply-accumulates of all runs: a few seconds. */
const QUALITY_WORK = 1e10;
const MOST_IMAGES = 8;

/** Images that are worth it; none of a network that takes too long. */
export const qualityImages = (macs: number, steps: number): number =>
  Math.min(MOST_IMAGES, Math.floor(QUALITY_WORK / Math.max(1, 2 * macs * steps)));

/** Cost: two runs an image. Errors are measured on what each population has sent after the last step. */
export function measureQuality(snn: SnnGraph, int: IntGraph, images: readonly Float64Array[]): Quality {
  const { steps } = int.attrs;
  const fidelity = new Map<ValueId, Fidelity>();
  const tally = createFiringTally(int);
  const spiking = createFastSnnRunner(snn);
  const integers = createFastProbedRunner(int, tally.probe);
  for (const image of images) {
    const sent = new Map<ValueId, Float64Array>();
    spiking.run(image, (step, { id, kind }, { sums }) => {
      if (step === steps && kind === 'population') sent.set(id, Float64Array.from(sums));
    });
    integers.run(image, (step, node, { sums }) => {
      const wanted = sent.get(node.id);
      if (step !== steps || wanted === undefined || node.kind !== 'population') return;
      const own = fidelity.get(node.id) ?? createFidelity();
      fidelity.set(node.id, own);
      compare(own, wanted, sums, pow2(-payloadFraction(node)));
    });
  }
  return {
    images: images.length,
    sqnrDb: new Map([...fidelity].map(([id, own]) => [id.slice(1), sqnr(own)])),
    firing: tally.rates(),
  };
}

type Mt = Extract<IntOf<'population'>['attrs']['emit'], { kind: 'mt' }>;

/** The powers of two of each payload, one by one: what a ladder of fewer terms would have sent less. */
function createFiringTally(graph: IntGraph) {
  const hits = new Map<ValueId, { readonly emit: Mt; readonly counts: Float64Array; chances: number }>();
  const out: Firing = { payload: 0, terms: 0, clipped: false };
  for (const { kind, id, attrs } of graph.nodes)
    if (kind === 'population' && attrs.emit.kind === 'mt')
      hits.set(id, { emit: attrs.emit, counts: new Float64Array(2 * attrs.emit.levels), chances: 0 });
  return {
    probe(
      step: number,
      { id, attrs, type }: IntOf<'population'>,
      inside: { target: Float64Array; sums: Int32Array },
    ) {
      const own = hits.get(id);
      if (own === undefined) return;
      const { emit, counts } = own;
      own.chances += sizeOf(type.shape);
      const membrane = createMembrane(emit, attrs.outFraction, graph.attrs)(step);
      const upTo = Array.from({ length: emit.terms }, (_, k) => firing(membrane, { ...emit, terms: k + 1 }));
      for (let i = 0; i < inside.target.length; i++) {
        let before = 0;
        for (const fire of upTo) {
          const { payload } = fire(inside.target[i]!, inside.sums[i]!, out);
          const term = payload - before;
          if (term === 0) break;
          counts[(term > 0 ? 0 : emit.levels) + Math.round(Math.log2(Math.abs(term)))]! += 1;
          before = payload;
        }
      }
    },
    rates: (): readonly LayerFiring[] =>
      [...hits].map(([id, { emit, counts, chances }]) => {
        const shares = Array.from(counts, n => (chances === 0 ? 0 : n / chances));
        const [positive, negative] = [shares.slice(0, emit.levels), shares.slice(emit.levels)];
        return { name: id.slice(1), positive, negative };
      }),
  };
}
