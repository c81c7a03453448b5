/** Neurons in integers of 32 bits against the interpreter's own functions, on specs drawn at random: every number and count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arena, createArena, hasAllKernels, type Kernels } from '../ir/fast/arena.ts';
import { type NeuronsSpec, prepareNeurons } from '../ir/fast/neurons.ts';
import { type Firing, makeExp2Table, makeLog2Table, rs, saturate } from '../ir/fixed.ts';
import type { IntEmit } from '../ir/int.ts';
import { rateFactor, type Saturations } from '../ir/interpret/int.ts';
import { createMembrane, firing } from '../ir/interpret/membrane.ts';
import { type SomaKind, type SomaSpec, somaFunction } from '../ir/interpret/soma.ts';
import { createRandom, type Random } from '../ir/random/seeded.ts';
import { CODINGS } from '../ir/snn.ts';
import { remainderTable } from '../ir/soma-forms.ts';

const POINTWISE = ['relu', 'relu6', 'gelu', 'silu', 'sigmoid', 'tanh', 'erf', 'hard-sigmoid'] as const;
const KINDS = ['identity', 'partial', 'pointwise', 'layernorm', 'rmsnorm', 'softmax'] as const;
const STEPS = 3;

const kernels = (): Arena<Kernels> => {
  const arena = createArena();
  assert.ok(hasAllKernels(arena));
  return arena;
};

function drawFunction(random: Random, channels: number): { fn: SomaKind; remainder?: Int32Array } {
  const kind = random.pick(KINDS);
  switch (kind) {
    case 'identity':
    case 'partial':
      return { fn: { kind } };
    case 'pointwise': {
      const name = random.pick(POINTWISE);
      const tableFraction = random.int(6, 12);
      const table = remainderTable(name, tableFraction);
      return { fn: { kind, name, tableFraction }, ...(table.length > 0 && { remainder: table }) };
    }
    case 'softmax':
      return { fn: { kind, scale: random.int(1, 60), shift: random.int(0, 6) } };
    default: {
      const signs = Array.from({ length: channels }, () => random.pick([-1, 0, 1]));
      const logs = Array.from({ length: channels }, () => random.int(-20000, 20000));
      const offset = Int32Array.from({ length: channels }, () => random.int(-500, 500));
      const gain = Int32Array.from([...logs, ...signs]);
      const keys = { epsilonKey: random.int(-9000, 90000), channelKey: random.int(0, 50000) };
      return { fn: { kind, ...keys, ...(random.chance(0.5) && { gain, offset }) } };
    }
  }
}

function drawEmit(random: Random, outFraction: number): IntEmit {
  if (random.chance(0.3)) return { kind: random.pick(['relay', 'readout']) };
  const theta = outFraction - random.int(2, 5);
  const levels = random.int(1, 9);
  const coarse = random.chance(0.3) ? { coarse: 1 } : {};
  return { kind: 'mt', theta, levels, terms: random.int(1, 4), band: random.int(1, 4), ...coarse };
}

function drawSpec(random: Random): NeuronsSpec {
  // Groups beside whole vectors, and more neurons than a block has.
  const channels = random.pick([1, 3, 4, 5, 16, 27, 197, 260]);
  const rows = random.pick([1, 2, 7, 40]);
  const coding = random.pick(CODINGS);
  const fraction = random.int(3, 14);
  const outFraction = random.int(3, 12);
  const { fn, remainder } = drawFunction(random, channels);
  const tables = { log2: makeLog2Table(), exp2: makeExp2Table(), ...(remainder && { remainder }) };
  const soma: SomaSpec = {
    ...{ fn, channels, fraction, outFraction, tables },
    ...{ stateBits: random.pick([16, 20, 24]), rate: coding === 'rate' },
  };
  const gathers = Array.from({ length: random.int(1, 3) }, () => ({
    scale: Array.from({ length: random.pick([1, channels]) }, () => fraction + random.int(-2, 9)),
    of: coding === 'rate' ? random.pick(['linear', 'product', undefined] as const) : undefined,
  }));
  const emit = drawEmit(random, outFraction);
  return { size: rows * channels, gathers, accumulatorBits: 24, soma, emit, coding, steps: STEPS };
}

/** Mostly of a size that functions bend at, sometimes of any that accumulators are offered. */
function drawAccumulators(random: Random, size: number): Int32Array {
  const spread = 2 ** random.int(4, 20);
  return Int32Array.from({ length: size }, () => {
    if (random.chance(0.02)) return random.pick([-(2 ** 31), 2 ** 31 - 1, 2 ** 23, -(2 ** 23) + 1]);
    return random.chance(0.05) ? 0 : Math.round(random.normal() * spread);
  });
}

