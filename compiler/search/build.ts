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
import { dropUnread } from '../passes/drop-unread.ts';
import { quantize } from '../passes/quantize.ts';
import { measureRanges } from '../ranges.ts';
import type { Answered } from '../samples.ts';
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
  /** For ranges and bias correction, with the float network's logits. */
  readonly sample: Answered;
  readonly target: Pick<Target, 'arithmetic'>;
  readonly inputFraction: number;
  readonly biasCorrection: boolean;
  readonly keepUnread: boolean;
  readonly maxLevels: number;
}

export interface Spiking {
  readonly emits: ReadonlyMap<ValueId, SnnEmit>;
  readonly whole: SnnGraph;
  /** Without what nobody reads. */
  readonly snn: SnnGraph;
}

export interface Builder {
  spiking(candidate: Omit<Candidate, 'weightBits'>): Spiking;
  /** Undefined: this candidate has no integers on the target. */
  build(candidate: Candidate): IntGraph | undefined;
}

/**
 * Ranges are measured once, at the settings that come first, and serve all: they hardly depend on how a site fires
 * and have headroom. What is compiled in the end measures its own.
 */
export function createBuilder(needs: BuildNeeds): Builder {
  const { graph, sites, calibration, target, inputFraction } = needs;
  const { images, float } = needs.sample;
  const spiking: Builder['spiking'] = ({ settings, coding, steps }) => {
    const emits = new Map(
      [...sites.keys()].map(site => {
        const emit = thresholdEmit(calibration.get(site)!, settings.get(site)!, needs.maxLevels);
        return [site, emit] as const;
      }),
    );
    const { report } = createDiagnostics();
    const whole = convert.run(graph, { coding, steps, emits }, report);
    return { emits, whole, snn: needs.keepUnread ? whole : dropUnread.run(whole, undefined, report) };
  };
  const rangesOf = new Map<string, ReturnType<typeof measureRanges>>();
  return {
    spiking,
    build(candidate) {
      const { snn } = spiking(candidate);
      const key = `${candidate.coding} ${candidate.steps}`;
      const ranges = rangesOf.get(key) ?? measureRanges(snn, images);
      rangesOf.set(key, ranges);
      const corrected = needs.biasCorrection ? correctBias(snn, images, float) : undefined;
      const { accumulatorBits, stateBits } = target.arithmetic;
      const widths = { accumulatorBits: accumulatorBits.value, stateBits: stateBits.value };
      const diagnostics = createDiagnostics();
      const formats = { ranges, inputFraction, weightBits: candidate.weightBits, ...widths };
      const int = quantize.run(corrected ?? snn, formats, diagnostics.report);
      return diagnostics.list.some(d => d.severity === 'error') ? undefined : int;
    },
  };
}
