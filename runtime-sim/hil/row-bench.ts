/** tile-bench.ts where rows pass through time: one tile, one image, row after row. */
import type { ChipProgram } from '../../backends/program/program.ts';
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { expandMap } from '../../ir/map.ts';
import { createTileCounts } from '../counts.ts';
import { findKept } from '../kept.ts';
import { type Batch, batchOf } from '../messages.ts';
import { FREE, MAX_ELEMENTS, type Ring } from '../rings.ts';
import { createRowGather, type RowGather } from '../row-gathers.ts';
import { arrive, type RowBatch } from '../row-kernels.ts';
import { messagesOf } from '../spikes.ts';
import { boot, boxSizes, type Link, type TileState } from '../state.ts';
import { elementsByStep, fireRow, numbersOf, rowOfHost } from '../streaming.ts';
import {
  type Circumstances,
  createCache,
  describeTiles,
  type Seen,
  type TileBench,
  type TilePlace,
  undisturbed,
} from './tile-bench.ts';

interface Arrival {
  readonly link: Link<RowGather>;
  readonly batch: RowBatch;
}

export function createRowBench(programs: readonly ChipProgram[]): TileBench {
  const { header } = programs[0]!;
  const input = programs.find(program => program.input !== undefined)?.input;
  const hostSteps = expandMap(input?.steps ?? defect('rows pass through time, but the host sends no rows'));
  const room = { left: MAX_ELEMENTS };
  const booted = boot(programs, (...about) => createRowGather(...about, room));
  const sentAt = elementsByStep(hostSteps);
  findKept(booted, { rows: sentAt.length, rowOf: element => hostSteps[element]! }, room);
  const { tiles, incoming } = describeTiles(booted);

  function rowsSeen(
    from: TileState<RowGather> | undefined,
    seen: Seen,
  ): readonly (readonly [number, Batch])[] {
    if (from === undefined)
      return sentAt.map((elements, row) => [row, rowOfHost(seen.image, elements, input!.fraction)] as const);
    const all = seen.sent(from.program.population, 1);
    return Array.from({ length: boxSizes(from.program.box)[1] }, (_, row) => {
      const numberOf = numbersOf(from, row);
      const values = from.values.map((_, i) => all[from.members[numberOf(i)]!]!);
      const batch = batchOf({ values, terms: new Uint8Array(values.length).fill(1) }, numberOf);
      return [from.program.depth + row, messagesOf(from, batch, header)] as const;
    });
  }

  const cached = createCache<TileState<RowGather>, ReturnType<typeof rowsSeen>>();

  function predict(place: TilePlace, seen: Seen, { disturb = undisturbed, widths }: Circumstances = {}) {
    const tile = booted.tiles[place.number]!;
    const { depth, box } = tile.program;
    const rows = boxSizes(box)[1];
    const due: Arrival[][] = Array.from({ length: depth + rows }, () => []);
    for (const { from, passage, link } of incoming[place.number]!) {
      cached(seen, from, 1, () => rowsSeen(from, seen)).forEach(([now, sent], row) => {
        for (const { batch, late } of disturb(passage, sent, 1, () => undefined))
          due[now + 1 + late]?.push({ link, batch: { ...batch, image: 0, row } });
      });
    }
    const counts = createTileCounts();
    for (const gather of tile.gathers) empty(gather);
    const out = new Int32Array(tile.size);
    for (let now = 0; now < due.length; now++) {
      for (const { link, batch } of due[now]!)
        arrive(link.gather, link.side, link.positions, inTime(batch, link, now - depth), () => {}, counts);
      if (now < depth) continue;
      const row = now - depth;
      fireRow(tile, 0, row, { ...header, ...widths }, counts);
      const numberOf = numbersOf(tile, row);
      (place.isReadout ? tile.sums : tile.values).forEach((value, i) => {
        out[numberOf(i)] = value;
      });
    }
    return [out];
  }

  /** A late message may come for a row that has gone: then it feeds nobody. */
  function inTime(
    batch: RowBatch,
    { tile, gather, side, positions }: Link<RowGather>,
    row: number,
  ): RowBatch {
    if (row <= 0 || (gather.kind === 'product' && side === 1)) return batch;
    const [, rows, channels] = boxSizes(tile.program.box);
    const width = widthOf(gather, channels);
    const isWaiting = batch.neurons.map(neuron =>
      Math.floor(positions[neuron]! / width) % rows >= row ? 1 : 0,
    );
    const keep = (_: number, e: number) => isWaiting[e] === 1;
    return {
      ...batch,
      neurons: batch.neurons.filter(keep),
      payloads: Int32Array.from(batch.payloads).filter(keep),
      terms: batch.terms.filter(keep),
    };
  }
  const timestepOf = ({ number, depth }: TilePlace, _: number, neuron: number) => {
    const [, rows, channels] = boxSizes(booted.tiles[number]!.program.box);
    return depth + (Math.floor(neuron / channels) % rows);
  };
  return { tiles, steps: 1, timestepOf, predict };
}

/** Positions of an operand that belong to one row of one group. */
function widthOf(gather: RowGather, channels: number): number {
  switch (gather.kind) {
    case 'linear':
      return gather.inputs;
    case 'depthwise':
    case 'maximum':
      return channels * gather.taps;
    case 'product':
      return gather.inner;
    default:
      return channels;
  }
}

function ringsOf(gather: RowGather): readonly Ring[] {
  if (gather.kind === 'bias') return [];
  if (gather.kind === 'hadamard') return gather.rings;
  if (gather.kind === 'product' && gather.kept !== undefined) return [gather.ring, gather.kept.ring];
  return [gather.ring];
}

function empty(gather: RowGather): void {
  for (const { data, terms, holders } of ringsOf(gather)) {
    data.fill(0);
    terms.fill(0);
    holders.fill(FREE);
  }
  if (gather.kind === 'product') gather.kept?.tallies.clear();
}
