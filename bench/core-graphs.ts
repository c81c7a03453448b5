/** Graphs of cores for placement: read from CSV files, or drawn after the shape of a Transformer. */
import { readFileSync } from 'node:fs';
import { type Flows, makeFlows } from '../compiler/placement/problem.ts';

export interface CoreGraph {
  readonly name: string;
  readonly nodes: number;
  readonly flows: Flows;
}

/** Lines `source,target,weight` after a header. */
export function readGraph(path: string): CoreGraph {
  const rows = readFileSync(path, 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map(line => line.split(',').map(Number));
  const wrong = rows.findIndex(row => row.length !== 3 || row.some(n => !(n >= 0 && Number.isFinite(n))));
  if (wrong >= 0) throw new Error(`${path}:${wrong + 2}: not source,target,weight`);
  const column = (i: number) => rows.map(row => row[i]!);
  const nodes = rows.reduce((most, [from, to]) => Math.max(most, from!, to!), -1) + 1;
  const name = path.replace(/^.*\//, '').replace(/\.csv$/, '');
  return { name, nodes, flows: makeFlows(nodes, column(0), column(1), column(2)) };
}

/** Tokens in groups, channels in slices; every slice is a core, and a flow is its neurons × one spike a step. */
export interface TransformerShape {
  readonly blocks: number;
  readonly groups: number;
  readonly heads: number;
  readonly slices: number;
  readonly hidden: number;
}

/** Cores of a Vision Transformer, block by block, tensor by tensor, token group by token group. */
export function transformerGraph(shape: TransformerShape): CoreGraph {
  const { blocks, groups, heads, slices, hidden } = shape;
  const edges: [from: number, to: number, weight: number][] = [];
  let nodes = 0;
  const tensor = (parts: number) => {
    const first = nodes;
    nodes += groups * parts;
    return (group: number, part: number) => first + group * parts + part;
  };
  type Tensor = ReturnType<typeof tensor>;
  /** Every part of a group, or of all groups, to every part of it. */
  const connect = (a: Tensor, as: number, b: Tensor, bs: number, weight: number, isEveryGroup = false) => {
    for (let group = 0; group < groups; group++)
      for (let other = isEveryGroup ? 0 : group; other <= (isEveryGroup ? groups - 1 : group); other++)
        for (let i = 0; i < as; i++)
          for (let j = 0; j < bs; j++) edges.push([a(other, i), b(group, j), weight]);
  };
  const alike = (a: Tensor, b: Tensor, parts: number, weight: number, isEveryGroup = false) => {
    for (let group = 0; group < groups; group++)
      for (let other = isEveryGroup ? 0 : group; other <= (isEveryGroup ? groups - 1 : group); other++)
        for (let i = 0; i < parts; i++) edges.push([a(other, i), b(group, i), weight]);
  };
  let stream = tensor(slices);
  for (let block = 0; block < blocks; block++) {
    const ln1 = tensor(slices);
    const [q, k, v] = [tensor(heads), tensor(heads), tensor(heads)];
    const [scores, attention] = [tensor(heads), tensor(heads)];
    const res1 = tensor(slices);
    const ln2 = tensor(slices);
    const fc1 = tensor(hidden);
    const res2 = tensor(slices);
    connect(stream, slices, ln1, slices, 100);
    for (const operand of [q, k, v]) connect(ln1, slices, operand, heads, 90);
    alike(q, scores, heads, 120);
    alike(k, scores, heads, 120, true);
    alike(scores, attention, heads, 200);
    alike(v, attention, heads, 120, true);
    connect(attention, heads, res1, slices, 110);
    alike(stream, res1, slices, 100);
    connect(res1, slices, ln2, slices, 100);
    connect(ln2, slices, fc1, hidden, 90);
    connect(fc1, hidden, res2, slices, 60);
    alike(res1, res2, slices, 100);
    stream = res2;
  }
  const column = (i: 0 | 1 | 2) => edges.map(edge => edge[i]);
  return { name: `transformer ${blocks}`, nodes, flows: makeFlows(nodes, column(0), column(1), column(2)) };
}
