/**
 * report.json, version 1: all that is known of a deployment as data, from which summary.txt and report.html are made. The
 * schema is published beside the manifest's. Pure data: what is unknown is null.
 */
import { z } from 'zod';
import { chipMap, energy, layer, tensor, unsupported } from './schema/chip.ts';
import { alternatives, figure, provenance, quality } from './schema/judgement.ts';
import { time, traffic } from './schema/motion.ts';
import { accuracy, eq30, header, verdict } from './schema/summary.ts';

export const REPORT_VERSION = 1;

export const reportSchema = z
  .strictObject({
    schema: z.literal('snnc-report'),
    schemaVersion: z.literal(REPORT_VERSION),
    header,
    verdict,
    accuracy,
    eq30,
    energy,
    layers: z.array(layer).describe('Populations, in the order of the manifest'),
    tensors: z.array(tensor).describe('Values and constants of stage int'),
    unsupported: z.array(unsupported).describe('Of a deployment none; printed all the same'),
    chipMap,
    traffic,
    time,
    quality,
    alternatives,
    provenance,
    figures: z.array(figure).describe('Formula, unit, constants, source and status of every number above'),
  })
  .meta({ id: 'snnc-report-1', title: 'snnc chip-mapping report' });

export type Report = z.infer<typeof reportSchema>;
export type Layer = Report['layers'][number];
export type FigureEntry = Report['figures'][number];

/** The published JSON Schema (backends/schema/report.schema.json). */
export const reportJsonSchema = (): string => `${JSON.stringify(z.toJSONSchema(reportSchema), null, 2)}\n`;
