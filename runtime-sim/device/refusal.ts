/** What a device answers to what it cannot do: one status of the protocol and a sentence for people. */
export const STATUSES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'RESOURCE_EXHAUSTED',
  'DATA_LOSS',
  'ABORTED',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'UNIMPLEMENTED',
] as const;
export type RefusalStatus = (typeof STATUSES)[number];

export class Refusal extends Error {
  readonly status: RefusalStatus;
  constructor(status: RefusalStatus, message: string) {
    super(message);
    this.status = status;
  }
}

export function refuse(status: RefusalStatus, message: string): never {
  throw new Refusal(status, message);
}
