/** What cores are coloured by, and how they are named. */
import { format, resourceName } from '../format.ts';
import type { PageData } from '../page-data.ts';
import { kindColour, layerColour, rampColour } from './colours.ts';

export const routerName = ({ cores }: PageData, core: number): string => `${cores.x[core]},${cores.y[core]}`;

/** How much of each resource a core takes; null where its capacity is unknown. */
export function fillOf({ resources, cores }: PageData, resource: number, core: number): number | null {
  const { capacity } = resources[resource]!;
  return capacity === null || capacity === 0 ? null : cores.used[resource]![core]! / capacity;
}

export interface Colouring {
  readonly colour: (core: number) => string;
  readonly says: (core: number) => string;
  /** Absent: kinds. */
  readonly scale?: {
    readonly low: string;
    readonly high: string;
    readonly colour: (share: number) => string;
  };
  readonly kinds?: readonly (readonly [name: string, colour: string])[];
}

const amounts = (unit: string, most: number, of: (core: number) => number | null, low = '0'): Colouring => ({
  colour: core => rampColour((of(core) ?? 0) / (most || 1)),
  says: core => format(of(core), unit),
  scale: { low, high: format(most, unit), colour: rampColour },
});

const mostOf = (column: readonly number[]): number => column.reduce((most, n) => Math.max(most, n), 0);

export function colouringOf(data: PageData, by: string): Colouring {
  const { cores, layers, resources } = data;
  if (by === 'layer')
    return {
      colour: core => layerColour(cores.layer[core]!, layers.length),
      says: core => layers[cores.layer[core]!]!,
      scale: {
        low: layers[0]!,
        high: layers.at(-1)!,
        colour: share => layerColour(Math.round(share * (layers.length - 1)), layers.length),
      },
    };
  if (by === 'binding') {
    const kinds = [...new Set(cores.binding)].toSorted((a, b) => a - b);
    return {
      colour: core => kindColour(cores.binding[core]!),
      says: core => resourceName(resources[cores.binding[core]!]!.name),
      kinds: kinds.map(kind => [resourceName(resources[kind]!.name), kindColour(kind)] as const),
    };
  }
  if (by === 'fill') return amounts('%', 1, core => cores.fill[core]!);
  if (by === 'work') return amounts('s', mostOf(cores.workSeconds), core => cores.workSeconds[core]!);
  if (by === 'energy') {
    const pj = cores.energyPj[0];
    return amounts('pJ', mostOf(pj ?? []), core => pj?.[core] ?? null);
  }
  if (by === 'traffic') {
    const sums = cores.messagesIn.map((n, core) => n + cores.messagesOut[core]!);
    return amounts('#', mostOf(sums), core => sums[core]!);
  }
  const resource = Number(by.replace('used-', ''));
  return amounts('%', 1, core => fillOf(data, resource, core));
}

/** Layers of a core's tiles. */
export function layersOf({ tiles }: PageData, core: number): readonly number[] {
  return [...new Set(tiles.layer.slice(tiles.start[core], tiles.start[core + 1]))];
}
