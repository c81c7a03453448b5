/**
 * Exports to SANA-FE. What it must count is held against a golden of SANA-FE itself; `SANAFE=PYTHON node --test …`
 * with a Python that has SANA-FE runs it again and rewrites the goldens.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChipProgram } from '../../backends/program/program.ts';
import { loadTarget, type Target } from '../../backends/target.ts';
import { randomPlainNet, referenceMapping, referenceNet } from '../../bench/plain-nets.ts';
import { writeNpz } from '../../cli/npz.ts';
import { mapNetwork } from '../../compiler/map-network.ts';
import { buildPrograms } from '../../compiler/plain-neurons/build.ts';
import type { PlainNetwork } from '../../compiler/plain-neurons/network.ts';
import type { PlainMapping } from '../../compiler/plain-neurons/slices.ts';
import { type ExportRequest, exportSanafe } from '../../export/sanafe/export.ts';
import type { Mode } from '../../ir/chip.ts';
import { createDiagnostics, UserError } from '../../ir/diagnostics/diagnostic.ts';
import { rs } from '../../ir/fixed.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { randomModern } from '../../ir/random/modern.ts';
import type { Coding } from '../../ir/snn.ts';
import { createMachine } from '../../runtime-sim/chip.ts';
import { totalOf } from '../../runtime-sim/counts.ts';
import type { HostSpikes } from '../../runtime-sim/lif/machine.ts';
import { descend, randomImages, reload, shrunk } from '../kit.ts';
import { type RandomNet, randomNet, randomPrograms } from '../lif/random-net.ts';
import { writeMlp } from '../mlp.ts';

const GOLDENS = 'test/export/goldens';
const COUNTS = ['fired', 'packets', 'hops', 'synops'] as const;
const REALS = ['synapseEnergy', 'somaEnergy', 'networkEnergy', 'seconds'] as const;
type Steps = Readonly<Record<(typeof COUNTS)[number] | (typeof REALS)[number], readonly number[]>>;
interface Found extends Steps {
  readonly sanafe: string;
  readonly command: string;
  readonly spikes: readonly (readonly string[])[];
  readonly sums: readonly number[];
}
interface Expected extends Steps {
  readonly timesteps: number;
  readonly spikes: readonly Readonly<Record<string, readonly number[]>>[];
  readonly sums: Readonly<Record<string, readonly number[]>>;
}

interface Case {
  readonly seed: number;
  readonly modern?: boolean;
  readonly mode: Mode;
  readonly coding: Coding;
  readonly steps: number;
  readonly terms: number;
  readonly images: number;
  /** Neurons of a core; so few that the network spreads over routers and chips. */
  readonly neurons: number;
}
const CASES: Readonly<Record<string, Case>> = {
  pipelined: { seed: 3, mode: 'pipelined', coding: 'sum', steps: 1, terms: 3, images: 2, neurons: 40 },
  layerwise: { seed: 4, mode: 'layerwise', coding: 'rate', steps: 3, terms: 1, images: 1, neurons: 60 },
  streaming: { seed: 5, mode: 'streaming', coding: 'sum', steps: 1, terms: 2, images: 2, neurons: 16 },
  differential: {
    seed: 6,
    mode: 'pipelined',
    coding: 'differential',
    steps: 2,
    terms: 1,
    images: 1,
    neurons: 50,
  },
  modern: {
    seed: 41,
    modern: true,
    mode: 'pipelined',
    coding: 'sum',
    steps: 1,
    terms: 1,
    images: 1,
    neurons: 300,
  },
};

async function requestOf(of: Case): Promise<ExportRequest> {
  const ann = of.modern ? randomModern(of.seed, ['gatedMlp', 'taps']) : randomAnn(of.seed);
  const images = randomImages(ann, 4, of.seed);
  const { int } = descend(ann, images, { ...of, shift: 4 });
  const target = boardOf(await loadTarget('loihi2'), of.neurons);
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const settings = { weightBits: 8, seed: 1, effort: 'fast', mode: of.mode } as const;
  const programs = reload(mapNetwork(int, target, new Map(), settings, context));
  return {
    ...{ programs, target, images: images.slice(0, of.images), populations: [], mostSynapses: 1e6 },
    costSet: target.costSets.find(set => set.name === 'sanafe-nahuku')!,
    origin: 'test',
  };
}

/** Chips in rows of 3, so that borders are crossed in both directions. */
function boardOf(target: Target, neurons: number): Target {
  const small = shrunk(target, neurons, 400);
  const { topology } = small;
  const of = (value: number) => ({ ...topology.chipsX, value });
  const few = { routersX: of(2), routersY: of(2), coresPerRouter: of(2), usableCores: of(8) };
  return { ...small, topology: { ...topology, ...few, chipsX: of(3), chipsY: of(1000) } };
}

