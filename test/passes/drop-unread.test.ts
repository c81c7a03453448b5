import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calibrate } from '../../compiler/calibrate.ts';
import { convertNetwork, neuronCount } from '../../compiler/compile.ts';
import { convert } from '../../compiler/passes/convert.ts';
import { dropUnread } from '../../compiler/passes/drop-unread.ts';
import { quantize } from '../../compiler/passes/quantize.ts';
import { defaultProfile } from '../../compiler/profile.ts';
import { measureRanges, type PopulationRange, type Ranges } from '../../compiler/ranges.ts';
import { findRead, placesIn } from '../../compiler/read-neurons.ts';
import { findSites } from '../../compiler/sites.ts';
import { emitsOf } from '../../compiler/thresholds.ts';
import type { AnnGraph, AnnNode } from '../../ir/ann.ts';
import { annMacs, countedPopulations } from '../../ir/count/counts.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/dialect.ts';
import { createIntRunner } from '../../ir/interpret/int.ts';
import { createSnnRunner } from '../../ir/interpret/snn.ts';
import { compressMap, hasHoles } from '../../ir/map.ts';
import { randomAnn } from '../../ir/random/ann.ts';
import { randomModern } from '../../ir/random/modern.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import type { Coding, SnnGraph } from '../../ir/snn.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { randomImages } from '../kit.ts';

const silent = () => createDiagnostics().report;

function spiking(ann: AnnGraph, images: readonly Float64Array[], coding: Coding, steps: number): SnnGraph {
  const sites = findSites(ann);
  const rules = { rule: 'pow2', profile: defaultProfile(3), maxLevels: 16 } as const;
  const emits = emitsOf(sites, calibrate(ann, sites, images), rules, silent());
  return convert.run(ann, { coding, steps, emits }, silent());
}

/** The network up to one of its values, of which a few elements are the answer: rows, channels or what comes. */
function peepedAt(graph: AnnGraph, seed: number): AnnGraph {
  const random = createRandom(seed);
  const value = random.pick(graph.nodes.filter(n => n.kind !== 'input' && n.kind !== 'output'));
  const [rows, channels] = [sizeOf(value.type.shape.slice(0, -1)), value.type.shape.at(-1)!];
  const all = Array.from({ length: rows * channels }, (_, i) => i);
  const [row, channel] = [random.int(0, rows - 1), random.int(0, channels - 1)];
  const elements = random.pick([
    all.filter(i => Math.floor(i / channels) === row),
    all.filter(i => i % channels === channel),
    all.filter(() => random.chance(0.3)).concat(random.int(0, all.length - 1)),
  ]);
  const type = { element: 'real', shape: [1, elements.length] } as const;
  const view: AnnNode = {
    ...{ kind: 'view', id: '%peep', operands: [value.id], origin: 'peep', type },
    attrs: { map: compressMap(elements) },
  };
  const output: AnnNode = {
    ...{ kind: 'output', id: '%answer', operands: ['%peep'], origin: 'answer', type },
    attrs: { name: 'answer' },
  };
  return { ...graph, nodes: [...graph.nodes, view, output], outputs: ['%answer'] };
}

function networkOf(seed: number): AnnGraph {
  const whole = seed % 2 === 0 ? randomAnn(seed) : randomModern(seed);
  return seed % 3 === 0 ? whole : peepedAt(whole, seed);
}

/** Ranges of the whole network, of the channels that are left. */
function cutRanges(ranges: Ranges, whole: SnnGraph): Ranges {
  const read = findRead(whole);
  const cut = (id: string, { currents, ...range }: PopulationRange): PopulationRange => {
    const channels = read.get(id as `%${string}`)?.[2];
    const kept = [...currents].map(
      ([key, peaks]) =>
        [key, channels === undefined ? peaks : Float64Array.from(channels, c => peaks[c]!)] as const,
    );
    return { ...range, currents: new Map(kept) };
  };
  return new Map([...ranges].map(([id, range]) => [id, cut(id, range)]));
}

