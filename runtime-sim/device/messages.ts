/** device.proto as tables. A test holds them to that file, field by field. */
import {
  bool,
  bytes,
  double,
  enumeration,
  message,
  one,
  oneOf,
  optional,
  type Read,
  repeated,
  sint32,
  sint64,
  text,
  uint32,
  uint64,
  type Written,
} from './wire.ts';

export const PROTOCOL = 1;

export const stateKind = enumeration('StateKind', ['sent', 'target', 'potential']);
export const region = enumeration('Region', ['weights', 'program']);
export const healthStatus = enumeration('HealthReport.Status', ['ready', 'busy', 'failed']);
export const stage = enumeration('Position.Stage', ['empty', 'loaded', 'configured']);
export const fileKind = enumeration('PlannedFile.Kind', ['manifest', 'program']);
export const recordingForm = enumeration('Recording.Form', ['hash', 'spikes']);
export const memoryForm = enumeration('ReadMemoryRequest.Form', ['bytes', 'sha256']);
export const ENUMERATIONS = [stateKind, region, healthStatus, stage, fileKind, recordingForm, memoryForm];

const session = one(1, text);

export const describeRequest = message('DescribeRequest', {});
export const limits = message('Limits', {
  messageBytes: one(1, uint32),
  chunkBytes: one(2, uint32),
  programBytes: one(3, uint64),
  timesteps: one(4, uint32),
  window: one(5, uint32),
  stateNeurons: one(6, uint32),
  memoryBytes: one(7, uint32),
  leaseSeconds: one(8, uint32),
  messagesPerSecond: one(9, uint32),
});
export const capabilities = message('Capabilities', {
  states: repeated(1, stateKind),
  counters: one(2, bool),
  timing: one(3, bool),
  power: one(4, bool),
  memory: one(5, bool),
  spikesOnDemand: one(6, bool),
});
export const description = message('Description', {
  protocol: one(1, uint32),
  device: one(2, text),
  firmware: one(3, text),
  targets: repeated(4, text),
  programVersions: repeated(5, uint32),
  limits: optional(6, limits),
  capabilities: optional(7, capabilities),
});

export const healthRequest = message('HealthRequest', {});
export const healthReport = message('HealthReport', {
  status: one(1, healthStatus),
  message: one(2, text),
  boot: one(3, text),
  uptimeSeconds: one(4, uint64),
  busySeconds: one(5, uint32),
});

export const openRequest = message('OpenRequest', { client: one(1, text), leaseSeconds: one(2, uint32) });
export const lease = message('Lease', { session, leaseSeconds: one(2, uint32), boot: one(3, text) });
export const closeRequest = message('CloseRequest', { session });
export const closeReply = message('CloseReply', {});
export const locateRequest = message('LocateRequest', { session });
export const position = message('Position', {
  stage: one(1, stage),
  executed: one(2, uint32),
  acknowledged: one(3, uint32),
  timestep: one(4, uint32),
});

export const plannedFile = message('PlannedFile', {
  kind: one(1, fileKind),
  chip: one(2, uint32),
  bytes: one(3, uint64),
  sha256: one(4, bytes),
});
export const loadPlan = message('LoadPlan', { files: repeated(1, plannedFile) });
export const chunk = message('Chunk', { file: one(1, uint32), offset: one(2, uint64), data: one(3, bytes) });
export const loadCommit = message('LoadCommit', {});
export const loadRequest = message('LoadRequest', {
  session,
  plan: oneOf('part', 2, loadPlan),
  chunk: oneOf('part', 3, chunk),
  commit: oneOf('part', 4, loadCommit),
});
export const heldFile = message('HeldFile', {
  file: one(1, uint32),
  held: one(2, uint64),
  verified: one(3, bool),
});
export const loadReply = message('LoadReply', { files: repeated(1, heldFile), booted: one(2, bool) });

export const recording = message('Recording', {
  population: one(1, uint32),
  form: one(2, recordingForm),
  states: repeated(3, stateKind),
  neurons: repeated(4, uint32),
});
export const configureRequest = message('ConfigureRequest', {
  session,
  recordings: repeated(2, recording),
  counters: one(3, bool),
});
export const resetRequest = message('ResetRequest', { session });

