/** What a deployment can be written as, beside its own folder. A format is one entry here. */
import { type Exported, type ExportRequest, exportSanafe } from './sanafe/export.ts';

export const FORMATS = ['sanafe'] as const;
export type Format = (typeof FORMATS)[number];

export const EXPORTERS: Readonly<Record<Format, (request: ExportRequest) => Exported>> = {
  sanafe: exportSanafe,
};
