/**
 * Faults at random places of an emulated device: is each that changes a spike found, and where? What changes is decided by a run
 * of the device's own executor without any wire, what is true by where the fault was put.
 */
import type { ChipProgram } from '../backends/program/program.ts';
import { createRandom } from '../ir/random/seeded.ts';
import { coreName } from '../report/hil-text.ts';
import { type Booted, bootDevice } from '../runtime-sim/device/boot.ts';
import { injure } from '../runtime-sim/device/damage.ts';
import { createMachine } from '../runtime-sim/device/machine.ts';
import type { Fault } from '../runtime-sim/hil/locate.ts';
import { bytesOf, driveDevice, type Watched } from '../test/device-kit.ts';
import { faultsOf, runHil, serve } from '../test/hil-server.ts';

export interface FaultRow {
  readonly fault: string;
  /** Texts of faults for a seed. */
  readonly specs: (seed: number, links: readonly string[]) => readonly string[];
  /** It strikes the line to the host: nothing must differ, everything be mended. */
  readonly isLine?: boolean;
}

const drawn = (seed: number, count: number): number => Math.floor(createRandom(seed).next() * count);
const onLink =
  (kind: string, settings: string) =>
  (seed: number, links: readonly string[]): readonly string[] => [
    `${kind}@${links[drawn(seed, links.length)]}:${settings}`,
  ];

export const FAULT_ROWS: readonly FaultRow[] = [
  { fault: 'flip-weight', specs: () => ['flip-weight'] },
  { fault: 'flip-weight, 30 bits', specs: () => ['flip-weight:bits=30'] },
  { fault: 'stuck-weight', specs: () => ['stuck-weight'] },
  { fault: 'stuck-weight, 30 bits', specs: () => ['stuck-weight:bits=30'] },
  { fault: 'dead-core', specs: () => ['dead-core'] },
  { fault: 'saturate', specs: seed => [`saturate:bits=${4 + (seed % 9)}`] },
  { fault: 'drop-spike, one link', specs: onLink('drop-spike', 'share=0.05') },
  { fault: 'drop-spike, anywhere', specs: () => ['drop-spike:share=1e-4'] },
  { fault: 'duplicate-spike, one link', specs: onLink('duplicate-spike', 'share=0.05') },
  { fault: 'duplicate-spike, anywhere', specs: () => ['duplicate-spike:share=1e-4'] },
  { fault: 'late-spike, one link', specs: onLink('late-spike', 'share=0.05') },
  { fault: 'late-spike, anywhere', specs: () => ['late-spike:share=1e-4'] },
  { fault: 'slow-link', specs: () => ['slow-link'] },
  { fault: 'slow-reply', specs: () => ['slow-reply:ms=5'], isLine: true },
  { fault: 'corrupt-reply', specs: () => ['corrupt-reply:share=0.3'], isLine: true },
  { fault: 'disconnect', specs: seed => [`disconnect:every=${2 + (seed % 3)}`], isLine: true },
  {
    fault: 'crash',
    specs: seed => [`crash:after=${2 + (seed % 5)}`, `crash:after=${12 + (seed % 7)}`],
    isLine: true,
  },
];

export interface CaseResult {
  readonly fault: string;
  readonly specs: readonly string[];
  readonly seed: number;
  /** Does it change a spike or a readout that is compared? */
  readonly changes: boolean;
  readonly detected: boolean;
  /** Every verdict names a core or link that is broken, and there is one. */
  readonly located: boolean;
  /** The first verdict does. */
  readonly firstRight: boolean;
  /** Links: the link itself, not only the core where it ends. */
  readonly exact: boolean;
  /** Cores whose memory differs, and whether it was found. */
  readonly memoryDiffers: boolean;
  readonly scrubbed: boolean;
  readonly mended: number;
  readonly verdicts: readonly string[];
  readonly truth: readonly string[];
}

const linkName = (
  from: { chip: number; core: number } | 'host' | undefined,
  to: { chip: number; core: number },
): string => `${from === undefined || from === 'host' ? 'host' : coreName(from)}>${coreName(to)}`;

/** Links of a deployment, as faults name them. */
export const linksOf = ({ tiles, host }: Booted): readonly string[] => [
  ...new Set(
    [...(host?.ways ?? []), ...tiles.flatMap(({ routes }) => routes)].map(({ from, to }) =>
      linkName(from && { chip: from.chip, core: from.index }, { chip: to.chip, core: to.index }),
    ),
  ),
];

