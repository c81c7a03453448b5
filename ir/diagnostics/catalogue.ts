/**
 * Every message the tool can give. Bands: 00 command line · 01 file and ONNX · 02 IR · 03 conversion ·
 * 04 quantization · 05 resources and mapping · 06 manifest · 07 simulation and validation · 08 device.
 * A number is never used twice. {holes} of a message are its facts; the types below hold callers to them.
 */
export interface Entry {
  readonly message: string;
  readonly why: string;
  readonly help: string;
  /** Process exit code: 1 the model or the result does not pass, 2 usage, 3 the target cannot hold it, 4 I/O. */
  readonly exit: 1 | 2 | 3 | 4;
}

export const catalogue = {
  E0001: {
    message: '{problem}',
    why: 'The command line could not be understood.',
    help: 'See `snnc --help`, or `snnc COMMAND --help`.',
    exit: 2,
  },
  E0101: {
    message: 'cannot read {path}: {reason}',
    why: 'The file is missing, is not readable, or is not a file.',
    help: 'Check the path and its permissions.',
    exit: 4,
  },
  E0102: {
    message: 'not an ONNX model: {reason}',
    why: 'The bytes do not decode as an ONNX ModelProto, or end before the model does.',
    help: 'Export or copy the model again; compare its size with the original.',
    exit: 1,
  },
  E0103: {
    message: 'operator {operator} is not supported ({count} node(s))',
    why: 'The importer has no rule that gives this operator a place in a spiking network.',
    help: 'Rewrite that part of the model with supported operators; `snnc explain E0103` lists them.',
    exit: 1,
  },
  E0104: {
    message: 'tensor {tensor} holds {count} number(s) that are not finite',
    why: 'NaN or infinite weights have no integer value and would silence or saturate the network.',
    help: 'Export the model from a checkpoint whose weights are finite.',
    exit: 1,
  },
  E0201: {
    message: 'not the text form of this stage: {problem}',
    why: 'Every stage prints to one text form and reads it back (docs/ir.md).',
    help: 'Write the file with --emit-ir-after, or mend the named line.',
    exit: 1,
  },
  E0202: {
    message: 'the side file does not hold the bytes of constant {constant}',
    why: 'Tensors are stored beside the text and named by the SHA-256 of their content.',
    help: 'Keep the .snnir file and its .bin together, both from one run.',
    exit: 1,
  },
  E0203: {
    message: '{node}: {problem}',
    why: 'The network breaks a rule of its stage.',
    help: 'Mend the text, or report the pass that wrote it.',
    exit: 1,
  },
  E0301: {
    message: 'no calibrated threshold for {site}',
    why: 'The base threshold of a site comes from a percentile of its activation (ECMT Algorithm 1, step 1).',
    help: 'Give calibration data with --calibrate.',
    exit: 1,
  },
  E0302: {
    message: '{what} has no place in a spiking population',
    why: 'A population gathers linears, products and relays, applies one function, and fires (design 1).',
    help: 'Rewrite that part of the model; `snnc ops` lists what converts.',
    exit: 1,
  },
  E0401: {
    message: 'population {population} spans ±{range} in steps of a quarter of {theta}: more than {bits} bits',
    why: 'A membrane must hold the largest value and a quarter of its threshold in one state word.',
    help: 'Use a smaller --shift for this model, or a target with wider state words.',
    exit: 1,
  },
  E0402: {
    message: 'population {population} computes a {what}, which integers here do not have',
    why: 'Gains and scales fold into the linears around a function; this one found none to fold into.',
    help: 'Check that nothing but linear layers reads the normalised value.',
    exit: 1,
  },
  E0550: {
    message: 'not well-formed XML: {problem}',
    why: 'The descriptor cannot be read as an XML 1.0 document in UTF-8.',
    help: 'Open the file in an editor that checks XML; backends/descriptor.xsd describes the format.',
    exit: 2,
  },
  E0551: {
    message: 'too large for a descriptor: {problem}',
    why: 'Descriptors are bounded in size and depth, so that a wrong file cannot exhaust the machine.',
    help: 'Check that this file is a descriptor of a core, chip or board.',
    exit: 2,
  },
  E0552: {
    message: 'a descriptor may not hold this: {found}',
    why: 'DOCTYPE and entities can expand without bound or read other files.',
    help: 'Remove it; write < > & " as &lt; &gt; &amp; &quot;.',
    exit: 2,
  },
  E0553: {
    message:
      'the root is <{found}> in namespace "{namespace}", not a core, chip or board of urn:snnc:descriptor:0',
    why: 'The root element says what a descriptor describes, its namespace in which version of the format.',
    help: 'Begin with <core xmlns="urn:snnc:descriptor:0" …>, <chip …> or <board …>.',
    exit: 2,
  },
  E0554: {
    message: '<{element}> {problem}',
    why: 'The sections of a descriptor have fixed names and a fixed order.',
    help: 'See docs/descriptors.md for the sections and their order.',
    exit: 2,
  },
  E0555: {
    message: '{missing} is missing in <{parent}>',
    why: 'Without it the mapper or the simulator would have to guess.',
    help: 'Add it with its status and sourceRef; docs/descriptors.md says what it means.',
    exit: 2,
  },
  E0556: {
    message: 'attribute {attribute} of <{element}> {problem}',
    why: 'Attributes have fixed names, and some have a fixed set of values.',
    help: 'See docs/descriptors.md for the attributes of each element.',
    exit: 2,
  },
  E0557: {
    message: '{name} has no {attribute}: a number without a source does not load',
    why: 'Reports print where every hardware figure comes from; one of unknown origin cannot be printed.',
    help: 'Give status (measured, published, derived, inherited, assumed) and sourceRef.',
    exit: 2,
  },
  E0558: {
    message: '{name} cites source {ref}, which <sources> does not declare',
    why: 'A sourceRef names one or more <source id="…"> of the same file.',
    help: 'Declare it: <source id="…" kind="…" ref="…" secondHand="…"/>, or correct the sourceRef.',
    exit: 2,
  },
  E0559: {
    message: '{name} is not a parameter of <{section}>',
    why: 'A misspelt parameter would silently leave a limit out, so unknown names are refused.',
    help: 'Correct the name, or put figures of your own under <extensions>.',
    exit: 2,
  },
  E0560: {
    message: '{name} stands twice in <{parent}>',
    why: 'Two values for one name leave open which one holds.',
    help: 'Remove one of them.',
    exit: 2,
  },
  E0561: {
    message: '{name} = {value}: {rule}',
    why: 'The value is outside what the figure can mean.',
    help: 'Correct the value; leave an optional figure out where it is unknown.',
    exit: 2,
  },
  E0562: {
    message: '{name} has unit {found}; expected {expected}',
    why: 'Figures are converted from the written unit; another dimension has no conversion.',
    help: 'Write the unit and the SI prefix apart: prefix="pico" unit="joule".',
    exit: 2,
  },
  E0563: {
    message: 'formula {name} is refused: {reason}',
    why: 'Formulas are arithmetic over declared names and nothing else.',
    help: 'Allowed: numbers, declared names, + - * / ( ), ceil floor min max log2 sqrt abs, a < b ? x : y.',
    exit: 2,
  },
  E0564: {
    message: 'formula {name} gives {value} at {where}: {rule}',
    why: 'Formulas are tried on a few inputs when a descriptor loads.',
    help: 'Round up with ceil(…) and keep the result finite for every input.',
    exit: 2,
  },
  E0565: {
    message: 'assertion does not hold: {name} ({detail})',
    why: 'The figures of the descriptor contradict each other.',
    help: 'Correct the figures, or the assertion.',
    exit: 2,
  },
  E0566: {
    message: 'no {kind} descriptor {vlnv}',
    why: 'A board names its chip and a chip its core by vendor, library, name and version.',
    help: 'Correct the reference, or add file="…" with a path relative to this file.',
    exit: 2,
  },
  E0567: {
    message: 'this is {found}; expected {expected}',
    why: 'The file that a target or a reference leads to describes something else.',
    help: 'A target is a board or a chip; a board refers to a chip, a chip to a core.',
    exit: 2,
  },
  E0568: {
    message: 'cost set {name} stands in the {present} but not in the {absent}',
    why: 'A cost set prices cores and network together; half of one would price a network at nothing.',
    help: 'Give the cost set in both files, under one name.',
    exit: 2,
  },
  E0569: {
    message: 'no {what} {name}; known: {known}',
    why: 'The name is not among the shipped descriptors.',
    help: 'See `snnc targets`; a path to an .xml file of your own works as well.',
    exit: 2,
  },
  E0570: {
    message: 'cannot understand target "{spec}": {problem}',
    why: 'A target is NAME, NAME:BOARD, NAME:BOARD*COPIES, FILE.xml or FILE.xml*COPIES.',
    help: 'For example loihi2, loihi2:kapoho-point or loihi2:kapoho-point*4.',
    exit: 2,
  },
  W0402: {
    message: 'threshold of {population} becomes {theta}, symmetric: integers need powers of two',
    why: 'Every scale of the integer network is a power of two, so that nothing needs a multiplier.',
    help: 'Use --thresholds pow2, or stop above the quantize pass (--stop-after convert).',
    exit: 1,
  },
  W0301: {
    message: 'no calibration data: thresholds come from {count} synthetic images',
    why: 'Thresholds are set from percentiles of activations; noise gives only a rough picture of them.',
    help: 'Give a few dozen real images with --calibrate (npz or npy).',
    exit: 1,
  },
} as const satisfies { readonly [code: string]: Entry };

export type Code = keyof typeof catalogue;

type Holes<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Holes<Rest>
  : never;
/** The facts a message needs, read off its own text by the type checker. */
export type Facts<C extends Code> = {
  readonly [F in Holes<(typeof catalogue)[C]['message']>]: string | number;
};
