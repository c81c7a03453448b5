/** Options of the library, as the command line has them. Generated from the source by `npm run docs`; a test holds it to that. */

export interface CompileOptions {
  /** Chip, board and number: loihi2[:BOARD[*N]], or an XML file. Default: "loihi2" */
  readonly target?: string | undefined;
  /** Images (npz, npy, pictures, a folder): thresholds come from their activations */
  readonly calibrate?: string | undefined;
  /** Sizes that the file leaves open: 3,224,224 */
  readonly inputShape?: string | number | undefined;
  /** Of several outputs, the one that is the answer */
  readonly output?: string | undefined;
  /** Folder to write (default: beside the model) */
  readonly out?: string | undefined;
  /** Compile, prove and simulate everything, but write no folder */
  readonly dryRun?: boolean | undefined;
  /** Images that the chip is simulated on (default: 4, fewer where the network is large) */
  readonly simulate?: number | undefined;
  /** What spikes add up to: F(S), t · F(S / t), or F(S) with weight 1/t at step t. Default: "sum" */
  readonly coding?: 'sum' | 'rate' | 'differential' | undefined;
  /** Timesteps T of an image (default: 1, with --anytime 2) */
  readonly steps?: number | undefined;
  /** Stop early where the logits are sure: as often as answers bear it, or let so many percent of images go on */
  readonly anytime?: string | number | undefined;
  /** Rows unrolled in space (pipelined, layerwise) or in time (streaming); auto: the fastest that fits. Default: "auto" */
  readonly mode?: 'auto' | 'pipelined' | 'layerwise' | 'streaming' | undefined;
  /** How populations are cut: all together (auto), or one by one as others do it, to compare. Default: "auto" */
  readonly strategy?: 'auto' | 'lava' | 'token-major' | 'channel-major' | undefined;
  /** Say what other modes and options would take and give. Default: true */
  readonly compare?: boolean | undefined;
  /** What the mapping is to have few of, on a board that holds it. Default: "balance" */
  readonly favour?: 'balance' | 'cores' | 'messages' | undefined;
  /** Powers of two by which each step before the last is coarser (0; with --anytime what is cheapest) */
  readonly coarse?: number | undefined;
  /** θ from p99 / 2^shift; auto: the coarsest that is near enough on calibration images. Default: "auto" */
  readonly shift?: string | number | undefined;
  /** Powers of two in one payload, at most. Default: 3 */
  readonly terms?: number | undefined;
  /** Thresholds n of every ladder, per sign (default: up to the calibration maximum) */
  readonly levels?: number | undefined;
  /** The same shift everywhere */
  readonly uniform?: boolean | undefined;
  /** Threshold rule (pow2, paper, paper-fixed, off), or a file of thresholds. Default: "pow2" */
  readonly thresholds?: string | undefined;
  /** Search: accuracy that may be lost on labelled calibration images, in percent: 1% */
  readonly maxDrop?: string | number | undefined;
  /** Search: error of the logits, mean square over their variance, that is allowed: 0.01 */
  readonly maxDivergence?: number | undefined;
  /** Search: what to have least of. Default: "energy" */
  readonly optimize?: 'energy' | 'latency' | 'cores' | undefined;
  /** Write how each site fires; --thresholds takes the file */
  readonly saveThresholds?: string | undefined;
  /** Search: write the Pareto curve as CSV */
  readonly saveCurve?: string | undefined;
  /** Weight bits; more than 8 only of a NIR network, where the target stores them. Default: 8 */
  readonly bits?: number | undefined;
  /** How somas compute: tables, or multiplications as a reference. Default: "tables" */
  readonly functions?: 'tables' | 'multiply' | undefined;
  /** Correct biases where calibration says it helps. Default: true */
  readonly biasCorrection?: boolean | undefined;
  /** Compute neurons that reach no output too */
  readonly keepUnread?: boolean | undefined;
  /** Placement: how many moves are tried. Default: "normal" */
  readonly effort?: 'fast' | 'normal' | 'max' | undefined;
  /** A file of cores that have their place: NAME[:PART] CHIP X Y [SLOT] */
  readonly pin?: string | undefined;
  /** Seed of placement. Default: 1 */
  readonly seed?: number | undefined;
  /** NIR: seconds of a timestep, where the network has time constants */
  readonly dt?: number | undefined;
  /** NIR: what a timestep keeps of a value: 1 − dt/τ, or exp(−dt/τ). Default: "euler" */
  readonly decay?: 'euler' | 'exponential' | undefined;
  /** NIR: what a spike does to the potential: to v_reset, as the format says, or minus the threshold. Default: "zero" */
  readonly reset?: 'zero' | 'subtract' | undefined;
  /** preprocessor_config.json (Hugging Face) or config.json (timm); default: the one beside the model */
  readonly preprocess?: string | undefined;
  /** N: shorter edge · HxW: to a size · none */
  readonly resize?: string | undefined;
  /** N or HxW from the centre · none */
  readonly crop?: string | undefined;
  /** Of the resize, as Pillow does it */
  readonly interpolation?: 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos' | undefined;
  /** Factor of pixels, such as 1/255 */
  readonly rescale?: string | undefined;
  /** Subtracted after rescaling: 0.485,0.456,0.406 */
  readonly mean?: string | undefined;
  /** Divided by then: 0.229,0.224,0.225 */
  readonly std?: string | undefined;
  /** Colour that the first channel is */
  readonly channelsOrder?: 'rgb' | 'bgr' | undefined;
  /** Normalise in the first weights, so that the chip takes pixels. Default: true */
  readonly foldNormalisation?: boolean | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}

