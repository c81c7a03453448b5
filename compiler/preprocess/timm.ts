/**
 * `config.json` of a timm model: {pretrained_cfg: {mean, std, interpolation, crop_pct, crop_mode, input_size}}.
 *
 * Source  timm's evaluation transform: the shorter edge to floor(side / crop_pct), then the centre ("center"), or
 *         the same with both edges ("squash")
 * Errors  E0121
 */
import { z } from 'zod';
import { INTERPOLATIONS } from '../../backends/interpolations.ts';
import type { Preprocess } from '../../backends/preprocess.ts';
import { fail } from '../../ir/diagnostics/diagnostic.ts';

const side = z.int().min(1).max(65_536);
const fields = z.looseObject({
  input_size: z.tuple([z.int(), side, side]),
  interpolation: z.enum(INTERPOLATIONS).default('bicubic'),
  crop_pct: z.number().positive().max(1).default(0.875),
  crop_mode: z.enum(['center', 'squash']).default('center'),
  mean: z.array(z.number()).min(1),
  std: z.array(z.number()).min(1),
});

export const isTimm = (value: unknown): boolean =>
  z.looseObject({ pretrained_cfg: z.looseObject({}) }).safeParse(value).success ||
  fields.safeParse(value).success;

export function readTimm(value: unknown, source: string): Partial<Preprocess> {
  const refuse = (problem: string): never => fail('E0121', { origin: source }, { source, problem });
  const outer = z.looseObject({ pretrained_cfg: z.unknown() }).safeParse(value);
  const parsed = fields.safeParse(outer.success ? (outer.data.pretrained_cfg ?? value) : value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(
      `${['pretrained_cfg', ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'not understood'}`,
    );
  }
  const { input_size, interpolation, crop_pct, crop_mode, mean, std } = parsed.data;
  const [, height, width] = input_size;
  if (crop_mode === 'center' && height !== width) {
    return refuse(`crop_mode "center" with a picture of ${height}×${width}: only squares are known`);
  }
  const larger = { height: Math.floor(height / crop_pct), width: Math.floor(width / crop_pct) };
  return {
    resize:
      crop_mode === 'squash'
        ? { kind: 'exact', ...larger }
        : { kind: 'shortest', edge: larger.height, longest: null },
    crop: { height, width },
    cropRule: 'torchvision',
    interpolation,
    order: 'rgb',
    scale: 1 / 255,
    mean,
    std,
  };
}
