/** The mesh of a board for the cores of a deployment, from the target's figures. */
import type { Target } from '../../backends/target.ts';
import type { Mesh } from '../noc/mesh.ts';
import { TICKS_PER_NS } from './costs.ts';
import type { TimedCore } from './wiring.ts';

const BUFFER = 16;

export function boardMesh(
  cores: readonly TimedCore[],
  { timing, topology }: Pick<Target, 'timing' | 'topology'>,
): { readonly mesh: Mesh; readonly unknown: readonly string[] } {
  const { routersX, routersY, coresPerRouter, chipsX, chipsY, chipsZ } = topology;
  const size = [
    routersX.value * chipsX.value,
    routersY.value * chipsY.value,
    Math.max(chipsZ.value, ...cores.map(({ chip }) => 1 + Math.floor(chip / (chipsX.value * chipsY.value)))),
  ] as const;
  const unknown: string[] = [];
  const ticks = (name: 'hopEastWest' | 'hopNorthSouth' | 'linkMessage') => {
    if (timing[name] === undefined) unknown.push(name);
    return Math.round((timing[name]?.value ?? 0) * TICKS_PER_NS);
  };
  const linkBusy = ticks('linkMessage');
  const northSouth = ticks('hopNorthSouth');
  return {
    unknown,
    mesh: {
      size,
      chipSize: [routersX.value, routersY.value],
      slots: coresPerRouter.value,
      router: Int32Array.from(cores, ({ chip, program }) => {
        const x = (chip % chipsX.value) * routersX.value + program.x;
        const y = (Math.floor(chip / chipsX.value) % chipsY.value) * routersY.value + program.y;
        const z = Math.floor(chip / (chipsX.value * chipsY.value));
        return (z * size[1] + y) * size[0] + x;
      }),
      slot: Int32Array.from(cores, ({ program }) => program.slot),
      ticks: {
        local: 0,
        eastWest: ticks('hopEastWest'),
        northSouth,
        betweenChips: [northSouth, northSouth, northSouth],
        localBusy: linkBusy,
        linkBusy,
        chipLinkBusy: [linkBusy, linkBusy, linkBusy],
        axonOut: Math.round((timing.axonOut?.value ?? 0) * TICKS_PER_NS),
        credit: 0,
      },
      buffers: { router: BUFFER, core: BUFFER },
    },
  };
}