export const input = message('Input', {
  offset: one(1, uint32),
  elements: repeated(2, uint32),
  values: repeated(3, sint32),
});
export const advance = message('Advance', { timesteps: one(1, uint32), inputs: repeated(2, input) });
export const restart = message('Restart', {});
export const runRequest = message('RunRequest', {
  session,
  sequence: one(2, uint32),
  acknowledged: one(3, uint32),
  silent: one(4, bool),
  advance: oneOf('command', 5, advance),
  restart: oneOf('command', 6, restart),
});
export const spikes = message('Spikes', { neurons: repeated(1, uint32), payloads: repeated(2, sint32) });
export const states = message('States', { kind: one(1, stateKind), values: repeated(2, sint64) });
export const emission = message('Emission', {
  population: one(1, uint32),
  timestep: one(2, uint32),
  sha256: one(3, bytes),
  spikes: optional(4, spikes),
  states: repeated(5, states),
});
export const readout = message('Readout', {
  population: one(1, uint32),
  timestep: one(2, uint32),
  neurons: repeated(3, uint32),
  values: repeated(4, sint64),
});
export const timing = message('Timing', { chipNs: optional(1, uint64), serverNs: optional(2, uint64) });
export const runReply = message('RunReply', {
  sequence: one(1, uint32),
  timestep: one(2, uint32),
  emissions: repeated(3, emission),
  readouts: repeated(4, readout),
  timing: optional(5, timing),
});

export const readSpikesRequest = message('ReadSpikesRequest', {
  session,
  sequence: one(2, uint32),
  population: one(3, uint32),
  timestep: one(4, uint32),
});
export const readSpikesReply = message('ReadSpikesReply', { spikes: optional(1, spikes) });

export const readMemoryRequest = message('ReadMemoryRequest', {
  session,
  chip: one(2, uint32),
  region: one(3, region),
  core: one(4, uint32),
  block: one(5, uint32),
  offset: one(6, uint32),
  bytes: one(7, uint32),
  form: one(8, memoryForm),
  blockBytes: one(9, uint32),
});
export const readMemoryReply = message('ReadMemoryReply', {
  regionBytes: one(1, uint32),
  data: one(2, bytes),
  sha256: repeated(3, bytes),
});

export const readStateRequest = message('ReadStateRequest', {
  session,
  population: one(2, uint32),
  neurons: repeated(3, uint32),
  states: repeated(4, stateKind),
});
export const readStateReply = message('ReadStateReply', {
  timestep: one(1, uint32),
  states: repeated(2, states),
});

export const readCountersRequest = message('ReadCountersRequest', { session });
export const coreCounters = message('CoreCounters', {
  chip: one(1, uint32),
  core: one(2, uint32),
  spikes: optional(3, uint64),
  messages: optional(4, uint64),
  received: optional(5, uint64),
});
export const readCountersReply = message('ReadCountersReply', {
  cores: repeated(1, coreCounters),
  timesteps: one(2, uint64),
});

export const readPowerRequest = message('ReadPowerRequest', { session });
export const powerRail = message('PowerRail', {
  name: one(1, text),
  watts: optional(2, double),
  joules: optional(3, double),
});
export const readPowerReply = message('ReadPowerReply', { rails: repeated(1, powerRail) });

/** Every message by its name in device.proto. */
export const MESSAGES = [
  ...[describeRequest, limits, capabilities, description, healthRequest, healthReport, openRequest, lease],
  ...[closeRequest, closeReply, locateRequest, position, plannedFile, loadPlan, chunk, loadCommit],
  ...[loadRequest, heldFile, loadReply, recording, configureRequest, resetRequest, input, advance, restart],
  ...[runRequest, spikes, states, emission, readout, timing, runReply, readSpikesRequest, readSpikesReply],
  ...[readMemoryRequest, readMemoryReply, readStateRequest, readStateReply, readCountersRequest],
  ...[coreCounters, readCountersReply, readPowerRequest, powerRail, readPowerReply],
];

/** The calls of service Device. */
export const CALLS = {
  Describe: { request: describeRequest, reply: description, stream: false },
  Health: { request: healthRequest, reply: healthReport, stream: false },
  Open: { request: openRequest, reply: lease, stream: false },
  Close: { request: closeRequest, reply: closeReply, stream: false },
  Locate: { request: locateRequest, reply: position, stream: false },
  Load: { request: loadRequest, reply: loadReply, stream: true },
  Configure: { request: configureRequest, reply: position, stream: false },
  Reset: { request: resetRequest, reply: position, stream: false },
  Run: { request: runRequest, reply: runReply, stream: true },
  ReadSpikes: { request: readSpikesRequest, reply: readSpikesReply, stream: false },
  ReadMemory: { request: readMemoryRequest, reply: readMemoryReply, stream: false },
  ReadState: { request: readStateRequest, reply: readStateReply, stream: false },
  ReadCounters: { request: readCountersRequest, reply: readCountersReply, stream: false },
  ReadPower: { request: readPowerRequest, reply: readPowerReply, stream: false },
} as const;
export type Call = keyof typeof CALLS;
export type RequestOf<C extends Call> = Read<(typeof CALLS)[C]['request']>;
export type ReplyOf<C extends Call> = Read<(typeof CALLS)[C]['reply']>;
/** As they are written: what is left out is absent. */
export type RequestDraft<C extends Call> = Written<(typeof CALLS)[C]['request']>;
export type ReplyDraft<C extends Call> = Written<(typeof CALLS)[C]['reply']>;

export const pathOf = (call: Call): string => `/snnc.device.v1.Device/${call}`;
