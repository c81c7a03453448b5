/** How long a search takes on a network of any size: synthetic images, so that weights may be random. */
import { loadTarget } from '../backends/target.ts';
import { createConsole } from '../cli/console.ts';
import { convertMeasured } from '../cli/convert.ts';
import { openModelFile } from '../cli/model-files.ts';
import { readNetwork } from '../compiler/compile.ts';
import { syntheticImages } from '../compiler/data/synthetic.ts';
import { defaultProfile } from '../compiler/profile.ts';

const IMAGES = 64;
/** Logits of images without a class differ little, so that the same error weighs more. */
const LIMIT = { kind: 'divergence', value: 0.05 } as const;

export interface SearchTime {
  readonly seconds: number;
  /** From the calibration images to the choice; `seconds` to the integer network. */
  readonly search: number;
  readonly peakBytes: number;
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
  readonly eq30: number | undefined;
}

export async function measureSearch(model: string): Promise<SearchTime> {
  const console_ = createConsole({ json: true, quiet: true });
  const target = await loadTarget('loihi2');
  const { ann } = readNetwork(openModelFile(model), model, console_);
  const { shape } = ann.nodes.find(node => node.kind === 'input')!.type;
  const images = syntheticImages(shape, IMAGES);
  console_.step('prepare');
  const start = performance.now();
  const options = {
    ...({ coding: 'sum', steps: 1, thresholds: 'pow2', shift: 'auto', weightBits: 8 } as const),
    ...{ seed: 1, effort: 'fast' as const, biasCorrection: true, keepUnread: false },
    profileOf: (shift: number) => defaultProfile(shift),
    search: { goal: { optimize: 'energy', limit: LIMIT }, labels: undefined, maxTerms: 3 } as const,
  };
  const about = { target, isPixels: false, origin: model };
  const { made } = convertMeasured(ann, images, options, about, console_);
  const all = Object.entries(console_.seconds()).map(([name, seconds]) => ({ name, seconds }));
  const steps = all.slice(all.findIndex(({ name }) => name === 'prepare'));
  const upTo = steps.findIndex(({ name }) => name.startsWith('thresholds'));
  return {
    seconds: (performance.now() - start) / 1000,
    search: steps.slice(0, upTo).reduce((sum, { seconds }) => sum + seconds, 0),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    steps,
    eq30: made.found?.best.chosen?.energy,
  };
}
