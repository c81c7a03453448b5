/** What was proved of a network's widths, in one line and as it goes into report.json. */
import type { Centre } from '../../backends/preprocess.ts';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { HEADROOM } from '../integers/formats.ts';
import type { ImageRange, Width, WidthStatus } from './prove.ts';

export interface WidthReport {
  /** For which images this holds: numbers between these, because they are pixels, or because these images (times the headroom) do. */
  readonly image: ImageRange & { readonly source: 'pixels' | 'images' };
  readonly headroom: number;
  readonly count: Readonly<Record<WidthStatus, number>>;
  readonly widths: readonly Width[];
}

const PIXEL = { low: 0, high: 255 } as const;

/** Numbers that an image can hold: every pixel, or what these images hold, times the headroom. */
export function imageRange(images: readonly Float64Array[], centre: Centre): WidthReport['image'] {
  if (centre !== null) {
    return {
      low: PIXEL.low - Math.max(...centre),
      high: PIXEL.high - Math.min(...centre),
      source: 'pixels',
    };
  }
  const range = { low: 0, high: 0 };
  for (const image of images) {
    for (const x of image) {
      if (x < range.low) range.low = x;
      if (x > range.high) range.high = x;
    }
  }
  return { low: range.low * HEADROOM, high: range.high * HEADROOM, source: 'images' };
}

export function widthReport(image: WidthReport['image'], widths: readonly Width[]): WidthReport {
  const count = (status: WidthStatus) => widths.filter(w => w.status === status).length;
  return {
    image,
    headroom: HEADROOM,
    count: { proved: count('proved'), calibrated: count('calibrated'), open: count('open') },
    widths,
  };
}

/** W0430 for each population that has a number without headroom. */
export function reportOpenWidths({ widths }: WidthReport, report: Report): void {
  const seen = new Set<string>();
  for (const { population, origin, quantity, bits, status } of widths) {
    if (status !== 'open' || seen.has(population)) continue;
    seen.add(population);
    const facts = { population, quantity, bits: bits.worst, available: bits.available, headroom: HEADROOM };
    report('W0430', { origin, pass: 'widths' }, facts);
  }
}

export function widthLine({ image, count, widths, headroom }: WidthReport): string {
  const range = `${round(image.low)} to ${round(image.high)}`;
  const any = image.source === 'pixels' ? 'any image of pixels' : `any image of numbers from ${range}`;
  const rest = [
    ...(count.calibrated === 0 ? [] : [`${count.calibrated} by calibration (headroom ${headroom})`]),
    ...(count.open === 0 ? [] : [`${count.open} without headroom`]),
  ];
  return [`${count.proved} of ${widths.length} proved for ${any}`, ...rest].join(', ');
}

const round = (x: number): string => `${Number(x.toPrecision(3))}`;
