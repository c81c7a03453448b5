/**
 * Measures of converted networks on the models of a folder, one table of settings each: --data DIR with MODEL.onnx,
 * calibration and test images, --only PART of a model's name. Figures of stage int on all test images.
 */
import { SOMA_ARITHMETIC } from '../compiler/choices.ts';
import { DEFAULT_STOPPING, type Stopping } from '../compiler/margins.ts';
import { defaultProfile } from '../compiler/profile.ts';
import type { Goal } from '../compiler/search/goal.ts';
import { CODINGS, type Coding } from '../ir/snn.ts';
import { type ConversionRow, measureConversions, type Setting } from './conversion.ts';
import type { Measure, MeasureOptions } from './measure.ts';

const SEARCHES: readonly Goal[] = [
  { optimize: 'energy', limit: { kind: 'divergence', value: 0.01 } },
  { optimize: 'energy', limit: { kind: 'drop', value: 0.005 } },
];

const SETTINGS: Readonly<Record<string, () => readonly Setting[]>> = {
  /** The default conversion, with and without what nobody reads, and finer; the paper's. */
  conversion() {
    const settings: readonly Setting[] = [
      { name: 'default', shift: 'auto', bits: 8 },
      { name: 'unread kept', shift: 'auto', bits: 8, keepUnread: true },
      { name: 'D 4', shift: 4, bits: 8 },
      ...[4, 8].map((steps): Setting => {
        const options = { coding: 'rate', thresholds: 'paper', steps } as const;
        return { name: `paper, T ${steps}`, shift: 'auto', bits: 8, options };
      }),
    ];
    return settings;
  },
  /** Accuracy and error of the logits with fewer weight bits. */
  'weight-bits'() {
    const settings = [8, 6, 5, 4].map((bits): Setting => ({ name: `${bits} bits`, shift: 'auto', bits }));
    return settings;
  },
  /** Coarse to fine with exit by margin: as compile --anytime sets it up, with shares of images that go on, with a search. */
  anytime() {
    const stopping = (name: string, anytime: Stopping, goal?: Goal): Setting => ({
      ...{ name, shift: 'auto', bits: 8, options: { steps: 2, anytime } },
      ...(goal === undefined ? {} : { goal }),
    });
    const settings = [
      stopping('anytime', DEFAULT_STOPPING),
      stopping('20 % go on', { by: 'share', value: 0.2 }),
      stopping('search and anytime', DEFAULT_STOPPING, SEARCHES[0]),
    ];
    return settings;
  },
  /** Thresholds site by site against the default profile. */
  search() {
    const settings: readonly Setting[] = [
      { name: 'default', shift: 'auto', bits: 8 },
      ...SEARCHES.map(goal => {
        const { kind, value } = goal.limit;
        const said = kind === 'drop' ? `--max-drop ${100 * value}%` : `--max-divergence ${value}`;
        return { name: said, shift: 'auto', bits: 8, goal } as const;
      }),
    ];
    return settings;
  },
  /** Codings over timesteps; with one step all are the same. */
  codings() {
    const settings = [1, 3].flatMap(terms => {
      const profileOf = (shift: number) => defaultProfile(shift, terms);
      const of = (coding: Coding, steps: number): Setting => ({
        ...{ name: `${coding}, T ${steps}, K ${terms}`, shift: 3, bits: 8 },
        options: { coding, steps, profileOf },
      });
      return [of('sum', 1), ...CODINGS.flatMap(coding => [2, 4, 8].map(steps => of(coding, steps)))];
    });
    return settings;
  },
  /** Tables against multiplications. */
  functions() {
    const settings = SOMA_ARITHMETIC.map(
      (functions): Setting => ({ name: functions, shift: 'auto', bits: 8, options: { functions } }),
    );
    return settings;
  },
  /** Ladders of a fixed length, ours and the paper's. */
  levels() {
    const settings = [4, 6, 8].flatMap(levels => {
      const of = (name: string, options: Setting['options']): Setting => ({
        ...{ name: `${name}, n ${levels}`, shift: 3, bits: 8 },
        options: { ...options, levels },
      });
      const paper = { coding: 'rate', thresholds: 'paper', steps: 4 } as const;
      return [of('T 1', {}), of('T 4', { steps: 4 }), of('paper, T 4', paper)];
    });
    return settings;
  },
  /** What is lost where no calibration images are given. */
  'data-free'() {
    const settings = (['auto', 3, 4, 5] as const).flatMap((shift): readonly Setting[] => [
      { name: `shift ${shift}`, shift, bits: 8 },
      { name: `shift ${shift}, data-free`, shift, bits: 8, isDataFree: true },
    ]);
    return settings;
  },
};

export const CONVERSION_MEASURES = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, settings]) => [
    name,
    async ({ data = 'examples/digits', only }: MeasureOptions): Promise<Measure> =>
      worstLoss(await measureConversions(data, settings(), { only })),
  ]),
);

function worstLoss(rows: readonly ConversionRow[]): Measure {
  const value = 100 * Math.max(...rows.map(row => row.float - row.accuracy));
  return {
    value,
    unit: 'points lost at most',
    anchor: '1 point that may be lost',
    ratio: 1 / Math.max(value, 0.01),
  };
}
