/**
 * Plain neurons as NIR: what the chip was loaded with, in the format's own terms. Weights and thresholds are its integers times
 * their units, decays its 4,096ths as time constants of the timestep; compiled again they become the same integers.
 *
 * Source     NIR 1.0 (fields of its nodes)
 * Preserves  integers; not the reset by subtraction, which NIR has no word for, and saturation
 * Errors     E0762 what NIR cannot say · E0763 dense weights beyond bounds
 */
import type { ChipProgram, PlainEmit } from '../../backends/program/program.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { findLoops } from '../../ir/loops.ts';
import { type NirGroup, type NirNumbers, type NirValue, nirGroup, nirText } from '../../ir/nir-value.ts';
import { at, type LifNetwork, neuronsOf, readNetwork } from '../../runtime-sim/lif/network.ts';
import { type Bundle, bundlesOf, MOST_WEIGHTS } from './bundles.ts';
import { node, reals, wholes } from './nodes.ts';

/** What the manifest adds to the programs; without it potentials are whole and there is one input. */
export interface NirNames {
  /** Seconds; null: of any length. */
  readonly dt: number | null;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly outputs: readonly { readonly name: string; readonly population: string }[];
  /** Of each population. */
  readonly fractions: readonly number[];
}

export interface NirExport {
  readonly file: NirGroup;
  readonly summary: {
    readonly nodes: number;
    readonly edges: number;
    readonly neurons: number;
    readonly weights: number;
  };
  readonly lost: readonly string[];
}

/** Neurons of a population, one number each. */
interface Group {
  readonly name: string;
  readonly size: number;
  readonly depth: number;
  readonly fraction: number;
  readonly reset: PlainEmit['reset'];
  readonly threshold: Float64Array;
  readonly resetTo: Float64Array;
  readonly bias: Float64Array;
  readonly keep: Float64Array;
  readonly keepCurrent: Float64Array;
  readonly currentBias: Float64Array;
  readonly gain: Float64Array;
  readonly isSilent: boolean;
}

type Nodes = Map<string, NirGroup>;
type Edges = (readonly [string, string])[];

export function exportNir(programs: readonly ChipProgram[], names: NirNames, origin: string): NirExport {
  const network = readNetwork(programs);
  const groups = groupsOf(network, names, origin);
  const bundles = bundlesOf(network, origin);
  const weights = bundles.reduce(
    (n, { from, to }) => n + sizeFrom(from, groups, network) * groups[to]!.size,
    0,
  );
  if (weights > MOST_WEIGHTS) fail('E0763', { origin }, { weights, most: MOST_WEIGHTS });
  const lags = lagsOf(bundles, groups, origin);
  const dt = names.dt ?? 1;
  const nodes: Nodes = new Map();
  const edges: Edges = [];
  const hosts = hostNodes(names, network.hostSize, nodes, edges);
  const entry = groups.map((group, g) =>
    neuronNodes(
      group,
      bundles.some(({ to }) => to === g),
      dt,
      nodes,
      edges,
    ),
  );
  const biased = new Set<number>();
  for (const [b, bundle] of bundles.entries()) {
    const group = groups[bundle.to]!;
    const isFirst = !biased.has(bundle.to);
    biased.add(bundle.to);
    for (const [source, first, size] of sourcesOf(bundle, groups, hosts)) {
      const name = unused(`${source}.to.${group.name}`, nodes);
      nodes.set(name, weightNode(bundle, group, [first, size], isFirst && first === 0));
      edges.push([source, name]);
      const lag = lags[b]!;
      const late = lag === 0 ? name : unused(`${name}.delay`, nodes);
      if (lag > 0) {
        nodes.set(late, node('Delay', { delay: reals(new Float64Array(group.size).fill(lag * dt)) }));
        edges.push([name, late]);
      }
      edges.push([late, entry[bundle.to]!.entry]);
    }
  }
  for (const { name, population } of outputsOf(names, groups, bundles)) {
    const own = groups.findIndex(group => group.name === population);
    const port = unused(name, nodes);
    nodes.set(port, node('Output', { shape: wholes([groups[own]!.size]) }));
    edges.push([entry[own]!.exit, port]);
  }
  const metadata = nirGroup([['snnc_dt', reals(Float64Array.of(dt), [])]]);
  const graph = node('NIRGraph', {
    nodes: nirGroup(nodes),
    edges: { kind: 'texts', columns: 2, texts: edges.flat() },
    metadata,
  });
  return {
    file: nirGroup([
      ['node', graph],
      ['version', nirText(NIR_VERSION)],
    ]),
    summary: {
      nodes: nodes.size,
      edges: edges.length,
      neurons: groups.reduce((n, { size }) => n + size, 0),
      weights,
    },
    lost: lostOf(groups, names),
  };
}

/** Version of the format whose fields these are. */
export const NIR_VERSION = '1.0.8';

/** Names are keys of a file's folders, in which a slash parts folders. */
const plain = (name: string): string => name.replaceAll('/', '.');

