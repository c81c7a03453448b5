/** Names of standard operators, those that no network here can have among them: what an operator is exchanged for. */
export const OPERATORS: readonly string[] = [
  'Abs Acos Add And ArgMax ArgMin Asin Atan Attention AveragePool BatchNormalization Bernoulli BitShift BitwiseAnd',
  'Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape',
  'Conv ConvInteger ConvTranspose Cos CumSum DFT DepthToSpace DequantizeLinear Det Div Dropout',
  'DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND',
  'Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization',
  'HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization',
  'LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool',
  'MaxUnpool Mean MeanVarianceNormalization Min Mish Mod Mul Multinomial Neg NonMaxSuppression NonZero Not OneHot',
  'Optional Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal',
  'RandomNormalLike RandomUniform Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax',
  'ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign',
  'RotaryEmbedding Round STFT Scan ScatterElements ScatterND Selu SequenceAt SequenceConstruct Shape Shrink',
  'Sigmoid Sign Sin Size Slice Softmax Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze',
  'StringNormalizer Sub Sum Swish Tan Tanh TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique',
  'Unsqueeze Upsample Where Xor',
].flatMap(line => line.split(' '));
