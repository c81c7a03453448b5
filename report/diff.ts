/**
 * What changed between two deployments, and by how much: figures, populations, files byte for byte, stages by their
 * first difference. Equal means that manifest, report and every listed file are the same.
 */
import type { Manifest } from '../backends/manifest.ts';
import { AMONG_FIGURES, COMPARED_APART, type Deployed, measuresOf, populationFigures } from './deployed.ts';
import { diffCores } from './diff-cores.ts';
import type { Change, DiffResult, Value } from './diff-result.ts';
import { firstDifference } from './stage-text.ts';

export function diffDeployments(a: Deployed, b: Deployed): DiffResult {
  const fields = fieldChanges(a.manifest, b.manifest);
  const isCause = ({ section }: Change) => CAUSES.has(section);
  const changes = [
    ...fields.filter(isCause),
    ...figureChanges(a, b),
    ...fields.filter(field => !isCause(field)),
  ];
  const populations = diffPopulations(a.manifest, b.manifest);
  const files = diffFiles(a, b);
  const stages = diffStages(a, b);
  const named = populations.onlyA.length + populations.onlyB.length + populations.changed.length;
  const isSame = a.digest === b.digest && changes.length === 0 && named === 0;
  const equal = isSame && [...files, ...stages].every(entry => entry.equal);
  return {
    ...{ schema: 'snnc-diff', schemaVersion: 1, equal },
    ...{ a: aboutSide(a), b: aboutSide(b) },
    ...{ changes, populations, figures: everyFigure(a, b), cores: diffCores(a, b), files, stages },
  };
}

/** Sections of what a deployment was made from; they are read first. */
const CAUSES: ReadonlySet<string> = new Set(['tool', 'model', 'preprocess', 'options', 'target', 'network']);

const aboutSide = ({ path, manifest, digest, validation }: Deployed): DiffResult['a'] => ({
  path,
  model: manifest.model.file,
  target: manifest.target.spec,
  manifest: digest,
  isValidated: validation !== undefined,
});

/** Undefined where nothing changed. */
const changeOf = (section: string, name: string, unit: string, a: Value, b: Value): Change | undefined =>
  a === b ? undefined : compared(section, name, unit, a, b);

function compared(section: string, name: string, unit: string, a: Value, b: Value): Change {
  const isNumbers = typeof a === 'number' && typeof b === 'number';
  return {
    ...{ section, name, unit, a, b },
    delta: isNumbers ? b - a : null,
    ratio: isNumbers && a !== 0 ? b / a : null,
  };
}

const figureChanges = (a: Deployed, b: Deployed): readonly Change[] =>
  measuresOf([a, b]).flatMap(({ section, name, unit, of }) => {
    return changeOf(section, name, unit, of(a) ?? null, of(b) ?? null) ?? [];
  });

const everyFigure = (a: Deployed, b: Deployed): Change[] =>
  measuresOf([a, b]).flatMap(({ section, name, unit, of }) => {
    const [left, right] = [of(a) ?? null, of(b) ?? null];
    return left === null && right === null ? [] : [compared(section, name, unit, left, right)];
  });

// ------------------------------------------------------------------------------------------- the rest of a manifest

/** Every other field of the manifest that differs, by its path; the first part of the path is the section. */
function fieldChanges(a: Manifest, b: Manifest): readonly Change[] {
  const apart: readonly string[] = COMPARED_APART;
  const [left, right] = [fieldsOf(a, '', apart), fieldsOf(b, '', apart)];
  const moved = a.cores.filter((core, i) => JSON.stringify(core) !== JSON.stringify(b.cores[i])).length;
  const seats = a.cores.length === b.cores.length && moved > 0 ? [[moved, a.cores.length] as const] : [];
  return [
    ...[...new Set([...left.keys(), ...right.keys()])].flatMap(path => {
      if (AMONG_FIGURES.has(path)) return [];
      const [section, ...rest] = path.split('.');
      const name = rest.join('.') || section!;
      return changeOf(section!, name, '', left.get(path) ?? null, right.get(path) ?? null) ?? [];
    }),
    ...seats.map(([n, all]): Change => {
      const name = `of ${all}, elsewhere or with something else`;
      return { section: 'cores', name, unit: '', a: 0, b: n, delta: n, ratio: null };
    }),
  ];
}

