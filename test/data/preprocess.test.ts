import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Preprocess } from '../../backends/preprocess.ts';
import { inputLayout } from '../../compiler/data/layout.ts';
import { readHuggingFace } from '../../compiler/preprocess/huggingface.ts';
import { describePreprocess, resolvePreprocess, type Said } from '../../compiler/preprocess/resolve.ts';
import { isTimm, readTimm } from '../../compiler/preprocess/timm.ts';
import { createDiagnostics, type Diagnostic, UserError } from '../../ir/diagnostics/diagnostic.ts';

function hf(config: object): { settings: Partial<Preprocess>; list: readonly Diagnostic[] } {
  const { report, list } = createDiagnostics();
  return { settings: readHuggingFace(config, 'preprocessor_config.json', report), list };
}

const isRefused = (code: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  assert.match(error.diagnostics[0]?.message ?? '', words);
  return true;
};

const exact = (side: number) => ({ kind: 'exact', height: side, width: side });
const shortest = (edge: number, longest: number | null = null) => ({ kind: 'shortest', edge, longest });
const crop = (side: number) => ({ height: side, width: side });

/** Files as the processors of transformers write them, and what these processors then do. */
const FILES: readonly { what: string; config: object; wanted: Partial<Preprocess> | object }[] = [
  {
    what: 'ViT today',
    config: {
      ...{ do_normalize: true, do_rescale: true, do_resize: true, image_mean: [0.5, 0.5, 0.5] },
      ...{ image_processor_type: 'ViTImageProcessor', image_std: [0.5, 0.5, 0.5], resample: 2 },
      ...{ rescale_factor: 0.00392156862745098, size: { height: 224, width: 224 }, do_convert_rgb: null },
    },
    wanted: {
      resize: exact(224),
      crop: null,
      interpolation: 'bilinear',
      scale: 0.00392156862745098,
      mean: [0.5, 0.5, 0.5],
    },
  },
  {
    what: 'ViT of old: a bare size is a square, rescaling goes without saying',
    config: { do_resize: true, size: 384, feature_extractor_type: 'ViTFeatureExtractor', resample: 3 },
    wanted: {
      resize: exact(384),
      crop: null,
      interpolation: 'bicubic',
      scale: 1 / 255,
      mean: [0.5, 0.5, 0.5],
    },
  },
  {
    what: 'DeiT of old: a square of 256, then the centre',
    config: {
      ...{
        crop_size: 224,
        do_center_crop: true,
        do_normalize: true,
        do_resize: true,
        resample: 3,
        size: 256,
      },
      ...{ feature_extractor_type: 'DeiTFeatureExtractor', image_mean: [0.485, 0.456, 0.406] },
      image_std: [0.229, 0.224, 0.225],
    },
    wanted: { resize: exact(256), crop: crop(224), interpolation: 'bicubic', mean: [0.485, 0.456, 0.406] },
  },
  {
    what: 'CLIP of old: a bare size is the shorter edge',
    config: {
      crop_size: 224,
      do_center_crop: true,
      do_resize: true,
      feature_extractor_type: 'CLIPFeatureExtractor',
      size: 224,
    },
    wanted: { resize: shortest(224), crop: crop(224), std: [0.26862954, 0.26130258, 0.27577711] },
  },
  {
    what: 'DINOv2 (Bit), fast',
    config: {
      ...{ image_processor_type: 'BitImageProcessorFast', size: { shortest_edge: 256 }, resample: 3 },
      ...{ crop_size: { height: 224, width: 224 }, do_center_crop: true },
    },
    wanted: { resize: shortest(256), crop: crop(224), cropRule: 'huggingface' },
  },
  {
    what: 'ConvNeXt below 384: enlarged, then cut',
    config: { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 224 }, crop_pct: 0.875 },
    wanted: { resize: shortest(256), crop: crop(224) },
  },
  {
    what: 'ConvNeXt from 384: squeezed whole',
    config: { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 384 }, crop_pct: 0.875 },
    wanted: { resize: exact(384), crop: null },
  },
  {
    what: 'nothing but a longest edge as well',
    config: {
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 224, longest_edge: 512 },
      do_center_crop: false,
    },
    wanted: { resize: shortest(224, 512), crop: null },
  },
  {
    what: 'MobileViT: blue first, not normalised',
    config: {
      image_processor_type: 'MobileViTImageProcessor',
      size: { shortest_edge: 288 },
      crop_size: crop(256),
    },
    wanted: { order: 'bgr', mean: [0], std: [1], scale: 1 / 255, crop: crop(256) },
  },
  {
    what: 'all steps off',
    config: {
      image_processor_type: 'ViTImageProcessor',
      do_resize: false,
      do_rescale: false,
      do_normalize: false,
      image_mean: [9],
    },
    wanted: { resize: null, crop: null, scale: 1, mean: [0], std: [1] },
  },
];

for (const { what, config, wanted } of FILES) {
  test(`Hugging Face: ${what}`, () => {
    const { settings, list } = hf(config);
    assert.deepEqual({ ...settings, ...wanted }, settings);
    assert.deepEqual(list, []);
  });
}

