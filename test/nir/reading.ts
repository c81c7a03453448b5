/** Reading hand-written networks, and what is said where that cannot be. */
import assert from 'node:assert/strict';
import { importNir } from '../../compiler/nir/import.ts';
import type { TimeOptions } from '../../compiler/nir/neurons.ts';
import { type Diagnostic, UserError } from '../../ir/diagnostics/diagnostic.ts';
import type { NirValue } from '../../ir/nir-value.ts';
import { node, real } from './nets.ts';

const TIME: TimeOptions = { dt: 1e-3, decay: 'euler', reset: 'zero' };
export const read = (value: NirValue, time: Partial<TimeOptions> = {}) =>
  importNir(value, { ...TIME, ...time }, 'net.nir');
export const lif = (n: number, tau = 4e-3) =>
  node('LIF', {
    ...{ tau: real(Array(n).fill(tau)), r: real(Array(n).fill(1)), v_leak: real(Array(n).fill(0)) },
    v_threshold: real(Array(n).fill(1)),
  });

export function refusal(work: () => unknown): Diagnostic {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics[0]!;
    throw error;
  }
  return assert.fail('nothing was refused');
}
