/** What the engine knows of a chip before it takes any memory for it. */
import type { ChipProgram } from '../../backends/program/program.ts';
import { type BinTable, type CountedBins, createBins } from './bins.ts';
import { type Contents, createContents } from './contents.ts';
import { type Layout, layOut } from './layout.ts';
import { isRegular } from './regular.ts';
import { placeTallies, type TallyPlaces } from './tally.ts';
import { type Wiring, wire } from './wiring.ts';

/** What images are run with. */
export interface EngineBasis {
  readonly wiring: Wiring;
  readonly layout: Layout;
  readonly bins: CountedBins;
  readonly places: TallyPlaces;
  readonly contents: Contents;
}

export interface EnginePlan extends EngineBasis {
  /** For what is counted in the end. */
  readonly bins: BinTable;
}

/** undefined: for the slow machine, be it to say what is wrong with these programs. */
export function planEngine(programs: readonly ChipProgram[]): EnginePlan | undefined {
  const wiring = wire(programs);
  if (wiring === undefined) return undefined;
  const contents = createContents();
  const layout = layOut(wiring, contents);
  if (layout === undefined || !isRegular(wiring, layout) || !isKnown(wiring)) return undefined;
  const bins = createBins(wiring);
  return bins && { wiring, layout, bins, places: placeTallies(bins, wiring), contents };
}

/** Messages of binary chips are one power of two each, which sums of several steps do not count. */
const isKnown = ({ header, tiles }: Wiring): boolean =>
  !header.binary || tiles.every(({ program }) => program.gathers.every(({ kind }) => SINGLE.has(kind)));
const SINGLE: ReadonlySet<string> = new Set(['linear', 'depthwise', 'relay', 'bias']);
