/** What `snnc validate` says, for people. */
import { describeSaturations } from '../ir/count/saturations.ts';
import { dearerLine, energyTable } from '../report/energy-table.ts';
import type { ValidationResult } from './validation-summary.ts';

export function renderValidation(r: ValidationResult, count: number): string {
  const percent = (x: number | null | undefined) =>
    x === null || x === undefined ? '–' : `${(100 * x).toFixed(2)} %`;
  const rows = r.eq30.paper.map((_, t) =>
    [
      `${t + 1}`.padStart(3),
      percent(r.accuracy.snn[t]).padStart(9),
      percent(r.accuracy.int[t]).padStart(9),
      percent(r.agreement.int[t]).padStart(10),
      r.logitMse.int[t]!.toFixed(5).padStart(9),
      r.eq30.paper[t]!.toFixed(4).padStart(8),
      r.eq30.performed[t]!.toFixed(4).padStart(10),
      r.eq30.integer[t]!.toFixed(4).padStart(8),
    ].join(' '),
  );
  if (r.exit !== undefined) {
    const { accuracy, agreement, logitMse, eq30, continued } = r.exit;
    rows.push(
      [
        'exit'.padStart(4),
        ''.padStart(8),
        percent(accuracy).padStart(9),
        percent(agreement).padStart(10),
        logitMse.toFixed(5).padStart(9),
        eq30.paper.toFixed(4).padStart(8),
        eq30.performed.toFixed(4).padStart(10),
        eq30.integer.toFixed(4).padStart(8),
        `  ${continued.map(percent).join(', then ')} go on`,
      ].join(' '),
    );
  }
  const reference = r.stages[0]!.maxError;
  return [
    `${count} images, ann ${percent(r.accuracy.ann)}${reference === null || reference === undefined ? '' : `, largest distance to the reference logits ${reference.toExponential(1)}`}`,
    '  T   snn acc   int acc  agreement logit mse  E paper  performed  integer',
    ...rows,
    `chip = int    ${r.firstDifference ?? 'bit for bit, every population, step and image'}`,
    `multiplications ${r.eq30.macs}   additions ${Math.round(r.eq30.acs).toLocaleString('en-US')}   table reads ${Math.round(r.eq30.lookups).toLocaleString('en-US')} an image`,
    `ANN side      whole network, ${r.eq30.annMacs.paper.toLocaleString('en-US')} MACs; leaving out what nobody reads would save it ${(100 * r.eq30.annUnread).toFixed(1)} % (not in the ratio)`,
    `saturations   ${describeSaturations(r.saturations, 'all images and steps')}`,
    `identity      ${r.eq30.identity ? `event counts = closed forms, as integers, on ${r.eq30.identityImages} images` : 'BROKEN'}`,
    ...(r.exit === undefined
      ? []
      : ['energy below is that of every step; `simulate` stops where the host does']),
    ...energyTable(r),
    ...dearerLine(r),
    `prediction    ${(100 * r.eq30.predictionError).toFixed(2)} % off (ACs predicted from calibration images)`,
  ].join('\n');
}