export interface CheckOptions {
  /** Chip, board and number: loihi2[:BOARD[*N]], or an XML file. Default: "loihi2" */
  readonly target?: string | undefined;
  /** Sizes that the file leaves open: 3,224,224 */
  readonly inputShape?: string | number | undefined;
  /** Of several outputs, the one that is the answer */
  readonly output?: string | undefined;
  /** Images (npz, npy, pictures, a folder) that rates are measured on; default: synthetic ones */
  readonly calibrate?: string | undefined;
  /** Rows unrolled in space (pipelined, layerwise) or in time (streaming); auto: the fastest that fits. Default: "auto" */
  readonly mode?: 'auto' | 'pipelined' | 'layerwise' | 'streaming' | undefined;
  /** What the mapping is to have few of, on a board that holds it. Default: "balance" */
  readonly favour?: 'balance' | 'cores' | 'messages' | undefined;
  /** Say what other modes and options would take and give. Default: true */
  readonly compare?: boolean | undefined;
  /** Timesteps T of an image. Default: 1 */
  readonly steps?: number | undefined;
  /** θ from p99 / 2^shift; auto: the coarsest that is near enough on calibration images. Default: "auto" */
  readonly shift?: string | number | undefined;
  /** Powers of two in one payload, at most. Default: 3 */
  readonly terms?: number | undefined;
  /** Weight bits. Default: 8 */
  readonly bits?: number | undefined;
  /** Seed of placement. Default: 1 */
  readonly seed?: number | undefined;
  /** Compute neurons that reach no output too */
  readonly keepUnread?: boolean | undefined;
  /** Look for weights that are not finite (default: in files up to 1.5 GiB) */
  readonly weights?: boolean | undefined;
  /** preprocessor_config.json (Hugging Face) or config.json (timm); default: the one beside the model */
  readonly preprocess?: string | undefined;
  /** N: shorter edge · HxW: to a size · none */
  readonly resize?: string | undefined;
  /** N or HxW from the centre · none */
  readonly crop?: string | undefined;
  /** Of the resize, as Pillow does it */
  readonly interpolation?: 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos' | undefined;
  /** Factor of pixels, such as 1/255 */
  readonly rescale?: string | undefined;
  /** Subtracted after rescaling: 0.485,0.456,0.406 */
  readonly mean?: string | undefined;
  /** Divided by then: 0.229,0.224,0.225 */
  readonly std?: string | undefined;
  /** Colour that the first channel is */
  readonly channelsOrder?: 'rgb' | 'bgr' | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}

