/** Checks: bringing files onto the device. */
import { randomFillSync } from 'node:crypto';
import { ask, broken, type Check, FILES, loadAll, must, mustRefuse, sha256 } from './kit.ts';

const [PROGRAM] = FILES as readonly [(typeof FILES)[number]];
const LENGTH = PROGRAM.bytes.length;

/** A device may keep files for ever: these bytes it cannot have met. */
const neverSeen = (length: number): Uint8Array => randomFillSync(new Uint8Array(length));

export const LOAD_CHECKS: readonly Check[] = [
  {
    name: 'load',
    rule: 'A plan is answered with what is held of each file, a chunk with what is held now, the commit with booted.',
    async run(bench) {
      const session = await bench.open();
      const stream = bench.load();
      const { files } = await ask(stream, { session, plan: bench.plan() ?? {} }, bench.timeout);
      const numbers = files.map(({ file }) => file);
      must(
        JSON.stringify(numbers) === '[0]',
        `a plan of one file is answered with files ${numbers.join(', ')}`,
      );
      stream.cancel();
      await loadAll(bench, session);
    },
  },
  {
    name: 'load-in-pieces',
    rule: 'Chunks may be of any size up to limits.chunk_bytes.',
    async run(bench) {
      await loadAll(bench, await bench.open(), { chunkBytes: 7 });
    },
  },
  {
    name: 'load-resumes',
    rule: 'A load that broke off goes on from what the device says that it holds.',
    async run(bench) {
      const session = await bench.open();
      const stream = bench.load();
      const { files } = await ask(stream, { session, plan: bench.plan() ?? {} }, bench.timeout);
      const from = files.find(({ file }) => file === 0)?.held ?? 0;
      const data = PROGRAM.bytes.subarray(from, from + 10);
      if (from < LENGTH)
        await ask(stream, { session, chunk: { file: 0, offset: from, data } }, bench.timeout);
      stream.cancel();
      await loadAll(bench, session, { chunkBytes: 50 });
    },
  },
  {
    name: 'load-known',
    rule: 'A file that was loaded in the same session, with the same hash, need not be sent again.',
    async run(bench) {
      const session = await bench.open();
      await loadAll(bench, session);
      const stream = bench.load();
      const { files } = await ask(stream, { session, plan: bench.plan() ?? {} }, bench.timeout);
      must(files.length === 1 && files.every(({ verified }) => verified), 'it wants the files again');
      const { booted } = await ask(stream, { session, commit: {} }, bench.timeout);
      must(booted, 'it does not boot from what it holds');
    },
  },
  {
    name: 'chunk-gap',
    rule: 'A chunk at another offset than what is held is OUT_OF_RANGE.',
    async run(bench) {
      const session = await bench.open();
      const stream = bench.load();
      // One that no device can hold yet.
      const bytes = neverSeen(LENGTH);
      const files = [{ ...PROGRAM, bytes }];
      await ask(stream, { session, plan: bench.plan(files) ?? {} }, bench.timeout);
      const chunk = { file: 0, offset: 20, data: bytes.subarray(20, 30) };
      await mustRefuse('a chunk at 20 where 0 is held', 'OUT_OF_RANGE', () =>
        ask(stream, { session, chunk }, bench.timeout),
      );
    },
  },
  {
    name: 'wrong-hash',
    rule: 'A file whose bytes do not have the hash of the plan is DATA_LOSS, and what was held of it is dropped.',
    async run(bench) {
      const session = await bench.open();
      const hash = sha256(neverSeen(16));
      const plan = { files: [{ kind: 'program' as const, chip: 0, bytes: LENGTH, sha256: hash }] };
      const stream = bench.load();
      await ask(stream, { session, plan }, bench.timeout);
      await mustRefuse('the last chunk', 'DATA_LOSS', () =>
        ask(stream, { session, chunk: { file: 0, offset: 0, data: PROGRAM.bytes } }, bench.timeout),
      );
      const again = bench.load();
      const { files } = await ask(again, { session, plan }, bench.timeout);
      must(
        files[0]?.held === 0 && !files[0].verified,
        `it still holds ${files[0]?.held ?? 'something'} bytes`,
      );
    },
  },
  {
    name: 'no-program',
    rule: 'A commit of bytes that are no program is INVALID_ARGUMENT, and the device lives on.',
    async run(bench) {
      const session = await bench.open();
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 89) % 256);
      const broken = Uint8Array.from(PROGRAM.bytes, (byte, i) =>
        i === LENGTH >> 1 ? byte ^ 0xff : byte,
      ).subarray(0, LENGTH - 9);
      for (const wrong of [bytes, broken]) {
        await mustRefuse('the commit', ['INVALID_ARGUMENT', 'FAILED_PRECONDITION'], () =>
          loadAll(bench, session, { files: [{ ...PROGRAM, bytes: wrong }] }),
        );
      }
      await loadAll(bench, session);
    },
  },
  {
    name: 'commit-early',
    rule: 'A commit before every file has arrived is FAILED_PRECONDITION.',
    async run(bench) {
      const session = await bench.open();
      const stream = bench.load();
      const bytes = neverSeen(LENGTH);
      await ask(stream, { session, plan: bench.plan([{ ...PROGRAM, bytes }]) ?? {} }, bench.timeout);
      await mustRefuse('the commit', 'FAILED_PRECONDITION', () =>
        ask(stream, { session, commit: {} }, bench.timeout),
      );
    },
  },
  {
    name: 'chunk-limit',
    rule: 'A chunk above limits.chunk_bytes is RESOURCE_EXHAUSTED.',
    async run(bench) {
      const { chunkBytes, messageBytes } = bench.limits;
      if (chunkBytes + 1024 > messageBytes) return;
      const session = await bench.open();
      const bytes = neverSeen(chunkBytes + 1);
      const stream = bench.load();
      await mustRefuse(
        `a chunk of ${bytes.length} bytes`,
        ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT'],
        async () => {
          await ask(stream, { session, plan: bench.plan([{ ...PROGRAM, bytes }]) ?? {} }, bench.timeout);
          return ask(stream, { session, chunk: { file: 0, offset: 0, data: bytes } }, bench.timeout);
        },
      );
    },
  },
  {
    name: 'program-limit',
    rule: 'A plan of more than limits.program_bytes is RESOURCE_EXHAUSTED.',
    async run(bench) {
      const { programBytes } = bench.limits;
      if (programBytes === 0) return;
      const session = await bench.open();
      const file = {
        kind: 'program' as const,
        chip: 0,
        bytes: programBytes + 1,
        sha256: sha256(new Uint8Array(1)),
      };
      await mustRefuse('the plan', 'RESOURCE_EXHAUSTED', () =>
        ask(bench.load(), { session, plan: { files: [file] } }, bench.timeout),
      );
    },
  },
  {
    name: 'unknown-file',
    rule: 'A chunk of a file that the plan does not have is INVALID_ARGUMENT or OUT_OF_RANGE.',
    async run(bench) {
      const session = await bench.open();
      const stream = bench.load();
      await ask(stream, { session, plan: bench.plan() ?? {} }, bench.timeout);
      await mustRefuse('file 9 of 1', ['INVALID_ARGUMENT', 'OUT_OF_RANGE'], () =>
        ask(stream, { session, chunk: { file: 9, offset: 0, data: new Uint8Array(3) } }, bench.timeout),
      );
    },
  },
  {
    name: 'load-takes-over',
    rule: 'A newer Load of the session takes over; the older one ends with ABORTED.',
    async run(bench) {
      const session = await bench.open();
      const older = bench.load();
      await ask(older, { session, plan: bench.plan() ?? {} }, bench.timeout);
      await loadAll(bench, session);
      await mustRefuse('the older stream', ['ABORTED', 'CANCELLED'], async () => {
        const next = await older.next(bench.timeout);
        return next ?? broken('the older stream ended without an error');
      });
    },
  },
];
