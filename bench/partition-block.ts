/** One Transformer block as tiles of a token and a head, one net for each tile and set of readers. */
import { type PackProblem, type PlainItem, type PlainNet, packProblem } from '../compiler/mapping/packing.ts';

export interface BlockShape {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

/** A tile of one tensor: its neurons by number among all of the block's. */
export interface BlockTile {
  readonly tensor: string;
  readonly token: number;
  readonly part: number;
  readonly neurons: number;
}

export interface Block {
  readonly problem: PackProblem;
  readonly tiles: readonly BlockTile[];
  readonly nets: readonly PlainNet[];
}

/** Tensors by the number of parts of a token; who reads what is in `readersOf`. */
export function blockProblem({ tokens, width, heads, hidden }: BlockShape, limit: number): Block {
  const head = width / heads;
  const fc1 = hidden / width;
  const tensors: readonly (readonly [name: string, parts: number, neurons: number])[] = [
    ['x', heads, head],
    ['ln1', heads, head],
    ['q', heads, head],
    ['k', heads, head],
    ['v', heads, head],
    ['scores', heads, tokens],
    ['softmax', heads, tokens],
    ['attention', heads, head],
    ['projection', heads, head],
    ['res1', heads, head],
    ['ln2', heads, head],
    ['fc1', fc1, hidden / fc1],
    ['fc2', heads, head],
    ['res2', heads, head],
  ];
  const tiles: BlockTile[] = [];
  const numbers = new Map<string, number>();
  for (let token = 0; token < tokens; token++) {
    for (const [tensor, parts, neurons] of tensors) {
      for (let part = 0; part < parts; part++) {
        numbers.set(`${tensor} ${token} ${part}`, tiles.length);
        tiles.push({ tensor, token, part, neurons });
      }
    }
  }
  const partsOf = new Map(tensors.map(([name, parts]) => [name, parts]));
  const whole = (tensor: string, token: number) =>
    Array.from({ length: partsOf.get(tensor)! }, (_, part) => numbers.get(`${tensor} ${token} ${part}`)!);
  const own = (tensor: string, token: number, part: number) => [numbers.get(`${tensor} ${token} ${part}`)!];
  const everyToken = (tensor: string, part: number) =>
    Array.from({ length: tokens }, (_, token) => numbers.get(`${tensor} ${token} ${part}`)!);
  const readers: Readonly<Record<string, (token: number, part: number) => number[]>> = {
    x: (t, p) => [...whole('ln1', t), ...own('res1', t, p)],
    ln1: t => [...whole('q', t), ...whole('k', t), ...whole('v', t)],
    q: (t, p) => own('scores', t, p),
    k: (_, p) => everyToken('scores', p),
    v: (_, p) => everyToken('attention', p),
    scores: (t, p) => own('softmax', t, p),
    softmax: (t, p) => own('attention', t, p),
    attention: t => whole('projection', t),
    projection: (t, p) => own('res1', t, p),
    res1: (t, p) => [...whole('ln2', t), ...own('res2', t, p)],
    ln2: t => whole('fc1', t),
    fc1: t => whole('fc2', t),
    fc2: (t, p) => own('res2', t, p),
    res2: () => [],
  };
  const nets = tiles.flatMap(({ tensor, token, part, neurons }, source): readonly PlainNet[] => {
    const targets = readers[tensor]!(token, part);
    return targets.length === 0 ? [] : [{ weight: neurons, source, targets }];
  });
  const items = tiles.map((tile): PlainItem => ({ demand: [tile.neurons] }));
  return { problem: packProblem([limit], items, nets), tiles, nets };
}
