/** Exact counts of a run, per tile. Every number is added where the event happens, in batches. */
export interface TileCounts {
  /** Neuron steps: those that sent, and all. */
  updates: number;
  active: number;
  spikes: number;
  terms: number;
  /** One per firing neuron and destination core. */
  messages: number;
  hopsEastWest: number;
  hopsNorthSouth: number;
  chipMessages: number;
  /** Messages × weights or partners that they meet; the same per signed power of two; those that multiply. */
  synops: number;
  termSynops: number;
  gradedSynops: number;
  memoryWords: number;
  /** Products: a·B' + A·b as performed, and the paper's a·b + a·B + A·b. */
  productAdds: number;
  productPaper: number;
  relayAdds: number;
}
export const createTileCounts = (): TileCounts => ({
  updates: 0,
  active: 0,
  spikes: 0,
  terms: 0,
  messages: 0,
  hopsEastWest: 0,
  hopsNorthSouth: 0,
  chipMessages: 0,
  synops: 0,
  termSynops: 0,
  gradedSynops: 0,
  memoryWords: 0,
  productAdds: 0,
  productPaper: 0,
  relayAdds: 0,
});

export function addCounts(into: TileCounts, more: TileCounts): void {
  for (const key of Object.keys(into) as (keyof TileCounts)[]) into[key] += more[key];
}

/** Of all tiles together. */
export function totalOf(tiles: readonly TileCounts[]): TileCounts {
  const total = createTileCounts();
  for (const tile of tiles) addCounts(total, tile);
  return total;
}

export interface MachineCounts {
  images: number;
  /** Chip timesteps of one image that takes every step. */
  readonly timesteps: number;
  /** Chip timesteps from one image to the next. */
  readonly interval: number;
  /** How many images ran each chip timestep: some stop early. */
  readonly ran: Float64Array;
  readonly tiles: readonly TileCounts[];
  /** Per chip timestep and core: neuron updates, those of them that send, synops, words of synaptic memory. */
  readonly work: readonly {
    readonly updates: Float64Array;
    readonly active: Float64Array;
    readonly synops: Float64Array;
    readonly words: Float64Array;
  }[];
  /** Messages over each directed mesh link, per chip timestep. */
  readonly links: readonly Map<number, number>[];
}

export const createCounts = (
  timesteps: number,
  interval: number,
  tiles: number,
  cores: number,
): MachineCounts => ({
  images: 0,
  timesteps,
  interval,
  ran: new Float64Array(timesteps + 1),
  tiles: Array.from({ length: tiles }, createTileCounts),
  work: Array.from({ length: timesteps + 1 }, () => ({
    updates: new Float64Array(cores),
    active: new Float64Array(cores),
    synops: new Float64Array(cores),
    words: new Float64Array(cores),
  })),
  links: Array.from({ length: timesteps + 1 }, () => new Map<number, number>()),
});

/** Adds the counts of other images on the same chip. */
export function addMachineCounts(into: MachineCounts, more: MachineCounts): void {
  into.images += more.images;
  more.ran.forEach((n, k) => {
    into.ran[k]! += n;
  });
  for (const [i, own] of more.tiles.entries()) addCounts(into.tiles[i]!, own);
  more.work.forEach((own, k) => {
    const work = into.work[k]!;
    for (const key of Object.keys(work) as (keyof typeof work)[])
      own[key].forEach((n, core) => {
        work[key][core]! += n;
      });
  });
  more.links.forEach((own, k) => {
    const links = into.links[k]!;
    for (const [link, n] of own) links.set(link, (links.get(link) ?? 0) + n);
  });
}
