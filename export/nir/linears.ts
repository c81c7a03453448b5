/**
 * What NIR can say of a Vision Transformer on a chip: the weights of its linear projections, as the chip has them. Each is a chain of its
 * own, Input → Affine → Output, named after its population: what joins them are neurons that NIR has none of.
 *
 * Preserves  weights and biases: whole numbers times powers of two, exact in 64 bits
 * Errors     E0755 no such population · E0758 nothing to write
 */
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { nodeMap } from '../../ir/dialect.ts';
import type { IntGraph, IntNode, IntOf } from '../../ir/int.ts';
import { type NirGroup, nirGroup, nirText } from '../../ir/nir-value.ts';
import { NIR_VERSION } from './export.ts';
import { node, wholes } from './nodes.ts';

type Linear = IntOf<'linear'>;

export interface LinearsExport {
  readonly file: NirGroup;
  readonly summary: { readonly nodes: number; readonly weights: number; readonly populations: number };
  readonly lost: readonly string[];
}

export function exportLinears(graph: IntGraph, wanted: readonly string[], origin: string): LinearsExport {
  const byId = nodeMap(graph.nodes);
  const populations = graph.nodes.filter(node => node.kind === 'population');
  const names = populations.map(({ id }) => id.slice(1));
  const missing = wanted.find(name => !names.includes(name));
  if (missing !== undefined) fail('E0755', { origin }, { name: missing, known: names.join(', ') });
  const nodes = new Map<string, NirGroup>();
  const edges: string[] = [];
  const left: string[] = [];
  let weights = 0;
  for (const population of populations) {
    const name = population.id.slice(1);
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const linears = population.operands.map(id => byId.get(id)).filter(node => node?.kind === 'linear');
    if (linears.length === 0) left.push(name);
    for (const linear of linears) {
      const own = linears.length === 1 ? name : linear.id.slice(1);
      const affine = affineOf(linear, byId.get(linear.operands[0]!)!, graph);
      const [outs, ins] = affine.shape as [number, number];
      weights += outs * ins;
      nodes.set(`${own}.in`, node('Input', { shape: wholes([ins]) }));
      nodes.set(own, affine.node);
      nodes.set(`${own}.out`, node('Output', { shape: wholes([outs]) }));
      edges.push(`${own}.in`, own, own, `${own}.out`);
    }
  }
  if (nodes.size === 0) fail('E0758', { origin }, {});
  return {
    file: nirGroup([
      [
        'node',
        node('NIRGraph', { nodes: nirGroup(nodes), edges: { kind: 'texts', columns: 2, texts: edges } }),
      ],
      ['version', nirText(NIR_VERSION)],
    ]),
    summary: { nodes: nodes.size, weights, populations: nodes.size / 3 },
    lost: [
      'neurons: those of a ViT fire signed powers of two through tables, which NIR has no node for; so every projection stands alone',
      'tokens: an Affine is what one token goes through',
      ...(left.length > 0 ? [`products, norms, softmax, residual sums: ${left.join(', ')}`] : []),
      'where neurons sit, routes and costs',
    ],
  };
}

/** Fraction bits of what a payload of 1 stands for. */
function unitOf(source: IntNode): number {
  if (source.kind === 'input') return source.attrs.fraction;
  if (source.kind !== 'population') return 0;
  const { emit, outFraction } = source.attrs;
  return emit.kind === 'mt' ? emit.theta : outFraction;
}

function affineOf({ attrs, id, origin }: Linear, source: IntNode, { constants }: IntGraph) {
  const weight = constants.get(attrs.weight);
  const scale = constants.get(attrs.scale).data;
  const [ins, outs] = weight.shape as [number, number];
  const unit = unitOf(source);
  const of = (o: number) => 2 ** -scale[scale.length === 1 ? 0 : o]!;
  const data = new Float64Array(outs * ins);
  for (let i = 0; i < ins; i++)
    for (let o = 0; o < outs; o++) data[o * ins + i] = weight.data[i * outs + o]! * of(o) * 2 ** unit;
  const bias = attrs.bias === undefined ? undefined : constants.get(attrs.bias);
  // A bias for each row differs by token; an Affine has one, and the first row’s would be a guess.
  const isOne = bias !== undefined && bias.data.length === outs;
  const metadata = nirGroup([
    ['snnc_projection', nirText(id.slice(1))],
    ['snnc_onnx_node', nirText(origin)],
    ['snnc_bias', nirText(bias === undefined ? 'none' : isOne ? 'here' : 'one for each token, left out')],
  ]);
  const biases = Float64Array.from({ length: outs }, (_, o) => (isOne ? bias.data[o]! * of(o) : 0));
  return {
    shape: [outs, ins],
    node: node('Affine', {
      weight: { kind: 'numbers', shape: [outs, ins], data, store: 'float64' },
      bias: { kind: 'numbers', shape: [outs], data: biases, store: 'float64' },
      metadata,
    }),
  };
}
