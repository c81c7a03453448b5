/** Options that say what is done to images before the network sees them. */
import { INTERPOLATIONS } from '../backends/interpolations.ts';

export const preprocessOptions = {
  preprocess: {
    type: 'string',
    describe:
      'preprocessor_config.json (Hugging Face) or config.json (timm); default: the one beside the model',
  },
  resize: { type: 'string', describe: 'N: shorter edge · HxW: to a size · none' },
  crop: { type: 'string', describe: 'N or HxW from the centre · none' },
  interpolation: { choices: INTERPOLATIONS, describe: 'Of the resize, as Pillow does it' },
  rescale: { type: 'string', describe: 'Factor of pixels, such as 1/255' },
  mean: { type: 'string', describe: 'Subtracted after rescaling: 0.485,0.456,0.406' },
  std: { type: 'string', describe: 'Divided by then: 0.229,0.224,0.225' },
  'channels-order': { choices: ['rgb', 'bgr'] as const, describe: 'Colour that the first channel is' },
  'fold-normalisation': {
    type: 'boolean',
    default: true,
    describe: 'Normalise in the first weights, so that the chip takes pixels',
  },
} as const;
