/** The device on the network: gRPC calls to its calls, streams, limits, who may come in. */
import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  type ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  setLogVerbosity,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Device, Peer } from './device.ts';
import { CALLS, type Call, pathOf } from './messages.ts';
import { Refusal, type RefusalStatus, refuse } from './refusal.ts';
import { WireError } from './wire.ts';

export interface ServerOptions {
  readonly device: Device;
  readonly credentials: ServerCredentials;
  /** "127.0.0.1:0": any free port. */
  readonly address: string;
  /** Names of certificates that may come in; undefined: there are none to be asked for. */
  readonly clients?: ReadonlySet<string> | undefined;
  /** Before each reply. */
  readonly onReply?: ((call: Call, reply: Buffer) => Promise<Buffer>) | undefined;
  /** A fault of ours. */
  readonly onDefect?: ((error: unknown) => void) | undefined;
}

export interface DeviceServer {
  readonly port: number;
  /** Breaks every connection; the device does not notice. */
  disconnect(): void;
  close(): Promise<void>;
}

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Stream = ServerDuplexStream<Buffer, Buffer>;
interface Failure {
  readonly code: number;
  readonly details: string;
}

/** Open streams and calls of one client at a time. */
const MAX_STREAMS = 100;

/** Errors: what the operating system says of the address. */
export async function startServer(options: ServerOptions): Promise<DeviceServer> {
  const { device, credentials, address } = options;
  const server = new Server({
    'grpc.max_receive_message_length': device.limits.messageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.keepalive_time_ms': 30_000,
  });
  const handle = createHandler(options);
  const streams = new Map<string, () => void>();
  const service = Object.entries(CALLS).map(([name, { stream }]) => {
    const call = name as Call;
    const serve: UntypedServiceImplementation[string] = stream
      ? (own: Stream) => serveStream(own, call, handle, streams)
      : serveUnary(call, handle);
    return [name, methodOf(call), serve] as const;
  });
  server.addService(
    Object.fromEntries(service.map(([name, method]) => [name, method])) as ServiceDefinition,
    Object.fromEntries(service.map(([name, , serve]) => [name, serve])),
  );
  // What cannot be listened on is said once, by whoever asked for it.
  setLogVerbosity(logVerbosity.NONE);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    disconnect: () => server.drain(`${address.slice(0, address.lastIndexOf(':'))}:${port}`, 0),
    close: async () => server.forceShutdown(),
  };
}

/** Bytes pass as they are, so that what is no message is answered as such. */
const methodOf = (call: Call) => ({
  path: pathOf(call),
  requestStream: CALLS[call].stream,
  responseStream: CALLS[call].stream,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
});

type Handle = (call: Call, bytes: Buffer, own: Unary | Stream) => Promise<Buffer | undefined>;

function createHandler({ device, clients, onReply, onDefect }: ServerOptions): Handle {
  const spend = createAllowance(device.limits.messagesPerSecond);
  return async (call, bytes, own) => {
    try {
      spend();
      const peer = peerOf(own, clients);
      const { request, reply } = CALLS[call];
      // The table pairs each call with its messages; the compiler cannot follow that through the name.
      const answer = await (device.calls[call] as (request: unknown, peer: Peer) => Promise<unknown>)(
        request.decode(bytes),
        peer,
      );
      if (answer === undefined) return undefined;
      const encoded = reply.encode(answer as never);
      return onReply === undefined ? encoded : await onReply(call, encoded);
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof WireError)) onDefect?.(error);
      throw failureOf(error);
    }
  };
}

const CODES: { readonly [S in RefusalStatus]: status } = status;

function failureOf(error: unknown): Failure {
  if (error instanceof Refusal) return { code: CODES[error.status], details: error.message };
  if (error instanceof WireError)
    return { code: status.INVALID_ARGUMENT, details: `the message cannot be read: ${error.message}` };
  return { code: status.INTERNAL, details: 'the device has failed at this call' };
}

/** The name in the certificate of who calls. Errors: Refusal */
function peerOf(own: Unary | Stream, clients: ReadonlySet<string> | undefined): Peer {
  if (clients === undefined) return undefined;
  const name = own.getAuthContext().sslPeerCertificate?.subject.CN;
  const known = Array.isArray(name) ? name[0] : name;
  if (known === undefined) return refuse('UNAUTHENTICATED', 'no certificate');
  if (!clients.has(known)) refuse('PERMISSION_DENIED', `client "${known}" is not on the list of this device`);
  return known;
}

/** So many a second, and as many at once. Errors: Refusal */
function createAllowance(perSecond: number): () => void {
  let left = perSecond;
  let since = performance.now();
  return () => {
    const now = performance.now();
    left = Math.min(perSecond, left + ((now - since) / 1000) * perSecond);
    since = now;
    if (left < 1) refuse('RESOURCE_EXHAUSTED', `more than ${perSecond} messages a second`);
    left -= 1;
  };
}

const serveUnary =
  (call: Call, handle: Handle): handleUnaryCall<Buffer, Buffer> =>
  (own: Unary, answer: sendUnaryData<Buffer>) => {
    handle(call, own.request, own).then(
      reply => answer(null, reply ?? Buffer.alloc(0)),
      (failure: Failure) => answer(failure),
    );
  };

/** Messages of a stream are answered one after another; the next one is read when the last is answered. */
function serveStream(own: Stream, call: Call, handle: Handle, streams: Map<string, () => void>): void {
  let isOver = false;
  let session: string | undefined;
  const finish = (failure?: Failure) => {
    if (isOver) return;
    isOver = true;
    if (session !== undefined && streams.get(session) === abort) streams.delete(session);
    if (failure === undefined) own.end();
    else own.emit('error', failure);
  };
  const abort = () => finish({ code: status.ABORTED, details: 'a newer stream of this session took over' });
  /** Only a stream whose session is good may take over. */
  const enter = (bytes: Buffer) => {
    if (session !== undefined) return;
    session = `${call} ${CALLS[call as 'Run'].request.decode(bytes).session}`;
    const older = streams.get(session);
    streams.set(session, abort);
    older?.();
  };
  let last = Promise.resolve();
  own.on('data', (bytes: Buffer) => {
    own.pause();
    last = last
      .then(() => (isOver ? undefined : handle(call, bytes, own)))
      .then(
        reply => {
          if (isOver) return;
          enter(bytes);
          if (reply !== undefined) own.write(reply);
          own.resume();
        },
        (failure: Failure) => finish(failure),
      );
  });
  own.on('end', () => {
    last = last.then(() => finish());
  });
  own.on('cancelled', () => {
    isOver = true;
    if (session !== undefined && streams.get(session) === abort) streams.delete(session);
  });
  own.on('error', () => {});
}
