/** The tables of the device protocol against device.proto, as protobufjs reads it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import protobuf from 'protobufjs';
import {
  CALLS,
  ENUMERATIONS,
  emission,
  MESSAGES,
  pathOf,
  runRequest,
} from '../runtime-sim/device/messages.ts';
import { type Read, WireError } from '../runtime-sim/device/wire.ts';

const { root } = protobuf.parse(readFileSync('runtime-sim/device/device.proto', 'utf8'), { keepCase: false });
const find = (name: string) => root.lookupTypeOrEnum(`snnc.device.v1.${name}`);

test('every message and field of device.proto has its row, and no other', () => {
  const seen: string[] = [];
  const visit = (space: protobuf.NamespaceBase) => {
    for (const nested of space.nestedArray) {
      if (nested instanceof protobuf.Type) seen.push(nested.name);
      if (nested instanceof protobuf.Namespace) visit(nested);
    }
  };
  visit(root);
  assert.deepEqual(MESSAGES.map(({ name }) => name).toSorted(), seen.toSorted());
  for (const { name, fields } of MESSAGES) {
    const type = find(name);
    assert.ok(type instanceof protobuf.Type, name);
    const ours = Object.entries(fields).map(([key, { id, rule, coding, oneof }]) => {
      const of = rule === 'optional' && coding.wire !== 2 && oneof === undefined ? `_${key}` : oneof;
      return [key, id, rule === 'repeated', coding.name.split('.').at(-1), of];
    });
    const theirs = type.fieldsArray.map(field => [
      field.name,
      field.id,
      field.repeated,
      field.type.split('.').at(-1),
      field.partOf?.name,
    ]);
    assert.deepEqual(ours, theirs, name);
  }
});

test('enumerations and calls are those of device.proto', () => {
  for (const { name, values } of ENUMERATIONS) {
    const type = find(name);
    assert.ok(type instanceof protobuf.Enum, name);
    const last = name.split('.').at(-1)!;
    const prefix = last.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
    const names = ['unspecified', ...values].map(value => `${prefix}_${value.toUpperCase()}`);
    assert.deepEqual(Object.keys(type.values), names);
    assert.deepEqual(
      Object.values(type.values),
      names.map((_, i) => i),
    );
  }
  const service = root.lookupService('snnc.device.v1.Device');
  const theirs = service.methodsArray.map(method => [
    method.name,
    method.requestType,
    method.responseType,
    method.requestStream ?? false,
    method.responseStream ?? false,
  ]);
  const ours = Object.entries(CALLS).map(([name, { request, reply, stream }]) => [
    name,
    request.name,
    reply.name,
    stream,
    stream,
  ]);
  assert.deepEqual(ours, theirs);
  assert.equal(pathOf('Run'), '/snnc.device.v1.Device/Run');
});

test('bytes are those of protobufjs, both ways', () => {
  const type = find('RunRequest') as protobuf.Type;
  const value = {
    session: 'ü7',
    sequence: 300,
    acknowledged: 0,
    silent: true,
    advance: {
      timesteps: 2,
      inputs: [{ offset: 1, elements: [0, 5, 70_000], values: [-1, 2 ** 31 - 1, -(2 ** 31)] }],
    },
  };
  const theirs = type.encode(type.fromObject(value)).finish();
  assert.deepEqual(runRequest.encode(value), Buffer.from(theirs));
  assert.deepEqual(runRequest.decode(theirs), { ...value, restart: undefined });

  const sent = {
    population: 3,
    timestep: 9,
    sha256: Uint8Array.of(1, 2, 3),
    spikes: { neurons: [], payloads: [] },
    states: [{ kind: 'target', values: [-(2 ** 45), 7] }],
  } as const;
  const read: Read<typeof emission> = emission.decode(emission.encode(sent));
  assert.deepEqual({ ...read, sha256: [...read.sha256] }, { ...sent, sha256: [1, 2, 3] });
  const other = find('Emission') as protobuf.Type;
  assert.deepEqual(
    other.toObject(other.decode(emission.encode(sent)), { enums: String, longs: Number }).states,
    [{ kind: 'STATE_KIND_TARGET', values: [-(2 ** 45), 7] }],
  );
});

test('a field of a later version is passed over, the last of a oneof counts, lists may be unpacked', () => {
  const whole = runRequest.encode({ session: 'a', advance: { timesteps: 1 } });
  const later = Buffer.concat([whole, Buffer.from([(6 << 3) | 2, 0, ((99 << 3) & 127) | 128 | 2, 6, 1, 7])]);
  const { advance, restart } = runRequest.decode(later);
  assert.equal(advance, undefined);
  assert.deepEqual(restart, {});
  const spikes = Buffer.from([(4 << 3) | 2, 4, 8, 9, 16, 6]);
  assert.deepEqual(emission.decode(spikes).spikes, { neurons: [9], payloads: [3] });
});

test('bytes that are no message end in a WireError', () => {
  const sound = runRequest.encode({ session: 'abc', sequence: 9, advance: { timesteps: 3 } });
  const broken = [
    sound.subarray(0, -1),
    Buffer.from([10, 255, 255, 255, 255, 15]),
    Buffer.from([10, 2, 0xc3, 0x28]),
    Buffer.from([0xff]),
    Buffer.from([(5 << 3) | 2, 40, 8]),
    Buffer.from([11, 11, 11, 11]),
  ];
  for (const bytes of broken) assert.throws(() => runRequest.decode(bytes), WireError);
  const deep = Buffer.alloc(100_000, (50 << 3) | 3);
  assert.throws(() => runRequest.decode(deep), WireError);
});