const textsOf = (request: ExportRequest): ReadonlyMap<string, string> =>
  new Map(exportSanafe(request).files.map(({ name, parts }) => [name, [...parts].join('')]));
const expectedIn = (texts: ReadonlyMap<string, string>): Expected => JSON.parse(texts.get('expected.json')!);

/** Of plain neurons SANA-FE computes the dynamics itself. */
const PLAIN: Readonly<Record<string, () => PlainCase>> = {
  'plain reference': () => {
    const network = referenceNet(3, 40, 5);
    return { network, mapping: referenceMapping(network, 3) };
  },
  'plain leaky': () => randomPlainNet(11),
  'plain host': () => {
    const { network, mapping, host } = undelayed(
      Array.from({ length: 40 }, (_, seed) => randomNet(seed)).find(net => net.network.hostSize > 20)!,
    );
    return { network, mapping, host };
  },
};
const undelayed = ({ network, ...net }: RandomNet): RandomNet => ({
  ...net,
  network: { ...network, edges: network.edges.map(edge => ({ ...edge, delay: 0 })) },
});
interface PlainCase {
  readonly network: PlainNetwork;
  readonly mapping: PlainMapping;
  readonly host?: HostSpikes;
}

async function plainRequest({ network, mapping, host }: PlainCase): Promise<ExportRequest> {
  const target = await loadTarget('loihi1');
  return {
    programs: buildPrograms(network, mapping, { accumulatorBits: 30, stateBits: 31 }),
    ...{ target, images: [], populations: [], mostSynapses: 1e6, origin: 'test' },
    costSet: target.costSets.find(set => set.name === 'sanafe-nahuku')!,
    free: { timesteps: 12, ...(host !== undefined && { host }) },
  };
}

const GOLDEN_CASES: readonly (readonly [string, () => Promise<ExportRequest>])[] = [
  ...Object.entries(CASES).map(([name, of]) => [name, () => requestOf(of)] as const),
  ...Object.entries(PLAIN).map(([name, of]) => [name, () => plainRequest(of())] as const),
];

for (const [name, make] of GOLDEN_CASES) {
  test(`${name}: what SANA-FE counts is what it must count`, async () => {
    const texts = textsOf(await make());
    const golden = `${GOLDENS}/${name.replaceAll(' ', '-')}.json`;
    if (process.env.SANAFE !== undefined) runSanafe(process.env.SANAFE, texts, golden);
    const found: Found = JSON.parse(readFileSync(golden, 'utf8'));
    const expected = expectedIn(texts);
    for (const key of COUNTS) assert.deepEqual(found[key], expected[key], key);
    for (const key of REALS) {
      found[key].forEach((value, step) => {
        const wanted = expected[key][step]!;
        assert.ok(Math.abs(value - wanted) <= 1e-9 * Math.abs(wanted), `${key} ${step}: ${value} ${wanted}`);
      });
    }
    const named = expected.spikes.map(step =>
      Object.entries(step)
        .flatMap(([group, neurons]) => neurons.map(neuron => `${group}.${neuron}`))
        .sort(),
    );
    assert.deepEqual(found.spikes, named);
    const groups = Object.keys(expected.sums).sort();
    assert.deepEqual(
      found.sums,
      groups.flatMap(group => expected.sums[group]!),
    );
    assert.ok(expected.fired.some(fired => fired > 0));
    assert.ok(
      expected.hops.some(hops => hops > 0),
      'several routers are in use',
    );
  });
}

function runSanafe(python: string, texts: ReadonlyMap<string, string>, golden: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'sanafe-'));
  for (const [file, text] of texts) writeFileSync(join(folder, file), text);
  execFileSync(python, [join(folder, 'run_sanafe.py'), '--save', golden], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  rmSync(folder, { recursive: true });
}

test('with one term a spike, the counts of an image are those of the chip', async () => {
  const request = await requestOf({ ...CASES.pipelined!, terms: 1, images: 1 });
  const expected = expectedIn(textsOf(request));
  const machine = createMachine(request.programs);
  machine.run(request.images[0]!);
  const sum = totalOf(machine.counts.tiles);
  const all = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const ofHost = Object.entries(expected.spikes[0]!).reduce((n, [, neurons]) => n + neurons.length, 0);
  assert.equal(all(expected.synops), sum.synops + sum.relayAdds);
  assert.equal(all(expected.packets) - ofHost, sum.messages);
});

