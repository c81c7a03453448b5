/** The stages that a deployment folder keeps, read back for validation. */
import type { Deployment } from '../backends/folder.ts';
import { type AnnGraph, ann } from '../ir/ann.ts';
import type { Dialect, Graph } from '../ir/dialect.ts';
import { type IntGraph, int } from '../ir/int.ts';
import { type SnnGraph, snn } from '../ir/snn.ts';
import { parseGraph } from '../ir/text.ts';

export interface Stages {
  readonly ann: AnnGraph;
  readonly snn: SnnGraph;
  readonly int: IntGraph;
}

export function readStages(folder: Deployment): Stages {
  const read = <D extends Dialect>(dialect: D): Graph<D> => {
    const path = `stages/${dialect.stage}.snnir`;
    const text = new TextDecoder().decode(folder.read(path));
    // parseGraph checks every operator and attribute against this dialect.
    return parseGraph(
      { text, tensors: folder.read(`stages/${dialect.stage}.bin`) },
      dialect,
      path,
    ) as unknown as Graph<D>;
  };
  return { ann: read(ann), snn: read(snn), int: read(int) };
}
