/**
 * Puts a multi-threshold neuron before every linear layer and every operand of a product, makes an
 * expectation-compensated soma of every other function, and gathers each soma and the neuron behind it into
 * one population: gather · function · emit.
 *
 *     %n = layernorm(%x);  %y = linear(%n) {weight};  %g = pointwise(%y) {gelu}
 *   becomes
 *     %ln1.relay = relay(%res)        %ln1 = population(%ln1.relay) {layernorm, emit=mt{…}}
 *     %fc1.linear = linear(%ln1)      %fc1 = population(%fc1.linear) {pointwise gelu, emit=mt{…}}
 *
 * Source     ECMT Algorithm 1, step 2; Eq. 19; design 1 (a population) and 3 §3 (fused EC + MT)
 * Needs      thresholds per site (calibrate), the coding and the number of timesteps
 * Preserves  with every emit a relay: values exactly, for every T; with mt: approaches them as T grows
 * Errors     E0302 a function that no soma computes · E0303 several outputs
 */
import type { AnnGraph, AnnNode, ann } from '../../ir/ann.ts';
import { defect, type Report } from '../../ir/diagnostics/diagnostic.ts';
import { type Axis, sizeOf, type TensorType, type ValueId } from '../../ir/dialect.ts';
import {
  type Coding,
  isSpiking,
  type SnnEmit,
  type SnnFunction,
  type SnnGraph,
  type SnnNode,
  type SnnProjection,
  snn,
} from '../../ir/snn.ts';
import { settleConstants } from '../constants-of-gather.ts';
import type { Term } from '../gather.ts';
import type { Pass } from '../pass.ts';
import { type Form, type Planned, planPopulations, readsOf } from '../plan.ts';
import { unsupportedFunctions } from '../population-functions.ts';
import { nameSites } from '../population-names.ts';

export interface ConvertNeeds {
  readonly coding: Coding;
  readonly steps: number;
  /** How the value of each site is sent; values that are not in the map are relayed. */
  readonly emits: ReadonlyMap<ValueId, SnnEmit>;
}

export const convert: Pass<typeof ann, typeof snn, ConvertNeeds> = {
  name: 'convert',
  summary: 'Turn tensors into spiking populations: multi-threshold neurons and expectation compensation.',
  source: 'ECMT Algorithm 1',

  run(graph, needs, report) {
    const { coding, steps } = needs;
    const isSound = checkConvertible(graph, report);
    if (!isSound) return emptyNetwork(graph, needs);
    const builder = createBuilder(graph, needs);
    const outputs = builder.readouts();
    return {
      dialect: snn,
      name: graph.name,
      attrs: { coding, steps },
      nodes: builder.nodes,
      outputs,
      constants: graph.constants,
      tables: {},
    } satisfies SnnGraph;
  },
};

/** Stands for what did not convert; the diagnostics have said why. */
const emptyNetwork = ({ name, constants }: AnnGraph, { coding, steps }: ConvertNeeds): SnnGraph => ({
  dialect: snn,
  name,
  attrs: { coding, steps },
  nodes: [],
  outputs: [],
  constants,
  tables: {},
});

/** Says at once everything that stands in the way; a graph that passes here converts. Needs no calibration. */
export function checkConvertible(graph: AnnGraph, report: Report): boolean {
  const unsupported = unsupportedFunctions(graph);
  for (const { node, what, help } of unsupported) {
    report('E0302', { origin: node.origin, pass: 'convert' }, { what }, help);
  }
  const names = graph.nodes.flatMap(node => (node.kind === 'output' ? [node.attrs.name] : []));
  if (graph.outputs.length !== 1) {
    const facts = { count: graph.outputs.length, outputs: names.join(', ') };
    report('E0303', { origin: graph.name, pass: 'convert' }, facts);
  }
  return unsupported.length === 0 && graph.outputs.length === 1;
}

