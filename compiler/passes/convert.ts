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
 * Errors     E0301 a site without thresholds · E0302 a structure that no population can hold
 */
import type { AnnGraph, AnnNode, AnnOf, ann } from '../../ir/ann.ts';
import type { ConstId } from '../../ir/constants.ts';
import { defect, type Report } from '../../ir/diagnostics/diagnostic.ts';
import { type Axis, nodeMap, readersOf, sizeOf, type TensorType, type ValueId } from '../../ir/dialect.ts';
import { composeMaps, compressMap, expandMap, HOLE, isIdentity, type StridedMap } from '../../ir/map.ts';
import {
  type Coding,
  type SnnEmit,
  type SnnFunction,
  type SnnGraph,
  type SnnNode,
  SOMA_POINTWISE,
  type SomaPointwise,
  snn,
} from '../../ir/snn.ts';
import type { Pass } from '../pass.ts';
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
    const builder = createBuilder(graph, needs, report);
    const outputs = graph.outputs.map(id => builder.readout(id));
    const { coding, steps } = needs;
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

/** A value as a population reads it: what to add up, each a projection still to be named. */
interface Gather {
  readonly terms: readonly Term[];
  readonly shift?: ConstId | undefined;
}
type Term =
  | { kind: 'relay'; source: ValueId; map: StridedMap | undefined }
  | {
      kind: 'linear';
      source: ValueId;
      map: StridedMap | undefined;
      node: AnnOf<'linear'>;
      rowMap?: StridedMap;
    }
  | { kind: 'product'; node: AnnOf<'matmul'>; a: Seen; b: Seen };
/** An emission seen through a view. */
interface Seen {
  readonly source: ValueId;
  readonly map: StridedMap | undefined;
}

