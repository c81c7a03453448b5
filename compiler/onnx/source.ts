/** Where bytes come from. The compiler does no I/O: whoever calls it says how bytes of a file are read. */

export interface ByteSource {
  readonly size: number;
  /** Exactly these bytes, which must lie inside; perhaps a view, so they are not to be written to. */
  read(offset: number, length: number): Uint8Array;
}

/** A part of a source: bytes that are read when they are wanted. */
export interface Span {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
}

export interface ModelFile {
  /** The file as the user knows it. */
  readonly source: string;
  readonly bytes: ByteSource;
  /** A file that the model keeps its weights in, named relative to the model. */
  open(location: string): ByteSource | { readonly problem: string };
}

export const memorySource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** A model that has no folder around it. */
export const memoryFile = (bytes: Uint8Array, source: string): ModelFile => ({
  source,
  bytes: memorySource(bytes),
  open: () => ({ problem: 'the model was given as bytes, without the folder it lies in' }),
});

/** Cost: memory for one piece at a time. */
export function* readPieces({ source, offset, length }: Span, piece: number): Generator<Uint8Array> {
  for (let done = 0; done < length; done += piece) {
    yield source.read(offset + done, Math.min(piece, length - done));
  }
}
