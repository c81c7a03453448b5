/** Tiles that sent something else than what follows from what their own sources sent. */
import type { WrongImage } from './run.ts';
import type { Circumstances, Seen, TileBench, TilePlace } from './tile-bench.ts';

/** A tile that did not send what follows from what reached it. */
export interface Suspect {
  readonly tile: TilePlace;
  readonly image: SeenImage;
  /** Step of the image, from 0. */
  readonly step: number;
  readonly timestep: number;
  readonly predicted: readonly Int32Array[];
  readonly got: readonly Int32Array[];
}

export interface SeenImage extends Seen {
  readonly number: number;
}

/** All that the device sent for an image, and the tiles that sent something wrong. */
export function seenImage(
  { number, expected, differences, before: earlier }: WrongImage,
  bench: TileBench,
): { readonly seen: SeenImage; readonly touched: readonly TilePlace[] } {
  const { tiles, steps } = bench;
  const before = earlier && seenImage(earlier, bench).seen;
  const readouts = new Set(tiles.filter(({ isReadout }) => isReadout).map(({ population }) => population));
  const wanted = (population: number, step: number) =>
    readouts.has(population) ? expected.held(population, step) : expected.sent(population, step);
  const overlay = new Map<string, Int32Array>();
  const sent = (population: number, step: number) =>
    overlay.get(`${population} ${step}`) ?? wanted(population, step);
  for (const { due, got } of differences) {
    if (got === undefined) continue;
    const { population, step, neurons } = due.turn;
    const values = sent(population, step).slice();
    for (const neuron of neurons) values[neuron] = 0;
    got.neurons.forEach((neuron, i) => {
      values[neuron] = got.payloads[i]!;
    });
    overlay.set(`${population} ${step}`, values);
  }
  const isTouched = ({ population, members }: TilePlace) =>
    Array.from({ length: steps }, (_, i) => i + 1).some(step => {
      const got = overlay.get(`${population} ${step}`);
      return got !== undefined && members.some(neuron => got[neuron] !== wanted(population, step)[neuron]);
    });
  return { seen: { number, image: expected.image, before, sent }, touched: tiles.filter(isTouched) };
}

/** undefined: the tile sent what follows. */
export function suspectOf(bench: TileBench, tile: TilePlace, image: SeenImage): Suspect | undefined {
  const predicted = bench.predict(tile, image);
  const got = Array.from({ length: bench.steps }, (_, i) => {
    const all = image.sent(tile.population, i + 1);
    return tile.members.map(neuron => all[neuron]!);
  });
  const step = predicted.findIndex((values, i) => countWrong(values, got[i]!) > 0);
  if (step < 0) return undefined;
  const neuron = predicted[step]!.findIndex((value, i) => value !== got[step]![i]);
  return { tile, image, step, timestep: bench.timestepOf(tile, step, neuron), predicted, got };
}

export function countWrong(a: Int32Array, b: Int32Array): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count += 1;
  return count;
}

/** Does what the device sent, up to the step in which it went wrong, follow under these circumstances? */
export function follows(
  bench: TileBench,
  { tile, image, step, got }: Suspect,
  about: Circumstances,
): boolean {
  const predicted = bench.predict(tile, image, about);
  for (let i = 0; i <= step; i++) if (countWrong(predicted[i]!, got[i]!) > 0) return false;
  return true;
}