function createBuilder(graph: AnnGraph, needs: ConvertNeeds, report: Report) {
  const byId = nodeMap(graph.nodes);
  const readers = readersOf(graph.nodes);
  const names = nameSites(graph);
  const nodes: SnnNode[] = [];
  const made = new Map<string, ValueId>();
  const used = new Set<string>();
  const annOf = (id: ValueId): AnnNode => byId.get(id) ?? defect(`${id} is not a node`);
  const hasOneReader = (id: ValueId) => readers.get(id)?.length === 1;

  /** What `value` sends, as spikes where its site fires, else graded; made on first use. */
  function emission(value: ValueId, emit: SnnEmit): ValueId {
    const node = annOf(value);
    if (node.kind === 'input' && emit.kind === 'relay') return inputNode(node);
    const key = `${value} ${emit.kind}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const id = addPopulation(node, emit);
    made.set(key, id);
    return id;
  }

  function inputNode(node: AnnOf<'input'>): ValueId {
    const id: ValueId = '%input';
    if (!nodes.some(n => n.id === id)) {
      nodes.push({
        kind: 'input',
        id,
        operands: [],
        attrs: { name: node.attrs.name },
        type: node.type,
        origin: node.origin,
      });
    }
    return id;
  }

  function addPopulation(node: AnnNode, emit: SnnEmit): ValueId {
    const fn = somaFunction(node);
    const gathered = fn === undefined ? gather(node.id, true) : functionGather(node, fn);
    const name = uniqueName(names.get(node.id) ?? node.kind, emit, node);
    const type: TensorType = { element: 'real', shape: populationShape(node.type.shape) };
    const operands = gathered.terms.map((term, i) => addProjection(term, name, i, type, gathered.shift));
    const id: ValueId = `%${name}`;
    const attrs = { axes: axesOf(type.shape), function: fn ?? ({ kind: 'identity' } as const), emit };
    nodes.push({ kind: 'population', id, operands, attrs, type, origin: node.origin });
    return id;
  }

  function uniqueName(wanted: string, emit: SnnEmit, node: AnnNode): string {
    const base =
      node.kind === 'input'
        ? 'image'
        : emit.kind === 'relay' && used.has(wanted)
          ? `${wanted}.relay`
          : wanted;
    let name = base;
    for (let i = 2; used.has(name); i++) name = `${base}.${i}`;
    used.add(name);
    return name;
  }

  function somaFunction(node: AnnNode): SnnFunction | undefined {
    switch (node.kind) {
      case 'layernorm':
        return { ...node.attrs, kind: 'layernorm' };
      case 'softmax':
        return { ...node.attrs, kind: 'softmax' };
      case 'pointwise': {
        const name = node.attrs.function;
        if (isSomaPointwise(name)) return { kind: 'pointwise', name };
        report('E0302', { origin: node.origin, pass: 'convert' }, { what: `the function ${name}` });
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /** A group of channels is normalised whole, so layernorm reads relays; the others sit right on their gather. */
  function functionGather(node: AnnNode, fn: SnnFunction): Gather {
    const operand = node.operands[0]!;
    const direct = fn.kind !== 'layernorm' && hasOneReader(operand);
    return direct ? gather(operand, true) : relayed(operand);
  }

  const relayed = (value: ValueId): Gather => {
    const { source, map } = seen(value, { kind: 'relay' });
    return { terms: [{ kind: 'relay', source, map }] };
  };

  /** The emission behind the views of `value`, fired if its site fires and `fallback` does not forbid it. */
  function seen(value: ValueId, forced?: SnnEmit): Seen {
    const { base, map } = throughViews(value);
    return { source: emission(base, forced ?? needs.emits.get(base) ?? { kind: 'relay' }), map };
  }

  function throughViews(value: ValueId): { base: ValueId; map: StridedMap | undefined } {
    let node = annOf(value);
    let map: StridedMap | undefined;
    while (node.kind === 'view' && node.operands.length === 1) {
      map = map === undefined ? node.attrs.map : composeMaps(map, node.attrs.map);
      node = annOf(node.operands[0]!);
    }
    const whole = map !== undefined && isIdentity(map, sizeOf(node.type.shape));
    return { base: node.id, map: whole ? undefined : map };
  }

  /** `value` as a sum of projections; a value that others read too is relayed unless it must be `opened`. */
  function gather(value: ValueId, opened: boolean): Gather {
    const node = annOf(value);
    if (!opened && !hasOneReader(value)) return relayed(value);
    switch (node.kind) {
      case 'linear': {
        const { source, map } = seen(node.operands[0]!);
        return { terms: [{ kind: 'linear', source, map, node }] };
      }
      case 'matmul': {
        const [a, b] = node.operands as readonly [ValueId, ValueId];
        return { terms: [{ kind: 'product', node, a: seen(a), b: seen(b) }] };
      }
      case 'add': {
        const parts = node.operands.map(id => gather(id, false));
        const shifts = parts.flatMap(p => (p.shift === undefined ? [] : [p.shift]));
        if (shifts.length > 1) return relayed(value);
        return { terms: parts.flatMap(p => p.terms), shift: shifts[0] };
      }
      case 'affine':
        return gatherAffine(node);
      case 'view':
        return gatherView(node, opened);
      default:
        return relayed(value);
    }
  }

  function gatherAffine(node: AnnOf<'affine'>): Gather {
    const inner = gather(node.operands[0]!, false);
    if (
      node.attrs.scale !== undefined ||
      inner.shift !== undefined ||
      inner.terms.every(t => t.kind !== 'linear')
    ) {
      report(
        'E0302',
        { origin: node.origin, pass: 'convert' },
        { what: 'a scale or offset that no linear takes in' },
      );
    }
    return { terms: inner.terms, shift: node.attrs.shift };
  }

  /** Rows of a linear may be chosen by a view: the view moves in front of it. */
  function gatherView(node: AnnOf<'view'>, opened: boolean): Gather {
    if (node.operands.length === 1) {
      const inner = annOf(node.operands[0]!);
      const rowMap =
        inner.kind === 'linear' && (opened || hasOneReader(inner.id)) ? rowsOf(node, inner) : undefined;
      if (inner.kind === 'linear' && rowMap !== undefined) {
        const { base, map } = throughViews(inner.operands[0]!);
        const inputs = graph.constants.get(inner.attrs.weight).shape[0]!;
        const rows = rowSelection(rowMap, inputs);
        const source = emission(base, needs.emits.get(base) ?? { kind: 'relay' });
        const term = {
          kind: 'linear',
          source,
          map: map === undefined ? rows : composeMaps(rows, map),
          node: inner,
          rowMap,
        } as const;
        return { terms: [term] };
      }
      return relayed(node.id);
    }
    report(
      'E0302',
      { origin: node.origin, pass: 'convert' },
      { what: 'a concatenation of two computed tensors' },
    );
    return { terms: [] };
  }

  function addProjection(
    term: Term,
    name: string,
    i: number,
    type: TensorType,
    shift: ConstId | undefined,
  ): ValueId {
    const id: ValueId = `%${name}.${term.kind}${i === 0 ? '' : i}`;
    const [, rows, channels] = type.shape as [number, number, number];
    const base = { id, type };
    if (term.kind === 'relay') {
      nodes.push({ ...base, kind: 'relay', operands: [term.source], attrs: { map: term.map }, origin: name });
    } else if (term.kind === 'product') {
      const inner = annOf(term.node.operands[0]!).type.shape.at(-1)!;
      const attrs = { mapA: term.a.map, mapB: term.b.map, inner };
      nodes.push({
        ...base,
        kind: 'product',
        operands: [term.a.source, term.b.source],
        attrs,
        origin: term.node.origin,
      });
    } else {
      const bias = biasRows(term, rows, channels, shift);
      const attrs = { weight: term.node.attrs.weight, bias, map: term.map, rows };
      nodes.push({ ...base, kind: 'linear', operands: [term.source], attrs, origin: term.node.origin });
    }
    return id;
  }

  /** Bias of a linear, spread over its rows where a view made holes or a constant tensor was added. */
  function biasRows(
    term: Extract<Term, { kind: 'linear' }>,
    rows: number,
    channels: number,
    shift: ConstId | undefined,
  ): ConstId | undefined {
    const own = term.node.attrs.bias;
    if (shift === undefined && term.rowMap === undefined) return own;
    const out = new Float64Array(rows * channels);
    const rowIndices = term.rowMap === undefined ? undefined : expandMap(term.rowMap);
    const bias = own === undefined ? undefined : graph.constants.get(own).data;
    const added = shift === undefined ? undefined : graph.constants.get(shift).data;
    for (let i = 0; i < out.length; i++) {
      const row = Math.floor(i / channels);
      const present = rowIndices === undefined || rowIndices[row] !== HOLE;
      out[i] = (present ? (bias?.[i % channels] ?? 0) : 0) + (added?.[i % added.length] ?? 0);
    }
    return graph.constants.add({ dtype: 'f64', shape: [rows, channels], data: out });
  }

  /** The rows of `linear` that `view` shows (a hole: no row), or undefined if it cuts rows apart. */
  function rowsOf(view: AnnOf<'view'>, linear: AnnOf<'linear'>): StridedMap | undefined {
    const channels = linear.type.shape.at(-1)!;
    if (view.type.shape.at(-1) !== channels) return undefined;
    const indices = expandMap(view.attrs.map);
    const rows = new Int32Array(indices.length / channels);
    for (let i = 0; i < indices.length; i++) {
      const first = indices[i - (i % channels)]!;
      const expected = first === HOLE ? HOLE : first + (i % channels);
      if (indices[i] !== expected || (first !== HOLE && first % channels !== 0)) return undefined;
      rows[Math.floor(i / channels)] = first === HOLE ? HOLE : first / channels;
    }
    return compressMap(rows);
  }

  function readout(output: ValueId): ValueId {
    const node = annOf(output);
    const value = node.kind === 'output' ? node.operands[0]! : output;
    const { base, map } = throughViews(value);
    return emission(map === undefined ? base : value, { kind: 'readout' });
  }

  return { nodes, readout };
}

/** Row numbers → element map of [rows, inputs]. */
function rowSelection(rowMap: StridedMap, inputs: number): StridedMap {
  const rows = expandMap(rowMap);
  const out = new Int32Array(rows.length * inputs);
  for (let i = 0; i < out.length; i++) {
    const row = rows[Math.floor(i / inputs)]!;
    out[i] = row === HOLE ? HOLE : row * inputs + (i % inputs);
  }
  return compressMap(out);
}

const isSomaPointwise = (name: string): name is SomaPointwise =>
  (SOMA_POINTWISE as readonly string[]).includes(name);

/** Every population has three axes; missing leading ones have size 1. */
function populationShape(shape: readonly number[]): readonly number[] {
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
