/**
 * What is done to an image before the network sees it: resize, crop, colour order, then
 * x = (pixel · scale − mean) / std. It belongs to the model and goes with the deployment, in its manifest.
 */

import { z } from 'zod';
import { INTERPOLATIONS } from './interpolations.ts';

export type Interpolation = (typeof INTERPOLATIONS)[number];

const pixels = z.int().min(1);
const size = z.strictObject({ height: pixels, width: pixels });

const settings = {
  resize: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('exact'), ...size.shape }),
      z.strictObject({ kind: z.literal('shortest'), edge: pixels, longest: pixels.nullable() }),
    ])
    .nullable()
    .describe('To a size, or the shorter edge to a length with the longer one in proportion'),
  interpolation: z.enum(INTERPOLATIONS).describe('As Pillow does it'),
  crop: size.nullable().describe('From the centre; what a smaller picture lacks is 0'),
  cropRule: z
    .enum(['torchvision', 'huggingface'])
    .describe('How a half pixel of the crop’s corner is rounded'),
  order: z.enum(['rgb', 'bgr']),
  scale: z.number(),
  mean: z.array(z.number()).min(1).describe('One for all channels, or one each, after scaling'),
  std: z.array(z.number()).min(1),
};

const source = z.string();

export const preprocessSchema = z.strictObject({
  ...settings,
  sources: z
    .strictObject({
      resize: source,
      interpolation: source,
      crop: source,
      cropRule: source,
      order: source,
      scale: source,
      mean: source,
      std: source,
    } satisfies Record<Setting, typeof source>)
    .describe('Where each value comes from; "default" where nothing says it'),
  folded: z
    .strictObject({ centre: z.array(z.int()).min(1) })
    .nullable()
    .describe(
      'The network takes pixel − centre, and its first weights do the rest; null: the host normalises',
    ),
});

const settingsSchema = z.strictObject(settings);
/** Values alone. */
export type Preprocess = Readonly<z.infer<typeof settingsSchema>>;
export type Setting = keyof Preprocess;
export const SETTINGS = Object.keys(settings) as readonly Setting[];

/** Whole numbers that are taken from pixels, one for all channels or one each; null: pixels are normalised instead. */
export type Centre = readonly number[] | null;

/** Source of every value. */
export type Sources = { readonly [S in Setting]: string };
