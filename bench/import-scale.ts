/**
 * How checking and importing grow with the model: each .onnx of a folder is checked in a process of its own, and
 * imported whole (weights read, canonical form) in another. Needs: files of shared/tools/make_vit_onnx.py, or any.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface Run {
  readonly seconds: number;
  readonly peakBytes: number;
}
export interface ScaleRow {
  readonly file: string;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly nodes: number;
  readonly cores: number | null;
  readonly check: Run;
  /** Undefined: not imported whole. */
  readonly whole: Run | undefined;
}

/** Weights above this are only checked: in single precision they would not fit a small machine. */
const WHOLE_LIMIT = 1.5e9;

export function measureScale(folder: string): readonly ScaleRow[] {
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const rows = files
    .filter(file => file.endsWith('.onnx'))
    .map((file): ScaleRow => {
      const path = join(folder, file);
      const check = jsonOf(['bin/snnc.js', 'check', path, '--json']);
      const { parameters, weightBytes, nodes } = check.model;
      const whole = weightBytes > WHOLE_LIMIT ? undefined : jsonOf(['build/bench/import-whole.js', path]);
      const { seconds, peakBytes, cores } = check;
      return {
        file,
        parameters,
        weightBytes,
        nodes,
        cores: cores.used,
        check: { seconds, peakBytes },
        whole,
      };
    });
  return rows.toSorted((a, b) => a.parameters - b.parameters);
}

function jsonOf(command: readonly string[]) {
  const { stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  return JSON.parse(stdout);
}

export function printScale(rows: readonly ScaleRow[]): string {
  const run = (r: Run | undefined) =>
    r === undefined ? ['–', '–'] : [`${r.seconds.toFixed(2)} s`, `${(r.peakBytes / 1e6).toFixed(0)} MB`];
  const lines = rows.map(row => [
    row.file,
    `${(row.parameters / 1e6).toFixed(1)} M`,
    `${(row.weightBytes / 1e6).toFixed(0)} MB`,
    `${row.nodes}`,
    ...run(row.check),
    `${row.cores ?? '–'}`,
    ...run(row.whole),
  ]);
  const head = ['model', 'parameters', 'weights', 'nodes', 'check', 'peak', 'cores', 'whole import', 'peak'];
  return [head, head.map(() => '---'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