interface Truth {
  readonly changes: boolean;
  readonly memoryDiffers: boolean;
  /** Cores and links that are broken, as verdicts name them; links only where a message was touched. */
  readonly broken: ReadonlySet<string>;
}

/** The executor in this process, nothing between. */
function independentRun(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  clean: string,
  specs: readonly string[],
  seed: number,
): Truth {
  const booted = bootDevice(bytesOf(programs));
  const { damage, injuries } = injure(booted, faultsOf(specs), seed);
  const broken = new Set<string>();
  for (const { kind, chip, core, changes } of injuries)
    if (kind.endsWith('weight') ? changes === true : kind === 'dead-core' || kind === 'saturate')
      broken.add(coreName({ chip, core }));
  const { carry } = damage;
  const watched = driveDevice(
    createMachine(booted, {
      ...damage,
      carry:
        carry &&
        ((way, neuron, at) => {
          const carried = carry(way, neuron, at);
          if (carried.copies !== 1 || carried.late !== 0) {
            const from = way.from && { chip: way.from.chip, core: way.from.index };
            broken.add(linkName(from, { chip: way.to.chip, core: way.to.index }));
          }
          return carried;
        }),
    }),
    programs,
    images,
  );
  const memoryDiffers = injuries.some(({ kind, changes }) => kind.endsWith('weight') && changes === true);
  return { changes: textOf(watched) !== clean, memoryDiffers, broken };
}

const textOf = ({ spikes, readouts }: Watched): string =>
  JSON.stringify([[...spikes].sort(), [...readouts].sort()]);

const verdictOf = ({ kind, at, from }: Fault): string =>
  kind === 'core' ? coreName(at) : linkName(from, at);

export function cleanRun(programs: readonly ChipProgram[], images: readonly Float64Array[]): string {
  return textOf(driveDevice(createMachine(bootDevice(bytesOf(programs))), programs, images));
}

export async function runCase(
  programs: readonly ChipProgram[],
  images: readonly Float64Array[],
  clean: string,
  row: FaultRow,
  seed: number,
): Promise<CaseResult> {
  const links = linksOf(bootDevice(bytesOf(programs)));
  const specs = row.specs(seed, links);
  const { changes, memoryDiffers, broken } = independentRun(programs, images, clean, specs, seed);
  const server = await serve({ faults: specs, seed });
  try {
    const runOptions = row.isLine ? { together: 1, stride: 9 } : {};
    const { outcome, memory, faults, mended } = await runHil(server.port, programs, images, runOptions);
    const verdicts = faults.map(verdictOf);
    /** A verdict on a core is right for a link that ends there, but not exact. */
    const isRight = (fault: Fault) =>
      broken.has(verdictOf(fault)) ||
      (fault.kind === 'core' && [...broken].some(name => name.endsWith(`>${coreName(fault.at)}`)));
    return {
      ...{ fault: row.fault, specs, seed, changes, memoryDiffers, verdicts },
      detected: outcome.different > 0,
      located: faults.length > 0 && faults.every(isRight),
      firstRight: faults[0] !== undefined && isRight(faults[0]),
      exact: faults[0] !== undefined && broken.has(verdictOf(faults[0])),
      scrubbed: memory.different > 0,
      mended: mended.connections + outcome.corrupt,
      truth: [...broken].slice(0, 8),
    };
  } finally {
    await server.close();
  }
}

export function faultTable(results: readonly CaseResult[]): readonly string[] {
  const names = [...new Set(results.map(({ fault }) => fault))];
  const head = `${'fault'.padEnd(28)}${['runs', 'change', 'detected', 'located', 'first', 'exact', 'memory', 'scrubbed', 'mended'].map(h => h.padStart(9)).join('')}`;
  return [
    head,
    ...names.map(name => {
      const own = results.filter(({ fault }) => fault === name);
      const count = (holds: (result: CaseResult) => boolean) => own.filter(holds).length;
      const numbers = [
        own.length,
        count(r => r.changes),
        count(r => r.changes && r.detected),
        count(r => r.changes && r.located),
        count(r => r.changes && r.firstRight),
        count(r => r.changes && r.exact),
        count(r => r.memoryDiffers),
        count(r => r.memoryDiffers && r.scrubbed),
        count(r => r.mended > 0),
      ];
      return `${name.padEnd(28)}${numbers.map(n => `${n}`.padStart(9)).join('')}`;
    }),
  ];
}