interface State {
  readonly values: Int32Array;
  readonly terms: Uint8Array;
  readonly sums: Int32Array;
  readonly counter: Saturations;
}

/** One step as interpret/int.ts says it. */
function interpret(spec: NeuronsSpec, accumulators: readonly Int32Array[], t: number, state: State): void {
  const { soma, emit, size } = spec;
  const { counter, sums } = state;
  const isPartial = soma.fn.kind === 'partial';
  const u = new Float64Array(size);
  accumulators.forEach((accumulator, g) => {
    const { scale, of } = spec.gathers[g]!;
    const factor = rateFactor(of);
    for (let i = 0; i < size; i++) {
      const held = saturate(accumulator[i]!, spec.accumulatorBits);
      if (held !== accumulator[i]) counter.accumulator += 1;
      accumulator[i] = held;
      u[i]! += isPartial ? held : factor(rs(held, scale[i % scale.length]! - soma.fraction), t);
    }
  });
  for (let i = 0; !isPartial && i < size; i++) {
    const held = saturate(u[i]!, soma.stateBits);
    if (held !== u[i]) counter.state += 1;
    u[i] = held;
  }
  const y = somaFunction(soma)(u, t);
  const membrane = emit.kind === 'mt' ? createMembrane(emit, soma.outFraction, spec)(t) : undefined;
  const fire = membrane !== undefined && emit.kind === 'mt' ? firing(membrane, emit) : undefined;
  const answer: Firing = { payload: 0, terms: 0, clipped: false };
  for (let i = 0; i < size; i++) {
    fire?.(y[i]!, sums[i]!, answer);
    state.values[i] = fire === undefined ? y[i]! - sums[i]! : answer.payload;
    state.terms[i] = fire === undefined ? (state.values[i] === 0 ? 0 : 1) : answer.terms;
    sums[i]! += state.values[i]! * (membrane?.weight ?? 1);
    if (fire !== undefined && answer.clipped) counter.threshold += 1;
  }
}

const none = (): Saturations => ({ accumulator: 0, state: 0, threshold: 0 });

test('neurons: accumulators, payloads, terms, sums and counts of random specs, step by step', () => {
  const random = createRandom(23);
  const arena = kernels();
  const seen = new Map<string, number>();
  for (let n = 0; n < 350; n++) {
    const spec = drawSpec(random);
    const neurons = prepareNeurons(spec, arena);
    const name = `${spec.soma.fn.kind} ${spec.emit.kind}`;
    if (neurons === undefined) continue;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    const { size } = spec;
    const place = (bytes: number) => arena.reserve(8 * Math.ceil(size / 8) * bytes);
    const inputs = spec.gathers.map(() => place(4));
    const places = { payloads: place(4), terms: place(1), sums: place(4) };
    const room = arena.reserve(neurons.room);
    const views = arena.views();
    // What is in the room, and was in sums, says nothing.
    views.i32.fill(-1, room / 4, (room + neurons.room) / 4);
    views.i32.fill(77, places.sums / 4, places.sums / 4 + size);
    const [got, counter] = [none(), none()];
    const state = {
      values: new Int32Array(size),
      terms: new Uint8Array(size),
      sums: new Int32Array(size),
      counter,
    };
    for (let t = 1; t <= STEPS; t++) {
      const drawn = inputs.map(() => drawAccumulators(random, size));
      for (const [g, accumulator] of drawn.entries()) views.i32.set(accumulator, inputs[g]! / 4);
      neurons.step(inputs, places, t, room, got);
      interpret(spec, drawn, t, state);
      const payloads: Int32Array = neurons.isShort
        ? Int32Array.from(views.i16.subarray(places.payloads / 2, places.payloads / 2 + size))
        : views.i32.slice(places.payloads / 4, places.payloads / 4 + size);
      const where = `${n} ${name} ${spec.coding} t = ${t}: ${JSON.stringify(spec.soma.fn).slice(0, 200)}`;
      assert.deepEqual(payloads, state.values, where);
      assert.deepEqual(views.u8.slice(places.terms, places.terms + size), state.terms, where);
      assert.deepEqual(views.i32.slice(places.sums / 4, places.sums / 4 + size), state.sums, where);
      drawn.forEach((accumulator, g) => {
        assert.deepEqual(views.i32.slice(inputs[g]! / 4, inputs[g]! / 4 + size), accumulator, where);
      });
      assert.deepEqual(got, counter, where);
    }
  }
  // Every function is met with every kind of emission: a spec that is always refused would prove nothing.
  assert.deepEqual(seen.size, KINDS.length * 3, [...seen.keys()].join(', '));
});
