/** Faults of the line between device and host: replies that are slow or wrong, connections that break, restarts. */
import { draw, drawBelow } from './chance.ts';
import type { Fault } from './faults.ts';
import { type Call, runReply } from './messages.ts';

export interface Line {
  /** What breaks after this command, counted from 1 since the device was started. */
  afterCommand(number: number): { readonly disconnect: boolean; readonly crash: boolean };
  /** The reply as it reaches the host. */
  carry(call: Call, reply: Buffer): Promise<Buffer>;
}

const isDue = ({ after, every }: Fault['settings'], number: number): boolean =>
  number === after || (every !== undefined && number % every === 0);

export function createLine(faults: readonly Fault[], seed: number): Line {
  const of = (kind: Fault['kind']) => faults.filter(fault => fault.kind === kind);
  const [slow, corrupt, disconnect, crash] = (
    ['slow-reply', 'corrupt-reply', 'disconnect', 'crash'] as const
  ).map(of) as [Fault[], Fault[], Fault[], Fault[]];
  const wait = slow.reduce((sum, { settings }) => sum + settings.ms!, 0);
  let replies = 0;
  return {
    afterCommand: number => ({
      disconnect: disconnect.some(({ settings }) => isDue(settings, number)),
      crash: crash.some(({ settings }) => isDue(settings, number)),
    }),
    async carry(call, reply) {
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
      if (call !== 'Run') return reply;
      replies += 1;
      const isWrong = corrupt.some(
        ({ settings }, i) =>
          isDue(settings, replies) ||
          (settings.share !== undefined && draw(seed, 4, i, replies) < settings.share),
      );
      return isWrong ? corruptReply(reply, seed, replies) : reply;
    },
  };
}

/** One bit of one number that was recorded. The device keeps the right reply: who asks again gets it. */
function corruptReply(reply: Buffer, seed: number, number: number): Buffer {
  const decoded = runReply.decode(reply);
  const pick = (count: number, of: number) => drawBelow(count, seed, 5, of, number);
  const emissions = decoded.emissions.filter(
    ({ sha256, spikes }) => sha256.length > 0 || (spikes?.neurons.length ?? 0) > 0,
  );
  if (emissions.length > 0) {
    const wrong = emissions[pick(emissions.length, 0)]!;
    const place = decoded.emissions.indexOf(wrong);
    return runReply.encode({
      ...decoded,
      emissions: decoded.emissions.with(place, corruptEmission(wrong, pick)),
    });
  }
  const [readout] = decoded.readouts;
  if (readout === undefined || readout.values.length === 0) return reply;
  const at = pick(readout.values.length, 1);
  const values = readout.values.with(at, readout.values[at]! + 2 ** pick(8, 2));
  return runReply.encode({ ...decoded, readouts: decoded.readouts.with(0, { ...readout, values }) });
}

type Pick = (count: number, of: number) => number;
type Decoded = ReturnType<typeof runReply.decode>['emissions'][number];

function corruptEmission(emission: Decoded, pick: Pick): Decoded {
  const { sha256, spikes } = emission;
  if (sha256.length > 0) {
    const wrong = Buffer.from(sha256);
    const bit = pick(8 * wrong.length, 3);
    wrong[bit >> 3]! ^= 1 << (bit & 7);
    return { ...emission, sha256: wrong };
  }
  const payloads = spikes!.payloads;
  const at = pick(payloads.length, 3);
  return {
    ...emission,
    spikes: { ...spikes!, payloads: payloads.with(at, payloads[at]! ^ (1 << pick(4, 4))) },
  };
}