test('Hugging Face: what cannot be read is refused, what is not applied is named', () => {
  const vit = { image_processor_type: 'ViTImageProcessor' };
  const both = { ...vit, size: { height: 224, width: 224, shortest_edge: 224 } };
  assert.throws(() => hf(both), isRefused('E0121', /neither/));
  assert.throws(() => hf({ size: 224, do_resize: true }), isRefused('E0121', /square or the shorter edge/));
  assert.throws(() => hf({ ...vit, do_center_crop: true }), isRefused('E0121', /crop_size/));
  assert.throws(() => hf({ ...vit, resample: 9 }), isRefused('E0121', /resample/));
  assert.throws(() => hf({ ...vit, size: -3 }), isRefused('E0121', /size/));
  assert.throws(
    () => hf({ ...vit, size: { shortest_edge: 300, longest_edge: 200 } }),
    isRefused('E0121', /less/),
  );
  assert.throws(() => hf([1, 2]), isRefused('E0121', /./));
  const { list } = hf({
    ...vit,
    do_pad: true,
    rescale_offset: true,
    do_reduce_labels: true,
    size_divisor: null,
  });
  assert.deepEqual([list[0]?.code, list[0]?.facts.keys], ['W0122', 'do_pad, rescale_offset']);
  const other = hf({ image_processor_type: 'OwnImageProcessor', size: { height: 8, width: 8 } });
  assert.match(`${other.list[0]?.facts.keys}`, /OwnImageProcessor/);
});

test('timm: the side over crop_pct, then the centre; squashed where the model says so', () => {
  const pretrained_cfg = {
    ...{
      tag: 'augreg',
      input_size: [3, 224, 224],
      interpolation: 'bicubic',
      crop_pct: 0.9,
      crop_mode: 'center',
    },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], num_classes: 1000 },
  };
  const file = { architecture: 'vit_base_patch16_224', num_classes: 1000, pretrained_cfg };
  assert.ok(isTimm(file) && isTimm(pretrained_cfg) && !isTimm({ image_mean: [1], size: 3 }));
  for (const form of [file, pretrained_cfg]) {
    const { resize, crop: cut, scale, interpolation, cropRule } = readTimm(form, 'config.json');
    assert.deepEqual([resize, cut, scale], [shortest(248), crop(224), 1 / 255]);
    assert.deepEqual([interpolation, cropRule], ['bicubic', 'torchvision']);
  }
  const squash = { ...pretrained_cfg, crop_pct: 1, crop_mode: 'squash' };
  assert.deepEqual(readTimm(squash, 'config.json').resize, exact(224));
  for (const bad of [{ crop_mode: 'border' }, { input_size: [3, 224, 192] }, { interpolation: 'random' }]) {
    assert.throws(
      () => readTimm({ ...pretrained_cfg, ...bad }, 'config.json'),
      isRefused('E0121', /crop_mode|interpolation/),
    );
  }
});

const resolve = (said: readonly Said[], shape: readonly number[]) => {
  const { report, list } = createDiagnostics();
  return { ...resolvePreprocess(said, inputLayout(shape), report), list };
};

test('flags go before the file, the file before the model; each value keeps its source', () => {
  const flags = { source: 'command line', settings: { mean: [0.1] }, isDeliberate: true };
  const file = { source: 'preprocessor_config.json', settings: { mean: [0.2], std: [0.3], scale: 1 / 255 } };
  const model = { source: 'metadata of the model', settings: { mean: [0.4], std: [0.5], scale: 1 / 255 } };
  const { preprocess, sources, list } = resolve([flags, file, model], [1, 8, 8]);
  assert.deepEqual([preprocess.mean, preprocess.std, preprocess.crop], [[0.1], [0.3], null]);
  assert.deepEqual(
    [sources.mean, sources.std, sources.crop],
    ['command line', 'preprocessor_config.json', 'default'],
  );
  assert.deepEqual(
    list.map(d => `${d.code} ${d.facts.setting}`),
    ['W0123 std'],
  );
  assert.equal(
    describePreprocess({ preprocess, sources }, [26]),
    '(pixel · 1/255 − 0.1) / 0.3, folded: the chip takes pixel − 26  [preprocessor_config.json, command line]',
  );
});

test('what cannot be is refused before any picture is read', () => {
  const say = (settings: Partial<Preprocess>) => [{ source: 'x', settings }];
  const square = (side: number) => ({ kind: 'exact', height: side, width: side }) as const;
  assert.throws(
    () => resolve(say({ mean: [1, 2, 3] }), [1, 8, 8]),
    isRefused('E0121', /3 values.*1 channel/),
  );
  assert.throws(() => resolve(say({ mean: [1, 2, 3] }), [5, 8, 8]), isRefused('E0121', /no picture/));
  assert.throws(() => resolve(say({ std: [1, 0, 1] }), [3, 8, 8]), isRefused('E0121', /std is 0/));
  assert.throws(() => resolve(say({ scale: 0 }), [3, 8, 8]), isRefused('E0121', /scale/));
  assert.throws(() => resolve(say({ order: 'bgr' }), [1, 8, 8]), isRefused('E0121', /grey/));
  assert.throws(() => resolve(say({ resize: square(9) }), [3, 8, 8]), isRefused('E0122', /9×9.*8×8/));
  assert.throws(
    () => resolve(say({ resize: square(8), crop: crop(7) }), [3, 8, 8]),
    isRefused('E0122', /7×7/),
  );
  assert.deepEqual(resolve(say({ resize: square(9), crop: crop(8) }), [3, 8, 8]).list, []);
});
