/** What a compile made → its manifest. */
import { basename } from 'node:path';
import { namedLimits, usedOfAll } from '../backends/accounting.ts';
import type { FileEntry } from '../backends/folder.ts';
import type { Manifest } from '../backends/manifest.ts';
import { restsOn } from '../backends/rests-on.ts';
import type { Target } from '../backends/target.ts';
import type { DeliveryProof } from '../compiler/check-delivery.ts';
import type { Chosen } from '../compiler/choose-shift.ts';
import { type Converted, neuronCount } from '../compiler/compile.ts';
import type { Mapped } from '../compiler/map-network.ts';
import type { CoreUsage } from '../compiler/mapping/core-usage.ts';
import { spreadOf } from '../compiler/mapping/spread.ts';
import type { ByteSource, ModelFile } from '../compiler/onnx/source.ts';
import type { MeasuredActivity } from './activity.ts';
import type { CompileArguments } from './compile.ts';
import { sha256Of } from './model-files.ts';
import { VERSION } from './version.ts';

/** Every option that decides what comes out; what is not given is null. Preprocessing has a place of its own. */
const OPTIONS = [
  ...([
    'target',
    'inputShape',
    'output',
    'coding',
    'steps',
    'shift',
    'terms',
    'levels',
    'uniform',
    'thresholds',
    'functions',
  ] as const),
  ...(['maxDrop', 'maxDivergence', 'optimize'] as const),
  ...(['bits', 'biasCorrection', 'keepUnread', 'foldNormalisation', 'mode', 'strategy', 'favour'] as const),
  ...(['effort', 'seed'] as const),
] as const satisfies readonly (keyof CompileArguments)[];

/** What a compile made, and of what. */
export interface Made {
  readonly file: ModelFile;
  readonly opened: ReadonlyMap<string, ByteSource>;
  readonly converted: Converted;
  readonly chosen: Chosen<{ readonly coarse: number }>;
  readonly mapped: Mapped;
  readonly target: Target;
  readonly activity: MeasuredActivity;
  /** Where the host stops; undefined: nowhere. */
  readonly margins: readonly number[] | undefined;
  readonly preprocess: Manifest['preprocess'];
  readonly stages: Manifest['stages'];
  readonly files: readonly FileEntry[];
  readonly proof: DeliveryProof;
  readonly usage: readonly CoreUsage[];
  readonly images: number;
  readonly settings: Manifest['settings'];
  /** Thresholds from a search or a file, so that no one shift says what they are. */
  readonly isSiteBySite: boolean;
  readonly search: Manifest['search'] | undefined;
}

export function makeManifest(args: CompileArguments, made: Made): Manifest {
  const { mapped, usage: cores, target, activity, preprocess, converted, chosen } = made;
  const { int, chip, accounting } = mapped;
  const column = (name: string) => chip.tables.cores.columns[name]!;
  const input = int.nodes.find(node => node.kind === 'input')!;
  const { calibrate } = args;
  const options = Object.fromEntries(OPTIONS.map(name => [name, args[name] ?? null]));
  const spreads = spreadOf(chip);
  const populations = int.nodes.flatMap((node, index) => {
    if (node.kind !== 'population') return [];
    const { depth, ...spread } = spreads.get(index)!;
    const { emit } = node.attrs;
    const mt = emit.kind === 'mt' ? emit : undefined;
    return [
      {
        name: node.id.slice(1),
        origin: node.origin,
        shape: [...node.type.shape],
        function:
          node.attrs.function.kind === 'pointwise' ? node.attrs.function.name : node.attrs.function.kind,
        emit: emit.kind,
        theta: mt?.theta ?? null,
        levels: mt?.levels ?? null,
        terms: mt?.terms ?? null,
        fraction: node.attrs.fraction,
        outFraction: node.attrs.outFraction,
        depth,
        ...spread,
        rate: activity.rates.get(node.id)?.rate ?? 0,
        termsPerNeuron: activity.rates.get(node.id)?.terms ?? 0,
      },
    ];
  });
  const readout = int.nodes.find(node => node.id === int.outputs[0])!;
  return {
    schema: 'snnc-manifest',
    schemaVersion: 0,
    tool: { name: 'snnc', version: VERSION },
    model: {
      file: basename(args.model),
      sha256: sha256Of(made.file.bytes),
      name: int.name,
      data: [...made.opened].map(([file, source]) => ({ file, sha256: sha256Of(source) })),
    },
    preprocess,
    options: {
      ...options,
      // Coding and timesteps as they came out: a search may choose them.
      coding: int.attrs.coding,
      steps: int.attrs.steps,
      shift: made.isSiteBySite ? null : chosen.shift,
      anytime: args.anytime === undefined ? null : `${args.anytime.by} ${args.anytime.value}`,
      coarse: chosen.made.coarse,
      thresholds: basename(args.thresholds),
      calibrate: calibrate === undefined ? null : basename(calibrate),
      pin: args.pin === undefined ? null : basename(args.pin),
    },
    target: JSON.parse(JSON.stringify(target)) as Manifest['target'],
    network: {
      coding: int.attrs.coding,
      steps: int.attrs.steps,
      mode: chip.attrs.mode,
      depth: chip.attrs.depth,
      interval: chip.attrs.interval,
      neurons: neuronCount(int),
      unread: converted.unread,
      biasCorrected: converted.isBiasCorrected,
      ...(made.margins !== undefined && { exit: { margins: [...made.margins] } }),
      annMacs: converted.annMacs,
    },
    stages: made.stages,
    populations,
    cores: cores.map(({ tiles: own, used, binding }, i) => ({
      chip: column('chip')[i]!,
      x: column('x')[i]!,
      y: column('y')[i]!,
      slot: column('slot')[i]!,
      tiles: own.length,
      used: usedOfAll(accounting.capacity, used),
      binding,
    })),
    capacity: { ...namedLimits(accounting.capacity) },
    placement: { ...mapped.placement, ...made.proof },
    input: { name: input.attrs.name, shape: [...input.type.shape], fraction: input.attrs.fraction },
    output: { name: 'readout', classes: readout.type.shape.at(-1)! },
    calibration: {
      images: made.images,
      source: calibrate === undefined ? 'synthetic' : basename(calibrate),
      logitMse: chosen.logitMse,
      saturations: { ...activity.saturations, images: activity.answers.length },
      tried: (made.isSiteBySite ? [] : chosen.tried).map(({ shift, logitMse }) => ({ shift, logitMse })),
    },
    settings: made.settings,
    search: made.search ?? null,
    prediction: { paperAcs: activity.paperAcs },
    rests: restsOn(target).map(({ name, value, unit, status, source }) => ({
      name,
      value,
      unit,
      status,
      source,
    })),
    files: [...made.files],
  };
}
