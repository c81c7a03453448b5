/**
 * The network of SANA-FE's DVS tutorial: 32 × 32 inputs driven by their biases, four convolutions, a dense layer. Its numbers
 * are not ours to ship: bench/sanafe-dvs.py takes them from an installed SANA-FE.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import {
  convolve,
  convolvedShape,
  type PlainEdge,
  type PlainNetwork,
} from '../compiler/plain-neurons/network.ts';
import { type PlainMapping, sliceGroups } from '../compiler/plain-neurons/slices.ts';
import { createLifMachine } from '../runtime-sim/lif/engine.ts';
import { sumOf } from '../runtime-sim/lif/events.ts';
import { LOIHI_MESH } from './plain-nets.ts';

const arrays = z.record(z.string(), z.object({ shape: z.array(z.number()), values: z.array(z.number()) }));
type Arrays = z.infer<typeof arrays>;

/** Cores of each layer. */
const CORES = [1, 4, 16, 16, 4, 1];
/** Height and width step of each convolution. */
const STRIDES = { conv1: 2, conv2: 1, conv3: 1, conv4: 1 } as const;
const SIDE = 32;

export function loadDvsNet(python: string): { network: PlainNetwork; mapping: PlainMapping } {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-dvs-'));
  const file = join(folder, 'dvs.json');
  try {
    execFileSync(python, ['bench/sanafe-dvs.py', file]);
    const network = dvsNet(arrays.parse(JSON.parse(readFileSync(file, 'utf8'))));
    return { network, mapping: sliceGroups(network, CORES, LOIHI_MESH) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the tutorial checks itself by. */
const TUTORIAL = { steps: 1000, fired: 365_277 } as const;

export function dvsTotals({ network, mapping }: ReturnType<typeof loadDvsNet>): string {
  const machine = createLifMachine(buildPrograms(network, mapping));
  machine.run(TUTORIAL.steps);
  const { fired, synops, messagesOut } = machine.totals;
  return (
    `DVS tutorial, ${TUTORIAL.steps} steps: ${sumOf(fired)} fired (its own check: ${TUTORIAL.fired}), ` +
    `${sumOf(synops)} synops, ${sumOf(messagesOut)} packets`
  );
}

function dvsNet(data: Arrays): PlainNetwork {
  const [thresholds, inputs] = [data.thresholds!.values, data.inputs!.values];
  const sizes = [SIDE * SIDE];
  const edges: PlainEdge[] = [];
  const add = (size: number, synapses: PlainEdge['synapses']) => {
    edges.push({ from: sizes.length - 1, to: sizes.length, delay: 0, synapses });
    sizes.push(size);
  };
  let image: readonly [number, number, number] = [1, SIDE, SIDE];
  for (const [name, stride] of Object.entries(STRIDES)) {
    const { shape, values } = data[name]!;
    const convolution = {
      input: image,
      kernel: shape as unknown as readonly [number, number, number, number],
      weights: values,
      stride: [stride, stride] as const,
    };
    image = convolvedShape(convolution);
    add(image[0] * image[1] * image[2], convolve(convolution));
  }
  add(data.dense1!.shape[1]!, Int16Array.from(data.dense1!.values));
  const one = (value: number) => Int32Array.of(value);
  const rest = { leak: one(0), initial: one(0), reset: 'hard', resetTo: one(0) } as const;
  const groups = sizes.map((size, layer) => ({
    name: `g${layer}`,
    size,
    neurons: {
      bias: layer === 0 ? Int32Array.from(inputs) : one(0),
      threshold: one(thresholds[layer]!),
      ...rest,
    },
  }));
  return { hostSize: 0, groups, edges };
}
