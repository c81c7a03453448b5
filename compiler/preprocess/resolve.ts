/** The preprocessing of a model from all that is said about it: the first source that says a value holds. */
import {
  type Centre,
  type Preprocess,
  SETTINGS,
  type Setting,
  type Sources,
} from '../../backends/preprocess.ts';
import { fail, type Report } from '../../ir/diagnostics/diagnostic.ts';
import type { Layout } from '../data/layout.ts';

export interface Said {
  /** As the user knows it: a file, the model's metadata, the command line. */
  readonly source: string;
  readonly settings: Partial<Preprocess>;
  /** Meant to overrule: a difference to what follows is no surprise. */
  readonly isDeliberate?: boolean;
}

export interface Resolved {
  readonly preprocess: Preprocess;
  readonly sources: Sources;
}

export const DEFAULT = 'default';

/** Pixels as they are, at the size they have. */
const DEFAULTS: Preprocess = {
  resize: null,
  interpolation: 'bilinear',
  crop: null,
  cropRule: 'torchvision',
  order: 'rgb',
  scale: 1,
  mean: [0],
  std: [1],
};

/**
 * Needs   `said` in order of precedence
 * Errors  E0121 a value that cannot be · E0122 pictures that do not fit · W0123 sources that differ
 */
export function resolvePreprocess(
  said: readonly Said[],
  layout: Layout | undefined,
  report: Report,
): Resolved {
  const all: readonly Said[] = [...said, { source: DEFAULT, settings: DEFAULTS }];
  const values: Partial<Record<Setting, unknown>> = {};
  const sources: Partial<Record<Setting, string>> = {};
  for (const name of SETTINGS) {
    const first = all.find(({ settings }) => settings[name] !== undefined)!;
    values[name] = first.settings[name];
    sources[name] = first.source;
    const other = said.find(
      s => s !== first && s.settings[name] !== undefined && !isSame(s.settings[name], values[name]),
    );
    if (other !== undefined && first.isDeliberate !== true && other.source !== DEFAULT) {
      const facts = { setting: name, first: first.source, other: other.source };
      report('W0123', { origin: first.source }, facts);
    }
  }
  // Every setting was given a value of its own type, the defaults' at the least.
  const resolved = { preprocess: values as Preprocess, sources: sources as Sources };
  checkNumbers(resolved, layout?.channels);
  if (layout !== undefined) checkSize(resolved, layout);
  return resolved;
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function checkNumbers({ preprocess, sources }: Resolved, channels: number | undefined): void {
  const refuse = (name: Setting, problem: string): never =>
    fail('E0121', { origin: sources[name] }, { source: sources[name], problem });
  for (const name of ['mean', 'std'] as const) {
    const count = preprocess[name].length;
    if (count !== 1 && count !== channels) {
      const own = channels === undefined ? 'no picture as its input' : `${channels} channel(s)`;
      refuse(name, `${name} has ${count} values; the network has ${own}`);
    }
    if (preprocess[name].some(value => !Number.isFinite(value))) refuse(name, `${name} is not finite`);
  }
  if (preprocess.std.includes(0)) refuse('std', 'std is 0');
  if (preprocess.scale === 0 || !Number.isFinite(preprocess.scale)) refuse('scale', 'the scale is 0');
  if (channels === 1 && preprocess.order === 'bgr') refuse('order', 'a grey picture has no order of colours');
}

/** What leaves the last step must be what the network takes; the size after `shortest` is the picture's own affair. */
function checkSize({ preprocess, sources }: Resolved, { height, width }: Layout): void {
  const { resize, crop } = preprocess;
  const made = crop ?? (resize?.kind === 'exact' ? resize : undefined);
  if (made === undefined || (made.height === height && made.width === width)) return;
  const source = sources[crop === null ? 'resize' : 'crop'];
  const facts = { source, made: `${made.height}×${made.width}`, wanted: `${height}×${width}` };
  fail('E0122', { origin: source }, facts);
}

/** One line for people. */
export function describePreprocess({ preprocess, sources }: Resolved, centre: Centre): string {
  const { resize, crop, interpolation, order, scale, mean, std } = preprocess;
  const steps: string[] = [];
  if (resize?.kind === 'exact') steps.push(`resize ${resize.height}×${resize.width} ${interpolation}`);
  if (resize?.kind === 'shortest') steps.push(`resize shorter edge to ${resize.edge} ${interpolation}`);
  if (crop !== null) steps.push(`crop ${crop.height}×${crop.width}`);
  if (order === 'bgr') steps.push('blue first');
  const isPlain = scale === 1 && mean.every(m => m === 0) && std.every(s => s === 1);
  const list = (numbers: readonly number[]) =>
    numbers.length === 1 ? `${numbers[0]}` : `(${numbers.join(', ')})`;
  const folded = centre === null ? '' : `, folded: the chip takes pixel − ${list(centre)}`;
  steps.push(
    isPlain ? 'pixels as they are' : `(pixel · ${scaleText(scale)} − ${list(mean)}) / ${list(std)}${folded}`,
  );
  const origins = new Set(SETTINGS.map(name => sources[name]).filter(source => source !== DEFAULT));
  return `${steps.join(', ')}  [${origins.size === 0 ? 'nothing said, assumed' : [...origins].join(', ')}]`;
}

function scaleText(scale: number): string {
  const inverse = Math.round(1 / scale);
  return inverse > 1 && Math.abs(1 / scale - inverse) < 1e-6 * inverse ? `1/${inverse}` : `${scale}`;
}
