/** Seconds and bytes a synapse that it takes to load a network of plain neurons from its programs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeChip } from '../backends/program/encode.ts';
import { buildPrograms } from '../compiler/plain-neurons/build.ts';
import type { PlainNetwork } from '../compiler/plain-neurons/network.ts';
import type { Measure } from './measure.ts';
import { referenceMapping, referenceNet } from './plain-nets.ts';

const LAYERS = 4;
const SIZE = 1024;
const CORES = 8;
const REPEATS = 5;
const LIMIT = { seconds: 1, bytesPerSynapse: 8 } as const;
const LOADER = fileURLToPath(new URL('./sim-load-whole.js', import.meta.url));

/** What the network takes beyond one of a few neurons, so that the runtime itself is left out. */
export async function measureLoad(): Promise<Measure> {
  const network = referenceNet(LAYERS, SIZE, 10);
  const start = performance.now();
  const programs = buildPrograms(network, referenceMapping(network, CORES));
  const built = (performance.now() - start) / 1000;
  const synapses = (LAYERS - 1) * SIZE * SIZE;
  const large = load(programs.map(encodeChip));
  const small = load(programsOf(referenceNet(LAYERS, CORES, 10)));
  const perSynapse = (large.bytes - small.bytes) / synapses;
  console.log(
    `${synapses} synapses: built in ${built.toFixed(3)} s, loaded in ${large.seconds.toFixed(3)} s, ` +
      `${perSynapse.toFixed(2)} bytes a synapse at most (limits: ${LIMIT.seconds} s, ${LIMIT.bytesPerSynapse})`,
  );
  return {
    value: perSynapse,
    unit: `bytes a synapse, ${(built + large.seconds).toFixed(3)} s to build and load`,
    anchor: `limit of ${LIMIT.bytesPerSynapse} bytes`,
    ratio: LIMIT.bytesPerSynapse / perSynapse,
  };
}

const programsOf = (network: PlainNetwork) =>
  buildPrograms(network, referenceMapping(network, CORES)).map(encodeChip);

/** The fastest and the smallest of several processes. */
function load(programs: readonly Uint8Array[]): { readonly seconds: number; readonly bytes: number } {
  const folder = mkdtempSync(join(tmpdir(), 'snnc-load-'));
  try {
    const files = programs.map((bytes, i) => {
      const file = join(folder, `${i}.bin`);
      writeFileSync(file, bytes);
      return file;
    });
    const runs = Array.from({ length: REPEATS }, () => {
      const text = execFileSync(process.execPath, [LOADER, ...files], { encoding: 'utf8' });
      return JSON.parse(text) as { seconds: number; bytes: number };
    });
    return {
      seconds: Math.min(...runs.map(({ seconds }) => seconds)),
      bytes: Math.min(...runs.map(({ bytes }) => bytes)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
