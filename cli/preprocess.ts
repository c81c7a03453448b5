/** What flags, files and the model say about preprocessing. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from '../backends/manifest.ts';
import type { Preprocess } from '../backends/preprocess.ts';
import { inputLayout } from '../compiler/data/layout.ts';
import { readHuggingFace } from '../compiler/preprocess/huggingface.ts';
import { DEFAULT, type Resolved, resolvePreprocess, type Said } from '../compiler/preprocess/resolve.ts';
import { isTimm, readTimm } from '../compiler/preprocess/timm.ts';
import { parseNumbers, preprocessOf } from '../compiler/preprocess.ts';
import { fail, type Report } from '../ir/diagnostics/diagnostic.ts';
import { readSlice } from './data.ts';
import type { Taker } from './images.ts';

export interface PreprocessFlags {
  readonly preprocess?: string | undefined;
  readonly resize?: string | undefined;
  readonly crop?: string | undefined;
  readonly interpolation?: Preprocess['interpolation'] | undefined;
  readonly rescale?: string | undefined;
  readonly mean?: string | undefined;
  readonly std?: string | undefined;
  readonly channelsOrder?: Preprocess['order'] | undefined;
}

/**
 * Flags, then the file given or beside the model, then the model's own metadata.
 * Errors: E0101, E0114, E0121, E0122 · W0122, W0123
 */
export function findPreprocess(
  flags: PreprocessFlags,
  model: string,
  metadata: Readonly<Record<string, string>>,
  shape: readonly number[],
  report: Report,
): Resolved {
  const beside = join(dirname(model), 'preprocessor_config.json');
  const file = flags.preprocess ?? (existsSync(beside) ? beside : undefined);
  const own = preprocessOf(metadata);
  const said: Said[] = [saidByFlags(flags)];
  if (file !== undefined) said.push(saidByFile(file, report));
  if (own !== undefined)
    said.push({
      source: 'metadata of the model',
      settings: { ...own, mean: [...own.mean], std: [...own.std] },
    });
  // Means are given for pixels of 0…1 everywhere.
  if (flags.mean !== undefined || flags.std !== undefined)
    said.push({ source: DEFAULT, settings: { scale: 1 / 255 } });
  return resolvePreprocess(said, inputLayout(shape), report);
}

/** Does nothing say how pixels are normalised? */
export const isAssumed = ({ sources }: Pick<Resolved, 'sources'>): boolean =>
  [sources.scale, sources.mean, sources.std].every(source => source === DEFAULT);

/** A compiled network as the taker of images. */
/** Errors: E0711 */
export function takerOf({ network, input, preprocess, output, model }: Manifest): Taker {
  if (network.mode === 'free') fail('E0711', { origin: model.file }, {});
  const { sources, folded, ...settings } = preprocess;
  return {
    shape: input.shape,
    preprocess: settings,
    centre: folded === null ? null : folded.centre,
    isAssumed: isAssumed({ sources }),
    classes: output.classes,
  };
}

/** A configuration has a page or two. */
const MAX_FILE = 2 ** 20;

function saidByFile(path: string, report: Report): Said {
  const source = path.split(/[\\/]/).at(-1)!;
  const bytes = readSlice(path, 0, MAX_FILE + 1);
  if (bytes.length > MAX_FILE) fail('E0121', { origin: path }, { source, problem: 'it is far too large' });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return fail('E0121', { origin: path }, { source, problem: 'it is not JSON' });
  }
  return {
    source,
    settings: isTimm(value) ? readTimm(value, source) : readHuggingFace(value, source, report),
  };
}

function saidByFlags(flags: PreprocessFlags): Said {
  const { resize, crop, interpolation, rescale, mean, std, channelsOrder } = flags;
  const settings: { -readonly [S in keyof Preprocess]?: Preprocess[S] } = {};
  if (resize !== undefined) settings.resize = parseResize(resize);
  if (crop !== undefined) {
    settings.crop = crop === 'none' ? null : (parseSize(crop) ?? refuse('--crop', crop, 'N, HxW or none'));
    settings.cropRule = 'torchvision';
  }
  if (interpolation !== undefined) settings.interpolation = interpolation;
  if (channelsOrder !== undefined) settings.order = channelsOrder;
  if (rescale !== undefined) {
    const [scale, ...others] = parseNumbers(rescale) ?? [];
    settings.scale =
      scale === undefined || others.length > 0
        ? refuse('--rescale', rescale, 'one number, such as 1/255')
        : scale;
  }
  if (mean !== undefined) settings.mean = numbers('--mean', mean);
  if (std !== undefined) settings.std = numbers('--std', std);
  return { source: 'command line', settings, isDeliberate: true };
}

const refuse = (flag: string, value: string, wanted: string): never =>
  fail('E0121', { origin: `${flag} ${value}` }, { source: flag, problem: `"${value}" is not ${wanted}` });

const numbers = (flag: string, value: string): number[] => [
  ...(parseNumbers(value) ?? refuse(flag, value, 'a list of numbers')),
];

function parseResize(text: string): Preprocess['resize'] {
  if (text === 'none') return null;
  const size = parseSize(text) ?? refuse('--resize', text, 'N, HxW or none');
  return /x/i.test(text)
    ? { kind: 'exact', ...size }
    : { kind: 'shortest', edge: size.height, longest: null };
}

function parseSize(text: string): { height: number; width: number } | undefined {
  const match = /^(\d{1,5})(?:x(\d{1,5}))?$/i.exec(text);
  if (match === null) return undefined;
  const height = Number(match[1]);
  const width = Number(match[2] ?? match[1]);
  return height > 0 && width > 0 ? { height, width } : undefined;
}
