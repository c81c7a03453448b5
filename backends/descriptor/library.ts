/** Reads descriptors once each, checks them, and follows references from board to chip to core. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Report } from '../../ir/diagnostics/diagnostic.ts';
import { readVlnv } from './attributes.ts';
import { checkDescriptor } from './check.ts';
import type { CheckedBoard, CheckedChip, CheckedCore, CheckedDescriptor, Reference } from './document.ts';
import { formatVlnv } from './figure.ts';
import type { ParseText } from './formula.ts';
import { listShippedFiles, readDescriptorFile } from './shipped.ts';
import { readXml } from './xml.ts';

export interface Library {
  readonly backends: string;
  /** A file that is given by its path; messages and manifests name it `shown`. Undefined: reported. */
  open(path: string, shown?: string): CheckedDescriptor | undefined;
  coreOf(chip: CheckedChip): CheckedCore | undefined;
  chipOf(board: CheckedBoard): CheckedChip | undefined;
  /** Shipped boards that carry this chip, fewest chips first. */
  boardsOf(chip: CheckedChip): readonly CheckedBoard[];
}

/** Errors: E0101, E0550–E0567, to `report`. Cost: every file is read and checked at most once. */
export function openLibrary(backends: string, parse: ParseText, report: Report): Library {
  const checked = new Map<string, CheckedDescriptor | undefined>();
  const open = (path: string, shown = path): CheckedDescriptor | undefined => {
    if (!checked.has(path)) checked.set(path, readOne(path, shown, backends, parse, report));
    return checked.get(path);
  };
  const resolve = (reference: Reference, from: CheckedDescriptor): CheckedDescriptor | undefined => {
    const place = findReference(reference, from, backends, report);
    const found = place && open(place.path, place.shown);
    if (found === undefined) return undefined;
    if (found.kind === reference.kind && formatVlnv(found.vlnv) === formatVlnv(reference.vlnv)) return found;
    const expected = `a ${reference.kind} ${formatVlnv(reference.vlnv)}`;
    report(
      'E0567',
      { origin: found.origin },
      { found: `a ${found.kind} ${formatVlnv(found.vlnv)}`, expected },
    );
    return undefined;
  };
  return {
    backends,
    open,
    coreOf: chip => {
      const found = resolve(chip.child, chip);
      return found?.kind === 'core' ? found : undefined;
    },
    chipOf: board => {
      const found = resolve(board.child, board);
      return found?.kind === 'chip' ? found : undefined;
    },
    boardsOf: chip =>
      listShippedFiles(backends)
        .map(path => (peek(path, backends)?.kind === 'board' ? open(path) : undefined))
        .filter(found => found !== undefined)
        .filter(found => found.kind === 'board')
        .filter(board => formatVlnv(board.child.vlnv) === formatVlnv(chip.vlnv))
        .sort((a, b) => a.topology.chips.value - b.topology.chips.value),
  };
}

function readOne(
  path: string,
  shown: string,
  backends: string,
  parse: ParseText,
  report: Report,
): CheckedDescriptor | undefined {
  const file = readDescriptorFile(path, shown, backends, report);
  const root = file && readXml(file.origin, file.bytes, report);
  return file && root && checkDescriptor(file, root, parse, report);
}

const SILENT: Report = () => {};

/** What a file says it is, without checking it: a fault in a file that nobody asked for is not reported. */
function peek(path: string, backends: string): { readonly kind: string; readonly vlnv: string } | undefined {
  const file = readDescriptorFile(path, path, backends, SILENT);
  const root = file && readXml(file.origin, file.bytes, SILENT);
  return root && { kind: root.name, vlnv: formatVlnv(readVlnv(root)) };
}

/** Errors: E0556 (a path that is not relative), E0566. */
function findReference(
  reference: Reference,
  from: CheckedDescriptor,
  backends: string,
  report: Report,
): { readonly path: string; readonly shown: string } | undefined {
  const { kind, file, origin } = reference;
  const vlnv = formatVlnv(reference.vlnv);
  if (file !== undefined) {
    if (!isAbsolute(file) && file.endsWith('.xml')) {
      return { path: join(dirname(from.path), file), shown: join(dirname(from.origin), file) };
    }
    const problem = 'is not a relative path that ends in .xml';
    report('E0556', { origin }, { attribute: 'file', element: `${kind}Ref`, problem });
    return undefined;
  }
  const path = listShippedFiles(backends).find(candidate => {
    const found = peek(candidate, backends);
    return found?.kind === kind && found.vlnv === vlnv;
  });
  if (path === undefined) report('E0566', { origin }, { kind, vlnv });
  return path === undefined ? undefined : { path, shown: path };
}