function unused(name: string, nodes: Nodes): string {
  const wanted = plain(name);
  let found = wanted;
  for (let i = 1; nodes.has(found); i++) found = `${wanted}_${i}`;
  return found;
}

function groupsOf(
  { tiles, programs, stateTop }: LifNetwork,
  names: NirNames,
  origin: string,
): readonly Group[] {
  return programs[0]!.header.populations.map(({ name, shape }, population) => {
    const size = sizeOf(shape);
    const own = tiles.filter(({ program }) => program.population === population);
    const [first] = own;
    if (first === undefined)
      return fail('E0762', { origin }, { population: name, problem: 'it stands on no core' });
    const emits = own.map(neuronsOf);
    const isOne = own.every(
      ({ program }, i) => program.depth === first.program.depth && emits[i]!.reset === emits[0]!.reset,
    );
    if (!isOne) fail('E0762', { origin }, { population: name, problem: 'its parts run differently' });
    const fraction = names.fractions[population] ?? 0;
    const gather = (of: (emit: PlainEmit, i: number) => number) => {
      const out = new Float64Array(size);
      for (const [t, { members }] of own.entries())
        members.forEach((member, i) => {
          out[member] = of(emits[t]!, i);
        });
      return out;
    };
    const unit = 2 ** -fraction;
    const scaled = (list: 'threshold' | 'resetTo' | 'bias') => gather((emit, i) => at(emit[list], i) * unit);
    if (gather((emit, i) => at(emit.initial, i)).some(v => v !== 0))
      fail('E0762', { origin }, { population: name, problem: 'its neurons do not begin at 0' });
    const whole = gather((emit, i) => at(emit.threshold, i));
    const isSilent = whole.every(threshold => threshold >= stateTop);
    return {
      ...{ name, size, fraction, isSilent, depth: first.program.depth, reset: emits[0]!.reset },
      ...{ threshold: scaled('threshold'), resetTo: scaled('resetTo'), bias: scaled('bias') },
      keep: gather((emit, i) => 1 - at(emit.leak, i) / 4096),
      keepCurrent: gather((emit, i) => (emit.kind === 'cuba' ? 1 - at(emit.currentLeak, i) / 4096 : 0)),
      currentBias: gather((emit, i) => (emit.kind === 'cuba' ? at(emit.currentBias, i) * unit : 0)),
      gain: gather((emit, i) => (emit.kind === 'cuba' ? 2 ** at(emit.gain, i) : 1) * unit),
    };
  });
}

const sizeFrom = (from: Bundle['from'], groups: readonly Group[], { hostSize }: LifNetwork): number =>
  from === 'host' ? hostSize : groups[from]!.size;

/** Timesteps of each bundle that NIR must be told: 0 within a timestep, and one in a loop needs no word. */
function lagsOf(bundles: readonly Bundle[], groups: readonly Group[], origin: string): readonly number[] {
  const next = groups.map((): number[] => []);
  for (const { from, to } of bundles) if (from !== 'host') next[from]!.push(to);
  const { loopOf } = findLoops(next);
  return bundles.map(({ from, to, delay }) => {
    const lag = delay + 1 + (from === 'host' ? 0 : groups[from]!.depth) - groups[to]!.depth;
    const problem = `what reaches it from ${from === 'host' ? 'the host' : groups[from]!.name} comes before its time`;
    if (lag < 0) fail('E0762', { origin }, { population: groups[to]!.name, problem });
    return from !== 'host' && loopOf[from] === loopOf[to] && lag === 1 ? 0 : lag;
  });
}

/** Inputs, flat. */
function hostNodes(names: NirNames, hostSize: number, nodes: Nodes, edges: Edges) {
  const inputs =
    names.inputs.length > 0 ? names.inputs : hostSize > 0 ? [{ name: 'input', shape: [hostSize] }] : [];
  let first = 0;
  return inputs.map(({ name, shape }): readonly [string, number, number] => {
    const size = sizeOf(shape);
    const port = unused(name, nodes);
    nodes.set(port, node('Input', { shape: wholes(shape) }));
    const place = [first, size] as const;
    first += size;
    if (shape.length === 1) return [port, ...place];
    const flat = unused(`${name}.flat`, nodes);
    const fields = { start_dim: wholes([0]), end_dim: wholes([-1]), input_type: wholes(shape) };
    const scalar = (numbers: NirNumbers): NirNumbers => ({ ...numbers, shape: [] });
    nodes.set(
      flat,
      node('Flatten', { ...fields, start_dim: scalar(fields.start_dim), end_dim: scalar(fields.end_dim) }),
    );
    edges.push([port, flat]);
    return [flat, ...place];
  });
}

const sourcesOf = (
  { from }: Bundle,
  groups: readonly Group[],
  hosts: readonly (readonly [string, number, number])[],
) => (from === 'host' ? hosts : [[exitOf(groups[from]!), 0, groups[from]!.size] as const]);

