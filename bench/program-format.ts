/** docs/deployment-folder.md: the files of a deployment, and the bytes of a chip program from the tables that read and write them. */
import { MAGIC, RECORDS, SECTION_ALIGN, VERSION } from '../backends/program/layout.ts';
import { ROW_HEADER_BITS, weightBlock } from '../backends/program/weights.ts';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

const FILES = [
  [
    '`manifest.json`',
    'what was deployed, with the SHA-256 of every file; schema: backends/schema/manifest.schema.json',
  ],
  ['`program/chip-000.bin` …', 'one program a chip: all that a device needs'],
  ['`golden.npz`', 'inputs and what must be read out'],
  ['`report.json`, `summary.txt`', 'the mapping report'],
  ['`build.json`', 'times, memory, host: no hash covers it'],
] as const;

const ENCODINGS = [
  ['`u8`, `u16`, `u32`, `i8`, `i16`, `i32`', 'fixed width, little endian, two’s complement'],
  [
    'varint',
    'unsigned, seven bits a byte, lowest first, the top bit says that more follow (LEB128); as short as it can be',
  ],
  ['zigzag varint', 'signed x as varint 2x, or −2x − 1 where x is negative'],
  ['record', 'its fields one after another, without names or padding'],
  ['variant', 'the number of the kind, then the fields of the kind'],
] as const;

/** A name of ours inside another one's text leads to its table. */
const NAMES: ReadonlySet<string> = new Set(RECORDS.map(({ says }) => says));
const slug = (name: string): string => name.replaceAll(' ', '-');
const linked = (says: string): string => {
  const name = [...NAMES].find(
    own => says === own || says.endsWith(`: ${own}`) || says.endsWith(` and ${own}`),
  );
  return name === undefined ? says : `${says.slice(0, -name.length)}[${name}](#${slug(name)})`;
};

export function programFormatBlocks(table: Table): readonly string[] {
  return [
    'What `snnc compile` writes. A device is loaded with the programs and needs nothing else.',
    table(['file', 'is'], FILES),
    '## Chip program',
    `Format version ${VERSION}. A file is \`${MAGIC}\` (four bytes), the [preamble](#preamble), a [core table](#core-table-entry) with as ` +
      'many entries as there are cores, the [header section](#header-section), and one [core section](#core-section) for each core. ' +
      `Core sections begin at multiples of ${SECTION_ALIGN} bytes of the file, zeros fill the gaps. Every accepted file is the only ` +
      'encoding of its value. What the numbers mean is said in [backends/program/program.ts](../backends/program/program.ts), what ' +
      'neurons do with them in [populations.md](rationale/populations.md) and [plain-neurons.md](rationale/plain-neurons.md).',
    table(['encoding', 'is'], ENCODINGS),
    '### weight block',
    `${weightBlock.says}. Alignment counts from the beginning of the core section. A row is one input: ${ROW_HEADER_BITS} bits with the ` +
      'number of channels modulo 1024, then the weights, two’s complement, `bits` each, lowest bit first; zeros fill the last 64-bit ' +
      'word, which is written lowest byte first.',
    ...RECORDS.flatMap(({ says, parts }) => [
      `### ${says}`,
      table(
        ['field', 'stored as', 'means'],
        parts.map(part => [`\`${part.name}\``, linked(part.says), part.means]),
      ),
    ]),
  ];
}
