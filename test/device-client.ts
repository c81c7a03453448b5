/** The smallest client of the device protocol, for tests of the server. */
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { CALLS, type Call, pathOf, type ReplyOf, type RequestDraft } from '../runtime-sim/device/messages.ts';

const same = (bytes: Buffer) => bytes;

export interface TestClient {
  call<C extends Call>(name: C, request: RequestDraft<C>): Promise<ReplyOf<C>>;
  /** Any bytes; the reply's. */
  send(name: Call, bytes: Buffer): Promise<Buffer>;
  stream<C extends Call>(name: C): TestStream<C>;
  close(): void;
}
export interface TestStream<C extends Call> {
  write(request: RequestDraft<C>): void;
  writeBytes(bytes: Buffer): void;
  /** The next reply. Errors: the status that ended the stream. */
  next(): Promise<ReplyOf<C>>;
  end(): void;
  cancel(): void;
}

export function connect(
  port: number,
  channel: ChannelCredentials = credentials.createInsecure(),
  options: CallOptions = {},
): TestClient {
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.max_receive_message_length': -1 });
  const deadline = () => ({ deadline: Date.now() + 60_000, ...options });
  const send = (name: Call, bytes: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(pathOf(name), same, same, bytes, deadline(), (error, reply) =>
        error === null ? resolve(reply!) : reject(error),
      );
    });
  return {
    send,
    // The table pairs a call with its messages.
    async call(name, request) {
      const reply = await send(name, CALLS[name].request.encode(request as never));
      return CALLS[name].reply.decode(reply) as never;
    },
    stream: name => openStream(client.makeBidiStreamRequest(pathOf(name), same, same, deadline()), name),
    close: () => client.close(),
  };
}

function openStream<C extends Call>(stream: ClientDuplexStream<Buffer, Buffer>, name: C): TestStream<C> {
  const replies: Buffer[] = [];
  let failure: ServiceError | undefined;
  let isOver = false;
  let wake = () => {};
  stream.on('data', (bytes: Buffer) => {
    replies.push(bytes);
    wake();
  });
  stream.on('error', (error: ServiceError) => {
    failure = error;
    wake();
  });
  stream.on('end', () => {
    isOver = true;
    wake();
  });
  return {
    write: request => stream.write(CALLS[name].request.encode(request as never)),
    writeBytes: bytes => stream.write(bytes),
    async next() {
      while (replies.length === 0) {
        if (failure !== undefined) throw failure;
        if (isOver) throw new Error('the stream is over');
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
      return CALLS[name].reply.decode(replies.shift()!) as ReplyOf<C>;
    },
    end: () => stream.end(),
    cancel: () => stream.cancel(),
  };
}

/** Opens a session, loads programs, configures. */
export async function prepare(
  client: TestClient,
  files: readonly { kind: 'manifest' | 'program'; chip: number; bytes: Uint8Array; sha256: Uint8Array }[],
  recordings: RequestDraft<'Configure'>['recordings'] = [],
): Promise<string> {
  const { session } = await client.call('Open', { client: 'test', leaseSeconds: 30 });
  await load(client, session, files);
  await client.call('Configure', { session, recordings });
  return session;
}

export async function load(
  client: TestClient,
  session: string,
  files: readonly { kind: 'manifest' | 'program'; chip: number; bytes: Uint8Array; sha256: Uint8Array }[],
  chunkBytes = 1000,
): Promise<number> {
  const stream = client.stream('Load');
  const plan = files.map(({ kind, chip, bytes, sha256 }) => ({ kind, chip, bytes: bytes.length, sha256 }));
  stream.write({ session, plan: { files: plan } });
  const held = (await stream.next()).files;
  let sent = 0;
  for (const { file, held: from, verified } of held) {
    if (verified) continue;
    const { bytes } = files[file]!;
    for (let offset = from; offset < bytes.length; offset += chunkBytes) {
      stream.write({ session, chunk: { file, offset, data: bytes.subarray(offset, offset + chunkBytes) } });
      await stream.next();
      sent += 1;
    }
  }
  stream.write({ session, commit: {} });
  const { booted } = await stream.next();
  if (!booted) throw new Error('not booted');
  stream.end();
  return sent;
}
