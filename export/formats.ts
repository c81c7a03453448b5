/** What a deployment can be written as, beside its own folder. A format is an entry here and one of cli/export.ts. */
export const FORMATS = ['sanafe', 'nir', 'onnx', 'csv', 'trace'] as const;
export type Format = (typeof FORMATS)[number];
