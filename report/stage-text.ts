/**
 * The first difference between two text forms of one stage, named by the node that it belongs to. Constants are named
 * by what they hold, so that the line of a node changes with its numbers.
 *
 * Cost  linear in the bytes; texts are read line by line and never held as one string
 */

export interface StageDifference {
  /** A node's id, `header`, `outputs`, or a table. */
  readonly where: string;
  /** The user's node behind it, where it is a node. */
  readonly origin: string | null;
  /** What stands there; null where nothing does. */
  readonly a: string | null;
  readonly b: string | null;
}

const NEWLINE = 10;

/** Constants are told by the nodes that use them. */
function* linesOf(text: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(NEWLINE, start);
    const stop = end < 0 ? text.length : end;
    const line = decoder.decode(text.subarray(start, stop));
    start = stop + 1;
    if (!line.startsWith('const ')) yield line;
  }
}

const idOf = (line: string | undefined): string | undefined => /^(%\S+) = /.exec(line ?? '')?.[1];
const originOf = (line: string | undefined): string | null => {
  const quoted = / from ("(?:[^"\\]|\\.)*")$/.exec(line ?? '')?.[1];
  return quoted === undefined ? null : (JSON.parse(quoted) as string);
};

/** Undefined where the texts are equal but for constants that no node uses. */
export function firstDifference(a: Uint8Array, b: Uint8Array): StageDifference | undefined {
  const [left, right] = [linesOf(a), linesOf(b)];
  let table: string | undefined;
  for (let row = -1; ; row++) {
    const [inA, inB] = [next(left), next(right)];
    if (inA === undefined && inB === undefined) return undefined;
    const name = /^table (\S+)/.exec(inA ?? '')?.[1];
    if (name !== undefined) {
      table = name;
      row = -1;
    }
    if (inA === inB) continue;
    if (table !== undefined) {
      const where = row < 0 ? `table ${table}` : `table ${table}, row ${row}`;
      return { where, origin: null, ...excerpts(inA, inB) };
    }
    return nodeDifference({ a, b }, inA, inB);
  }
}

const next = (lines: Generator<string>): string | undefined => {
  const { done, value } = lines.next();
  return done === true ? undefined : value;
};

function nodeDifference(
  texts: { readonly a: Uint8Array; readonly b: Uint8Array },
  inA: string | undefined,
  inB: string | undefined,
): StageDifference {
  const [idA, idB] = [idOf(inA), idOf(inB)];
  if (idA !== undefined && idA === idB) {
    return { where: idA, origin: originOf(inA), ...excerpts(inA, inB) };
  }
  if (idA !== undefined && !holds(texts.b, idA)) {
    return { where: idA, origin: originOf(inA), a: shorten(inA!), b: null };
  }
  if (idB !== undefined && !holds(texts.a, idB)) {
    return { where: idB, origin: originOf(inB), a: null, b: shorten(inB!) };
  }
  const where = idA ?? idB ?? (inA?.startsWith('snnir ') === true ? 'header' : 'outputs');
  return { where, origin: originOf(inA), ...excerpts(inA, inB) };
}

const holds = (text: Uint8Array, id: string): boolean => Buffer.from(text).includes(`\n${id} = `);

const LONGEST = 100;
const shorten = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** Attributes end where the type begins; a difference behind that is told as it stands. */
function attributesFrom(line: string, start: number): string {
  const end = line.indexOf(' : ', start);
  return end < 0 ? line.slice(start) : line.slice(start, end);
}

/** Both lines from the attribute on in which they part. */
function excerpts(a: string | undefined, b: string | undefined) {
  if (a === undefined || b === undefined) {
    return { a: a === undefined ? null : shorten(a), b: b === undefined ? null : shorten(b) };
  }
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const start = Math.max(0, ...[' ', '{', '('].map(mark => a.lastIndexOf(mark, same - 1) + 1));
  return { a: shorten(attributesFrom(a, start)), b: shorten(attributesFrom(b, start)) };
}
