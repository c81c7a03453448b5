/** How good the mapping is, what holds it back, and what all of it rests on. */
import { allFigures } from '../../backends/rests-on.ts';
import type { BuildRecord, Facts } from '../facts.ts';
import { notesOf } from '../notes.ts';
import { round } from '../print.ts';
import type { Report } from '../schema.ts';
import { bigNumber, energyRange, percentOf, seconds } from '../units.ts';

type Placement = Report['quality']['own'];
type Bottleneck = Report['alternatives']['bottlenecks'][number];

export function qualityOf({ manifest, widths, leastCores }: Facts): Report['quality'] {
  const { baselines, lowerBound, gap, routes, deliveries, ...own } = manifest.placement;
  const { sequential, hilbert, hilbertForce } = baselines;
  const count = (status: string) => widths.kept.filter(width => width.status === status).length;
  return {
    own: placed(own),
    baselines: {
      sequential: placed(sequential),
      hilbert: placed(hilbert),
      hilbertForce: placed(hilbertForce),
    },
    ...{ lowerBound: round(lowerBound), gap: round(gap), leastCores, routes, deliveries },
    widths:
      widths.kept.length === 0
        ? null
        : {
            proved: count('proved'),
            calibrated: count('calibrated'),
            open: count('open'),
            says: widths.says,
          },
  };
}

const placed = ({ cost, hottestLink, hottestBorder, longestPath, averagePath }: Placement): Placement => ({
  ...{ cost: round(cost), hottestLink: round(hottestLink), hottestBorder: round(hottestBorder) },
  ...{ longestPath: round(longestPath), averagePath: round(averagePath) },
});

/** Sections that are made already, from which bottlenecks are read. */
export type Made = Pick<Report, 'verdict' | 'layers' | 'energy' | 'chipMap' | 'traffic' | 'time'>;

export const alternativesOf = ({ compared }: Facts, made: Made): Report['alternatives'] => ({
  bottlenecks: [coresOf(made), timeOf(made), linkOf(made), energyOf(made), latencyOf(made)].flat(),
  changes: compared.changes.map(change => ({ ...change })),
  tried: compared.tried,
  missing: compared.missing,
  modes: compared.modes.map(mode => ({ ...mode })),
});

const MOST_LAYERS = 5;

/** Numbers of the layers with most of something, most first; those with nothing are left out. */
function leading(layers: Report['layers'], of: (layer: Report['layers'][number]) => number): number[] {
  return [...layers.keys()]
    .filter(i => of(layers[i]!) > 0)
    .toSorted((a, b) => of(layers[b]!) - of(layers[a]!) || a - b)
    .slice(0, MOST_LAYERS);
}

const namesOf = (layers: Report['layers'], some: readonly number[]): string =>
  some
    .slice(0, 3)
    .map(i => layers[i]!.name)
    .join(', ');

function coresOf({ verdict, chipMap }: Made): readonly Bottleneck[] {
  const [most] = Object.entries(verdict.coresBound).toSorted((a, b) => b[1] - a[1]);
  if (most === undefined) return [];
  const [resource, cores] = most;
  const capacity = chipMap.resources.find(({ name }) => name === resource)?.capacity;
  const place = chipMap.resources.findIndex(({ name }) => name === resource);
  const holders = new Map<number, number>();
  chipMap.cores.binding.forEach((binding, core) => {
    const layer = chipMap.cores.layer[core]!;
    if (binding === place) holders.set(layer, (holders.get(layer) ?? 0) + 1);
  });
  const layers = [...holders].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).map(([layer]) => layer);
  const of = capacity == null ? '' : ` (${bigNumber(capacity)} a core)`;
  return [
    {
      ...{ of: 'cores', what: resource, share: round(cores / verdict.cores.used) },
      layers: layers.slice(0, MOST_LAYERS),
      says: `${bigNumber(cores)} of ${bigNumber(verdict.cores.used)} cores are bound by ${resource}${of}; no mapping in this mode takes fewer than ${bigNumber(verdict.cores.least ?? 0)} cores`,
    },
  ];
}

const TERMS = {
  updates: 'neuron updates of the busiest core',
  synops: 'synops of the busiest core',
  memory: 'synaptic memory reads of the busiest core',
  link: 'the busiest link',
  floor: 'the end of the step itself',
} as const;

function timeOf({ time, layers, chipMap }: Made): readonly Bottleneck[] {
  const terms = Object.entries(time.bound.termsNs) as [keyof typeof TERMS, number][];
  const [term, ns] = terms.reduce((a, b) => (b[1] > a[1] ? b : a));
  if (ns === 0) return [];
  const all = time.split.compute + time.split.noc + time.split.barrier;
  const kind = term === 'link' ? 'noc' : term === 'floor' ? 'barrier' : 'compute';
  const busy = [...new Set(time.busiest.map(({ layer }) => layer))].slice(0, MOST_LAYERS);
  const [core] = time.busiest;
  const where =
    kind === 'compute' && core !== undefined
      ? `: core ${chipMap.cores.chip[core.core]}:${chipMap.cores.number[core.core]} with ${layers[core.layer]!.name}`
      : '';
  return [
    {
      ...{ of: 'time', what: term, share: all === 0 ? null : round(time.split[kind] / all) },
      layers: kind === 'compute' ? busy : [],
      says: `a step is bound by ${TERMS[term]}, ${seconds(ns * 1e-9)} of it${where}`,
    },
  ];
}

