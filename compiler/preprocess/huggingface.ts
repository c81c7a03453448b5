/**
 * `preprocessor_config.json` of a Hugging Face image processor.
 *
 * Source  the image processors of transformers: what a bare `size` means, what is done where a file says nothing,
 *         and two that enlarge the edge before they crop are by class
 * Errors  E0121 · W0122 keys that would change the picture and are not understood
 */
import { z } from 'zod';
import { INTERPOLATIONS } from '../../backends/interpolations.ts';
import type { Interpolation, Preprocess } from '../../backends/preprocess.ts';
import { fail, type Report } from '../../ir/diagnostics/diagnostic.ts';

interface Family {
  /** What `size: 224` means: a square, or the shorter edge. */
  readonly isSquare: boolean;
  readonly size: number;
  readonly crop: number | undefined;
  readonly resample: Interpolation;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The shorter edge is made larger by this before the crop. */
  readonly enlarges?: number;
  readonly flipsColour?: boolean;
}

const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const CLIP = { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] };
const NONE = { mean: [0], std: [1] };

/** Defaults by class, where the file leaves them out. */
const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['ViT', { isSquare: true, size: 224, crop: undefined, resample: 'bilinear', ...HALF }],
  ['DeiT', { isSquare: true, size: 256, crop: 224, resample: 'bicubic', ...HALF }],
  ['Beit', { isSquare: true, size: 256, crop: 224, resample: 'bicubic', ...HALF }],
  ['Siglip', { isSquare: true, size: 224, crop: undefined, resample: 'bicubic', ...HALF }],
  ['CLIP', { isSquare: false, size: 224, crop: 224, resample: 'bicubic', ...CLIP }],
  ['Bit', { isSquare: false, size: 224, crop: 224, resample: 'bicubic', ...CLIP }],
  ['ConvNext', { isSquare: false, size: 384, crop: undefined, resample: 'bilinear', ...HALF }],
  ['Levit', { isSquare: false, size: 224, crop: 224, resample: 'bicubic', enlarges: 256 / 224, ...IMAGENET }],
  ['MobileNetV1', { isSquare: false, size: 256, crop: 224, resample: 'bilinear', ...HALF }],
  ['MobileNetV2', { isSquare: false, size: 256, crop: 224, resample: 'bilinear', ...HALF }],
  ['MobileViT', { isSquare: false, size: 224, crop: 256, resample: 'bilinear', flipsColour: true, ...NONE }],
]);