export interface ValidateOptions {
  /** Images with labels: npz or a folder */
  readonly data: string;
  /** Images at most (default: all) */
  readonly limit?: number | undefined;
  /** Images that are simulated at a time, each on a thread (default: one core is left free) */
  readonly workers?: number | undefined;
  /** npz with reference logits of the float network */
  readonly logits?: string | undefined;
  /** Accuracy points that may be lost. Default: 1 */
  readonly tolerance?: number | undefined;
  /** Images whose events are counted one by one, or all; closed forms count every image. Default: "16" */
  readonly identity?: string | number | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}

export interface SimulateOptions {
  /** Images: npz, npy, raw, a picture, a folder; for plain neurons spike trains, npz or npy */
  readonly input: string;
  /** Images at most. Default: 10 */
  readonly limit?: number | undefined;
  /** Images that are simulated at a time, each on a thread (default: one core is left free) */
  readonly workers?: number | undefined;
  /** Time every message: latency, steady state of a stream, what binds */
  readonly timed?: boolean | undefined;
  /** Folder for spikes.csv, messages.csv, perf.csv, trace.json (Perfetto); implies --timed */
  readonly trace?: string | undefined;
  /** What --trace and --watch look at: the stream from its beginning, or each image alone. Default: "stream" */
  readonly traceOf?: 'stream' | 'image' | undefined;
  /** Rows of a file of a trace at most, perf.csv aside. Default: 1000000 */
  readonly traceLimit?: number | undefined;
  /** A row a timestep: core:CHIP:NUMBER, link:NAME or population:NAME, separated by commas */
  readonly watch?: string | undefined;
  /** Plain neurons: npz for what outputs did, [samples, timesteps, neurons] */
  readonly save?: string | undefined;
  /** Plain neurons: populations whose spikes go to --save too */
  readonly record?: readonly string[] | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}

export interface NumericsOptions {
  /** Images: npz or a folder */
  readonly data: string;
  /** Images at most. Default: 200 */
  readonly limit?: number | undefined;
  /** File for the table, one row a population */
  readonly csv?: string | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}

export type ReportOptions = Readonly<Record<never, never>>;

export interface InspectOptions {
  /** CHIP:NUMBER, everything it holds */
  readonly core?: string | undefined;
}

export interface DiffOptions {
  /** File for a page with core maps side by side; it opens without a network */
  readonly html?: string | undefined;
}

export interface ExportOptions {
  /** SANA-FE, NIR, the ONNX model with what became of each node, plain tables, a trace for Perfetto */
  readonly to: 'sanafe' | 'nir' | 'onnx' | 'csv' | 'trace';
  /** Folder to write; for nir and onnx the file */
  readonly out: string;
  /** onnx: the model that was compiled */
  readonly model?: string | undefined;
  /** sanafe, nir of a ViT: only these populations (default: all) */
  readonly population?: readonly string[] | undefined;
  /** sanafe, trace: images that are run: npz, npy, raw, a picture, a folder */
  readonly input?: string | undefined;
  /** sanafe, trace: images at most. Default: 1 */
  readonly limit?: number | undefined;
  /** sanafe: cost set of the target (default: its first) */
  readonly costs?: string | undefined;
  /** sanafe: synapses at most; it takes about 715 bytes for each. Default: 5000000 */
  readonly synapses?: number | undefined;
  /** Channels first or last, where an array leaves it open */
  readonly dataLayout?: 'chw' | 'hwc' | undefined;
  /** Numbers of a raw tensor (.bin, .raw), where its size leaves it open */
  readonly dataType?: 'float32' | 'uint8' | undefined;
}
