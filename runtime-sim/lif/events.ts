/** What the cores of a free-running chip did, counted per core. */

/**
 * `updated`: neurons that had a potential, a bias or any input when their turn came, or fired. Messages: one for each neuron that fires
 * and each core that it reaches; those of the host come in and go out nowhere. Hops count where the message began.
 */
export const CORE_EVENTS = [
  'updated',
  'fired',
  'messagesOut',
  'messagesIn',
  'hopsEastWest',
  'hopsNorthSouth',
  'chipMessages',
  'synops',
  'words',
] as const;
export type CoreEvents = { readonly [K in (typeof CORE_EVENTS)[number]]: Float64Array };

export const createEvents = (cores: number): CoreEvents => ({
  updated: new Float64Array(cores),
  fired: new Float64Array(cores),
  messagesOut: new Float64Array(cores),
  messagesIn: new Float64Array(cores),
  hopsEastWest: new Float64Array(cores),
  hopsNorthSouth: new Float64Array(cores),
  chipMessages: new Float64Array(cores),
  synops: new Float64Array(cores),
  words: new Float64Array(cores),
});

export function clearEvents(events: CoreEvents): void {
  for (const key of CORE_EVENTS) events[key].fill(0);
}

export function addEvents(into: CoreEvents, more: CoreEvents): void {
  for (const key of CORE_EVENTS) {
    const [to, from] = [into[key], more[key]];
    for (let core = 0; core < to.length; core++) to[core]! += from[core]!;
  }
}

export const sumOf = (perCore: Float64Array): number => {
  let sum = 0;
  for (let core = 0; core < perCore.length; core++) sum += perCore[core]!;
  return sum;
};
