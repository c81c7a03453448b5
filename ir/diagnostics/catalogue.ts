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
    message: 'operator {operator} is not supported ({count} node(s): {nodes})',
    why: 'The importer has no rule that gives this operator a place in a spiking network.',
    help: 'Rewrite that part of the model with supported operators; docs/ir.md says what a network is made of.',
    exit: 1,
  },
  E0104: {
    message: 'tensor {tensor} holds {count} number(s) that are not finite',
    why: 'NaN or infinite weights have no integer value and would silence or saturate the network.',
    help: 'Export the model from a checkpoint whose weights are finite.',
    exit: 1,
  },
  E0105: {
    message: 'weights in {location} cannot be read: {reason} ({count} tensor(s), first {tensor})',
    why: 'Weights beside the model are read from its own folder and from nowhere else.',
    help: 'Keep the files that the exporter wrote together, or save the model with its weights inside.',
    exit: 1,
  },
  E0106: {
    message: '{operator} is not supported in this form: {reason}',
    why: 'The importer knows the operator, but not this use of it, or its operands do not go together.',
    help: 'Export that part of the model in another way; the reason says what would do.',
    exit: 1,
  },
  E0107: {
    message: 'the graph is not sound: {problem}',
    why: 'Every value of an ONNX graph is made once, from values that were made before.',
    help: 'Export the model again, or check it with onnx.checker.',
    exit: 1,
  },
  E0108: {
    message: 'input {input} has no fixed shape: {shape}',
    why: 'A chip holds a network of one size, so every size but the batch must be known.',
    help: 'Give the sizes with --input-shape, for example --input-shape 3,224,224.',
    exit: 1,
  },
  E0109: {
    message: 'the network has {count} inputs ({names}); one image is expected',
    why: 'The chip is fed with one image; everything else must be a constant of the model.',
    help: 'Export the model with its other inputs fixed.',
    exit: 1,
  },
  E0110: {
    message: 'input {input} {problem}',
    why: 'One image of real numbers at a time goes through the chip.',
    help: 'Export the model with a floating-point image input and a batch of 1 or a dynamic batch.',
    exit: 1,
  },
  E0111: {
    message: 'operator set {opset} is older than {oldest}',
    why: 'The operators of very old sets mean other things than today.',
    help: 'Convert the model with onnx.version_converter, or export it again.',
    exit: 1,
  },
  E0112: {
    message: 'tensor {tensor} cannot be read: {reason}',
    why: 'Its element type is not one of real numbers, or its numbers do not fill its shape.',
    help: 'Export the model again.',
    exit: 1,
  },
  E0113: {
    message: 'not a readable {format} file: {reason}',
    why: 'Data comes as NumPy arrays: .npy, or .npz (a zip of them), little-endian, in C order.',
    help: 'Write it with numpy.save or numpy.savez.',
    exit: 1,
  },
  E0114: {
    message: 'metadata {key} is "{value}", which is no list of numbers',
    why: 'The preprocessing of the images is read from the model: input_scale, input_mean, input_std.',
    help: 'Write numbers or fractions, separated by commas: 1/255 or 0.485,0.456,0.406.',
    exit: 1,
  },
  E0115: {
    message: 'the model goes beyond what is read: {problem}',
    why: 'Structure is bounded, far above what a network needs, so that a damaged file cannot exhaust the machine.',
    help: 'Export the model again; simplify it first if it really is that large.',
    exit: 1,
  },
  E0116: {
    message: 'function {function} {problem}',
    why: 'Functions of the model are replaced by their bodies, which must come to an end and fit their calls.',
    help: 'Export the model again, or inline its functions with onnx.inliner.',
    exit: 1,
  },
  E0118: {
    message: 'the network has no output {output}; it has {names}',
    why: '--output names one of the results that the file declares.',
    help: 'Take a name of the list.',
    exit: 2,
  },
  E0117: {
    message: 'attribute {attribute} of {owner} {problem}',
    why: 'An attribute has one name, one type and a value of that type; anything else can be read in two ways.',
    help: 'Export the model again, or check it with onnx.checker.',
    exit: 1,
  },
  E0120: {
    message: 'cannot use {path} as images: {problem}',
    why: 'Images come as npz or npy arrays [n, …], raw tensors, picture files or folders of them (docs/preprocessing.md).',
    help: 'For example numpy.savez(path, images=…, labels=…); whole numbers are pixels, floats are taken as normalised.',
    exit: 1,
  },
  E0121: {
    message: 'preprocessing from {source}: {problem}',
    why: 'What is done to an image must be known exactly; half a description would give other answers than training.',
    help: 'Mend the value, or overrule it: --resize, --crop, --interpolation, --rescale, --mean, --std, --channels-order.',
    exit: 1,
  },
  E0122: {
    message: 'preprocessing from {source} makes pictures of {made}; the network takes {wanted}',
    why: 'The last crop or resize gives the size of the picture that the network is fed with.',
    help: 'Use the configuration of this very model, or give --resize and --crop (`--crop none` leaves it out).',
    exit: 1,
  },
  E0123: {
    message: 'picture {path} cannot be read: {problem}',
    why: 'A picture that is broken, too large or of another format has no pixels to classify.',
    help: 'Mend it, save it as PNG or JPEG, or take it out of the folder.',
    exit: 1,
  },
  E0124: {
    message: 'no decoder for {path}: the package sharp is not installed',
    why: 'Picture files are decoded by sharp, which is optional; arrays need nothing.',
    help: 'npm install sharp, or give the images as an array: numpy.savez(path, images=…, labels=…).',
    exit: 2,
  },
  E0125: {
    message: 'picture {path} becomes {made}; the network takes {wanted}',
    why: 'What is known of the preprocessing does not bring this picture to the size of the network’s input.',
    help: 'Compile with --resize and --crop, or with --preprocess FILE (preprocessor_config.json of the model).',
    exit: 1,
  },
  E0201: {
    message: 'not the text form of this stage: {problem}',
    why: 'Every stage prints to one text form and reads it back (docs/ir.md).',
    help: 'Mend the named line, or compile again.',
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
    why: 'A population gathers linears, products, maxima and relays, applies one function, and fires.',
    help: 'Rewrite that part of the model with linear layers, products, norms and the functions of docs/ir.md.',
    exit: 1,
  },
  E0303: {
    message: 'the network has {count} outputs: {outputs}',
    why: 'A deployed network has one readout; its populations form one pipeline from the image to it.',
    help: 'Choose one with --output NAME, or export the model with that one alone.',
    exit: 1,
  },
  E0320: {
    message: 'inference that stops early needs at least two steps; --steps is {steps}',
    why: 'After each step but the last the host looks at the logits; with one step there is nothing to stop.',
    help: 'Leave --steps out (2 is the default with --anytime), or give a larger one.',
    exit: 1,
  },
  E0321: {
    message:
      'inference that stops early needs two classes at least; the network answers with {classes} number',
    why: 'A step is sure of its answer where the best logit is far enough above the second.',
    help: 'Compile without --anytime.',
    exit: 1,
  },
  E0340: {
    message: '{path} is no file of thresholds: {reason}',
    why: '--thresholds takes the name of a rule, or a file with how every site fires.',
    help: 'Give a file that --save-thresholds wrote, the manifest.json of a deployment, or one of the rules.',
    exit: 1,
  },
  E0341: {
    message:
      '{path} is about another network: {missing} site(s) are not in it, {other} are none here (first {first})',
    why: 'Thresholds belong to the sites of one network, by the names of its values.',
    help: 'Compile the model that the file was made for with the same options, or search anew with --max-divergence.',
    exit: 1,
  },
  E0342: {
    message: '--max-drop needs the labels of the calibration images; {source} has none',
    why: 'A loss of accuracy is measured on images whose class is known.',
    help: 'Give an npz with labels or a folder for each class to --calibrate, or limit the error with --max-divergence.',
    exit: 2,
  },
  E0343: {
    message: 'no network that was tried stays within {limit}; the nearest reaches {reached}',
    why: 'Weights, tables and widths of the target leave an error that no threshold can mend.',
    help: 'Allow more, give more calibration images, or more --bits and --terms.',
    exit: 1,
  },
  E0344: {
    message: '{option} does not go together with {other}',
    why: 'A search chooses the thresholds itself, within one limit.',
    help: 'Leave one of the two out.',
    exit: 2,
  },
  E0345: {
    message: '{option} needs a search',
    why: 'A Pareto curve is what a search finds between error and cost.',
    help: 'Add --max-drop 1% (labelled calibration images) or --max-divergence 0.01.',
    exit: 2,
  },
  E0401: {
    message: 'population {population} spans ±{range} in steps of a quarter of {theta}: more than {bits} bits',
    why: 'A membrane must hold the largest value and a quarter of its threshold in one state word.',
    help: 'Use a smaller --shift for this model, or a target with wider state words.',
    exit: 1,
  },
  E0420: {
    message: 'target {target} does not claim that a soma multiplies two words of its state',
    why: 'With --functions multiply norms, softmax and activations multiply, divide and take roots.',
    help: 'Leave --functions out: tables need no multiplication. Or claim stateMultiply in the core’s descriptor.',
    exit: 1,
  },
  E0501: {
    message: 'population {population} needs {needed} {resource} on one core; {target} has {available}',
    why: 'A neurocore has so many neurons, words, axons and groups; a tile must fit one core.',
    help: 'Fewer --bits shrink weights and a smaller model shrinks the rest; --target names chips with larger cores.',
    exit: 3,
  },
  E0502: {
    message: 'the network needs {needed} cores; {target} has {available}',
    why: 'Modes pipelined and layerwise have a neuron for every token and channel; streaming has one set of neurons that the tokens pass, and each weight once.',
    help: 'Take a larger board (`snnc targets` lists them) or several: --target NAME:BOARD*N. At T = 1, --mode streaming takes fewer cores.',
    exit: 3,
  },
  E0504: {
    message:
      'population {population} waits {delay} steps for an operand; axons of {target} delay {limit} at most',
    why: 'Operands that meet must be equally deep; the shallower one waits in axon delays.',
    help: 'Use a shallower model or a target with longer delays.',
    exit: 3,
  },
  E0510: {
    message: '{target} lacks what {count} of {all} populations of this network need',
    why: 'A core computes what its neurons and synapses can; what is missing cannot be bought with more cores.',
    help: 'Take a target that claims the capabilities that are named: `snnc targets` lists them.',
    exit: 3,
  },
  E0511: {
    message: 'weights of {bits} bits; cores of {target} store {least} to {most}',
    why: 'A synapse stores whole weights; wider ones do not fit, narrower ones have no format.',
    help: 'Set --bits to a width that the target stores.',
    exit: 3,
  },
  W0512: {
    message:
      'spikes of {target} are binary: {populations} populations send {axons} axons a neuron at most{held}',
    why: 'A spike without payload stands for one threshold of one sign: each has an axon and weights of its own.',
    help: 'Fewer thresholds (--levels) take fewer axons, messages and words; see docs/descriptors.md for what is assumed.',
    exit: 1,
  },
  E0530: {
    message: 'rows cannot pass through time: an image has {steps} steps',
    why: 'In mode streaming a tile keeps nothing of a row once it has executed, so that each row has one step.',
    help: 'Give --steps 1, or --mode pipelined or layerwise.',
    exit: 1,
  },
  E0531: {
    message: '--anytime goes with mode layerwise; --mode {mode} is given',
    why: 'The host can stop an image only where the next step waits until the last has been read.',
    help: 'Leave --mode out, or give --mode layerwise.',
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
  E0750: {
    message: '{name} says that it includes {included}, which has a figure of its own',
    why: 'What one figure includes would be counted twice where it has another one beside it.',
    help: 'Leave the included figure out, or take its name out of includes.',
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
  E0575: {
    message: 'timing has neither a tick nor a barrier, or has both',
    why: 'A timestep of a clocked chip ends with its tick; without a clock it ends at a barrier of all cores.',
    help: 'Give tick, or barrierOneTile and barrierAllTiles.',
    exit: 2,
  },
  E0576: {
    message: 'gradedSpikes is {claim}, but a spike carries {bits} bits of payload (payloadBits)',
    why: 'A graded spike carries an integer; a binary one carries none.',
    help: 'Set payloadBits to 0 where spikes are binary, and gradedSpikes to true where they are not.',
    exit: 2,
  },
  E0403: {
    message: 'product {population} needs {bits} bits of accumulator, the target has {available}',
    why: 'The product of two spiking operands is kept exactly; its unit is the product of their thresholds.',
    help: 'Use a smaller --shift (coarser thresholds), fewer --steps, or a target with wider accumulators.',
    exit: 1,
  },
  E0601: {
    message: 'not a chip program: {problem}',
    why: 'A chip program begins with the letters SNNC and a preamble that fits the file.',
    help: 'Compile the model again; chip programs are the files program/chip-*.bin of a deployment folder.',
    exit: 1,
  },
  E0602: {
    message: 'chip program of format version {found}; this tool reads version {known}',
    why: 'The binary layout changed between the tool that wrote the file and this one.',
    help: 'Use the tool version that the manifest names, or compile the model again.',
    exit: 1,
  },
  E0603: {
    message: 'the file ends early: {place} needs {needed} byte(s) more, {left} left',
    why: 'The file was cut off, or a count in it is damaged.',
    help: 'Copy the folder again, or compile the model again.',
    exit: 1,
  },
  E0604: {
    message: '{place} = {value}: not {rule}',
    why: 'The number is outside what the format allows, so the file is damaged.',
    help: 'Copy the folder again, or compile the model again.',
    exit: 1,
  },
  E0605: {
    message: '{place}: {problem}',
    why: 'Two parts of the chip program contradict each other, so the file is damaged.',
    help: 'Copy the folder again, or compile the model again.',
    exit: 1,
  },
  E0710: {
    message: '{what} differ: {problem}',
    why: 'Every stage must answer like the one above it, within its class.',
    help: 'The first stage that differs is the culprit; report it with the model.',
    exit: 1,
  },
  E0711: {
    message: 'the program runs freely: it takes no images',
    why: 'In mode free neurons run on their biases and on the spikes of the host; answers to images come from the other modes.',
    help: 'Give a deployment that `snnc compile` wrote.',
    exit: 1,
  },
  E0712: {
    message: 'the program does not run freely: its mode is {mode}',
    why: 'Only in mode free does every neuron run in every timestep; in the other modes answers belong to images.',
    help: 'Give it images: `snnc simulate FOLDER --input FILE`.',
    exit: 1,
  },
  E0713: {
    message: 'what reaches a neuron in one timestep may add up to {sum}',
    why: 'Sums of input are held in 32 bits; this one leaves them if every source fires at once.',
    help: 'Use smaller weights, or spread the inputs over several neurons.',
    exit: 1,
  },
  E0714: {
    message: 'the network is too large: {problem}',
    why: 'The simulator bounds what it allocates for one network, whatever its tables promise.',
    help: 'Cut the network into parts, or shorten the delays.',
    exit: 1,
  },
  E0610: {
    message: 'not a manifest: {reason}',
    why: 'A manifest is one JSON object whose "schema" is "snnc-manifest".',
    help: 'Give the deployment folder that `snnc compile` wrote.',
    exit: 1,
  },
  E0611: {
    message: 'manifest: {path}: {reason}',
    why: 'The manifest breaks its schema (backends/schema/manifest.schema.json).',
    help: 'Compile the model again, or mend the named field.',
    exit: 1,
  },
  E0612: {
    message: 'manifest of schemaVersion {found}, written by snnc {writer}; this tool reads version {known}',
    why: 'Fields changed their meaning between the two versions.',
    help: 'Use snnc {writer}, or compile the model again.',
    exit: 1,
  },
  E0620: {
    message: 'not a deployment folder: {reason}',
    why: 'A deployment folder holds a manifest.json and the files that it lists.',
    help: 'Give the folder that `snnc compile` wrote.',
    exit: 4,
  },
  E0621: {
    message: '{file} is not the file that was compiled: {problem}',
    why: 'The manifest holds the size and SHA-256 of every file; this one has changed since.',
    help: 'Copy the folder again, or compile the model again.',
    exit: 1,
  },
  E0622: {
    message: '{file} is not in this deployment',
    why: 'Only files that the manifest lists are read, since only these can be verified.',
    help: 'Compile the model again.',
    exit: 4,
  },
  E0623: {
    message: '{file} contradicts the manifest: {problem}',
    why: 'Manifest and chip programs must come from one run of the compiler.',
    help: 'Compile the model again.',
    exit: 1,
  },
  E0624: {
    message: 'will not replace {path}: {reason}',
    why: 'Only a folder that this tool wrote is ever replaced, and only when asked to.',
    help: 'Choose another --out, or remove it yourself.',
    exit: 2,
  },
  E0625: {
    message: 'cannot write {path}: {reason}',
    why: 'The deployment folder is written aside and renamed when it is whole; nothing of it was left behind.',
    help: 'Check the path, its permissions and the free space.',
    exit: 4,
  },
  E0545: {
    message: '{file} cannot be compared: {reason}',
    why: 'A comparison reads report.json and validation.json as this version of the tool writes them.',
    help: 'Compile or validate again with this version, or remove the file to compare without it.',
    exit: 1,
  },
  W0545: {
    message: '{file} could not be kept in the folder: {reason}',
    why: 'What validation finds is kept beside the manifest, so that `snnc diff` can compare accuracies.',
    help: 'Make the folder writable and validate again; nothing else depends on it.',
    exit: 4,
  },
  W0540: {
    message: 'the chip was not simulated: {reason}',
    why: 'A simulation of that size takes minutes and gigabytes; delivery and depths were proved on the encoded tables instead.',
    help: 'Give --simulate 1, or run `snnc simulate` on the deployment: for answers, counts, time and energy.',
    exit: 1,
  },
  E0703: {
    message: 'the program cannot run: {problem}',
    why: 'The simulator follows the tables of the program and nothing else; these lead nowhere or to the wrong step.',
    help: 'Compile the model again; report the model if that does not help.',
    exit: 1,
  },
  E0701: {
    message:
      'a message of step {step} reaches axon {axon} of chip {chip} core {core}, whose tile of {population} is then in step {found}',
    why: 'A spike sent at chip timestep k is used at k + 1 + delay; depths and delays of a sound mapping balance.',
    help: 'Compile again; if it persists, report the model and the command line.',
    exit: 1,
  },
  E0702: {
    message: 'the program contradicts itself: {problem}',
    why: 'The simulator knows a network from the tables of its cores alone, as the chip does.',
    help: 'Compile again; `snnc inspect` shows the tables of a deployment.',
    exit: 1,
  },
  W0101: {
    message: 'operator set {opset} is newer than {newest}, the newest that is known here',
    why: 'Operators are read as they were in the newest known set; a later one may have changed them.',
    help: 'Compare the results with those of the original model, or export it with an older operator set.',
    exit: 1,
  },
  W0340: {
    message: 'a search on {count} calibration image(s) chooses and verifies on the same',
    why: 'Thresholds that fit few images by chance may not fit others; from 16 images on each half checks the other.',
    help: 'Give more images with --calibrate.',
    exit: 1,
  },
  W0402: {
    message: 'threshold of {population} becomes {theta}, symmetric: integers need powers of two',
    why: 'Every scale of the integer network is a power of two, so that nothing needs a multiplier.',
    help: 'Use --thresholds pow2; `validate` prints the snn stage beside the integers.',
    exit: 1,
  },
  W0430: {
    message:
      '{quantity} of {population} may need {bits} bits and has {available}; calibration leaves it no factor of {headroom}',
    why: 'Neither the weights prove that no image overflows, nor did calibration images stay clear of the limit; what overflows saturates and is counted.',
    help: 'Use a smaller --shift, or a target with wider words; `snnc numerics` shows every width, and saturations on your data.',
    exit: 1,
  },
  W0301: {
    message:
      'no calibration data: thresholds come from {count} synthetic images, which on the bundled digits model means {accuracy} points of accuracy and {energy} % energy against calibrated, {agreement} % of answers the float network’s',
    why: 'Thresholds are set from percentiles of activations. Images drawn at random, like photographs in spectrum, edges and contrast, show these only roughly; what it costs another model is not known.',
    help: 'Give a few dozen real images with --calibrate (npz, npy or a folder of pictures).',
    exit: 1,
  },
  W0303: {
    message:
      'on synthetic images the error of the logits is {error} of their variance at --shift {shift}; how it is on real ones is not known',
    why: 'Synthetic images are of no class, so that logits differ less and the same error weighs more: on networks measured with both, it was three to ten times that on real images. --shift auto therefore allows more of it and takes no shift below 4.',
    help: 'Give real images with --calibrate, which may allow a coarser shift and less energy; `validate` says what the accuracy is.',
    exit: 1,
  },
  W0422: {
    message:
      'with --levels {levels}, {percent} % of firings on calibration images ask for more than the highest threshold',
    why: 'A ladder that ends below the largest values cuts them off; what is cut can only be sent in later steps.',
    help: 'Leave --levels out (ladders then reach the calibration maximum), or give a smaller --shift or more --steps.',
    exit: 1,
  },
  W0302: {
    message:
      'the error of the logits is {error} of their variance on calibration images; wanted at most {limit}',
    why: 'Thresholds are made finer until conversion is near the float network, or nothing is gained any more.',
    help: 'Give more calibration images, --steps 2 or --bits 8; `validate` says what the accuracy is.',
    exit: 1,
  },
  W0121: {
    message: 'nothing says how {path} is normalised: pixels go to the network as they are, 0…255',
    why: 'Networks are trained on normalised images; without the same normalisation their answers are guesses.',
    help: 'Give --preprocess FILE, or --mean and --std; --rescale 1 says that it is right so.',
    exit: 1,
  },
  W0122: {
    message: '{source} says more than is applied: {keys}',
    why: 'These keys may change the picture, and nothing here knows how.',
    help: 'Compare the pictures with those of the original pipeline, or give the images as a normalised array.',
    exit: 1,
  },
  W0123: {
    message: '{first} and {other} disagree on {setting}; the former holds',
    why: 'Flags go before preprocessor_config.json, which goes before what the model file says of itself.',
    help: 'Give the value as a flag to settle it.',
    exit: 1,
  },
  W0124: {
    message: 'labels of {path} may be wrong: {problem}',
    why: 'Class folders are counted in the order of their names, as torchvision’s ImageFolder does.',
    help: 'Put all pictures into one folder with a labels.csv (name,label), or name the folders 000, 001, ….',
    exit: 1,
  },
  W0125: {
    message: 'normalisation stays with the host: {reason}',
    why: 'It folds into the first weights where linear layers alone read the image.',
    help: 'Nothing need be done: host and simulator normalise the image. --no-fold-normalisation says so.',
    exit: 1,
  },
  W0126: {
    message: '{path} reaches {value}, normalised pixels lie from {low} to {high}',
    why: 'Floating-point images are taken as already normalised; these look as if they were not.',
    help: 'Give pixels as whole numbers (uint8), or normalise them as the model wants it.',
    exit: 1,
  },
  E0330: {
    message: 'the integer network has no neuron of kind {neuron}',
    why: 'Neurons of the comparison methods and binary channels exist at stage snn only, where they are compared.',
    help: 'Compile with multi-threshold neurons: `snnc compile --thresholds pow2` or `paper`.',
    exit: 1,
  },
  E0331: {
    message: '{method} is no method; there are {known}',
    why: 'The conversion methods are rows of one table (docs/methods.md).',
    help: 'Name them separated by commas, or leave --methods away for all.',
    exit: 2,
  },
  E0332: {
    message: '{plots} cannot be made without test images',
    why: 'Accuracies, rates and energies of these come from running the network on images.',
    help: 'Give --data, or ask for `--only table3`, which needs shapes alone.',
    exit: 2,
  },
  E0333: {
    message: '{plot} is no table or figure; there are {known}',
    why: '--only names tables and figures of the paper.',
    help: 'Name them separated by commas, or leave --only away for all.',
    exit: 2,
  },
  W0334: {
    message: '{path} is calibrated on and measured on',
    why: 'Thresholds that have seen the test images make the results look better than they are.',
    help: 'Give calibration images of their own with --calibrate.',
    exit: 1,
  },
  E0335: {
    message: 'method {method} keeps every step of the whole network at once, {gibibytes} GiB for this one',
    why: 'Its first phase looks at all that reaches a layer before the layer sends anything.',
    help: 'Leave it out of --methods, or ask for fewer --steps.',
    exit: 1,
  },
  E0725: {
    message: 'cannot write {path}: {reason}',
    why: 'The file system refuses the file or its folder.',
    help: 'Name a place that exists or can be made, and that you may write to.',
    exit: 4,
  },
  E0520: {
    message: 'not a file of pins: {reason}',
    why: 'A pin says on which chip, router and slot a core must sit.',
    help: 'Write lines NAME[:PART] CHIP X Y [SLOT], or a JSON list of { population, part, chip, x, y, slot }.',
    exit: 2,
  },
  E0521: {
    message: 'a pin names {what}: {problem}',
    why: 'Populations and cores are those of the mapped network, as manifest.json lists them.',
    help: 'Compile once without --pin and take the names from manifest.json.',
    exit: 2,
  },
  E0522: {
    message: 'a pin asks for {where}; the board has {extent}',
    why: 'Only usable cores of the board can be taken.',
    help: 'Correct the place, or take a larger board with --target.',
    exit: 2,
  },
  E0523: {
    message: '{what} {problem}',
    why: 'A core sits on one seat, and a seat holds one core.',
    help: 'Remove one of the two pins; a pin without a slot takes any slot of the router.',
    exit: 2,
  },
  E0730: {
    message: 'messages that can never move on: {count} ({places})',
    why: 'Every message moves as soon as the buffer ahead has room; a buffer that holds nothing never has.',
    help: 'Give every router and core room for at least one message.',
    exit: 1,
  },
  E0755: {
    message: 'no population {name}; there are {known}',
    why: 'Populations are those of the deployment, as manifest.json and snnc report list them.',
    help: 'Name one of them with --population, or leave it out for all.',
    exit: 2,
  },
  E0756: {
    message: 'the export has {synapses} synapses on {images} image(s), of {most} that are allowed',
    why: 'Without payloads and shared weights every synapse of every binary neuron stands alone, and the other tool keeps some 700 bytes for each.',
    help: 'Take part of the network with --population, fewer images with --limit, or allow more with --synapses.',
    exit: 1,
  },
  E0757: {
    message:
      'spike lists of {neurons} binary neurons over {timesteps} timesteps are longer than {most} entries',
    why: 'The other tool takes a list with one entry for every timestep.',
    help: 'Take fewer images with --limit, or part of the network with --population.',
    exit: 1,
  },
  E0758: {
    message: 'nothing to export: no spike of these images reaches the chosen populations',
    why: 'What is exported is the synapses that lead to the chosen populations, from neurons that spiked.',
    help: 'Name a population that others feed with --population, or take more images with --limit.',
    exit: 1,
  },
  E0760: {
    message: 'plain neurons with a delay of {delay} timesteps between them cannot be exported',
    why: 'The other tool computes plain neurons itself, and what it adds up arrives one timestep after it is sent.',
    help: 'Export a network without delays on its axons.',
    exit: 1,
  },
  E0759: {
    message: 'no cost set {name}; the target has {known}',
    why: 'Energies come from a cost set of the descriptor that the deployment was compiled for.',
    help: 'Name one of them with --costs, or leave it out for the first.',
    exit: 2,
  },
  E0731: {
    message: 'no memory to time a step: {reason}',
    why: 'The network between cores and all that a step sends stand in one memory of WebAssembly.',
    help: 'Lift the limit on memory, give routers and cores smaller buffers, or simulate without times.',
    exit: 1,
  },
  E0732: {
    message: 'a core at chip {chip}, router {x} {y}, slot {slot} {problem}',
    why: 'Times need each core at a port of its own on the mesh that the target describes.',
    help: 'Compile again: the programs are not those of the manifest.',
    exit: 1,
  },
  E0740: {
    message: 'nothing to watch: {problem}',
    why: '--watch prints a row for each timestep of a core, a link or a population of this deployment.',
    help: 'Write core:CHIP:NUMBER, link:NAME or population:NAME, several of them separated by commas.',
    exit: 2,
  },
  W0741: {
    message: 'only the first {images} images are timed: {bytes} bytes say what they sent',
    why: 'A stream is timed with all images that are on their way at once, so that what they sent is kept.',
    help: 'Give fewer images with --limit.',
    exit: 1,
  },
  W0742: {
    message:
      'the trace has no single spikes and messages from timestep {timestep} on: its limit is {limit} rows',
    why: 'Each message is a row; a timestep is written whole or not at all. perf.csv has every timestep.',
    help: 'Raise --trace-limit, or give fewer images with --limit.',
    exit: 1,
  },
  E0743: {
    message: 'neurons send in so many different ways that their lists would have more than {limit} messages',
    why: 'Neurons that send the same messages at the same cost share a list; here too few of them do.',
    help: 'Simulate without --timed, --trace and --watch.',
    exit: 1,
  },
  E0770: {
    message:
      'reference logits of shape ({shape}), and {images} images of {classes} classes are to be compared',
    why: 'Row i of the first array of the file is what the float network answers to image i.',
    help: 'Give logits of every image, or fewer images with --limit.',
    exit: 2,
  },
  E0130: {
    message: 'not a NIR file: {problem}',
    why: 'NIR is HDF5 with a group `node` of type NIRGraph, whose nodes and edges are those of the format.',
    help: 'Write it again with `nir.write`, or read it with `nir.read` and look at what it says.',
    exit: 1,
  },
  E0131: {
    message: 'NIR files need the package h5wasm, which is not there',
    why: 'NIR is HDF5; the reader of it is 14 MB and is not part of snnc.',
    help: 'npm install h5wasm',
    exit: 4,
  },
  E0132: {
    message: '{count} node(s) of the network have no place on a chip of plain neurons',
    why: 'A message of a plain neuron is a spike: what stands between neurons must be linear, and what is no neuron of NIR’s LIF family cannot be one here.',
    help: 'Change the nodes that are named, as said beside each, and export the network again.',
    exit: 1,
  },
  E0133: {
    message: 'the graph is not sound: {problem}',
    why: 'Every edge joins two nodes, and what a node gives has the shape that the next one takes.',
    help: 'Read the file with `nir.read`, which checks it, and write it again.',
    exit: 1,
  },
  E0134: {
    message: 'a timestep must be chosen: the network has time constants of {shortest} s and longer',
    why: 'NIR says how neurons behave in continuous time; a chip runs in timesteps, and the file does not say how long one is.',
    help: 'Give --dt in seconds: what the network was trained with, 1e-4 for files of snnTorch.',
    exit: 2,
  },
  E0135: {
    message: '--dt {dt} is longer than a time constant of {count} node(s), the shortest of {shortest} s',
    why: 'Euler’s rule keeps 1 − dt/τ of a value, which must not be negative.',
    help: 'Choose a shorter --dt, or --decay exponential, which keeps exp(−dt/τ).',
    exit: 1,
  },
  W0136: {
    message: 'a loop passes {count} groups of neurons and takes {count} timesteps a round: {names}',
    why: 'A spike takes one timestep from neuron to neuron. Simulators that pass all layers within a timestep take one for the round.',
    help: 'Compare with a simulator that delays every connection of the loop by one step.',
    exit: 1,
  },
  E0137: {
    message: '{path} holds no spike trains for this network: {problem}',
    why: 'An input is an array of 0 and 1 of shape [timesteps, …shape of the input], or [samples, timesteps, …].',
    help: 'Write it with numpy: np.savez(FILE, spikes=array).',
    exit: 2,
  },
  E0138: {
    message: '{option} is for ONNX models; {path} is a network of NIR',
    why: 'A NIR network spikes already: nothing of it is converted or calibrated.',
    help: 'Leave it out; `snnc compile --help` says which options a NIR file takes.',
    exit: 2,
  },
  W0139: {
    message:
      'on {timesteps} timesteps of {source} input {percent} % of all spikes are those of the float network',
    why: 'Weights, thresholds and decays were rounded to the chip’s integers; a spike that comes a timestep late counts as two that differ.',
    help: 'Give typical input with --calibrate, or more --bits where the target stores them.',
    exit: 1,
  },
  E0512: {
    message:
      'one neuron of population {population} needs {needed} {resource}; a core of {target} has {available}',
    why: 'A group of neurons is cut until its parts fit a core; a single neuron cannot be cut.',
    help: 'Fewer --bits or fewer inputs of the neuron; --target names chips with larger cores.',
    exit: 3,
  },
  E0761: {
    message: 'neurons with {what} cannot be exported: population {population}',
    why: 'The other tool computes plain neurons itself, and its model has none such.',
    help: 'Export another network, or `--to nir`, which holds them.',
    exit: 1,
  },
  E0850: {
    message: 'no device answers at {url}: {reason}',
    why: 'Every call to a device has a deadline; this one got no answer.',
    help: 'Start one with `snnc device`, check host, port and certificates, or give it longer with --timeout.',
    exit: 4,
  },
  E0851: {
    message: '{url} is not on this machine, and no certificates are given',
    why: 'Weights and commands cross a network only under mutual TLS.',
    help: 'Give --ca, --cert and --key (`snnc device --init-certs DIR` makes them for a lab).',
    exit: 2,
  },
  E0852: {
    message: '{problem}',
    why: 'A device is named as HOST:PORT, grpc://HOST:PORT or, with certificates, grpcs://HOST:PORT.',
    help: 'See `snnc hil --help`.',
    exit: 2,
  },
  E0853: {
    message: 'the certificates cannot be used: {reason}',
    why: 'Mutual TLS takes the certificate of the authority, one’s own certificate and its key, all as PEM.',
    help: 'Give three files that belong together; `snnc device --init-certs DIR` makes such.',
    exit: 4,
  },
  E0854: {
    message: 'the device at {url} refuses {call}: {reason}',
    why: 'A device answers what it cannot or will not do with a reason.',
    help: 'The reason says what would do; `snnc hil --conformance URL` tells whether the device keeps the protocol.',
    exit: 4,
  },
  E0855: {
    message: 'the device at {url} does not take this deployment: {reason}',
    why: 'Before anything is loaded, versions, target and sizes are compared with what the device says of itself.',
    help: 'Compile for a target that the device runs, or take a device with room for it.',
    exit: 3,
  },
  E0856: {
    message: 'given up after {seconds} s in which nothing went on: {reason}',
    why: 'What breaks is opened again and goes on where it was, but not for ever.',
    help: 'See that the device runs, and start again; --patience gives it longer.',
    exit: 4,
  },
  E0857: {
    message: 'device and simulator differ in {different} of {compared} comparisons; first: {first}',
    why: 'A chip computes in integers: spike for spike it sends what the simulator sends, or something is broken.',
    help: 'The faults that are listed say where; --scrub reads the memory back.',
    exit: 1,
  },
  E0858: {
    message: 'memory of the device differs from the folder in {different} of {bytes} bytes; first: {first}',
    why: 'What was loaded is read back by hash, and by bytes where hashes differ.',
    help: 'Load it again; a byte that stays wrong is broken memory.',
    exit: 1,
  },
  E0859: {
    message: 'not a recording for this run: {reason}',
    why: 'A replay asks what was asked when it was recorded, of the same deployment, and gets the same answers.',
    help: 'Replay with the folder and the options of the recording, or record anew with --record.',
    exit: 2,
  },
  E0860: {
    message: 'the folder has no golden inputs',
    why: 'Inputs are stored where the compile simulated the chip, which takes memory that this network did not get.',
    help: 'Give images with --input.',
    exit: 2,
  },
  E0861: {
    message: '{failed} of {checks} checks of the protocol fail; first: {first}',
    why: 'docs/hil-protocol.md has the rules, and each check says which one it looks at.',
    help: 'The list says what each expected and got.',
    exit: 1,
  },
  W0862: {
    message: 'the device cannot read its memory back',
    why: 'Without that a wrong weight is found only where it changes a spike.',
    help: 'Nothing to be done here; its Describe says what it can do.',
    exit: 1,
  },
  W0863: {
    message: '{count} replies were damaged on their way, and asked for again',
    why: 'They said something else the second time, or their hash was not that of their spikes.',
    help: 'What was compared is what the device says in the end; look at the line to it.',
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
