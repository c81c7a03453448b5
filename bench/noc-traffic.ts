/**
 * Traffic of the reference net R(L, N, P) that simulators are compared on: L dense layers of N neurons, cut into cores of
 * equal size, every neuron fires once in P steps, in a phase of its own. Costs are those of SANA-FE's fit of Loihi 1
 * (Boyle et al., TCAD 44(8):3165, 2025).
 */
import type { Mesh } from '../runtime-sim/noc/mesh.ts';
import type { Fanouts, StepTraffic } from '../runtime-sim/noc/traffic.ts';

export interface ReferenceNet {
  readonly layers: number;
  readonly neurons: number;
  readonly period: number;
  readonly coresPerLayer: number;
  /** Of each neuron, layer by layer: it fires in step t where phase + t is a multiple of the period, steps from 1. */
  readonly phases: Int32Array;
}

/** Ticks of 1 ps. */
const COSTS = { update: 9_700, fire: 30_000, axonIn: 16_000, synop: 3_800 } as const;
/** Barrier for the number of tiles in use: the entry with the largest number that is not larger. */
const BARRIERS = [
  [1, 600_000],
  [2, 1_000_000],
  [4, 1_400_000],
  [29, 1_800_000],
] as const;
const CORES_PER_TILE = 4;
const HEIGHT = 4;

/** Needs `neurons` a multiple of `coresPerLayer`. */
export function referenceNet(
  layers: number,
  neurons: number,
  period: number,
  coresPerLayer: number,
  seed: number,
): ReferenceNet {
  let state = seed >>> 0;
  const phases = Int32Array.from({ length: layers * neurons }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * period);
  });
  return { layers, neurons, period, coresPerLayer, phases };
}

/** Core c sits in slot c mod 4 of tile c ÷ 4; tiles fill columns of a mesh of 8 × 4. */
export function meshOfNet({ layers, coresPerLayer }: ReferenceNet): Mesh {
  const cores = layers * coresPerLayer;
  const tileOf = (c: number) => Math.floor(c / CORES_PER_TILE);
  return {
    ...{ size: [8, HEIGHT, 1], chipSize: [8, HEIGHT], slots: CORES_PER_TILE },
    router: Int32Array.from(
      { length: cores },
      (_, c) => (tileOf(c) % HEIGHT) * 8 + Math.floor(tileOf(c) / HEIGHT),
    ),
    slot: Int32Array.from({ length: cores }, (_, c) => c % CORES_PER_TILE),
    ticks: {
      ...{ local: 0, eastWest: 4_100, northSouth: 6_500, betweenChips: [0, 0, 0] },
      ...{ localBusy: 0, linkBusy: 0, chipLinkBusy: [0, 0, 0], axonOut: 5_100, credit: 0 },
    },
    // Of the flit-level network that SANA-FE's `cycle` configures, whatever its description of the chip says.
    buffers: { router: 8, core: 8 },
  };
}

export function barrierOf({ layers, coresPerLayer }: ReferenceNet): number {
  const tiles = Math.ceil((layers * coresPerLayer) / CORES_PER_TILE);
  return BARRIERS.findLast(([least]) => least <= tiles)![1];
}

/** One list for each layer: all cores of the next one; the last layer's is empty. */
export function fanoutsOfNet({ layers, neurons, coresPerLayer }: ReferenceNet): Fanouts {
  const service = COSTS.axonIn + (neurons / coresPerLayer) * COSTS.synop;
  const links = (layers - 1) * coresPerLayer;
  return {
    starts: Int32Array.from({ length: layers + 1 }, (_, l) => Math.min(l * coresPerLayer, links)),
    target: Int32Array.from({ length: links }, (_, i) => coresPerLayer + i),
    service: new Float64Array(links).fill(service),
  };
}

/** What fires in step t. */
export function stepOfNet(net: ReferenceNet, step: number): StepTraffic {
  const { layers, neurons, period, coresPerLayer, phases } = net;
  const perCore = neurons / coresPerLayer;
  const cores = layers * coresPerLayer;
  const starts = [0];
  const gap: number[] = [];
  const fanout: number[] = [];
  const tail: number[] = [];
  for (let c = 0; c < cores; c++) {
    let worked = 0;
    for (let i = 0; i < perCore; i++) {
      worked += COSTS.update;
      if ((phases[c * perCore + i]! + step) % period !== 0) continue;
      gap.push(worked + COSTS.fire);
      fanout.push(Math.floor(c / coresPerLayer));
      worked = 0;
    }
    tail.push(worked);
    starts.push(gap.length);
  }
  return {
    starts: Int32Array.from(starts),
    gap: Float64Array.from(gap),
    fanout: Int32Array.from(fanout),
    tail: Float64Array.from(tail),
    host: new Int32Array(0),
  };
}
