/**
 * What a core of an NxTF partition holds, found synapse by synapse: slow, and by no other thought than the rules of
 * docs/rationale/anchors.md.
 */
import { axonWords, encodeEntries, entryBits } from '../backends/synaptic-words.ts';
import { decodeFormat, encodeFormat, mergeFormats } from '../compiler/mapping/strategies/formats.ts';
import { isChannelwise, type Layer, type Shape } from '../compiler/mapping/strategies/layers.ts';
import type { CoreNeeds, CorePlan, CoreUse } from '../compiler/mapping/strategies/nxtf-core.ts';
import { signsOf } from '../compiler/mapping/strategies/nxtf-synapses.ts';

interface Synapse {
  readonly from: Shape;
  readonly to: Shape;
  readonly weight: number;
}

export function synapsesOfLayer(layer: Layer, inputs: Shape): readonly Synapse[] {
  const found: Synapse[] = [];
  if (layer.kind === 'input') return found;
  for (const to of neurons(layer.shape)) {
    for (const from of neurons(inputs)) {
      if (layer.kind === 'dense') {
        const weight = (from[2] * inputs[1] + from[1]) * inputs[0] + from[0];
        found.push({ from, to, weight });
        continue;
      }
      const tapRow = from[0] - to[0] * layer.stride[0] + layer.padding[0];
      const tapColumn = from[1] - to[1] * layer.stride[1] + layer.padding[1];
      if (tapRow < 0 || tapRow >= layer.kernel[0] || tapColumn < 0 || tapColumn >= layer.kernel[1]) continue;
      if (isChannelwise(layer) && from[2] !== to[2]) continue;
      const channel = isChannelwise(layer) ? 0 : from[2];
      found.push({ from, to, weight: (channel * layer.kernel[1] + tapColumn) * layer.kernel[0] + tapRow });
    }
  }
  return found;
}

/** Rows fastest, channels slowest. */
function neurons([rows, columns, channels]: Shape): readonly Shape[] {
  const all: Shape[] = [];
  for (let d = 0; d < channels; d++)
    for (let c = 0; c < columns; c++) for (let r = 0; r < rows; r++) all.push([r, c, d]);
  return all;
}