function createBuilder(graph: AnnGraph, needs: ConvertNeeds) {
  const plan = planPopulations(graph);
  const names = nameSites(graph);
  const nodes: SnnNode[] = [];
  const made = new Map<string, ValueId>();
  const used = new Set<string>();
  const planned = (id: ValueId): Planned => plan.populations.get(id) ?? defect(`${id} is not planned`);

  /** What `value` sends in this form; made on first use. */
  function emission(value: ValueId, form: Form): ValueId {
    const { node } = planned(value);
    const emit = emitOf(value, form);
    if (node.kind === 'input' && emit.kind === 'relay') return inputNode(node);
    const key = `${value} ${emit.kind}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const id = addPopulation(planned(value), emit);
    made.set(key, id);
    return id;
  }

  const emitOf = (value: ValueId, form: Form): SnnEmit =>
    form === 'readout'
      ? { kind: 'readout' }
      : ((form === 'spikes' ? needs.emits.get(value) : undefined) ?? { kind: 'relay' });

  function inputNode(node: Extract<AnnNode, { kind: 'input' }>): ValueId {
    const id: ValueId = '%input';
    if (!nodes.some(n => n.id === id)) {
      const { type, origin } = node;
      nodes.push({ kind: 'input', id, operands: [], attrs: { name: node.attrs.name }, type, origin });
    }
    return id;
  }

  function addPopulation(value: Planned, emit: SnnEmit): ValueId {
    const { node } = value;
    const isSecond = isSpiking(emit) && isSentTwice(value);
    const terms: readonly Term[] = isSecond
      ? [{ kind: 'relay', x: { value: node.id, map: undefined } }]
      : value.terms;
    const fn: SnnFunction = (isSecond ? undefined : value.fn) ?? { kind: 'identity' };
    const type: TensorType = { element: 'real', shape: populationShape(node, terms, fn) };
    const sources = terms.map(sourcesOf);
    const name = uniqueName(names.get(node.id) ?? node.kind, emit, node);
    const settled = settleConstants(terms, type.shape, graph.constants);
    const operands = settled.map(({ term, bias }, i) => {
      const id: ValueId = `%${name}.${term.kind}${i === 0 ? '' : i}`;
      const position = terms.indexOf(term);
      nodes.push(projectionOf(term, bias, id, sources[position] ?? [], type, name));
      return id;
    });
    const id: ValueId = `%${name}`;
    const attrs = { axes: axesOf(type.shape), function: fn, emit };
    nodes.push({ kind: 'population', id, operands, attrs, type, origin: node.origin });
    return id;
  }

  const sourcesOf = (term: Term): readonly ValueId[] =>
    readsOf(term).map(([x, form]) => emission(x.value, form));

  function uniqueName(wanted: string, emit: SnnEmit, node: AnnNode): string {
    const isSecond = emit.kind === 'relay' && used.has(wanted);
    const base = node.kind === 'input' ? 'image' : isSecond ? `${wanted}.graded` : wanted;
    let name = base;
    for (let i = 2; used.has(name); i++) name = `${base}.${i}`;
    used.add(name);
    return name;
  }

  return { nodes, readouts: () => plan.readouts.map(id => emission(id, 'readout')) };
}

/** Where weights stand before a value that is sent as spikes and graded, the spikes are made of the graded. */
const isSentTwice = ({ node, forms, terms }: Planned): boolean =>
  node.kind !== 'input' &&
  forms.has('graded') &&
  terms.some(({ kind }) => kind !== 'relay' && kind !== 'bias');

function projectionOf(
  term: Term,
  bias: SnnProjectionBias,
  id: ValueId,
  operands: readonly ValueId[],
  type: TensorType,
  name: string,
): SnnProjection {
  const origin = term.kind === 'relay' ? name : term.origin;
  const base = { id, operands, type, origin };
  switch (term.kind) {
    case 'relay':
      return { ...base, kind: 'relay', attrs: { map: term.x.map } };
    case 'linear': {
      const attrs = { weight: term.weight, bias, map: term.x.map, rows: type.shape[1]! };
      return { ...base, kind: 'linear', attrs };
    }
    case 'depthwise':
      return { ...base, kind: 'depthwise', attrs: { weight: term.weight, map: term.x.map } };
    case 'maximum':
      return { ...base, kind: 'maximum', attrs: { map: term.x.map, taps: term.taps } };
    case 'product': {
      const attrs = { mapA: term.a.map, mapB: term.b.map, inner: term.inner };
      return { ...base, kind: 'product', attrs };
    }
    case 'hadamard':
      return { ...base, kind: 'hadamard', attrs: { mapA: term.a.map, mapB: term.b.map } };
    case 'bias':
      return { ...base, kind: 'bias', attrs: { value: term.value } };
    default:
      return term satisfies never;
  }
}
type SnnProjectionBias = Extract<SnnProjection, { kind: 'linear' }>['attrs']['bias'];

/**
 * Every population has three axes; missing leading ones have size 1. A linear has rows and no groups; the axis of
 * size 1 that a reduction leaves is none, so that what was reduced lies beside each other and costs one axon.
 */
function populationShape({ type }: AnnNode, terms: readonly Term[], fn: SnnFunction): readonly number[] {
  const has = (kind: Term['kind']) => terms.some(term => term.kind === kind);
  const isElementwise = fn.kind === 'identity' || fn.kind === 'pointwise';
  const isOpen = isElementwise && !has('product') && !has('linear') && type.shape.length > 1;
  const shape = isOpen && type.shape.at(-1) === 1 ? type.shape.slice(0, -1) : type.shape;
  if (has('linear')) return [1, sizeOf(shape.slice(0, -1)), shape.at(-1)!];
  if (shape.length > 3) return [sizeOf(shape.slice(0, -2)), ...shape.slice(-2)];
  return [...[1, 1, 1].slice(shape.length), ...shape];
}

export function axesOf(shape: readonly number[]): readonly Axis[] {
  const [groups, rows, channels] = shape as [number, number, number];
  return [
    { name: 'groups', size: groups, unrolled: 'space' },
    { name: 'rows', size: rows, unrolled: 'space' },
    { name: 'channels', size: channels, unrolled: 'space' },
  ];
}
