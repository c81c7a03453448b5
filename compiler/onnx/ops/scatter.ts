/** Scatter: some elements replaced by, or combined with, others; which ones, constants say. */
import { sizeOf } from '../../../ir/dialect.ts';
import { pickOf } from '../../ann/indices.ts';
import {
  axisIn,
  constantAt,
  entryOf,
  inputAt,
  numberAttr,
  type OpContext,
  type OpRule,
  pickValue,
  refuse,
  reshapeValue,
  stringAttr,
  type Value,
} from '../context.ts';
import { add, maximum, minimum, multiply } from './arithmetic.ts';
import type { OpEntry, OpTable } from './entry.ts';
import { joinParts } from './join.ts';
import { elementPlaces, slicePlaces } from './picks.ts';

type Combine = (context: OpContext, old: Value, update: Value) => Value;

const COMBINE: { readonly [reduction: string]: Combine } = {
  none: (_, __, update) => update,
  add,
  mul: multiply,
  max: maximum,
  min: minimum,
};

/** Each round writes the whole tensor anew. */
const MAX_WORK = 2 ** 28;

/** Updates i (a flat tensor) go to places[i] of x; where several go to one place, one round follows the other. */
function scatter(context: OpContext, x: Value, updates: Value, places: Int32Array): Value {
  if (sizeOf(updates.shape) !== places.length)
    refuse(`updates [${updates.shape}] for ${places.length} places`);
  const reduction = stringAttr(context, 'reduction', 'none');
  const combine = entryOf(COMBINE, reduction) ?? refuse(`reduction ${reduction}`);
  const flat = reshapeValue(updates, [places.length]);
  const rounds = reduction === 'none' ? [lastRound(places)] : roundsOf(places);
  if (rounds.length * sizeOf(x.shape) > MAX_WORK) refuse(`one place has ${rounds.length} updates`);
  return rounds.reduce((y, round) => replaceAt(context, y, flat, places, round, combine), x);
}

/** Of the updates of one place the last counts. */
function lastRound(places: Int32Array): readonly number[] {
  const last = new Map<number, number>();
  places.forEach((place, i) => {
    last.set(place, i);
  });
  return [...last.values()];
}

/** Updates in rounds, in none of which a place occurs twice. */
function roundsOf(places: Int32Array): readonly (readonly number[])[] {
  const seen = new Map<number, number>();
  const rounds: number[][] = [];
  places.forEach((place, i) => {
    const round = seen.get(place) ?? 0;
    seen.set(place, round + 1);
    const list = rounds[round];
    if (list) list.push(i);
    else rounds.push([i]);
  });
  return rounds;
}

function replaceAt(
  context: OpContext,
  x: Value,
  updates: Value,
  places: Int32Array,
  round: readonly number[],
  combine: Combine,
): Value {
  const [length, all] = [round.length, sizeOf(x.shape)];
  const targets = Int32Array.from(round, i => places[i]!);
  const old = pickValue(x, pickOf(targets, [length], all));
  const chosen = pickValue(updates, pickOf(Int32Array.from(round), [length], sizeOf(updates.shape)));
  const index = Int32Array.from({ length: all }, (_, i) => i);
  targets.forEach((target, i) => {
    index[target] = all + i;
  });
  return joinParts(context, [x, combine(context, old, chosen)], pickOf(index, x.shape, all + length));
}

const scatterElements: OpRule = context => {
  const x = inputAt(context, 0);
  const indices = constantAt(context, 1, 'the index');
  const updates = inputAt(context, 2);
  const axis = axisIn(numberAttr(context, 'axis', 0), x.shape.length);
  if (`${updates.shape}` !== `${indices.shape}`) refuse(`updates [${updates.shape}] for [${indices.shape}]`);
  return [scatter(context, x, updates, elementPlaces(indices, x.shape, axis))];
};

const scatterNd: OpRule = context => {
  const x = inputAt(context, 0);
  const { places } = slicePlaces(constantAt(context, 1, 'the index'), x.shape, 0);
  return [scatter(context, x, inputAt(context, 2), places)];
};

const moves = (rule: OpRule): OpEntry => ({ rule, movesNumbers: true, limits: 'the index is a constant' });

export const scatterOps: OpTable = {
  Scatter: moves(scatterElements),
  ScatterElements: moves(scatterElements),
  ScatterND: moves(scatterNd),
};