test('sums are those of the chip: what its last neurons read out', async () => {
  const request = await requestOf({ ...CASES.pipelined!, images: 1 });
  const expected = expectedIn(textsOf(request));
  const readout = createMachine(request.programs).run(request.images[0]!)[0]!;
  const tiles = request.programs.flatMap(program => program.cores.flatMap(core => core.tiles));
  const own = tiles.flatMap(({ box, emit, gathers, fraction, outFraction }, number) => {
    if (emit.kind !== 'readout') return [];
    const [linear] = gathers;
    assert.ok(linear?.kind === 'linear' && gathers.length === 1);
    return expected.sums[`s${number}_0`]!.map((value, c): readonly [number, number] => {
      const scale = linear.scale[c % linear.scale.length]!;
      const held = rs(value + (linear.bias?.[c] ?? 0), scale - fraction);
      return [box.channel[0] + c, rs(held, fraction - outFraction) * 2 ** -outFraction];
    });
  });
  assert.equal(own.length, readout.length);
  for (const [c, value] of own) assert.equal(value, readout[c]);
});

test('a slice has the synapses that lead to it and no others', async () => {
  const request = await requestOf(CASES.pipelined!);
  const { header } = request.programs[0]! as ChipProgram;
  const whole = exportSanafe(request).summary;
  const parts = header.populations
    .map(({ name }) => name)
    .flatMap(name => {
      try {
        return [exportSanafe({ ...request, populations: [name] }).summary];
      } catch (error) {
        assert.ok(error instanceof UserError && error.diagnostics[0]!.code === 'E0758');
        return [];
      }
    });
  assert.ok(parts.length > 5);
  assert.equal(
    parts.reduce((n, { synapses }) => n + synapses, 0),
    whole.synapses,
  );
});

test('plain neurons: leaky ones and a host that sends are among those that are compared, delays are refused', async () => {
  const leaky = PLAIN['plain leaky']!().network.groups.some(({ neurons }) => neurons.leak.some(l => l > 0));
  assert.ok(leaky);
  const net = Array.from({ length: 40 }, (_, seed) => randomNet(seed)).find(({ network }) =>
    network.edges.some(({ delay }) => delay > 0),
  )!;
  const request = { ...(await plainRequest(PLAIN['plain leaky']!())), programs: randomPrograms(net) };
  assert.throws(
    () => exportSanafe({ ...request, free: { timesteps: 9, host: net.host } }),
    (error: unknown) => error instanceof UserError && error.diagnostics[0]!.code === 'E0760',
  );
});

test('refused by name: populations, sizes', async () => {
  const request = await requestOf(CASES.pipelined!);
  const codeOf = (change: Partial<ExportRequest>) => {
    try {
      exportSanafe({ ...request, ...change });
    } catch (error) {
      if (error instanceof UserError) return error.diagnostics[0]!.code;
      throw error;
    }
    return 'nothing';
  };
  assert.equal(codeOf({ populations: ['nobody'] }), 'E0755');
  assert.equal(codeOf({ mostSynapses: 10 }), 'E0756');
  assert.equal(
    codeOf({ images: [new Float64Array(request.images[0]!.length)], populations: ['nobody'] }),
    'E0755',
  );
  assert.equal(codeOf({ images: [] }), 'E0758');
  const far = request.programs.map(p => ({ ...p, header: { ...p.header, interval: 2 ** 27 } }));
  assert.equal(codeOf({ programs: far }), 'E0757');
});

test('the command writes the files of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'export-'));
  const at = (name: string) => join(folder, name);
  writeFileSync(at('mlp.onnx'), writeMlp([6, 9, 4], 3));
  const data = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
  writeFileSync(at('images.npz'), writeNpz([{ name: 'images', shape: [10, 6], data }]));
  const snnc = (...argv: readonly string[]) => {
    const { status, stdout } = spawnSync('node', ['build/test/cli-entry.js', ...argv, '--json'], {
      encoding: 'utf8',
    });
    return [status, stdout];
  };
  const [compiled] = snnc(
    ...['compile', at('mlp.onnx'), '--calibrate', at('images.npz')],
    ...['--out', at('mlp.snnc'), '--no-compare'],
  );
  assert.equal(compiled, 0);
  const run = (...more: readonly string[]) =>
    snnc(
      ...['export', at('mlp.snnc'), '--to', 'sanafe', '-o', at('out'), '--input', at('images.npz')],
      ...more,
    ).join(' ');
  assert.match(run('--limit', '3'), /^0 .*"lost"/);
  assert.match(run('--costs', 'nobody'), /^2 .*E0759.*sanafe-nahuku/);
  assert.match(run('--population', 'nobody'), /^2 .*E0755/);
  const described = JSON.parse(readFileSync(at('out/export.json'), 'utf8'));
  assert.equal(described.images, 3);
  for (const name of ['architecture.yaml', 'network.yaml', 'run_sanafe.py'])
    assert.ok(readFileSync(at(`out/${name}`), 'utf8').length > 500);
  rmSync(folder, { recursive: true });
});