/** Rows of a list go by what names them, so that one more of them does not shift all the others. */
const NAMES = ['site', 'name', 'path', 'file', 'vlnv', 'shift'] as const;

function fieldsOf(value: unknown, path: string, skip: readonly string[] = []): Map<string, Value> {
  if (value === null || typeof value !== 'object') return new Map([[path, value as Value]]);
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  const keyOf = (item: unknown, i: number): string => {
    const row = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
    const name = NAMES.find(key => key in row);
    return name === undefined ? `${i}` : `${row[name]}`;
  };
  const seen = new Map<string, number>();
  const unique = (key: string) => {
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    return times === 0 ? key : `${key} (${times + 1})`;
  };
  const entries = Array.isArray(value)
    ? value.map((item, i) => [unique(keyOf(item, i)), item] as const)
    : Object.entries(value).filter(([key]) => !skip.includes(key));
  const fields = new Map<string, Value>();
  for (const [key, item] of entries) {
    for (const [inner, leaf] of fieldsOf(item, at(key))) fields.set(inner, leaf);
  }
  return fields;
}

// ---------------------------------------------------------------------------------------------------- populations

function diffPopulations(a: Manifest, b: Manifest): DiffResult['populations'] {
  const byName = ({ populations }: Manifest) => new Map(populations.map(p => [p.name, p]));
  const [inA, inB] = [byName(a), byName(b)];
  const only = (own: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>) =>
    [...own.keys()].filter(name => !other.has(name));
  const changed = [...inA].flatMap(([name, left]) => {
    const right = inB.get(name);
    if (right === undefined) return [];
    const [before, after] = [populationFigures(left), populationFigures(right)];
    const changes = [...new Set([...before.keys(), ...after.keys()])].flatMap(
      figure =>
        changeOf('population', figure, '', before.get(figure) ?? null, after.get(figure) ?? null) ?? [],
    );
    return changes.length === 0 ? [] : [{ name, origin: left.origin, changes }];
  });
  return { onlyA: only(inA, inB), onlyB: only(inB, inA), changed };
}

// ---------------------------------------------------------------------------------------------- files and stages

const PROGRAMS = 'program/';

function diffFiles(a: Deployed, b: Deployed): DiffResult['files'] {
  const filesOf = ({ manifest }: Deployed) => new Map(manifest.files.map(file => [file.path, file]));
  const [inA, inB] = [filesOf(a), filesOf(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])].map(path => {
    const [left, right] = [inA.get(path), inB.get(path)];
    const isBoth = left !== undefined && right !== undefined;
    const bytes = [a, b].map((side, i) => ([left, right][i] ? side.read?.(path) : undefined));
    const firstByte =
      bytes[0] === undefined || bytes[1] === undefined ? undefined : firstByteOf(bytes[0], bytes[1]);
    return {
      path,
      isProgram: path.startsWith(PROGRAMS),
      equal: isBoth && left.bytes === right.bytes && left.sha256 === right.sha256 && firstByte === undefined,
      bytes: { a: left?.bytes ?? null, b: right?.bytes ?? null },
      firstByte: firstByte ?? null,
    };
  });
}

function firstByteOf(a: Uint8Array, b: Uint8Array): number | undefined {
  if (Buffer.compare(a, b) === 0) return undefined;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function diffStages(a: Deployed, b: Deployed): DiffResult['stages'] {
  const digestsOf = ({ manifest }: Deployed) =>
    new Map(manifest.stages.map(({ name, sha256 }) => [name, sha256]));
  const [inA, inB] = [digestsOf(a), digestsOf(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])].map(name => {
    const equal = inA.get(name) === inB.get(name);
    const path = `stages/${name}.snnir`;
    const isAtHand = !equal && a.read !== undefined && b.read !== undefined && inA.has(name) && inB.has(name);
    const first = isAtHand ? firstDifference(a.read(path), b.read(path)) : undefined;
    return { name, equal, first: first ?? null };
  });
}
