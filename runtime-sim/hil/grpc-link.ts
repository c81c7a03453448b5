/** Devices over gRPC. Messages are bounded both ways; a reply that is no message ends the call, never the process. */
import * as grpc from '@grpc/grpc-js';
import { CALLS, type Call, pathOf, type ReplyOf, type RequestDraft } from '../device/messages.ts';
import { WireError } from '../device/wire.ts';
import {
  createPace,
  type DeviceLink,
  type DeviceStream,
  LinkError,
  STATUSES,
  type StreamCall,
} from './link.ts';

export interface Certificates {
  readonly ca: Uint8Array;
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
}

/** Bytes of one message, both ways, before the device has said what it takes. */
export const MESSAGE_BYTES = 64 * 2 ** 20;

export interface GrpcLink extends DeviceLink {
  /** What the device has said it takes in a second. */
  setRate(messagesPerSecond: number): void;
  /** Any bytes to any method, which a sound client would not send. */
  callBytes(path: string, bytes: Uint8Array, milliseconds: number): Promise<Buffer>;
  streamBytes(call: StreamCall): ByteStream;
}

export interface ByteStream {
  send(bytes: Uint8Array): Promise<void>;
  next(milliseconds: number): Promise<Buffer | undefined>;
  end(): void;
  cancel(): void;
}

/** `address`: host:port. */
export function connectGrpc(address: string, certificates: Certificates | undefined): GrpcLink {
  const client = new grpc.Client(address, credentialsOf(certificates), {
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  let rate = 0;
  const pace = createPace(() => rate * PACED_SHARE);
  const send = async (path: string, bytes: Uint8Array, milliseconds: number, call: Call): Promise<Buffer> => {
    await pace();
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        pass,
        pass,
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        new grpc.Metadata(),
        { deadline: Date.now() + milliseconds },
        (error, reply) => (error === null ? resolve(reply!) : reject(errorOf(call, error))),
      );
    });
  };
  return {
    setRate(messagesPerSecond) {
      rate = messagesPerSecond;
    },
    async call(call, request, milliseconds) {
      return decode(call, await send(pathOf(call), encode(call, request), milliseconds, call));
    },
    stream: call => openStream(openBytes(client, call, pace), call),
    callBytes: (path, bytes, milliseconds) => send(path, bytes, milliseconds, 'Describe'),
    streamBytes: call => openBytes(client, call, pace),
    close: () => client.close(),
  };
}

/** Clocks of host and device differ, and so do the beginnings of their seconds. */
const PACED_SHARE = 0.8;

const pass = (bytes: Buffer): Buffer => bytes;

const encode = <C extends Call>(call: C, request: RequestDraft<C>): Buffer =>
  (CALLS[call].request as { encode(value: RequestDraft<C>): Buffer }).encode(request);

function decode<C extends Call>(call: C, bytes: Buffer): ReplyOf<C> {
  try {
    return CALLS[call].reply.decode(bytes) as ReplyOf<C>;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new LinkError(call, 'DATA_LOSS', `the reply is no message of ${call}: ${error.message}`);
  }
}

function credentialsOf(certificates: Certificates | undefined): grpc.ChannelCredentials {
  if (certificates === undefined) return grpc.credentials.createInsecure();
  const [ca, key, cert] = [certificates.ca, certificates.key, certificates.cert].map(bytes =>
    Buffer.from(bytes),
  );
  return grpc.credentials.createSsl(ca!, key!, cert!);
}

function errorOf(call: Call, error: unknown): LinkError {
  const { code, details, message } = error as Partial<grpc.ServiceError>;
  return new LinkError(call, STATUSES[code ?? 2] ?? 'UNKNOWN', details || message || 'no reason given');
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

function openStream<C extends StreamCall>(bytes: ByteStream, call: C): DeviceStream<C> {
  return {
    send: request => bytes.send(encode(call, request)),
    async next(milliseconds) {
      const reply = await bytes.next(milliseconds);
      return reply === undefined ? undefined : decode(call, reply);
    },
    end: bytes.end,
    cancel: bytes.cancel,
  };
}

function openBytes(client: grpc.Client, call: StreamCall, pace: () => Promise<void>): ByteStream {
  const wire = client.makeBidiStreamRequest(pathOf(call), pass, pass, new grpc.Metadata(), {});
  const held: Buffer[] = [];
  let over: LinkError | 'ended' | undefined;
  let waiting: Waiting<Buffer | undefined> | undefined;
  const finish = (how: LinkError | 'ended') => {
    over ??= how;
    if (over === 'ended') waiting?.resolve(undefined);
    else waiting?.reject(over);
    waiting = undefined;
  };
  wire.on('data', (bytes: Buffer) => {
    if (waiting === undefined) held.push(bytes);
    else waiting.resolve(bytes);
    waiting = undefined;
    if (held.length > HELD) wire.pause();
  });
  wire.on('error', error => finish(errorOf(call, error)));
  wire.on('end', () => setImmediate(() => finish('ended')));
  return {
    async send(bytes) {
      await pace();
      if (over !== undefined) throw over === 'ended' ? ended(call) : over;
      const isFull = !wire.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      if (isFull) await new Promise<void>(resolve => whenFree(wire, resolve));
    },
    async next(milliseconds) {
      const first = held.shift();
      if (held.length <= HELD) wire.resume();
      if (first !== undefined) return first;
      if (over !== undefined) {
        if (over === 'ended') return undefined;
        throw over;
      }
      return withDeadline<Buffer | undefined>(call, milliseconds, one => {
        waiting = one;
      });
    },
    end: () => void wire.end(),
    cancel: () => wire.cancel(),
  };
}
/** Replies that are kept while nobody asks for them. */
const HELD = 64;

const ended = (call: Call): LinkError =>
  new LinkError(call, 'UNAVAILABLE', 'the device has ended the stream');

/** A stream that breaks while it is full is free too: the next reply says what happened. */
function whenFree(wire: NodeJS.EventEmitter, resolve: () => void): void {
  const names = ['drain', 'error', 'close', 'end', 'status'];
  const free = () => {
    for (const name of names) wire.off(name, free);
    resolve();
  };
  for (const name of names) wire.on(name, free);
}

async function withDeadline<T>(
  call: Call,
  milliseconds: number,
  start: (waiting: Waiting<T>) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new LinkError(call, 'DEADLINE_EXCEEDED', `no reply within ${milliseconds / 1000} s`)),
        milliseconds,
      );
      start({ resolve, reject });
    });
  } finally {
    clearTimeout(timer);
  }
}