function linkOf({ traffic, layers }: Made): readonly Bottleneck[] {
  const [hottest] = traffic.hottest;
  if (hottest === undefined) return [];
  const { chip, x, y } = hottest.from;
  const users = hottest.users.map(({ layer }) => layer);
  const load =
    hottest.share === null ? '' : `, ${percentOf(hottest.share)} of what it can carry in an interval`;
  return [
    {
      ...{ of: 'link', what: `${chip}:${x},${y} ${hottest.direction}`, share: hottest.share, layers: users },
      says: `the hottest link carries ${bigNumber(hottest.messages)} messages an image${load}, most of them from ${namesOf(layers, users)}`,
    },
  ];
}

function energyOf({ energy, layers }: Made): readonly Bottleneck[] {
  const [set] = energy.costSets;
  if (set === undefined || set.totalPj === 0) return [];
  const [part, pj] = Object.entries(set.parts).reduce((a, b) => (b[1] > a[1] ? b : a));
  const dearest = leading(layers, layer => layer.energyShare ?? 0);
  return [
    {
      ...{ of: 'energy', what: part, share: round(pj / set.totalPj), layers: dearest },
      says: `${part} takes ${percentOf(pj / set.totalPj)} of the dynamic energy by ${set.name} (${energyRange(pj, pj)}); most is spent by ${namesOf(layers, dearest)}`,
    },
  ];
}

function latencyOf({ verdict, time, layers }: Made): readonly Bottleneck[] {
  const { steps } = time;
  const { binding } = steps;
  if (steps.seconds.length === 0) return [];
  const total = steps.seconds.reduce((a, b) => a + b, 0);
  const slowest = steps.seconds.reduce((best, s, i) => (s > steps.seconds[best]! ? i : best), 0);
  // Steps are listed from the first that computes on.
  const { start, end } = time.pipeline;
  const at = time.pipeline.layer
    .filter((_, i) => start[i]! <= slowest + 1 && slowest + 1 < end[i]!)
    .toSorted((a, b) => layers[b]!.counts.synops - layers[a]!.counts.synops || a - b)
    .slice(0, MOST_LAYERS);
  const share = total === 0 ? null : round(steps.seconds[slowest]! / total);
  const what = at.length === 0 ? '' : ` (${namesOf(layers, at)})`;
  return [
    {
      ...{ of: 'latency', what: binding[slowest]!, share, layers: at },
      says: `an image alone takes ${verdict.latency.steps} steps; the longest is step ${slowest + 1}${what}, ${seconds(steps.seconds[slowest]!)}`,
    },
  ];
}

export function provenanceOf(facts: Facts): Report['provenance'] {
  const { manifest, digest, target, diagnostics, build } = facts;
  const { model, tool, options, stages, files, rests } = manifest;
  return {
    manifest: digest,
    model: { file: model.file, sha256: model.sha256, data: model.data.map(file => ({ ...file })) },
    tool: { ...tool },
    options: { ...options },
    seed: Number(options.seed ?? 0),
    stages: stages.map(stage => ({ ...stage })),
    descriptors: descriptorsOf(manifest.target),
    files: files.map(file => ({ ...file })),
    build: build && buildOf(build),
    constants: allFigures(target)
      .filter(({ name }) => !name.startsWith('costSets.'))
      .map(({ name, value, unit, status, source }) => ({
        ...{ name, value, status, source },
        unit: unit === '' ? null : unit,
      })),
    restsOn: rests.map(({ name, value, unit, status, source }) => ({
      ...{ name, value: value as Report['provenance']['restsOn'][number]['value'] },
      ...{ unit: typeof unit === 'string' && unit !== '' ? unit : null, status, source },
    })),
    diagnostics: diagnostics.map(({ code, message, at }) => ({ code, message, at: at.origin })),
    notes: [...notesOf(target)],
  };
}

function buildOf({ seconds, peakBytes, node, steps, peaks }: BuildRecord): Report['provenance']['build'] {
  const passes = Object.entries(steps).map(([name, own]) => ({
    ...{ name, seconds: round(own), peakBytes: peaks[name] ?? null },
  }));
  return { seconds: round(seconds), peakBytes, node, passes };
}

function descriptorsOf(target: Facts['manifest']['target']): Report['provenance']['descriptors'] {
  const { files } = target as { files?: readonly { vlnv: string; sha256: string }[] };
  return (files ?? []).map(({ vlnv, sha256 }) => ({ vlnv, sha256 }));
}
