/**
 * NIR → groups of neurons and synapses between them. All that stands between neurons is composed to weights; what cannot be
 * composed is said at once.
 *
 * Source  NIR 1.0
 * Errors  E0130, E0132–E0135, E0513
 * Cost    linear in the synapses that come out, and those on the way
 */
import { fail, makeDiagnostic, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import type { NirValue } from '../../ir/nir-value.ts';
import { type NirGraph, type NirNode, numbersOf, readNirGraph } from './graph.ts';
import type { RealEdge, RealGroup, RealNetwork, RealPort } from './network.ts';
import {
  isNeuron,
  isSilent,
  NEURON_TYPES,
  neuronsOf,
  type RealNeurons,
  readers,
  type TimeOptions,
  timesOf,
} from './neurons.ts';
import { OPERATORS, spread } from './operators.ts';
import { type Shaped, shapeGraph } from './shapes.ts';
import { addSignals, applyMap, identityStrand, type Signal } from './strands.ts';

/** On one chip of today there are a tenth of them. */
const MOST_SYNAPSES = 2 ** 27;

export function importNir(file: NirValue, options: TimeOptions, origin: string): RealNetwork {
  const graph = withThresholds(readNirGraph(file, origin));
  const shaped = shapeGraph(graph, origin);
  const wrong = [...shaped.wrong, ...graph.nodes.flatMap(node => wrongUse(node, graph, shaped))];
  checkTime(graph, options, origin);
  if (wrong.length > 0) refuse(wrong, origin);
  return lower(graph, shaped, options, origin);
}

function refuse(wrong: readonly string[], origin: string): never {
  const help = `Neurons are ${NEURON_TYPES.join(', ')}; between them may stand ${Object.keys(OPERATORS)
    .filter(type => type !== 'Output' && !type.startsWith('Inner'))
    .join(', ')}.`;
  throw new UserError([makeDiagnostic('E0132', { origin }, { count: wrong.length }, help, wrong)]);
}

/** A threshold behind an integrator is a neuron that is not reset: the two become one node. */
function withThresholds({ nodes, edges }: NirGraph): NirGraph {
  const byName = new Map(nodes.map(node => [node.name, node]));
  const leaves = new Map<string, string[]>();
  const enters = new Map<string, string[]>();
  for (const [from, to] of edges) {
    leaves.set(from, [...(leaves.get(from) ?? []), to]);
    enters.set(to, [...(enters.get(to) ?? []), from]);
  }
  const thresholdOf = new Map<string, NirNode>();
  for (const node of nodes) {
    const [next, ...others] = leaves.get(node.name) ?? [];
    const threshold = next === undefined ? undefined : byName.get(next)!;
    const isOnly = others.length === 0 && enters.get(next ?? '')?.length === 1;
    if (isSilent(node) && threshold?.type === 'Threshold' && isOnly) thresholdOf.set(node.name, threshold);
  }
  const merged = new Map([...thresholdOf].map(([name, threshold]) => [threshold.name, name]));
  return {
    nodes: nodes
      .filter(({ name }) => !merged.has(name))
      .map(node => {
        const threshold = thresholdOf.get(node.name)?.fields.get('threshold');
        if (threshold === undefined) return node;
        return { ...node, fields: new Map([...node.fields, ['behind', threshold]]) };
      }),
    edges: edges
      .filter(([from, to]) => thresholdOf.get(from)?.name !== to)
      .map(([from, to]) => [merged.get(from) ?? from, to] as const),
  };
}

const PASSING = new Set(['Inner input', 'Inner output', 'Flatten', 'Output']);

/** What a node's place in the graph forbids. */
function wrongUse(node: NirNode, { nodes }: NirGraph, { before, after }: Shaped): readonly string[] {
  const { name, type } = node;
  if (!isNeuron(node) && type !== 'Input' && before.get(name)!.length === 0)
    return [`${name} (${type}): nothing leads to it`];
  if (!isSilent(node) || node.fields.has('behind')) return [];
  const types = new Map(nodes.map(other => [other.name, other.type]));
  const seen = new Set<string>();
  const next = [...after.get(name)!];
  for (let at = 0; at < next.length; at++) {
    const to = next[at]!;
    if (seen.has(to)) continue;
    seen.add(to);
    if (!PASSING.has(types.get(to)!))
      return [
        `${name} (${type}): its value goes to ${to}; only spikes can: put a Threshold behind it, or read it at an Output`,
      ];
    next.push(...after.get(to)!);
  }
  return [];
}

/** Errors: E0134, E0135 */
function checkTime({ nodes }: NirGraph, { dt, decay }: TimeOptions, origin: string): void {
  const delays = nodes
    .filter(({ type }) => type === 'Delay')
    .flatMap(node => Array.from(numbersOf(node, 'delay')?.data ?? []));
  const times = nodes.flatMap(timesOf).filter(tau => tau > 0);
  const all = [...times, ...delays.filter(s => s > 0)];
  if (all.length === 0) return;
  const shortest = (of: readonly number[]) =>
    of.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY).toPrecision(4);
  if (dt === undefined) fail('E0134', { origin: '--dt' }, { shortest: shortest(all) });
  // A time constant of one timestep, written in 32 bits, may lie a little below it.
  const short = nodes.filter(node => timesOf(node).some(tau => tau > 0 && dt / tau > 1 + 1e-6));
  if (decay === 'euler' && short.length > 0)
    fail('E0135', { origin }, { dt, count: short.length, shortest: shortest(short.flatMap(timesOf)) });
}

