/** A candidate of the search → its integer network, by the passes that compile itself takes. */
import type { Target } from '../../backends/target.ts';
import type { AnnGraph } from '../../ir/ann.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/dialect.ts';
import type { IntGraph } from '../../ir/int.ts';
import type { Coding, SnnEmit, SnnGraph } from '../../ir/snn.ts';
import type { Calibration } from '../calibrate.ts';
import { convert } from '../passes/convert.ts';
import { correctBias } from '../passes/correct-bias.ts';
import { quantize } from '../passes/quantize.ts';
import { measureRanges } from '../ranges.ts';
import type { SiteSettings } from '../site-settings.ts';
import type { Sites } from '../sites.ts';
import { thresholdEmit } from '../thresholds.ts';

export interface Candidate {
  readonly coding: Coding;
  readonly steps: number;
  readonly weightBits: number;
  readonly settings: SiteSettings;
}

export interface BuildNeeds {
  readonly graph: AnnGraph;
  readonly sites: Sites;
  readonly calibration: Calibration;
  /** For ranges and bias correction. */
  readonly images: readonly Float64Array[];
  readonly target: Pick<Target, 'arithmetic'>;
  readonly inputFraction: number;
  readonly biasCorrection: boolean;
  readonly maxLevels: number;
}

export interface Builder {
  spiking(candidate: Omit<Candidate, 'weightBits'>): { snn: SnnGraph; emits: ReadonlyMap<ValueId, SnnEmit> };
  /** Undefined: this candidate has no integers on the target. */
  build(candidate: Candidate): IntGraph | undefined;
}

/**
 * Ranges are measured once, at the settings that come first, and serve all: they hardly depend on how a site fires
 * and have headroom. What is compiled in the end measures its own.
 */
export function createBuilder(needs: BuildNeeds): Builder {
  const { graph, sites, calibration, images, target, inputFraction } = needs;
  const spiking: Builder['spiking'] = ({ settings, coding, steps }) => {
    const emits = new Map(
      [...sites.keys()].map(site => {
        const emit = thresholdEmit(calibration.get(site)!, settings.get(site)!, needs.maxLevels);
        return [site, emit] as const;
      }),
    );
    return { snn: convert.run(graph, { coding, steps, emits }, createDiagnostics().report), emits };
  };
  const rangesOf = new Map<string, ReturnType<typeof measureRanges>>();
  return {
    spiking,
    build(candidate) {
      const { snn } = spiking(candidate);
      const key = `${candidate.coding} ${candidate.steps}`;
      const ranges = rangesOf.get(key) ?? measureRanges(snn, images);
      rangesOf.set(key, ranges);
      const corrected = needs.biasCorrection ? correctBias(snn, graph, images) : undefined;
      const { accumulatorBits, stateBits } = target.arithmetic;
      const widths = { accumulatorBits: accumulatorBits.value, stateBits: stateBits.value };
      const diagnostics = createDiagnostics();
      const formats = { ranges, inputFraction, weightBits: candidate.weightBits, ...widths };
      const int = quantize.run(corrected ?? snn, formats, diagnostics.report);
      return diagnostics.list.some(d => d.severity === 'error') ? undefined : int;
    },
  };
}