function coreOf({ grid, core }: CorePlan, [r, c, d]: Shape): number {
  return (Math.floor(r / core[0]) * grid[1] + Math.floor(c / core[1])) * grid[2] + Math.floor(d / core[2]);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string | number): readonly T[][] {
  const groups = new Map<string | number, T[]>();
  for (const item of items) {
    const known = groups.get(key(item));
    if (known) known.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

/** Undefined where formats, compartments or groups exceed what the core holds. */
export function referenceUse(
  plan: CorePlan,
  number: number,
  needs: CoreNeeds,
  limits: CoreUse,
): CoreUse | undefined {
  const own = neurons(plan.layer.shape).filter(neuron => coreOf(plan, neuron) === number);
  const all = synapsesOfLayer(plan.layer, plan.inputs);
  const mine = all.filter(({ to }) => coreOf(plan, to) === number);
  const { compartmentOf, groups, slots, baseOf } = layOutCompartments(plan, own, mine);
  const spanned = slots * groups * new Set(own.map(n => n[2])).size * needs.neuronSize;
  const compartments = spanned + (needs.neuronSize === 2 ? spanned % 4 : 0);
  if (compartments > limits.compartments || groups * needs.neuronSize > limits.destinationGroups)
    return undefined;
  const memory = memoryOf(plan, own, mine, { compartmentOf, groups, baseOf }, needs);
  if (memory === undefined) return undefined;
  const resets = needs.neuronSize === 2 ? resetsOf(plan, own) : 0;
  return {
    destinationGroups: groups * needs.neuronSize,
    compartments,
    outAxonEntries: entriesOf(plan, number, own, needs) + resets,
    inAxons: axonsOf(plan, all, mine, needs) + resets,
    formats: memory.formats,
    wordsPerAxon: memory.longest,
    synapseWords: memory.words + (plan.layer.kind === 'input' ? resets : 0),
  };
}

interface Compartments {
  readonly compartmentOf: (neuron: Shape) => number;
  readonly groups: number;
  readonly slots: number;
  readonly baseOf: readonly number[];
}

function layOutCompartments(plan: CorePlan, own: readonly Shape[], mine: readonly Synapse[]): Compartments {
  const [r0, c0, d0] = own[0]!;
  const height = new Set(own.map(n => n[0])).size;
  const plane = own.filter(n => n[2] === d0).length;
  const position = ([r, c]: Shape): number => r - r0 + (c - c0) * height;
  const sizes: number[] = [];
  const baseOf: number[] = [];
  let end = 0;
  let base = -1;
  const isGrouped = plan.layer.kind !== 'input' && plan.layer.kind !== 'dense';
  for (let column = 0; column < plan.inputs[1] && isGrouped; column++) {
    const reached = mine.filter(({ from }) => from[1] === column).map(({ to }) => position(to));
    const [first, last] = [Math.min(...reached), Math.max(...reached)];
    if (reached.length > 0 && first === end) {
      sizes.push(last - first + 1);
      end = last + 1;
      base += 1;
    } else if (reached.length > 0 && column === plan.inputs[1] - 1 && last >= end) {
      sizes.push(last - end + 1);
    }
    baseOf.push(base);
  }
  if (!isGrouped) sizes.push(plane);
  const slots = Math.max(...sizes);
  const compartmentOf = (neuron: Shape): number => {
    let at = position(neuron);
    let group = 0;
    for (; at >= sizes[group]!; group++) at -= sizes[group]!;
    return group + sizes.length * at + (neuron[2] - d0) * slots * sizes.length;
  };
  return { compartmentOf, groups: sizes.length, slots, baseOf };
}

/** The synapses of one source as entries with their formats. */
function axonOf(
  synapses: readonly Synapse[],
  base: number,
  { compartmentOf, groups }: Pick<Compartments, 'compartmentOf' | 'groups'>,
  plan: CorePlan,
  needs: CoreNeeds,
) {
  const { neuronSize } = needs;
  const compression = plan.layer.kind === 'dense' ? 'dense' : needs.compression;
  const sign = signsOf(plan.layer);
  const targets = synapses.map(({ to, weight }) => {
    const target = compartmentOf(to) - Math.max(0, base);
    const offset = groups === 1 ? 0 : target % groups;
    const index = groups === 1 ? target * neuronSize : Math.floor(target / groups);
    return { offset, index, sign: sign(weight, to[2]) };
  });
  return groupBy(targets, ({ offset, sign: s }) => 2 * offset + s).flatMap(list => {
    const { offset, sign: s } = list[0]!;
    const indices = list.map(({ index }) => index).sort((a, b) => a - b);
    return encodeEntries(indices, compression).map(entry => ({
      entry,
      format: encodeFormat({
        offset: offset * neuronSize,
        step: groups === 1 ? 0 : groups * neuronSize - 1,
        indexBits: entry.indexBits,
        skipBits: entry.skipBits,
        sign: s,
        isReset: 0,
      }),
    }));
  });
}

function memoryOf(
  plan: CorePlan,
  own: readonly Shape[],
  mine: readonly Synapse[],
  where: Pick<Compartments, 'compartmentOf' | 'groups' | 'baseOf'>,
  needs: CoreNeeds,
) {
  if (plan.layer.kind === 'input') return { words: 0, longest: 0, formats: 0 };
  const compression = plan.layer.kind === 'dense' ? 'dense' : needs.compression;
  const isDense = plan.layer.kind === 'dense';
  const groupKey = ({ from }: Synapse) => (isDense ? from.join() : `${from[1]} ${from[2]}`);
  const groups = groupBy(mine, groupKey).map(group => {
    const sources = groupBy(group, ({ from }) => from[0]);
    const base = where.baseOf[group[0]!.from[1]] ?? 0;
    const axons = sources.map(synapses => axonOf(synapses, base, where, plan, needs));
    const content = sources.map(synapses =>
      synapses
        .map(({ to, weight }) => [where.compartmentOf(to) - Math.max(0, base), weight, to[2]].join())
        .sort(),
    );
    return { axons, key: JSON.stringify([content, isDense ? group[0]!.from : group[0]!.from[2]]) };
  });
  const unique = [...new Map(groups.map(group => [group.key, group.axons])).values()];
  if (needs.neuronSize === 2) {
    for (const neuron of own) {
      const [entry] = encodeEntries([where.compartmentOf(neuron) * 2], compression);
      const { indexBits, skipBits } = entry!;
      const format = encodeFormat({ offset: 0, step: 0, indexBits, skipBits, sign: 1, isReset: 1 });
      unique.push([[{ entry: entry!, format }]]);
    }
  }
  const codes = [...new Set(unique.flat(2).map(({ format }) => format))];
  const merged = mergeFormats(codes.map(decodeFormat), needs.formats, needs.weightBits);
  if (merged === undefined) return undefined;
  const words = unique.map(axons =>
    axons.map(axon => {
      const bits = axon.map(({ entry, format }) => {
        const { indexBits, skipBits } = merged.formats[merged.formatOf[codes.indexOf(format)]!]!;
        const widths = { weightBits: needs.weightBits, delayBits: 0 };
        return entryBits({ ...entry, indexBits, skipBits }, compression, widths);
      });
      return axonWords(bits.reduce((a, b) => a + b, 0));
    }),
  );
  return {
    words: words.reduce((sum, group) => sum + Math.max(...group) * group.length, 0),
    longest: Math.max(...words.flat()),
    formats: merged.formats.length,
  };
}

const countAxons = (cores: readonly number[], needs: CoreNeeds, shared: number): number => {
  if (needs.neuronSize === 2) return cores.length;
  return cores.filter(count => count > 1).length + (cores.includes(1) ? shared : 0);
};

function axonsOf(
  plan: CorePlan,
  all: readonly Synapse[],
  mine: readonly Synapse[],
  needs: CoreNeeds,
): number {
  const cores = coresReached(plan, all);
  const isDense = plan.layer.kind === 'dense';
  return groupBy(mine, ({ from }) => (isDense ? from.join() : `${from[1]} ${from[2]}`))
    .map(group => [...new Set(group.map(({ from }) => from.join()))].map(source => cores.get(source)!))
    .reduce((sum, group) => sum + countAxons(group, needs, 1), 0);
}

function coresReached(plan: CorePlan, synapses: readonly Synapse[]): ReadonlyMap<string, number> {
  return new Map(
    groupBy(synapses, ({ from }) => from.join()).map(group => [
      group[0]!.from.join(),
      new Set(group.map(({ to }) => coreOf(plan, to))).size,
    ]),
  );
}

/** Sources of one column and channel here that reach one core of the next layer. */
function bundlesOf({ next }: CorePlan, own: readonly Shape[]) {
  if (next === undefined) return [];
  const mine = new Set(own.map(neuron => neuron.join()));
  const synapses = synapsesOfLayer(next.layer, next.inputs).filter(({ from }) => mine.has(from.join()));
  const isDense = next.layer.kind === 'dense';
  return groupBy(synapses, ({ from, to }) =>
    [coreOf(next, to), isDense ? from.join() : `${from[1]} ${from[2]}`].join(' '),
  ).map(bundle => ({
    core: coreOf(next, bundle[0]!.to),
    sources: [...new Set(bundle.map(({ from }) => from.join()))],
  }));
}

function entriesOf(plan: CorePlan, number: number, own: readonly Shape[], needs: CoreNeeds): number {
  const { next } = plan;
  if (next === undefined) return 0;
  const cores = coresReached(next, synapsesOfLayer(next.layer, next.inputs));
  const chipOf = (core: number) => Math.floor(core / needs.coresPerChip);
  return bundlesOf(plan, own).reduce((sum, { core, sources }) => {
    const counts = sources.map(source => cores.get(source)!);
    const far = chipOf(next.before + core) === chipOf(plan.before + number) ? 0 : 1;
    return sum + countAxons(counts, needs, 2) + far * countAxons(counts, needs, 1);
  }, 0);
}

function resetsOf(plan: CorePlan, own: readonly Shape[]): number {
  if (plan.layer.kind !== 'input' || plan.next === undefined || plan.next.layer.kind === 'dense')
    return own.length;
  const sets = new Map(bundlesOf(plan, own).map(({ sources }) => [sources.toSorted().join(' '), sources]));
  return [...sets.values()].reduce((sum, sources) => sum + sources.length, 0);
}
