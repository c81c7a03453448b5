/** Files that people give in place of an ONNX model, known by their first bytes. */
import type { ByteSource } from './source.ts';

export interface Container {
  readonly what: string;
  readonly help: string;
}

interface Signature extends Container {
  readonly begins?: string;
  readonly at?: number;
  readonly has?: RegExp;
}

const UNPACK = 'Unpack it and give the .onnx file inside.';
const FROM_TORCH = 'Export it: torch.onnx.export(model, (image,), "model.onnx").';
const FROM_KERAS = 'Convert it with tf2onnx.';
const DOWNLOAD = 'Download the file itself, not the page or pointer that stands for it.';
const IMAGES = 'Images go to --calibrate; the model is an .onnx file.';
const SAVE = 'Save it in ONNX’s binary form: onnx.save(model, "model.onnx").';

const archive = (begins: string, what: string): Signature => ({ begins, what, help: UNPACK });

/** Bytes are compared as latin-1 text; the first line that fits says what it is. */
const SIGNATURES: readonly Signature[] = [
  archive('\x1f\x8b', 'a gzip file'),
  archive('BZh', 'a bzip2 file'),
  archive('\xfd7zXZ\0', 'an xz file'),
  archive('(\xb5/\xfd', 'a zstd file'),
  archive('7z\xbc\xaf\x27\x1c', 'a 7z archive'),
  { begins: 'ustar', at: 257, what: 'a tar archive', help: UNPACK },
  {
    begins: 'PK\x03\x04',
    has: /data\.pkl|\.data\/|constants\.pkl/,
    what: 'a PyTorch checkpoint',
    help: FROM_TORCH,
  },
  { begins: 'PK\x03\x04', has: /^.{26,200}\.npy/s, what: 'a NumPy archive (.npz)', help: IMAGES },
  archive('PK\x03\x04', 'a zip archive'),
  { begins: '\x80\x02', what: 'a Python pickle, perhaps an old PyTorch checkpoint', help: FROM_TORCH },
  { begins: '\x80\x04', what: 'a Python pickle', help: FROM_TORCH },
  { begins: '\x93NUMPY', what: 'a NumPy array (.npy)', help: IMAGES },
  { begins: '\x89HDF\r\n', what: 'an HDF5 file, perhaps of Keras', help: FROM_KERAS },
  { begins: 'TFL3', at: 4, what: 'a TensorFlow Lite model', help: FROM_KERAS },
  {
    begins: 'ORTM',
    at: 4,
    what: 'a model in ONNX Runtime’s own format',
    help: 'Give the .onnx file behind it.',
  },
  { begins: 'GGUF', what: 'a GGUF file: weights without a network', help: FROM_TORCH },
  { begins: '\0\0{"', at: 6, what: 'a safetensors file: weights without a network', help: FROM_TORCH },
  {
    begins: 'version https://git-lfs',
    what: 'a Git LFS pointer',
    help: 'Fetch the file itself: git lfs pull.',
  },
  { has: /^\s*<(?:!doctype|html|\?xml)/i, what: 'a web page or XML', help: DOWNLOAD },
  { has: /^\s*<\s*ir_version|^\s*ir_version\s*[:=]/, what: 'an ONNX model in text form', help: SAVE },
  { has: /^\s*[{[]\s*["{\]}]/, what: 'JSON', help: `If it is an ONNX model in JSON: ${SAVE}` },
  { begins: '\x7fELF', what: 'a program', help: DOWNLOAD },
  { begins: '%PDF', what: 'a PDF', help: DOWNLOAD },
  { begins: '\x89PNG', what: 'a PNG image', help: IMAGES },
  { begins: '\xff\xd8\xff', what: 'a JPEG image', help: IMAGES },
  { has: /^(?:\xef\xbb\xbf)?[\s!-~]{16}/, what: 'text', help: DOWNLOAD },
];
const HEAD = 512;

/** For bytes that did not decode as a model; undefined where nothing is known about them. */
export function recogniseContainer(bytes: ByteSource): Container | undefined {
  const head = latin1(bytes.read(0, Math.min(HEAD, bytes.size)));
  return SIGNATURES.find(
    ({ begins = '', at = 0, has }) => head.startsWith(begins, at) && (has === undefined || has.test(head)),
  );
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
