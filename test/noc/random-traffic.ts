/** Random meshes and traffic for the engines of time. */
import fc from 'fast-check';
import type { Mesh } from '../../runtime-sim/noc/mesh.ts';
import type { Fanouts, StepTraffic } from '../../runtime-sim/noc/traffic.ts';

/** Small numbers, 0 among them: every tick counts for the slow reference. */
const ticks = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 }));
const buffer = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(16));

const size = fc.record({
  chips: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  ),
  chipSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })),
  slots: fc.integer({ min: 1, max: 4 }),
});

/** A few cores anywhere on a mesh of up to three chips in each direction. */
export const meshes: fc.Arbitrary<Mesh> = size
  .chain(({ chips, chipSize, slots }) => {
    const [x, y, z] = [chips[0] * chipSize[0], chips[1] * chipSize[1], chips[2]];
    const seats = Array.from({ length: x * y * z * slots }, (_, seat) => seat);
    return fc.record({
      size: fc.constant([x, y, z] as const),
      chipSize: fc.constant(chipSize),
      slots: fc.constant(slots),
      taken: fc.shuffledSubarray(seats, { minLength: 1, maxLength: Math.min(12, seats.length) }),
      ticks: fc.record({
        ...{ local: ticks, eastWest: ticks, northSouth: ticks, localBusy: ticks },
        ...{ linkBusy: ticks, axonOut: ticks, credit: ticks },
        betweenChips: fc.tuple(ticks, ticks, ticks),
        chipLinkBusy: fc.tuple(ticks, ticks, ticks),
      }),
      buffers: fc.record({ router: buffer, core: buffer }),
    });
  })
  .map(({ taken, ...mesh }) => ({
    ...mesh,
    router: Int32Array.from(taken, seat => Math.floor(seat / mesh.slots)),
    slot: Int32Array.from(taken, seat => seat % mesh.slots),
  }));

const startsOf = (lengths: readonly number[]) => {
  const starts = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    starts[i + 1] = starts[i]! + length;
  });
  return starts;
};

/** Lists, empty ones among them; one core in many is where most messages go. */
export const trafficOn = (cores: number): fc.Arbitrary<readonly [Fanouts, StepTraffic]> =>
  fc.integer({ min: 0, max: cores - 1 }).chain(hot => {
    const target = fc.oneof(fc.integer({ min: 0, max: cores - 1 }), fc.constant(hot));
    const lists = fc.array(fc.array(fc.tuple(target, ticks), { maxLength: 5 }), {
      minLength: 1,
      maxLength: 6,
    });
    return lists.chain(all => {
      const list = fc.integer({ min: 0, max: all.length - 1 });
      const sends = fc.array(fc.tuple(ticks, list), { maxLength: 12 });
      return fc
        .record({
          sends: fc.array(sends, { minLength: cores, maxLength: cores }),
          tail: fc.array(ticks, { minLength: cores, maxLength: cores }),
          host: fc.array(list, { maxLength: 2 }),
        })
        .map(({ sends, tail, host }): readonly [Fanouts, StepTraffic] => [
          {
            starts: startsOf(all.map(entries => entries.length)),
            target: Int32Array.from(all.flat(), ([core]) => core),
            service: Float64Array.from(all.flat(), ([, service]) => service),
          },
          {
            starts: startsOf(sends.map(own => own.length)),
            gap: Float64Array.from(sends.flat(), ([gap]) => gap),
            fanout: Int32Array.from(sends.flat(), ([, number]) => number),
            tail: Float64Array.from(tail),
            host: Int32Array.from(host),
          },
        ]);
    });
  });