function lower(graph: NirGraph, shaped: Shaped, options: TimeOptions, origin: string): RealNetwork {
  const { shapes, before } = shaped;
  const inputs: RealPort[] = [];
  const ports = new Map<string, number>();
  let hostSize = 0;
  const groups: RealGroup[] = [];
  const numberOf = new Map<string, number>();
  const wrong: string[] = [];
  for (const node of graph.nodes) {
    const shape = shapes.get(node.name)!;
    if (node.type === 'Input') {
      ports.set(node.name, hostSize);
      inputs.push({ name: node.name, shape });
      hostSize += sizeOf(shape);
    }
    if (!isNeuron(node)) continue;
    const made = neuronsOf(node, sizeOf(shape), options);
    const neurons = typeof made === 'string' ? made : behind(node, made);
    if (typeof neurons === 'string') wrong.push(`${node.name} (${node.type}): ${neurons}`);
    else {
      numberOf.set(node.name, groups.length);
      groups.push(groupOf(node, shape, neurons));
    }
  }
  if (wrong.length > 0) refuse(wrong, origin);
  const signals = createSignals(graph, shaped, options, { numberOf, ports, hostSize, origin });
  const edges: RealEdge[] = [];
  const connect = (to: number, signal: Signal | undefined) => {
    if (signal === undefined) return;
    groups[to]!.drive.set(signal.drive);
    for (const { from, delay, synapses } of signal.strands)
      if (synapses.targets.length > 0) edges.push({ from, to, delay, synapses });
  };
  for (const [name, to] of numberOf) connect(to, signals.into(name));
  const outputs = graph.nodes.flatMap(node => {
    if (node.type !== 'Output') return [];
    const shape = shapes.get(node.name)!;
    const own = soleNeuron(node.name, graph, before);
    const found = own === undefined ? undefined : numberOf.get(own);
    if (found !== undefined) return [{ name: node.name, shape, group: found }];
    const group = groups.push(groupOf(node, shape, readers(sizeOf(shape)))) - 1;
    connect(group, signals.into(node.name));
    return [{ name: node.name, shape, group }];
  });
  if (outputs.length === 0) fail('E0133', { origin }, { problem: 'it has no Output' });
  return { groups, edges, inputs, hostSize, outputs };
}

/** The threshold that was a node of its own. */
function behind(node: NirNode, neurons: RealNeurons): RealNeurons | string {
  if (!node.fields.has('behind')) return neurons;
  const threshold = spread(numbersOf(node, 'behind'), neurons.keep.length);
  return threshold === undefined ? 'the threshold behind it has another size' : { ...neurons, threshold };
}

function groupOf(node: NirNode, shape: readonly number[], neurons: RealNeurons): RealGroup {
  const { name, type, fields } = node;
  const size = sizeOf(shape);
  const metadata = fields.get('metadata');
  const said = metadata?.kind === 'group' ? metadata.entries.get('snnc_fraction') : undefined;
  const fraction = said?.kind === 'numbers' ? said.data[0] : undefined;
  return { name, origin: name, type, shape, size, neurons, drive: new Float64Array(size), fraction };
}

/** The neuron that an output repeats, element by element. */
function soleNeuron(name: string, { nodes }: NirGraph, before: Shaped['before']): string | undefined {
  const byName = new Map(nodes.map(node => [node.name, node]));
  for (let at = name, left = nodes.length; left >= 0; left--) {
    const sources = before.get(at)!;
    if (sources.length !== 1) return undefined;
    at = sources[0]!;
    const node = byName.get(at)!;
    if (isNeuron(node)) return at;
    if (!PASSING.has(node.type)) return undefined;
  }
  return undefined;
}

interface Sources {
  readonly numberOf: ReadonlyMap<string, number>;
  readonly ports: ReadonlyMap<string, number>;
  readonly hostSize: number;
  readonly origin: string;
}

/** What every map gives, made in an order in which each comes after what it reads. Errors: E0133 a loop without a neuron, E0513 */
function createSignals(
  graph: NirGraph,
  { shapes, maps, before, after }: Shaped,
  { dt = 1 }: TimeOptions,
  sources: Sources,
) {
  const { origin } = sources;
  const made = new Map<string, Signal>();
  const sourceOf = (name: string): Signal => {
    const shape = shapes.get(name)!;
    const size = sizeOf(shape);
    const drive = new Float64Array(size);
    const port = sources.ports.get(name);
    if (port !== undefined)
      return { shape, strands: [identityStrand('host', size, sources.hostSize, port)], drive };
    return { shape, strands: [identityStrand(sources.numberOf.get(name)!, size)], drive };
  };
  const into = (name: string): Signal | undefined => {
    const given = before.get(name)!.map(from => made.get(from) ?? sourceOf(from));
    return given.length === 0 ? undefined : addSignals(given);
  };
  const waits = new Map(
    [...maps.keys()].map(name => [name, before.get(name)!.filter(from => maps.has(from)).length]),
  );
  const ready = [...maps.keys()].filter(name => waits.get(name) === 0);
  for (let at = 0; at < ready.length; at++) {
    const name = ready[at]!;
    const signal = applyMap(into(name)!, maps.get(name)!, dt, MOST_SYNAPSES);
    if (signal === undefined) return fail('E0513', { origin }, { node: name, most: MOST_SYNAPSES });
    made.set(name, signal);
    for (const next of after.get(name)!) {
      if (!waits.has(next)) continue;
      waits.set(next, waits.get(next)! - 1);
      if (waits.get(next) === 0) ready.push(next);
    }
  }
  const stuck = graph.nodes.find(({ name }) => maps.has(name) && !made.has(name));
  if (stuck !== undefined)
    fail('E0133', { origin }, { problem: `${stuck.name} feeds itself without a neuron in between` });
  return { into };
}
