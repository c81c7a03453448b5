/**
 * Weight blocks as the synaptic memory of a core holds them: one row an input, in 64-bit words. A row is a
 * header (the channel count modulo 1024) and the weights, two's complement, `bits` each, lowest bit first;
 * the last word of a row is filled with zeros. So the bytes of a block are the words that the core is charged.
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { type Codec, uint } from './codec.ts';
import type { WeightBlock } from './program.ts';

export const ROW_HEADER_BITS = 10;
const WORD_BYTES = 8;

/** 64-bit words of one row. */
export const rowWords = (channels: number, bits: number): number =>
  Math.ceil((channels * bits + ROW_HEADER_BITS) / 64);

const inputs = uint(1, 2 ** 31);
const channels = uint(1, 2 ** 31);
/** Up to 8 bits a weight is an int8, else an int16. */
const BYTE_BITS = 8;
export const weightBits = uint(1, 16);

export const weightBlock: Codec<WeightBlock> = {
  says: `inputs: ${inputs.says}; channels: ${channels.says}; bits: ${weightBits.says}; zeros up to a multiple of 8 bytes; \`inputs\` rows`,
  least: 3 + WORD_BYTES,
  write(out, block) {
    inputs.write(out, block.inputs);
    channels.write(out, block.channels);
    weightBits.write(out, block.bits);
    const { data } = block;
    if (data instanceof Int16Array !== block.bits > BYTE_BITS)
      out.refuse(`weights of ${block.bits} bits in a ${data.constructor.name}`);
    if (data.length !== block.inputs * block.channels)
      out.refuse(`${data.length} weights in a block of other size`);
    const top = 2 ** (block.bits - 1);
    if (data.some(weight => weight < -top || weight >= top))
      out.refuse(`a weight exceeds ${block.bits} bits`);
    out.align(WORD_BYTES);
    out.raw(packRows(block));
  },
  read(input) {
    const shape = {
      inputs: inputs.read(input),
      channels: channels.read(input),
      bits: weightBits.read(input),
    };
    input.align(WORD_BYTES);
    const rows = input.raw(shape.inputs * rowWords(shape.channels, shape.bits) * WORD_BYTES);
    if (input.known !== undefined) return { ...shape, data: weightsOf(shape.bits, 0) };
    const data = unpackRows(rows, shape);
    return typeof data === 'string' ? input.refuse(data) : { ...shape, data };
  },
};

export const weightsOf = (bits: number, length: number): Int8Array | Int16Array =>
  bits > BYTE_BITS ? new Int16Array(length) : new Int8Array(length);

/** Weights of a program with images, where no others are accepted (check-free.ts). */
export const byteWeights = ({ data }: WeightBlock): Int8Array =>
  data instanceof Int8Array ? data : defect('weights of more than 8 bits in a program with images');

type Shape = Omit<WeightBlock, 'data'>;

function packRows({ inputs, channels, bits, data }: WeightBlock): Uint8Array {
  const rowBytes = rowWords(channels, bits) * WORD_BYTES;
  const rows = new Uint8Array(inputs * rowBytes);
  const mask = 2 ** bits - 1;
  for (let row = 0; row < inputs; row++) {
    let at = row * rowBytes;
    let held = channels % 2 ** ROW_HEADER_BITS;
    let count = ROW_HEADER_BITS;
    for (let c = 0; c < channels; c++) {
      for (; count >= 8; count -= 8, held >>>= 8) rows[at++] = held & 255;
      held |= (data[row * channels + c]! & mask) << count;
      count += bits;
    }
    for (; count > 0; count -= 8, held >>>= 8) rows[at++] = held & 255;
  }
  return rows;
}

/** The weights, or what is wrong with the rows. */
function unpackRows(rows: Uint8Array, { inputs, channels, bits }: Shape): Int8Array | Int16Array | string {
  const rowBytes = rowWords(channels, bits) * WORD_BYTES;
  const data = weightsOf(bits, inputs * channels);
  const mask = 2 ** bits - 1;
  const toSigned = 32 - bits;
  for (let row = 0; row < inputs; row++) {
    let at = row * rowBytes;
    const end = at + rowBytes;
    let held = rows[at]! | (rows[at + 1]! << 8);
    at += 2;
    if ((held & (2 ** ROW_HEADER_BITS - 1)) !== channels % 2 ** ROW_HEADER_BITS) {
      return `row ${row} begins with another channel count than ${channels}`;
    }
    held >>>= ROW_HEADER_BITS;
    let count = 16 - ROW_HEADER_BITS;
    for (let c = 0; c < channels; c++) {
      while (count < bits) {
        held |= rows[at++]! << count;
        count += 8;
      }
      data[row * channels + c] = ((held & mask) << toSigned) >> toSigned;
      held >>>= bits;
      count -= bits;
    }
    while (at < end) held |= rows[at++]!;
    if (held !== 0) return `row ${row} ends in bits that are not zero`;
  }
  return data;
}
