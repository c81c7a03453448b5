/** A connection to a device, whatever carries it: calls, streams, and what can go wrong with them. */
import type { Call, ReplyOf, RequestDraft } from '../device/messages.ts';

export type StreamCall = 'Load' | 'Run';
export type UnaryCall = Exclude<Call, StreamCall>;

/** By number, as gRPC counts them. */
export const STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
export type Status = (typeof STATUSES)[number];

/** A call that did not answer. */
export class LinkError extends Error {
  readonly call: Call;
  readonly status: Status;
  constructor(call: Call, status: Status, message: string) {
    super(message);
    this.name = 'LinkError';
    this.call = call;
    this.status = status;
  }
}

export interface DeviceStream<C extends StreamCall> {
  send(request: RequestDraft<C>): Promise<void>;
  /** The next reply; undefined: the device has ended the stream. Errors: LinkError. */
  next(milliseconds: number): Promise<ReplyOf<C> | undefined>;
  /** Nothing more is sent. */
  end(): void;
  cancel(): void;
}

export interface DeviceLink {
  /** Errors: LinkError. */
  call<C extends UnaryCall>(call: C, request: RequestDraft<C>, milliseconds: number): Promise<ReplyOf<C>>;
  stream<C extends StreamCall>(call: C): DeviceStream<C>;
  close(): void;
}

/** Gone, or going to be: the same may succeed after a while. */
const PASSING: ReadonlySet<Status> = new Set([
  'UNAVAILABLE',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'UNKNOWN',
  'INTERNAL',
  'DATA_LOSS',
  'RESOURCE_EXHAUSTED',
]);
export const isPassing = (error: unknown): error is LinkError =>
  error instanceof LinkError && PASSING.has(error.status);

/** No more messages in a second than the device takes. */
export function createPace(perSecond: () => number, now: () => number = () => performance.now()) {
  let next = 0;
  return async (): Promise<void> => {
    const rate = perSecond();
    if (rate <= 0) return;
    const at = Math.max(next, now() - BURST);
    next = at + 1000 / rate;
    const wait = at - now();
    if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait));
  };
}
/** Milliseconds of messages that may go at once after a silence. */
const BURST = 100;