const hasThreshold = ({ isSilent, reset }: Group): boolean => !isSilent && reset === 'none';
const exitOf = (group: Group): string => plain(hasThreshold(group) ? `${group.name}.threshold` : group.name);

/** What is kept for ever decays so slowly that a chip’s decay does not see it. */
const NEVER = 2 ** -40;

/** The neurons as one node, or two; names of the ones that are entered and left. */
function neuronNodes(group: Group, isFed: boolean, dt: number, nodes: Nodes, edges: Edges) {
  const { size, keep, keepCurrent, bias, threshold, resetTo, fraction, isSilent, reset } = group;
  const name = plain(group.name);
  const make = (of: (i: number) => number) => reals(Float64Array.from({ length: size }, (_, i) => of(i)));
  const share = (kept: number) => Math.max(1 - kept, NEVER);
  const isCuba = keepCurrent.some(kept => kept > 0);
  // Without an edge that could carry them, biases are the potential that neurons tend to.
  const isIntegrator = keep.every(kept => kept === 1) && !isCuba && isFed;
  const fires = !isSilent && reset !== 'none';
  const r = make(i => (isIntegrator ? 1 : 1 / share(keep[i]!)));
  const drives = make(i =>
    isIntegrator ? 0 : (bias[i]! + (isFed ? 0 : group.currentBias[i]!)) / share(keep[i]!),
  );
  const times: Readonly<Record<string, NirValue>> = isIntegrator
    ? {}
    : isCuba
      ? {
          ...{ tau_mem: make(i => dt / share(keep[i]!)), tau_syn: make(i => dt / share(keepCurrent[i]!)) },
          ...{ w_in: make(i => 1 / share(keepCurrent[i]!)), v_leak: drives },
        }
      : { tau: make(i => dt / share(keep[i]!)), v_leak: drives };
  const type = `${isIntegrator ? 'I' : isCuba ? 'CubaLI' : 'LI'}${fires ? 'F' : ''}`;
  const firing = fires ? { v_threshold: reals(threshold), v_reset: reals(resetTo) } : {};
  const metadata = nirGroup([
    ['snnc_fraction', { ...wholes([fraction]), shape: [] }],
    ['snnc_reset', nirText(reset)],
  ]);
  nodes.set(name, node(type, { r, ...times, ...firing, metadata }));
  if (!hasThreshold(group)) return { entry: name, exit: name };
  const exit = exitOf(group);
  nodes.set(exit, node('Threshold', { threshold: reals(threshold) }));
  edges.push([name, exit]);
  return { entry: name, exit };
}

/** Weights [out, in] of the sources from `first` on; the biases of the neurons go with the first of them. */
function weightNode(
  { weights, sources }: Bundle,
  { size, gain, currentBias, bias, keep, keepCurrent }: Group,
  [first, count]: readonly [number, number],
  isFirst: boolean,
): NirGroup {
  const data = new Float32Array(size * count);
  for (let i = 0; i < count; i++)
    for (let o = 0; o < size; o++) data[o * count + i] = weights[(first + i) * size + o]! * gain[o]!;
  if (first + count > sources)
    fail('E0703', { origin: 'program' }, { problem: 'fewer sources than inputs say' });
  const weight: NirNumbers = { kind: 'numbers', shape: [size, count], data, store: 'float32' };
  // An integrator has no potential that it tends to: all that is constant comes with the weights.
  const isIntegrator = keep.every(kept => kept === 1) && keepCurrent.every(kept => kept === 0);
  const constant = currentBias.map((own, o) => own + (isIntegrator ? bias[o]! : 0));
  if (!isFirst || constant.every(own => own === 0)) return node('Linear', { weight });
  return node('Affine', { weight, bias: reals(constant) });
}

function outputsOf(names: NirNames, groups: readonly Group[], bundles: readonly Bundle[]) {
  if (names.outputs.length > 0) return names.outputs;
  const read = new Set(bundles.map(({ from }) => from));
  const last = groups.filter((_, g) => !read.has(g));
  return (last.length > 0 ? last : groups).map(({ name }) => ({ name: `${name}.out`, population: name }));
}

function lostOf(groups: readonly Group[], names: NirNames): readonly string[] {
  const soft = groups.filter(({ reset }) => reset === 'soft').map(({ name }) => name);
  const unsounded = groups.filter(({ depth }) => depth > 0).map(({ name }) => name);
  return [
    'where neurons sit, routes and costs',
    'whole numbers: sums and decays are real there, and nothing saturates',
    ...(soft.length > 0
      ? [
          `the reset by subtraction, which only the metadata say (compile with --reset subtract): ${soft.join(', ')}`,
        ]
      : []),
    ...(unsounded.length > 0
      ? ['timesteps between layers: NIR passes them within one, and delays are what is beyond that']
      : []),
    ...(names.dt === null ? ['the length of a timestep, which is any: 1 s is written'] : []),
  ];
}
