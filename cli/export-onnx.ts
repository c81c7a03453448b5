/** `snnc export --to onnx`: the user's model, each node with what became of it, for a viewer such as Netron. */
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Deployment, openFolder } from '../backends/folder.ts';
import type { Manifest } from '../backends/manifest.ts';
import type { ChipProgram } from '../backends/program/program.ts';
import { type Annotation, annotateModel } from '../compiler/onnx/annotate.ts';
import { BeyondLimit } from '../compiler/onnx/limits.ts';
import { Malformed } from '../compiler/onnx/wire.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import type { ExportArguments } from './export.ts';
import { openModelFile, sha256Of } from './model-files.ts';
import { readIntStage } from './stages.ts';
import { writeParts } from './text-files.ts';

export async function exportToOnnx(args: ExportArguments): Promise<number> {
  const { model } = args;
  if (model === undefined) fail('E0764', { origin: 'snnc export' }, { format: 'onnx', option: '--model' });
  const out = createConsole(args, ['boot', 'write']);
  out.step('boot');
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  const file = openModelFile(model);
  if (sha256Of(file.bytes) !== manifest.model.sha256) fail('E0765', { origin: model }, { model });
  checkPlace(args.out, model, manifest);
  const annotations = annotationsOf(manifest, folder);
  out.step('write');
  try {
    const { parts, annotated } = annotateModel(
      file.bytes,
      name => annotations.get(name),
      aboutModel(manifest),
    );
    writeParts(args.out, parts);
    out.line(`${'annotated nodes'.padEnd(22)}${annotated.toLocaleString('en-US')}`);
    out.line(`${'written'.padEnd(22)}${args.out}`);
    out.result({ annotated, populations: manifest.populations.length, files: [args.out] });
  } catch (error) {
    if (error instanceof Malformed || error instanceof BeyondLimit)
      fail('E0102', { origin: model }, { reason: error.message });
    throw error;
  }
  return reportDiagnostics(out.diagnostics.list, args.json);
}

/** Weights beside the model are named relative to it. Errors: E0766 */
function checkPlace(out: string, model: string, { model: { data } }: Manifest): void {
  const folderOf = (path: string) => {
    try {
      return realpathSync(dirname(resolve(path)));
    } catch {
      return dirname(resolve(path));
    }
  };
  if (data.length > 0 && folderOf(out) !== folderOf(model))
    fail('E0766', { origin: '--out' }, { data: data[0]!.file, out });
}

const aboutModel = ({ tool, target, network, cores, placement }: Manifest): Annotation['entries'] => [
  ['snnc.version', tool.version],
  ['snnc.target', target.spec],
  [
    'snnc.network',
    `mode ${network.mode}, coding ${network.coding}, ${network.steps} steps, ${network.neurons} neurons`,
  ],
  [
    'snnc.mapping',
    `${cores.length} cores, ${new Set(cores.map(({ chip }) => chip)).size} chips, ${placement.routes} routes`,
  ],
];

/** What a name of a node is followed by where its module is known. */
const nodeOf = (origin: string): string => origin.replace(/ \(.*\)$/s, '');

function annotationsOf(manifest: Manifest, folder: Deployment): ReadonlyMap<string, Annotation> {
  const places = placesOf(folder.programs());
  const found = new Map<string, { entries: (readonly [string, string])[]; texts: string[] }>();
  const at = (origin: string) => {
    const name = nodeOf(origin);
    const own = found.get(name) ?? { entries: [], texts: [] };
    found.set(name, own);
    return own;
  };
  for (const population of manifest.populations) {
    const { name, shape, tiles, cores, fraction, outFraction, rate, depth } = population;
    const { entries, texts } = at(population.origin);
    const place = places.get(name) ?? { chips: 0, list: '' };
    const emits =
      population.theta === null
        ? population.emit
        : `${population.emit}, threshold 2^${-population.theta}, ${population.levels} levels, ${population.terms} terms`;
    const key = `snnc.population.${name}`;
    entries.push(
      [key, `${population.function} [${shape.join(', ')}], ${emits}`],
      [`${key}.scale`, `sums 2^${-fraction}, output 2^${-outFraction}`],
      [`${key}.cores`, `${tiles} tiles on ${cores} cores, ${place.chips} chips: ${place.list}`],
      [`${key}.activity`, `rate ${rate.toPrecision(4)}, depth ${depth}`],
    );
    texts.push(
      `population ${name}: ${population.function}, ${tiles} tiles on ${cores} cores, rate ${rate.toPrecision(3)}`,
    );
  }
  const { bits = 'unknown' } = manifest.options;
  for (const { id, origin, kind, into, weights } of projectionsOf(folder)) {
    const { entries, texts } = at(origin);
    const wide = weights === undefined ? '' : `, weights ${weights}, ${bits} bits`;
    entries.push([`snnc.projection.${id}`, `${kind} into population ${into}${wide}`]);
    texts.push(`${kind} into population ${into}`);
  }
  return new Map(
    [...found].map(([name, { entries, texts }]) => [name, { entries, text: `snnc: ${texts.join('; ')}` }]),
  );
}

/** Projections of the integer stage by the node that they come from. */
function projectionsOf(folder: Deployment) {
  const { nodes, constants } = readIntStage(folder);
  const readers = new Map(
    nodes.flatMap(node =>
      node.kind === 'population' ? node.operands.map(id => [id, node.id.slice(1)] as const) : [],
    ),
  );
  return nodes.flatMap(node => {
    if (node.kind === 'population' || node.kind === 'input') return [];
    const weight = 'weight' in node.attrs ? node.attrs.weight : undefined;
    const weights = weight === undefined ? undefined : `[${constants.get(weight).shape.join(', ')}]`;
    return [
      {
        id: node.id.slice(1),
        origin: node.origin,
        kind: node.kind,
        into: readers.get(node.id) ?? '',
        weights,
      },
    ];
  });
}

/** Cores that a list names before it is cut. */
const MOST_LISTED = 32;

function placesOf(programs: readonly ChipProgram[]): ReadonlyMap<string, { chips: number; list: string }> {
  const cores = new Map<string, Set<string>>();
  for (const { chip, header, cores: own } of programs)
    own.forEach(({ tiles }, core) => {
      for (const { population } of tiles) {
        const { name } = header.populations[population]!;
        cores.set(name, (cores.get(name) ?? new Set()).add(`${chip}:${core}`));
      }
    });
  return new Map(
    [...cores].map(([name, places]) => {
      const all = [...places];
      const more = all.length > MOST_LISTED ? ` and ${all.length - MOST_LISTED} more` : '';
      const chips = new Set(all.map(place => place.split(':')[0])).size;
      return [name, { chips, list: `${all.slice(0, MOST_LISTED).join(' ')}${more}` }];
    }),
  );
}
