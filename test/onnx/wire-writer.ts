/** Protobuf by hand, for what an encoder would not write: unpacked lists, new fields, lies about lengths. */

export type Payload =
  | number
  | bigint
  | string
  | Uint8Array
  | { readonly f32: number }
  | { readonly f64: number };

export function varint(value: number | bigint): readonly number[] {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const text = new TextEncoder();

/** The wire type follows from the payload: number → varint, text and bytes → length-delimited. */
export function field(number: number, payload: Payload): Uint8Array {
  const tag = (wire: number) => varint(number * 8 + wire);
  if (typeof payload === 'number' || typeof payload === 'bigint')
    return Uint8Array.from([...tag(0), ...varint(payload)]);
  if (typeof payload === 'object' && 'f32' in payload)
    return join(Uint8Array.from(tag(5)), new Uint8Array(Float32Array.of(payload.f32).buffer));
  if (typeof payload === 'object' && 'f64' in payload)
    return join(Uint8Array.from(tag(1)), new Uint8Array(Float64Array.of(payload.f64).buffer));
  const bytes = typeof payload === 'string' ? text.encode(payload) : payload;
  return join(Uint8Array.from([...tag(2), ...varint(bytes.length)]), bytes);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Fields in order; a list as payload is a message. */
export type Tree = readonly (readonly [number, Payload | Tree])[];
export const message = (tree: Tree): Uint8Array =>
  join(...tree.map(([number, value]) => field(number, isTree(value) ? message(value) : value)));
const isTree = (value: Payload | Tree): value is Tree => Array.isArray(value);

export const value = (name: string): Tree => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, 1],
          [
            2,
            [
              [1, [[1, 1]]],
              [1, [[1, 4]]],
            ],
          ],
        ],
      ],
    ],
  ],
];

export interface NodeSpec {
  readonly op: string;
  readonly in?: readonly string[];
  readonly out?: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly more?: Tree;
}
export const node = ({ op, in: inputs = [], out = [], name, domain, more = [] }: NodeSpec): Tree => [
  ...inputs.map(input => [1, input] as const),
  ...out.map(output => [2, output] as const),
  ...(name === undefined ? [] : [[3, name] as const]),
  [4, op],
  ...(domain === undefined ? [] : [[7, domain] as const]),
  ...more,
];

/** One network from `x` to `y`, both [1, 4]. */
export function model(
  nodes: readonly NodeSpec[],
  { graph = [], more = [], opset = 17 }: { graph?: Tree; more?: Tree; opset?: number } = {},
): Uint8Array {
  const parts: Tree = [
    ...nodes.map(n => [1, node(n)] as const),
    [11, value('x')],
    [12, value('y')],
    ...graph,
  ];
  return message([
    [1, 8],
    [7, parts],
    [
      8,
      [
        [1, ''],
        [2, opset],
      ],
    ],
    ...more,
  ]);
}
