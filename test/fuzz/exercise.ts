/** What a user would do with a file: import, canonical form, weights, conversion, text; and what came of it. */

import { modelFacts } from '../../compiler/onnx/facts.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import { readModel } from '../../compiler/onnx/model.ts';
import type { ModelFile } from '../../compiler/onnx/source.ts';
import { canonicalize } from '../../compiler/passes/canonicalize.ts';
import { convert } from '../../compiler/passes/convert.ts';
import { foldAttentionScale } from '../../compiler/passes/fold-attention-scale.ts';
import { foldNorms } from '../../compiler/passes/fold-norms.ts';
import { loadWeights } from '../../compiler/passes/load-weights.ts';
import { findSites } from '../../compiler/sites.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import {
  createDiagnostics,
  type Diagnostic,
  type Diagnostics,
  UserError,
} from '../../ir/diagnostics/diagnostic.ts';
import type { AnyGraph } from '../../ir/dialect.ts';
import { createSnnRunner } from '../../ir/interpret/snn.ts';
import type { SnnEmit } from '../../ir/snn.ts';
import { type GraphText, parseGraph, printGraph } from '../../ir/text.ts';
import { verifyGraph } from '../../ir/verify.ts';
import { differenceOf, drawImage, isSmall, outputsOf, steadyOutputs } from './compare.ts';
import { faultOf } from './messages.ts';

/** `crash`: an exception that is no diagnostic. `wrong`: values differ, or a rule of the stage is broken. */
export type OutcomeKind = 'accepted' | 'refused' | 'crash' | 'wrong' | 'message' | 'hang' | 'memory';
export interface Outcome {
  readonly kind: OutcomeKind;
  /** Codes of the diagnostics, or how far an accepted network came. */
  readonly codes: readonly string[];
  /** What went wrong, with the stack where there is one. */
  readonly detail?: string;
}

class Wrong extends Error {}

export function exercise(file: ModelFile): Outcome {
  const diagnostics = createDiagnostics();
  try {
    takeThrough(file, diagnostics);
    return judge(diagnostics.list);
  } catch (error) {
    if (error instanceof UserError) return judge(error.diagnostics);
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: error instanceof Wrong ? 'wrong' : 'crash', codes: [], detail };
  }
}

function judge(list: readonly Diagnostic[]): Outcome {
  const codes = [...new Set(list.map(d => d.code))];
  for (const diagnostic of list) {
    const fault = faultOf(diagnostic);
    if (fault !== undefined)
      return {
        kind: 'message',
        codes,
        detail: `${fault}: ${diagnostic.code} ${diagnostic.message.slice(0, 400)}`,
      };
  }
  return { kind: list.some(d => d.severity === 'error') ? 'refused' : 'accepted', codes };
}

function takeThrough(file: ModelFile, diagnostics: Diagnostics): void {
  const { report } = diagnostics;
  const imported = importOnnx(file, file.source, diagnostics, { isLate: true });
  if (imported === undefined) {
    if (!diagnostics.hasErrors()) throw new Wrong('refused without a reason');
    return;
  }
  if (diagnostics.hasErrors()) throw new Wrong('accepted in spite of an error');
  sound(imported.graph);
  const canonical = sound(canonicalize.run(imported.graph, undefined, report));
  const network = sound(loadWeights.run(canonical, undefined, report));
  if (diagnostics.hasErrors()) return;
  const compared = isSmall(imported.graph) && isSmall(network);
  if (compared)
    compareValues(
      sound(loadWeights.run(imported.graph, undefined, report)),
      network,
      'canonical form',
      toleranceOf(file),
    );
  if (diagnostics.hasErrors()) return;
  roundTrip(network);
  spike(network, compared, diagnostics);
}

function sound<G extends AnyGraph>(graph: G): G {
  const [first] = verifyGraph(graph);
  if (first !== undefined) throw new Wrong(`${graph.dialect.stage}: ${first.at.origin}: ${first.message}`);
  return graph;
}

const RELATIVE = 1e-4;
/** Functions spelled with constants of half precision are recognised within 1e-3 (recognise-functions.ts). */
const RELATIVE_OF_HALF = 1e-2;

function toleranceOf(file: ModelFile): number {
  const model = readModel(file, () => undefined);
  const { float16, bfloat16 } = model === undefined ? {} : modelFacts(model).elements;
  return float16 === undefined && bfloat16 === undefined ? RELATIVE : RELATIVE_OF_HALF;
}

function compareValues(before: AnnGraph, after: AnnGraph, what: string, relative = RELATIVE): void {
  const image = drawImage(before);
  const wanted = steadyOutputs(before, image);
  if (wanted === undefined) return;
  const difference = differenceOf(wanted, outputsOf(after, image), relative);
  if (difference !== undefined) throw new Wrong(`${what}: ${difference}`);
}

function roundTrip(graph: AnyGraph): void {
  const printed = printGraph(graph);
  const parsed = sound(readBack(printed, graph));
  if (printGraph(parsed).text !== printed.text)
    throw new Wrong(`${graph.dialect.stage}: text reads back as another`);
}

/** Our own text is no user's fault. */
function readBack(printed: GraphText, { dialect }: AnyGraph) {
  try {
    return parseGraph(printed, dialect);
  } catch (error) {
    throw error instanceof UserError
      ? new Wrong(`${dialect.stage}: text is refused: ${error.message}`)
      : error;
  }
}

/** Thresholds as a network that was calibrated would have them, somewhere. */
const NOMINAL: SnnEmit = {
  kind: 'mt',
  theta1: 0.25,
  theta2: 0.25,
  levels: 4,
  terms: 3,
  band: 0.75,
  rule: 'nearest',
};

function spike(network: AnnGraph, isCompared: boolean, diagnostics: Diagnostics): void {
  const { report } = diagnostics;
  const folded = sound(
    foldAttentionScale.run(sound(foldNorms.run(network, undefined, report)), undefined, report),
  );
  if (isCompared) compareValues(network, folded, 'folded form');
  const emits = new Map([...findSites(folded).keys()].map(site => [site, NOMINAL] as const));
  const spiking = convert.run(folded, { coding: 'sum', steps: 1, emits }, report);
  if (diagnostics.hasErrors()) return;
  roundTrip(sound(spiking));
  if (!isCompared) return;
  // Without neurons conversion is exact.
  const relayed = sound(convert.run(folded, { coding: 'sum', steps: 1, emits: new Map() }, report));
  const image = drawImage(folded);
  const wanted = steadyOutputs(folded, image)?.[0];
  const [readout] = createSnnRunner(relayed).run(image);
  const difference = wanted && differenceOf([wanted], [readout ?? new Float64Array()], RELATIVE);
  if (difference !== undefined) throw new Wrong(`spiking form: ${difference}`);
}
