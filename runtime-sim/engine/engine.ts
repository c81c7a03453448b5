/**
 * The functional engine of one thread: a compiled network whose messages all meet their steps, executed population by
 * population on integer kernels. What it cannot say exactly it does not say: the image is left to the slow machine.
 */
import { defect } from '../../ir/diagnostics/diagnostic.ts';
import { type ArenaRoom, createArena, joinArena } from '../../ir/fast/arena.ts';
import { type EngineArena, engineArena } from '../../ir/fast/operand-kernels.ts';
import { packPanels, type WeightPanels } from '../../ir/fast/panels.ts';
import type { HostStop, MachineObserver } from '../chip.ts';
import type { Contents } from './contents.ts';
import { prepareGather, type Workshop } from './gathers.ts';
import { createHost } from './host.ts';
import { createLastRows } from './last-rows.ts';
import { HOST, type Operand } from './layout.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createMemory } from './memory.ts';
import type { EngineBasis } from './plan.ts';
import { timestepsOf } from './regular.ts';
import { createRooms, prepareStack, rowsAtOnce, type StackRunner } from './stack-runner.ts';
import type { Tally } from './tally.ts';
import { createWatch } from './watch.ts';

export interface Engine {
  /** Readouts of the steps that were run; undefined: not exact in the kernels' integers, nothing is counted then. */
  run(image: Float64Array, observe?: MachineObserver, stop?: HostStop): readonly Float64Array[] | undefined;
  /** Of all images so far. */
  readonly tallies: readonly Tally[];
  /** Rooms beside this engine for up to so many others of the same plan. */
  divide(count: number): readonly ArenaRoom[];
}

/** In a room beside another engine, if there is one. undefined where there is no WebAssembly, or not so much memory. */
export function createEngine(plan: EngineBasis, room?: ArenaRoom): Engine | undefined {
  try {
    const arena = engineArena(room === undefined ? createArena() : joinArena(room));
    return arena && assemble(plan, arena);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function assemble(plan: EngineBasis, arena: EngineArena): Engine {
  const { wiring, layout } = plan;
  const { header, tiles } = wiring;
  const memory = createMemory(layout, wiring, arena);
  const ledger = createLedger(plan, arena);
  const runners = prepareStacks(plan, arena, memory, ledger);
  const host = createHost(wiring, arena);
  const watch = createWatch(wiring, layout, arena);
  const tops = new Float64Array(layout.stacks.length + 1);
  const deepest = timestepsOf(wiring);
  const readers = tiles.filter(({ program }) => program.emit.kind === 'readout');
  const classes = readers.reduce((n, { size }) => n + size, 0);
  const isStream = header.mode === 'streaming';
  const readAt = (t: number) => readers[0]!.program.depth + (t - 1) * header.period;

  const sendImage = (image: Float64Array, t: number) => {
    const isSending = header.coding === 'rate' || t === 1;
    // In step 2 what was sent once is there no more.
    if (!isSending && t > 2) return;
    tops[HOST + 1] = host.take(isSending ? image : undefined);
    memory.send(HOST, host.slot, t, tops);
    if (isSending) ledger.counter.countHost(host.slot, t);
  };
  /** What is executed up to timestep `lastStep`; false: not exact. */
  const runStep = (t: number, lastStep: number, readout: () => Float64Array, observe?: MachineObserver) => {
    for (const number of layout.order) {
      const { program } = layout.stacks[number]!;
      if (!isStream && program.depth + (t - 1) * header.period > lastStep) continue;
      const runner = runners[number]!;
      if (!runner.run(t, tops)) return false;
      ledger.counter.countStack(number, runner.slot, t);
      if (observe !== undefined) watch.show(number, runner.slot, t, observe);
      runner.send(t, tops);
      if (program.emit.kind === 'readout') runner.read(readout(), t);
    }
    return true;
  };
  return {
    divide: arena.divide,
    get tallies() {
      return ledger.tallies;
    },
    run(image, observe, stop) {
      ledger.clear();
      watch.clear();
      const readouts: Float64Array[] = [];
      let lastStep = deepest;
      for (let t = 1; t <= header.steps; t++) {
        const readoutOf = () => {
          readouts[t - 1] ??= new Float64Array(classes);
          return readouts[t - 1]!;
        };
        sendImage(image, t);
        // Behind the step that the host stopped at, what runs beside it is already on its way.
        if (!runStep(t, lastStep, readoutOf, observe)) return undefined;
        const readout = readouts[t - 1];
        if (readout === undefined || lastStep < deepest || t === header.steps) continue;
        if (stop?.(readout, t) === true) lastStep = readAt(t);
      }
      ledger.commit(lastStep);
      return readouts;
    },
  };
}

function prepareStacks(
  { wiring: { header }, layout, contents }: EngineBasis,
  arena: EngineArena,
  memory: ReturnType<typeof createMemory>,
  { products }: Ledger,
): readonly StackRunner[] {
  let room = 0;
  let place = 0;
  const work = () => place;
  const need = (bytes: number) => {
    room = Math.max(room, bytes);
  };
  const lastRows = createLastRows(arena);
  const shop: Workshop = {
    ...{ header, arena, products, rowsAtOnce, work, room: need, lastRows },
    panelsOf: createPanels(arena, contents),
    placeOf: (operand: Operand) => memory.places[operand.number]!,
  };
  const rooms = createRooms(layout.stacks, header, arena, { work, room: need });
  const runners = layout.stacks.map(stack => {
    const gathers = stack.gathers.map(own => prepareGather(stack, own, shop));
    return prepareStack(stack, gathers, { header, arena, memory, rooms });
  });
  place = arena.reserve(room);
  lastRows.place();
  return runners;
}

/** Weights as kernels read them, once for each content. */
function createPanels(arena: EngineArena, contents: Contents): Workshop['panelsOf'] {
  const known = new Map<string, WeightPanels>();
  return (data, inputs, channels) => {
    const key = `${contents(data)} ${channels}`;
    const panels =
      known.get(key) ?? packPanels(arena, [inputs, channels], data) ?? defect('weights of more than 8 bits');
    known.set(key, panels);
    return panels;
  };
}