test('what is left answers bit for bit as before: every neuron and step at snn, the readout at int', () => {
  let dropped = 0;
  let compared = 0;
  for (let seed = 0; seed < 120; seed++) {
    const ann = networkOf(seed);
    const images = randomImages(ann, 3, seed);
    const coding = seed % 4 < 2 ? 'sum' : 'rate';
    const whole = spiking(ann, images, coding, 2);
    const left = dropUnread.run(whole, undefined, silent());
    assert.deepEqual(verifyGraph(left), [], `seed ${seed}`);
    const read = findRead(whole);
    const sums = new Map<string, Float64Array>();
    const image = images[0]!;
    const wanted = createSnnRunner(whole).run(image, (step, node, emission) => {
      const kept = read.get(node.id);
      const places = kept === undefined ? undefined : placesIn(node.type.shape, kept);
      sums.set(
        `${step} ${node.id}`,
        places ? Float64Array.from(places, i => emission.sums[i]!) : emission.sums.slice(),
      );
    });
    let checked = 0;
    const got = createSnnRunner(left).run(image, (step, node, emission) => {
      checked += 1;
      assert.deepEqual(emission.sums, sums.get(`${step} ${node.id}`), `seed ${seed} ${node.id} step ${step}`);
    });
    assert.ok(checked > 0);
    assert.deepEqual(got, wanted, `seed ${seed}`);
    const neurons = (g: SnnGraph) => g.nodes.reduce((n, { type }) => n + sizeOf(type.shape), 0);
    dropped += neurons(left) < neurons(whole) ? 1 : 0;

    // Taps of one channel share their exponent, which is larger where rows with large taps are gone.
    const taps = (g: SnnGraph) => g.nodes.flatMap(n => (n.kind === 'depthwise' ? [n.attrs.weight] : []));
    const isFiner = taps(left).some(weight => !taps(whole).includes(weight));
    if (isFiner) continue;
    compared += 1;
    const widths = { weightBits: 8, accumulatorBits: 24, stateBits: 24, inputFraction: 12 };
    const ranges = measureRanges(whole, images);
    const wholeInt = quantize.run(whole, { ranges, ...widths }, silent());
    const leftInt = quantize.run(left, { ranges: cutRanges(ranges, whole), ...widths }, silent());
    assert.deepEqual(
      createIntRunner(leftInt).run(image),
      createIntRunner(wholeInt).run(image),
      `seed ${seed}`,
    );
  }
  assert.ok(dropped > 60 && compared > 60, `${dropped} networks became smaller, ${compared} compared at int`);
});

test('of the last block only the class token is computed behind the keys and values', () => {
  const shape = { tokens: 5, dim: 6, heads: 2, mlp: 7, depth: 2, classes: 3, patch: 4 };
  const ann = randomAnn(3, shape);
  const images = randomImages(ann, 2, 1);
  const left = dropUnread.run(spiking(ann, images, 'sum', 1), undefined, silent());
  const rows = left.nodes.flatMap(n => (n.kind === 'population' ? [n.type.shape[1]!] : []));
  const tokens = rows[0]!;
  const last = rows.length - rows.lastIndexOf(tokens) - 1;
  // q · scores · attention · res1 · ln2 · fc1 · res2 · ln · head, whatever their order before the last whole one
  const single = left.nodes.flatMap(n => (n.kind === 'population' && n.type.shape[1] === 1 ? [n] : []));
  assert.ok(single.length >= 8, `${single.map(n => n.id)}`);
  assert.ok(last >= 6);
});

test('a network that averages its tokens loses nothing, not even an object', () => {
  let met = 0;
  for (let seed = 0; seed < 60; seed++) {
    const ann = randomModern(seed, ['attention']);
    const isAveraged = ann.nodes.some(n => n.kind === 'reduce');
    // Padding that attention reads in a token's place leaves that token unread.
    const isPadded = ann.nodes.some(
      n => n.kind === 'view' && n.type.shape.length > 2 && hasHoles(n.attrs.map),
    );
    if (!isAveraged || isPadded) continue;
    met += 1;
    const whole = spiking(ann, randomImages(ann, 1, seed), 'sum', 1);
    const left = dropUnread.run(whole, undefined, silent());
    assert.equal(left.nodes.length, whole.nodes.length);
    left.nodes.forEach((node, i) => {
      assert.equal(node, whole.nodes[i], `seed ${seed}`);
    });
  }
  assert.ok(met > 5, `${met} networks average`);
});

test('Eq. 30: the ANN side is that of the whole network, whether or not the unread is left out', () => {
  const ann = randomAnn(3, { tokens: 5, dim: 6, heads: 2, mlp: 7, depth: 2, classes: 3, patch: 4 });
  const images = randomImages(ann, 2, 1);
  const context = { diagnostics: createDiagnostics(), step: () => {} };
  const options = { coding: 'sum', steps: 1, thresholds: 'pow2', profile: defaultProfile(4) } as const;
  const others = { weightBits: 8, seed: 1, effort: 'fast', biasCorrection: false } as const;
  const [left, whole] = [false, true].map(keepUnread =>
    convertNetwork(ann, images, { ...options, ...others, keepUnread }, context),
  );
  assert.deepEqual(left!.annMacs, whole!.annMacs);
  assert.deepEqual(whole!.annMacs, annMacs(countedPopulations(whole!.snn)));
  assert.ok(annMacs(countedPopulations(left!.snn)).paper < left!.annMacs.paper);
  assert.equal(whole!.unread, 0);
  assert.equal(left!.unread, neuronCount(whole!.snn) - neuronCount(left!.snn));
  assert.ok(left!.unread > 0);
});
