/** `snnc inspect` and `snnc report`: what a deployment folder holds. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../backends/folder.ts';
import type { Manifest } from '../backends/manifest.ts';
import { fail } from '../ir/diagnostics/diagnostic.ts';
import { renderReport } from '../report/html/render.ts';
import { renderSummary } from '../report/summary.ts';
import { percentOf } from '../report/units.ts';
import { createConsole, reportDiagnostics } from './console.ts';
import { keepReport, PAGE, readReport, SUMMARY } from './kept-report.ts';
import type { Shared } from './options.ts';
import { type CurveArguments, withCurve } from './report-curve.ts';
import { writeText } from './text-files.ts';

/** The summary; its page, and what was validated since, go into the folder, or the page alone where it is asked for. */
export async function reportCommand(
  args: Shared & CurveArguments & { folder: string; html?: string | undefined },
): Promise<number> {
  const { curve } = args;
  const out = createConsole(args, curve === undefined ? [] : ['read', 'curve']);
  const { list, report: say } = out.diagnostics;
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  if (manifest.network.mode === 'free') {
    // There are no images that the sections of a report could speak of.
    const given = args.html !== undefined ? '--html' : curve !== undefined ? '--curve' : undefined;
    if (given !== undefined) fail('E0716', { origin: args.folder }, { option: given });
    out.line(summaryOf(args.folder).trimEnd());
    out.result({ free: manifest.free ?? null, populations: manifest.populations, cores: manifest.cores });
    return reportDiagnostics(list, args.json);
  }
  const kept = readReport(args.folder);
  const report = curve === undefined ? kept : await withCurve(kept, folder, { ...args, curve }, out);
  if (args.html === undefined) keepReport(args.folder, report, say);
  else writeText(args.html, renderReport(report));
  out.line(renderSummary(report).trimEnd());
  if (list.length === 0) out.line(`\npage        ${args.html ?? join(args.folder, PAGE)}`);
  out.result(report);
  return reportDiagnostics(list, args.json);
}

/** Errors: E0621 */
function summaryOf(folder: string): string {
  const file = SUMMARY;
  try {
    return readFileSync(join(folder, file), 'utf8');
  } catch {
    return fail('E0621', { origin: folder }, { file, problem: 'it cannot be read' });
  }
}

/** One line a core, or everything that one core (chip:number) holds. */
export async function inspectCommand(
  args: Shared & { folder: string; core?: string | undefined },
): Promise<number> {
  const out = createConsole(args);
  const folder = openFolder(args.folder);
  const { manifest } = folder;
  const cores = folder.programs().flatMap(program =>
    program.cores.map((core, i) => {
      const { chip, header } = program;
      return { place: `${chip}:${i}`, chip, core, header };
    }),
  );
  const placeOf = ({ chip, x, y, slot }: Pick<ManifestCore, 'chip' | 'x' | 'y' | 'slot'>) =>
    `${chip} ${x} ${y} ${slot}`;
  const held = new Map(manifest.cores.map(core => [placeOf(core), core]));
  const describe = ({ place, chip, core, header }: (typeof cores)[number]) => ({
    core: place,
    router: `${core.x},${core.y}`,
    slot: core.slot,
    ...heldBy(held.get(placeOf({ ...core, chip })), manifest.capacity),
    inAxons: core.axons.length,
    weightBlocks: core.weights.map(w => `${w.inputs}x${w.channels}x${w.bits}b`),
    tiles: core.tiles.map(tile => ({
      population: header.populations[tile.population]!.name,
      groups: tile.box.group.join('-'),
      rows: tile.box.row.join('-'),
      channels: tile.box.channel.join('-'),
      depth: tile.depth,
      ...(tile.rings.length > 0 && { rings: tile.rings.map(slots => slots.join('+')) }),
      function: tile.function.kind,
      emit: tile.emit.kind,
      routes: tile.routes.map(route => `${route.chip}:${route.core}/${route.axon}`),
    })),
  });
  const chosen = args.core === undefined ? cores : cores.filter(c => c.place === args.core);
  if (chosen.length === 0) {
    return fail(
      'E0001',
      { origin: '--core' },
      { problem: `no core ${args.core}; there are ${cores.map(c => c.place).join(' ')}` },
    );
  }
  out.result({ model: manifest.model.name, cores: chosen.map(describe) });
  for (const entry of chosen) {
    const { tiles, ...rest } = describe(entry);
    if (args.core === undefined) {
      out.line(
        `${rest.core.padEnd(7)} (${rest.router}).${rest.slot}  ${fullest(rest)}  ${tiles.map(t => t.population).join(', ')}`,
      );
    } else out.line(JSON.stringify({ ...rest, tiles }, null, 2));
  }
  return 0;
}

type ManifestCore = Manifest['cores'][number];

/** What of each resource a core takes, as a share of what it has, and which is fullest. */
function heldBy(core: ManifestCore | undefined, capacity: Manifest['capacity']) {
  if (core === undefined) return { binding: null, fill: {} };
  const shares = Object.entries(core.used).flatMap(([resource, used]) => {
    const limit = capacity[resource];
    return limit === undefined || limit === 0 ? [] : [[resource, used / limit] as const];
  });
  return { binding: core.binding, fill: Object.fromEntries(shares) as Readonly<Record<string, number>> };
}

const fullest = ({ binding, fill }: ReturnType<typeof heldBy>): string =>
  binding === null ? 'unknown' : `${binding} ${percentOf(fill[binding] ?? 0)}`.padEnd(20);
