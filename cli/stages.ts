/** The stages that a deployment folder keeps, read back for validation. */
import type { Deployment } from '../backends/folder.ts';
import { readNpz } from '../compiler/data/npz.ts';
import { type AnnGraph, ann } from '../ir/ann.ts';
import { type ChipGraph, chip } from '../ir/chip.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import type { Dialect, Graph, ValueId } from '../ir/dialect.ts';
import { type IntGraph, int } from '../ir/int.ts';
import { type SnnGraph, snn } from '../ir/snn.ts';
import { parseGraph } from '../ir/text.ts';
import { writeNpz } from './npz.ts';

/** Biases of stage `snn` before they were corrected, where they were: arrays named after linears. */
export const BIASES = 'stages/biases.npz';

export const writeBiases = (biases: ReadonlyMap<ValueId, Float64Array>): Uint8Array =>
  writeNpz([...biases].map(([id, data]) => ({ name: id, shape: [data.length], data })));

export function readBiases(folder: Deployment): ReadonlyMap<ValueId, Float64Array> {
  if (!folder.manifest.files.some(file => file.path === BIASES)) return new Map();
  const arrays = readNpz(folder.read(BIASES), BIASES);
  return new Map([...arrays].map(([name, { data }]) => [name as ValueId, Float64Array.from(data, Number)]));
}

export interface Stages {
  readonly ann: AnnGraph;
  readonly snn: SnnGraph;
  readonly int: IntGraph;
}

export const readStages = (folder: Deployment): Stages => ({
  ...{ ann: readStage(folder, ann), snn: readStage(folder, snn), int: readStage(folder, int) },
});

export const readIntStage = (folder: Deployment): IntGraph => readStage(folder, int);

export const readChipStage = (folder: Deployment): ChipGraph => readStage(folder, chip);

function readStage<D extends Dialect>(folder: Deployment, dialect: D): Graph<D> {
  if (folder.manifest.network.mode === 'free') fail('E0711', { origin: folder.dir }, {});
  const path = `stages/${dialect.stage}.snnir`;
  const text = new TextDecoder().decode(folder.read(path));
  const tensors = folder.read(`stages/${dialect.stage}.bin`);
  // parseGraph checks every operator and attribute against this dialect.
  return parseGraph({ text, tensors }, dialect, path) as unknown as Graph<D>;
}
