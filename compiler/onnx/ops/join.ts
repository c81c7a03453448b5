/** Several values laid into one: concatenation, constants beside data. */
import { sizeOf } from '../../../ir/dialect.ts';
import { putAffine } from '../../ann/draft.ts';
import { joinPick, type Pick } from '../../ann/indices.ts';
import { concatenate, select } from '../../ann/selection.ts';
import {
  checkShape,
  constantOf,
  dataOf,
  type OpContext,
  offsetValues,
  pickValue,
  refuse,
  type Value,
} from '../context.ts';
import { makeNumbers } from '../tensor.ts';

/** Layers of dense networks have 3 million; joined to itself again and again a tensor takes no time to grow. */
const MAX_JOINED = 2 ** 23;

/** Side by side along one axis. */
export function joinAlong(context: OpContext, parts: readonly Value[], axis: number): Value {
  const [head, ...others] = parts;
  if (head === undefined) return refuse('it has no inputs');
  for (const { shape } of others) {
    if (shape.length !== head.shape.length || `${shape.with(axis, 0)}` !== `${head.shape.with(axis, 0)}`)
      refuse(`[${head.shape}] and [${shape}] do not join`);
  }
  if (others.length === 0) return head;
  const total = parts.reduce((n, part) => n + part.shape[axis]!, 0);
  const size = sizeOf(checkShape(head.shape.with(axis, total)));
  if (size > MAX_JOINED && parts.some(part => part.kind === 'data'))
    refuse(`${size} numbers side by side, more than any layer of a network for a chip`);
  const shapes = parts.map(part => part.shape);
  return joinParts(context, parts, joinPick(shapes, axis));
}

/**
 * Elements of all parts laid end to end. Data beside constants (the class token) becomes a view with holes and an
 * affine shift that fills them: on the chip a constant row is a bias.
 */
export function joinParts(context: OpContext, parts: readonly Value[], pick: Pick): Value {
  if (parts.every(part => part.kind === 'constant')) return pickValue(constantsOf(parts), pick);
  const joined = concatenate(parts.map(part => (part.kind === 'data' ? part : sizeOf(part.shape))));
  const length = parts.reduce((n, part) => n + sizeOf(part.shape), 0);
  const data = dataOf(select({ ...joined, shape: [length] }, pick));
  if (parts.every(part => part.kind === 'data') || sizeOf(pick.shape) === 0) return data;
  const fill = pickValue(constantsOf(parts), pick);
  if (fill.kind !== 'constant') return refuse('it joins nothing');
  return dataOf(putAffine(context.draft, data, undefined, offsetValues(fill), context.node.name));
}

/** All parts end to end, 0 where a part is data. */
function constantsOf(parts: readonly Value[]): Value {
  const known = parts.find(part => part.kind === 'constant');
  const element = known?.element ?? 'float32';
  const data = makeNumbers(
    element,
    parts.reduce((n, part) => n + sizeOf(part.shape), 0),
  );
  let at = 0;
  for (const part of parts) {
    if (part.kind === 'constant') data.set(part.data, at);
    at += sizeOf(part.shape);
  }
  return constantOf(element, [data.length], data);
}