/** Pillow's numbers. */
const RESAMPLE: readonly Interpolation[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

const edge = z.int().min(1).max(65_536);
const sizes = z.union([
  edge,
  z.tuple([edge, edge]),
  z.looseObject({
    height: edge.optional(),
    width: edge.optional(),
    shortest_edge: edge.optional(),
    longest_edge: edge.optional(),
  }),
]);
type Sizes = z.infer<typeof sizes>;
const flag = z.boolean().nullish();
const channels = z.union([z.number(), z.array(z.number()).min(1)]).nullish();

const known = z.looseObject({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: flag,
  size: sizes.nullish(),
  default_to_square: flag,
  resample: z.union([z.int().min(0).max(5), z.enum(INTERPOLATIONS)]).nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_center_crop: flag,
  crop_size: sizes.nullish(),
  do_rescale: flag,
  rescale_factor: z.number().nullish(),
  do_normalize: flag,
  image_mean: channels,
  image_std: channels,
  do_convert_rgb: flag,
  do_flip_channel_order: flag,
});
type Config = z.infer<typeof known>;

/** Keys without a say in what the picture becomes. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['processor_class', '_processor_class', 'auto_map', '_valid_processor_keys', 'return_tensors', 'device'],
  ...['data_format', 'input_data_format', 'disable_grouping', 'do_reduce_labels', 'reduce_labels'],
  ...['image_seq_length', 'num_labels', 'transformers_version', '_name_or_path', 'pad_size'],
]);

export function readHuggingFace(value: unknown, source: string, report: Report): Partial<Preprocess> {
  const refuse = (problem: string): never => fail('E0121', { origin: source }, { source, problem });
  const parsed = known.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(`${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`);
  }
  const config = parsed.data;
  const type = config.image_processor_type ?? config.feature_extractor_type ?? '';
  const family = FAMILIES.get(type.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, ''));
  const unread = Object.entries(config).filter(
    ([key, own]) => !Object.hasOwn(known.shape, key) && !HARMLESS.has(key) && own !== null && own !== false,
  );
  const names = unread.map(([key]) => key);
  if (family === undefined && type !== '') names.unshift(`image_processor_type ${type}`);
  if (names.length > 0) report('W0122', { origin: source }, { source, keys: names.join(', ') });
  const name = type.replace(/(ImageProcessor|FeatureExtractor)(Fast|Pil)?$/, '');
  return {
    ...geometryOf(config, family, name, refuse),
    ...normalisationOf(config, family),
    interpolation: interpolationOf(config) ?? family?.resample ?? 'bilinear',
    cropRule: 'huggingface',
    order: (config.do_flip_channel_order ?? family?.flipsColour ?? false) ? 'bgr' : 'rgb',
  };
}

function interpolationOf({ resample }: Config): Interpolation | undefined {
  return typeof resample === 'number' ? RESAMPLE[resample] : (resample ?? undefined);
}

type Refuse = (problem: string) => never;

function geometryOf(config: Config, family: Family | undefined, name: string, refuse: Refuse) {
  const size = config.size ?? family?.size;
  const crops = config.do_center_crop ?? (family === undefined ? false : family.crop !== undefined);
  const crop = crops ? cropOf(config.crop_size ?? family?.crop, refuse) : null;
  if (!(config.do_resize ?? size !== undefined)) return { resize: null, crop };
  if (size === undefined) return refuse('do_resize without a size');
  const isSquare = config.default_to_square ?? family?.isSquare;
  const resize = resizeOf(size, isSquare, refuse);
  if (resize.kind === 'exact') return { resize, crop };
  const percent = config.crop_pct;
  if (name === 'ConvNext') return convNext(resize.edge, percent ?? 224 / 256);
  const factor = family?.enlarges ?? (percent == null ? 1 : 1 / percent);
  return { resize: { ...resize, edge: Math.trunc(resize.edge * factor) }, crop };
}

/** Large pictures are squeezed whole, small ones are cut out of larger ones. */
function convNext(side: number, percent: number): Pick<Preprocess, 'resize' | 'crop'> {
  if (side >= 384) return { resize: { kind: 'exact', height: side, width: side }, crop: null };
  const resize = { kind: 'shortest', edge: Math.trunc(side / percent), longest: null } as const;
  return { resize, crop: { height: side, width: side } };
}

function resizeOf(
  size: Sizes,
  isSquare: boolean | undefined,
  refuse: Refuse,
): NonNullable<Preprocess['resize']> {
  if (typeof size === 'number') {
    if (isSquare === undefined) {
      return refuse(
        `size ${size} may be a square or the shorter edge, and the processor type does not say which`,
      );
    }
    return isSquare
      ? { kind: 'exact', height: size, width: size }
      : { kind: 'shortest', edge: size, longest: null };
  }
  if (Array.isArray(size)) return { kind: 'exact', height: size[0], width: size[1] };
  const { height, width, shortest_edge, longest_edge } = size;
  const isExact = height !== undefined && width !== undefined;
  if (isExact && shortest_edge === undefined && longest_edge === undefined) {
    return { kind: 'exact', height, width };
  }
  if (shortest_edge === undefined || height !== undefined || width !== undefined) {
    return refuse('size is neither {height, width} nor {shortest_edge}');
  }
  if (longest_edge !== undefined && longest_edge < shortest_edge) {
    return refuse(`longest_edge ${longest_edge} is less than shortest_edge ${shortest_edge}`);
  }
  return { kind: 'shortest', edge: shortest_edge, longest: longest_edge ?? null };
}

function cropOf(size: Sizes | undefined, refuse: Refuse): NonNullable<Preprocess['crop']> {
  if (size === undefined) return refuse('do_center_crop without a crop_size');
  if (typeof size === 'number') return { height: size, width: size };
  if (Array.isArray(size)) return { height: size[0], width: size[1] };
  const { height, width, shortest_edge: both } = size;
  if (height !== undefined && width !== undefined) return { height, width };
  return both === undefined ? refuse('crop_size is not {height, width}') : { height: both, width: both };
}

function normalisationOf(config: Config, family: Family | undefined) {
  const scale = (config.do_rescale ?? true) ? (config.rescale_factor ?? 1 / 255) : 1;
  const list = (value: number | readonly number[]) => (typeof value === 'number' ? [value] : [...value]);
  const mean = config.image_mean ?? family?.mean;
  const std = config.image_std ?? family?.std;
  const isNormalised = config.do_normalize ?? (mean !== undefined && family !== FAMILIES.get('MobileViT'));
  if (!isNormalised) return { scale, mean: [0], std: [1] };
  return { scale, mean: list(mean ?? 0), std: list(std ?? 1) };
}
