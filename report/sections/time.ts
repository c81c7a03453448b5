/** How long it takes: steps, what binds in each, cores that work longest, the way that no image can be faster than. */
import { nodeMap, type ValueId } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import { bindingOf, priceSteps, type StepTerms } from '../../runtime-sim/timing.ts';
import type { Accounts } from '../accounts.ts';
import type { Facts } from '../facts.ts';
import { round, roundColumn } from '../print.ts';
import type { Report } from '../schema.ts';
import { type CoreTimes, coreSeconds } from './core-times.ts';

type Time = Report['time'];

const NS = 1e-9;
const BUSIEST = 10;

export function timeOf(facts: Facts, { bound }: Accounts, times: CoreTimes, main: readonly number[]): Time {
  const { manifest, ran, target, timed } = facts;
  const chips = new Set(manifest.cores.map(core => core.chip)).size;
  const { termsOf, floor, unknown } = priceSteps(target.timing, chips);
  const image = ran.peaks.image.map(termsOf);
  const stream = ran.peaks.stream.map(termsOf);
  const longest = stream.reduce((a, b) => (b[bindingOf(b)] > a[bindingOf(a)] ? b : a));
  const { layerwiseSeconds, intervalSeconds, pipelinedStepSeconds } = bound;
  return {
    floor,
    unknown: [...unknown],
    bound: {
      layerwiseSeconds: round(layerwiseSeconds),
      intervalSeconds: round(intervalSeconds),
      pipelinedStepSeconds: round(pipelinedStepSeconds),
      termsNs: Object.fromEntries(
        Object.entries(longest).map(([term, ns]) => [term, round(ns)]),
      ) as Time['bound']['termsNs'],
    },
    split: timed === undefined ? splitOf(stream) : splitOfBinds(timed.stream.binds),
    splitSource: timed === undefined ? 'bound' : 'timed',
    busiest: busiestOf(times, main),
    steps: {
      seconds: roundColumn(image.map(terms => NS * terms[bindingOf(terms)])),
      binding: image.map(bindingOf),
      updates: roundColumn(ran.peaks.image.map(peaks => peaks.updates)),
      synops: roundColumn(ran.peaks.image.map(peaks => peaks.synops)),
      words: roundColumn(ran.peaks.image.map(peaks => peaks.words)),
      link: roundColumn(ran.peaks.image.map(peaks => peaks.link)),
    },
    criticalPath: criticalPathOf(facts.int, manifest.populations),
    pipeline: {
      layer: facts.spans.map(span => span.layer),
      start: facts.spans.map(span => span.start),
      end: facts.spans.map(span => span.end),
    },
    timed:
      timed === undefined
        ? null
        : {
            ...timed,
            unknown: [...timed.unknown],
            stream: { ...timed.stream, binds: { ...timed.stream.binds } },
          },
  };
}

const KIND = {
  updates: 'compute',
  synops: 'compute',
  memory: 'compute',
  link: 'noc',
  floor: 'barrier',
} as const;

function splitOf(steps: readonly StepTerms[]): Time['split'] {
  const split = { compute: 0, noc: 0, barrier: 0 };
  for (const terms of steps) split[KIND[bindingOf(terms)]] += terms[bindingOf(terms)];
  const all = split.compute + split.noc + split.barrier;
  const share = (x: number) => (all === 0 ? 0 : round(x / all));
  return { compute: share(split.compute), noc: share(split.noc), barrier: share(split.barrier) };
}

const splitOfBinds = ({
  updates,
  synops,
  memory,
  link,
  end,
}: Record<'updates' | 'synops' | 'memory' | 'link' | 'end', number>): Time['split'] => ({
  compute: round(updates + synops + memory),
  noc: round(link),
  barrier: round(end),
});

function busiestOf(times: CoreTimes, main: readonly number[]): Time['busiest'] {
  const seconds = main.map((_, core) => coreSeconds(times, core));
  const order = [...seconds.keys()].toSorted((a, b) => seconds[b]! - seconds[a]! || a - b);
  const of = (term: readonly number[] | null, core: number) => (term === null ? null : round(term[core]!));
  return order.slice(0, BUSIEST).map(core => ({
    core,
    layer: main[core]!,
    seconds: round(seconds[core]!),
    updatesSeconds: of(times.updates, core),
    synopsSeconds: of(times.synops, core),
    memorySeconds: of(times.memory, core),
  }));
}

/** From the readout back: of what a layer reads, the one that begins last. */
function criticalPathOf(
  { nodes, outputs }: IntGraph,
  populations: Facts['manifest']['populations'],
): Time['criticalPath'] {
  const byId = nodeMap(nodes);
  const place = new Map(populations.map(({ name }, i) => [`%${name}`, i]));
  const depthOf = (id: ValueId) => populations[place.get(id) ?? -1]?.depth ?? -1;
  const path: { layer: number; step: number }[] = [];
  for (let id = outputs[0]; id !== undefined && place.has(id); ) {
    const layer = place.get(id)!;
    path.unshift({ layer, step: populations[layer]!.depth });
    const sources = byId.get(id)!.operands.flatMap(projection => byId.get(projection)!.operands);
    id = sources.reduce<ValueId | undefined>(
      (best, source) => (best === undefined || depthOf(source) > depthOf(best) ? source : best),
      undefined,
    );
  }
  return path;
}
