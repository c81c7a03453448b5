/**
 * Normalisation, the last step of preprocessing: x = (pixel · scale − mean) / std. It may be read from the file's
 * metadata_props: input_scale, input_mean, input_std.
 */
import { fail } from '../ir/diagnostics/diagnostic.ts';

/** x = (pixel · scale − mean) / std */
export interface Normalisation {
  readonly scale: number;
  /** One for all channels, or one each. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Undefined where the model says nothing. Errors E0114. */
export function preprocessOf(metadata: Readonly<Record<string, string>>): Normalisation | undefined {
  const list = (key: string, otherwise: number): readonly number[] => {
    const value = metadata[key];
    if (value === undefined) return [otherwise];
    return parseNumbers(value) ?? fail('E0114', { origin: key }, { key, value });
  };
  const keys = ['input_scale', 'input_mean', 'input_std'];
  if (keys.every(key => metadata[key] === undefined)) return undefined;
  const std = list('input_std', 1);
  const [scale] = list('input_scale', 1);
  if (scale === undefined || std.includes(0)) {
    return fail('E0114', { origin: 'input_std' }, { key: 'input_std', value: std.join(',') });
  }
  return { scale, mean: list('input_mean', 0), std };
}

/** `0.5`, `1/255` or several, separated by commas; undefined where it is none of these. */
export function parseNumbers(text: string): readonly number[] | undefined {
  const numbers = text.split(',').map(parseNumber);
  const known = numbers.filter(number => number !== undefined);
  return known.length === numbers.length ? known : undefined;
}

function parseNumber(text: string): number | undefined {
  const match = /^\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*(?:\/\s*([\d.]+))?\s*$/i.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) / Number(match[2] ?? 1);
  return Number.isFinite(value) ? value : undefined;
}

/** Shapes: channels first, as the network's input; a single mean holds for all channels. */
export function applyPreprocess(image: ArrayLike<number>, normalisation: Normalisation): Float64Array {
  const { mean, std } = normalisation;
  const channels = Math.max(mean.length, std.length);
  const each = image.length / channels;
  return Float64Array.from(image, (pixel, i) => normalise(pixel, Math.floor(i / each), normalisation));
}

export const normalise = (pixel: number, channel: number, { scale, mean, std }: Normalisation): number =>
  (pixel * scale - mean[channel % mean.length]!) / std[channel % std.length]!;

/** The whole numbers nearest to the pixel that normalises to 0. */
export const centreOf = ({ scale, mean }: Normalisation): readonly number[] =>
  mean.map(m => Math.max(0, Math.min(255, Math.round(m / scale))));

/** The pixel that `normalise` makes x of. */
export const denormalise = (x: number, channel: number, { scale, mean, std }: Normalisation): number =>
  (x * std[channel % std.length]! + mean[channel % mean.length]!) / scale;
