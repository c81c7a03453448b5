/**
 * A file → the parts of an ONNX ModelProto that the importer reads, as plain data. Weights stay where they are.
 * What is wrong with the file itself is told here; what its graph means is the importer's business.
 */
import type { Code } from '../../ir/diagnostics/catalogue.ts';
import type { Place, Report } from '../../ir/diagnostics/diagnostic.ts';
import { recogniseContainer } from './container.ts';
import { createExternalFiles, reportExternal } from './external.ts';
import { inlineFunctions } from './functions.ts';
import { BeyondLimit, createBudget } from './limits.ts';
import { MODEL, type ModelRecord } from './proto.ts';
import { domainOf, functionsOf, graphOf, opsetsOf, type Reading } from './records.ts';
import type { ByteSource, ModelFile } from './source.ts';
import type { ElementType, TensorSource } from './tensor.ts';
import { Malformed, readMessage } from './wire.ts';

export interface OnnxModel {
  /** Version of each operator set, by domain; the standard one is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Calls of the model's own functions are inlined. */
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
  /** The exporter, as it calls itself. */
  readonly producer: string;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, TensorSource>;
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  /** Shapes that the file claims for values inside, where it does. */
  readonly shapes: ReadonlyMap<string, NonNullable<OnnxValueInfo['shape']>>;
}

export interface OnnxNode {
  /** The node's name, or operator and first output where it has none. */
  readonly name: string;
  readonly domain: string;
  readonly operator: string;
  /** Which one of several functions of the same name. */
  readonly overload?: string | undefined;
  /** Version of its operator set where it is another one than the model's: it came out of a function. */
  readonly opset?: number | undefined;
  /** The module of the exporting framework that it came from, where the exporter says so. */
  readonly scope?: string | undefined;
  /** An omitted optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export type OnnxAttribute =
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  | { readonly kind: 'tensor'; readonly tensor: TensorSource }
  /** It may read values of the graphs around it. */
  | { readonly kind: 'graph'; readonly graph: OnnxGraph }
  /** In the body of a function: what the call says. Inlining replaces all of them. */
  | { readonly kind: 'reference'; readonly name: string }
  | { readonly kind: 'other'; readonly type: string };

export interface OnnxValueInfo {
  readonly name: string;
  readonly element: ElementType | undefined;
  /** A number, the name of a symbol, or undefined where nothing is said; undefined in all for no shape. */
  readonly shape: readonly (number | string | undefined)[] | undefined;
}

/** A function of the model's own, written with operators and other functions. */
export interface OnnxFunction {
  readonly key: string;
  /** For people. */
  readonly label: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlySet<string>;
  readonly defaults: ReadonlyMap<string, OnnxAttribute>;
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** The newest operator set of ONNX that the rules were written against. */
const NEWEST_OPSET = 28;
/** There have been two a year; a number beyond is a damaged file, not the future. */
const LARGEST_OPSET = 255;

/**
 * Errors E0102, E0105, E0107, E0110, E0115 … E0117, W0101. A model that is returned in spite of errors can be looked
 * at further, so that all there is to say is said in one run.
 * Cost: time and memory for the structure alone.
 */
export function readModel(file: ModelFile, report: Report): OnnxModel | undefined {
  const at = { origin: file.source };
  const record = readRecord(file, report);
  if (record?.graph === undefined) return undefined;
  const files = createExternalFiles(file);
  const { limited, summarise } = limitReport(report);
  const reading: Reading = { source: file.source, files, report: limited };
  const graph = graphOf(record.graph, reading);
  const opsets = opsetsOf(record.opsets, reading);
  const producer = `${record.producer} ${record.producerVersion}`.trim();
  const model = { opsets, graph, metadata: Object.fromEntries(record.metadata), producer };
  const functions = functionsOf(record.functions, reading);
  summarise(at);
  reportExternal(files, report);
  const opset = opsets.get('') ?? 0;
  if (opset > NEWEST_OPSET) report('W0101', at, { opset, newest: NEWEST_OPSET });
  try {
    return inlineFunctions(model, functions, report);
  } catch (error) {
    if (!(error instanceof BeyondLimit)) throw error;
    report('E0115', at, { problem: error.message });
    return undefined;
  }
}

/** A damaged file can have one fault a hundred thousand times. */
function limitReport(report: Report): { limited: Report; summarise: (at: Place) => void } {
  const MOST = 20;
  const told = new Map<Code, number>();
  return {
    limited(code, at, facts, help) {
      const before = told.get(code) ?? 0;
      told.set(code, before + 1);
      if (before < MOST) report(code, at, facts, help);
    },
    summarise(at) {
      for (const [code, count] of told) {
        const problem = `there are ${count - MOST} more faults like the last one, ${code}`;
        if (count > MOST) report('E0107', at, { problem });
      }
    },
  };
}

function readRecord({ bytes, source }: ModelFile, report: Report): ModelRecord | undefined {
  const refuse = (reason: string, help?: string) => {
    report('E0102', { origin: source }, { reason }, help);
    return undefined;
  };
  if (bytes.size === 0) return refuse('the file is empty');
  const record = decode(bytes);
  if (record instanceof BeyondLimit) {
    report('E0115', { origin: source }, { problem: record.message });
    return undefined;
  }
  const reason = typeof record === 'string' ? record : graphProblem(record);
  if (typeof record === 'string' || reason !== undefined) {
    const container = recogniseContainer(bytes);
    return container === undefined
      ? refuse(reason ?? '')
      : refuse(`it looks like ${container.what}`, container.help);
  }
  const standard = record.opsets.find(({ domain }) => domainOf(domain) === '');
  if (standard === undefined) return refuse('it names no version of the standard operators');
  const { version } = standard;
  return version > 0 && version <= LARGEST_OPSET
    ? record
    : refuse(`it names operator set ${version}, which does not exist`);
}

function graphProblem({ graph }: ModelRecord): string | undefined {
  if (graph === undefined) return 'it has no graph, so it is a protobuf file of another kind';
  return graph.nodes.length === 0 ? 'its graph has no nodes' : undefined;
}

/** The text is the reason why not. */
function decode(bytes: ByteSource): ModelRecord | BeyondLimit | string {
  try {
    return readMessage(bytes, createBudget(), MODEL, {
      opsets: [],
      metadata: [],
      functions: [],
      producer: '',
      producerVersion: '',
    });
  } catch (error) {
    if (error instanceof BeyondLimit) return error;
    if (error instanceof Malformed) return error.message;
    throw error;
  }
}
