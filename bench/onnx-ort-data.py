"""Writes cases that the `onnx` package has no node tests for: old operator sets, and operators of com.microsoft.

    python bench/onnx-ort-data.py FOLDER

The results are those of onnxruntime on the CPU; the form is that of onnx-node-data.py. A case that onnxruntime does
not run is named and left out.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
MICROSOFT = "com.microsoft"


def f(*shape, low=-2.0, high=2.0, kind=np.float32):
    return random.uniform(low, high, shape).astype(kind)


def i(*values, kind=np.int64):
    return np.array(values, kind)


def write(folder: Path, name, operator, opset, inputs, outputs=1, domain="", **attributes):
    """`inputs`: arrays, None for one that is left out; `outputs`: how many, or a list with '' for those not wanted."""
    inputs = [None if value is None else np.asarray(value) for value in inputs]
    names = [f"x{k}" if value is not None else "" for k, value in enumerate(inputs)]
    results = [f"y{k}" for k in range(outputs)] if isinstance(outputs, int) else outputs
    node = helper.make_node(operator, names, results, domain=domain, **attributes)
    info = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for n, value in zip(names, inputs)
        if value is not None
    ]
    wanted = [helper.make_empty_tensor_value_info(n) for n in results if n]
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(helper.make_graph([node], "case", info, wanted), opset_imports=opsets, ir_version=8)
    feed = {n: value for n, value in zip(names, inputs) if value is not None}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        values = session.run(None, feed)
    except Exception as error:  # any refusal of the runtime leaves the case out
        print(f"left out {name}: {str(error).splitlines()[0][:150]}")
        return
    at = folder / name / "set_0"
    at.mkdir(parents=True, exist_ok=True)
    (folder / name / "model.onnx").write_bytes(model.SerializeToString())
    for k, (n, value) in enumerate(feed.items()):
        (at / f"input_{k}.pb").write_bytes(numpy_helper.from_array(value, n).SerializeToString())
    for k, (item, value) in enumerate(zip(wanted, values)):
        (at / f"output_{k}.pb").write_bytes(numpy_helper.from_array(np.asarray(value), item.name).SerializeToString())


def old_sets():
    """(operator, opset, inputs, attributes)"""
    x3, x4 = f(2, 3, 4), f(1, 3, 6, 5)
    for opset in (7, 11, 12, 13, 17):
        for operator in ("Softmax", "LogSoftmax"):
            yield operator, opset, [x3], {}
            for axis in (0, 1, 2):
                yield operator, opset, [x3], {"axis": axis}
    for opset in (7, 9, 14, 15, 17):
        yield "BatchNormalization", opset, [x4, f(3), f(3), f(3), f(3, low=0.1)], {"epsilon": 1e-3}
    for mode in ("nearest", "linear"):
        yield "Upsample", 7, [x4], {"mode": mode, "scales": [1.0, 1.0, 2.0, 3.0]}
        for operator, opset in (("Upsample", 9), ("Resize", 10)):
            yield operator, opset, [x4, f(4) * 0 + np.float32([1, 1, 2, 2.5])], {"mode": mode}
        yield "Resize", 10, [x4, np.float32([1, 1, 0.5, 0.6])], {"mode": mode}
    for opset in (11, 13, 18, 19):
        for coordinates in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"):
            for mode in ("nearest", "linear", "cubic"):
                common = {"mode": mode, "coordinate_transformation_mode": coordinates}
                yield "Resize", opset, [x4, np.float32([]), np.float32([1, 1, 1.5, 0.8])], common
                none = np.float32([]) if opset < 13 else None
                yield "Resize", opset, [x4, none, none, i(1, 3, 9, 4)], common
        yield "Resize", opset, [x4, None, None, i(1, 3, 9, 4)], {"mode": "nearest", "nearest_mode": "ceil"}
    for antialias in ("linear", "cubic"):
        yield "Resize", 18, [x4, None, np.float32([1, 1, 0.4, 0.6])], {"mode": antialias, "antialias": 1}
        yield "Resize", 18, [x4, None, np.float32([0.4, 0.6])], {"mode": antialias, "antialias": 1, "axes": [2, 3]}
        yield "Resize", 13, [x4, None, np.float32([1, 1, 0.4, 1.6])], {"mode": antialias, "exclude_outside": int(antialias == "cubic")}
    yield "Pad", 7, [x4], {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "value": 1.5}
    yield "Pad", 10, [x4], {"pads": [0, 0, -1, 2, 0, 0, -1, 1], "mode": "constant"}
    for mode in ("reflect", "edge"):
        yield "Pad", 7, [x4], {"pads": [0, 0, 1, 2, 0, 0, 0, 1], "mode": mode}
        yield "Pad", 13, [x4, i(0, 0, 1, 2, 0, 0, 0, 1)], {"mode": mode}
    yield "Pad", 18, [x4, i(1, 2, 0, 1), np.float32(-0.5), i(-1, 2)], {}
    yield "Pad", 19, [x4, i(1, 2, 0, 1), None, i(-1, 2)], {"mode": "wrap"}
    yield "Slice", 7, [x3], {"starts": [-2, 1], "ends": [100, -1], "axes": [1, 2]}
    yield "Slice", 10, [x3, i(-1), i(-100), i(2), i(-2)], {}
    yield "Slice", 13, [x3, i(1, 3, kind=np.int32), i(2**31 - 1, -(2**31), kind=np.int32), i(1, -1, kind=np.int32), i(1, -1, kind=np.int32)], {}
    yield "Slice", 13, [x3, i(-1), i(-(2**63)), i(0), i(-1)], {}
    yield "Squeeze", 7, [f(1, 3, 1)], {"axes": [2]}
    yield "Squeeze", 11, [f(1, 3, 1)], {"axes": [-3]}
    yield "Squeeze", 13, [f(1, 3, 1)], {}
    yield "Unsqueeze", 11, [f(3, 2)], {"axes": [-1, 0]}
    yield "Unsqueeze", 13, [f(3, 2), i(3, 1)], {}
    for opset in (7, 11, 13):
        for axes in ([1], [0, 2], [-1]):
            for operator in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", "ReduceProd"):
                if opset >= 11 or min(axes) >= 0:
                    yield operator, opset, [x3], {"axes": axes, "keepdims": len(axes) % 2}
        yield "ReduceMean", opset, [x3], {"keepdims": 0}
    yield "ReduceSum", 11, [x3], {"axes": [1]}
    yield "ReduceSum", 13, [x3, i()], {"noop_with_empty_axes": 1}
    yield "ReduceSum", 13, [x3, i(-1, 0)], {"keepdims": 0}
    yield "ReduceL2", 18, [x3, i(1)], {}
    for opset in (7, 9, 11, 13):
        yield "Gemm", opset, [f(3, 4), f(5, 4), f(5)], {"transB": 1, "alpha": 0.5, "beta": 1.5}
        yield "Gemm", opset, [f(4, 3), f(4, 5), f(3, 1)], {"transA": 1}
    yield "Gemm", 11, [f(3, 4), f(4, 5)], {}
    yield "Clip", 7, [x3], {"min": -0.5, "max": 1.0}
    yield "Clip", 11, [x3, np.float32(-0.5)], {}
    yield "Clip", 13, [x3, None, np.float32(0.5)], {}
    yield "Clip", 13, [x3, np.float32(0), np.float32(6)], {}
    yield "Clip", 13, [x3, np.float32(1), np.float32(-1)], {}
    yield "Dropout", 7, [x3], {"ratio": 0.3}
    yield "Dropout", 12, [x3, np.float32(0.3)], {}
    yield "TopK", 7, [x3], {"k": 2}
    yield "TopK", 10, [x3, i(2)], {"axis": 1}
    yield "TopK", 11, [x3, i(2)], {"axis": 0, "largest": 0}
    for opset in (7, 11, 19):
        for window in ({"pads": [1, 1, 1, 1]}, {"strides": [2, 2]}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, {"auto_pad": "SAME_LOWER"}):
            for include in (0, 1):
                yield "AveragePool", opset, [x4], {"kernel_shape": [3, 2], "count_include_pad": include, **window}
            yield "MaxPool", max(8, opset), [x4], {"kernel_shape": [3, 2], **window}
            yield "LpPool", opset, [x4], {"kernel_shape": [3, 2], "p": 2, **window}
    for include in (0, 1):
        yield "AveragePool", 19, [x4], {"kernel_shape": [3, 2], "count_include_pad": include, "ceil_mode": 1, "strides": [2, 3], "pads": [1, 0, 1, 1]}
        yield "AveragePool", 19, [x4], {"kernel_shape": [2, 2], "count_include_pad": include, "dilations": [2, 3], "pads": [1, 1, 0, 1]}
    yield "MaxPool", 12, [x4], {"kernel_shape": [2, 2], "dilations": [2, 2], "strides": [2, 2], "pads": [1, 1, 0, 0], "ceil_mode": 1}
    yield "GlobalLpPool", 7, [x4], {"p": 2}
    yield "GlobalMaxPool", 7, [x4], {}
    yield "LRN", 7, [f(2, 7, 3, 2)], {"size": 3, "alpha": 0.3, "beta": 0.6, "bias": 1.5}
    yield "LRN", 13, [f(2, 7, 3, 2)], {"size": 5}
    yield "LpNormalization", 7, [x3], {"axis": 1, "p": 2}
    yield "LpNormalization", 7, [x3], {"axis": -1, "p": 1}
    yield "MeanVarianceNormalization", 9, [x4], {}
    yield "InstanceNormalization", 7, [f(2, 3, 4), f(3), f(3)], {"epsilon": 1e-2}
    yield "GroupNormalization", 18, [f(2, 4, 3), f(2), f(2)], {"num_groups": 2}
    yield "GroupNormalization", 21, [f(2, 4, 3), f(4), f(4)], {"num_groups": 2}
    yield "DepthToSpace", 11, [f(1, 8, 2, 3)], {"blocksize": 2, "mode": "CRD"}
    yield "DepthToSpace", 7, [f(1, 8, 2, 3)], {"blocksize": 2}
    yield "SpaceToDepth", 7, [f(1, 2, 4, 6)], {"blocksize": 2}
    yield "PRelu", 7, [x4, f(3, 1, 1)], {}
    yield "Max", 8, [x3, f(4), f(3, 1)], {}
    yield "Min", 13, [x3, f(4), np.float32(0.1)], {}
    yield "Mean", 13, [x3, f(4), f(3, 1)], {}
    yield "Where", 9, [np.array([True, False, True]), f(2, 3), f(3)], {}
    yield "Expand", 8, [f(3, 1), i(2, 1, 4)], {}
    yield "Expand", 8, [f(2, 3, 4), i(3, 1)], {}
    yield "Scatter", 9, [f(3, 3), i(0, 2).reshape(1, 2), f(1, 2)], {"axis": 1}
    yield "ScatterND", 11, [f(4, 3), i(1, 3).reshape(2, 1), f(2, 3)], {}
    yield "ScatterElements", 16, [f(3, 3), i(0, 2, 0).reshape(1, 3), f(1, 3)], {"axis": 0, "reduction": "add"}
    yield "GatherND", 12, [f(2, 3, 4), i(1, 0).reshape(2, 1)], {"batch_dims": 1}
    yield "CumSum", 11, [x3, np.array(1, np.int32)], {"exclusive": 1, "reverse": 1}
    yield "Mod", 10, [i(-7, 7, -7), i(3, -3, -3)], {}
    yield "Mod", 10, [f(5), f(5)], {"fmod": 1}
    yield "Div", 7, [i(-7, 7, -8), i(2, -2, 3)], {}
    yield "Div", 13, [i(-7, 7, -8, kind=np.int32), i(2, -2, 3, kind=np.int32)], {}
    yield "Mul", 13, [i(2**31 - 1, 65537, kind=np.int32), i(3, 65537, kind=np.int32)], {}
    yield "Sub", 14, [i(3, 200, kind=np.uint8), i(5, 100, kind=np.uint8)], {}
    yield "Pow", 12, [f(4, low=0.5), np.float32(-1.5)], {}
    yield "Pow", 7, [f(4), np.float32(4)], {}
    yield "Pow", 13, [i(2, 3), i(3, 2)], {}
    yield "Pow", 15, [np.float32(1.5), f(4)], {}
    yield "Exp", 13, [f(4, kind=np.float16)], {}
    yield "Mul", 13, [f(4, kind=np.float16), f(4, kind=np.float16)], {}
    yield "Softmax", 13, [f(2, 4, kind=np.float16)], {}
    yield "LayerNormalization", 17, [x3, f(4), f(4)], {}
    yield "LayerNormalization", 17, [x3, f(3, 4), f(3, 4)], {"axis": 1}
    yield "LayerNormalization", 17, [x3, f(1), f(1)], {"axis": -1}
    yield "QuantizeLinear", 10, [f(4), np.float32(0.1), np.uint8(7)], {}
    yield "QuantizeLinear", 13, [f(2, 3), f(3, low=0.1), np.array([1, 0, -3], np.int8)], {"axis": 1}
    yield "DequantizeLinear", 10, [i(3, 250, kind=np.uint8), np.float32(0.1), np.uint8(7)], {}
    yield "DequantizeLinear", 13, [i(3, -5, 7, 9).astype(np.int8).reshape(2, 2), f(2, low=0.1), i(1, -2).astype(np.int8)], {"axis": 0}
    yield "DequantizeLinear", 21, [i(3, -5, 7, 9).astype(np.int8).reshape(2, 2), f(2, 1, low=0.1)], {"axis": 1, "block_size": 2}
    yield "MatMul", 9, [f(2, 3, 4), f(2, 4, 5)], {}
    yield "MatMul", 9, [f(3, 4), f(2, 4, 5)], {}
    yield "MatMul", 9, [f(4), f(2, 4, 5)], {}
    yield "MatMul", 9, [f(2, 3, 4), f(4)], {}
    yield "Trilu", 14, [f(2, 3, 4), np.array(1)], {"upper": 0}
    yield "Tile", 7, [f(2, 3), i(2, 3)], {}
    yield "EyeLike", 9, [f(3, 4)], {"k": -1}
    yield "OneHot", 9, [i(1, -1, 5), np.array(4), f(2)], {"axis": 0}
    for operator in ("Elu", "Selu", "Celu", "LeakyRelu", "HardSigmoid", "HardSwish", "Softplus", "Softsign", "Mish", "ThresholdedRelu", "Shrink"):
        yield operator, 18, [f(3, 5, low=-6, high=6)], {}
    for equation, shapes in (
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("...ij,...jk->...ik", [(2, 1, 3, 4), (2, 5, 4, 2)]), ("ii->i", [(4, 4)]),
        ("bhid,bhjd->bhij", [(2, 2, 3, 4), (2, 2, 5, 4)]), ("ij->", [(3, 4)]), ("ij->j", [(3, 4)]), ("i,j->ij", [(3,), (4,)]),
        ("bi,bi->b", [(3, 4), (3, 4)]), ("ijk,jil->kl", [(2, 3, 4), (3, 2, 5)]), ("a,b,c->abc", [(2,), (3,), (4,)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("bhwc,hkc->bhwk", [(2, 3, 4, 5), (3, 6, 5)]), ("ij,kl->il", [(2, 3), (4, 5)]),
        ("ba,cd", [(2, 3), (4, 5)]), ("i...->...", [(3, 4, 2)]), ("bij,b->bij", [(2, 3, 4), (2,)]), ("bij,bij->", [(2, 3, 4), (2, 3, 4)]),
        ("biik->bik", [(2, 3, 3, 4)]), ("...a,...b", [(2, 3), (2, 4)]),
    ):
        yield "Einsum", 12, [f(*shape) for shape in shapes], {"equation": equation}


def convolutions():
    for name, channels, shape, weight, attributes in (
        ("1d", 4, (9,), (6, 4, 3), {"pads": [1, 0], "strides": [2]}),
        ("1d_group", 4, (9,), (6, 2, 3), {"group": 2, "dilations": [2]}),
        ("2d", 3, (7, 6), (5, 3, 3, 2), {"pads": [1, 0, 2, 1], "strides": [2, 1], "dilations": [1, 2]}),
        ("2d_depth", 3, (7, 6), (6, 1, 3, 3), {"group": 3, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("2d_lower", 3, (7, 6), (4, 3, 2, 4), {"auto_pad": "SAME_LOWER"}),
        ("2d_valid", 3, (7, 6), (4, 3, 2, 4), {"auto_pad": "VALID", "strides": [3, 2]}),
        ("3d", 2, (4, 5, 3), (3, 2, 2, 3, 1), {"pads": [1, 1, 0, 0, 1, 0], "strides": [1, 2, 1]}),
    ):
        for batch in (1, 2):
            for bias in (None, f(weight[0])):
                yield f"Conv_{name}_{batch}_{bias is not None}", "Conv", [f(batch, channels, *shape), f(*weight), bias], attributes
    for name, channels, shape, weight, attributes in (
        ("1d", 4, (5,), (4, 3, 3), {"strides": [2], "pads": [1, 0], "output_padding": [1]}),
        ("2d", 3, (4, 5), (3, 2, 3, 2), {"strides": [2, 3], "dilations": [2, 1], "pads": [1, 0, 0, 1]}),
        ("2d_group", 4, (4, 5), (4, 3, 2, 2), {"strides": [2, 2], "group": 2}),
        ("2d_shape", 3, (4, 5), (3, 2, 3, 3), {"strides": [3, 2], "output_shape": [12, 10]}),
        ("2d_same", 3, (4, 5), (3, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        ("2d_lower", 3, (4, 5), (3, 2, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
        ("2d_wide", 3, (4, 5), (3, 2, 3, 3), {"pads": [2, 2, 2, 2]}),
        ("3d", 2, (3, 2, 4), (2, 2, 2, 2, 2), {"strides": [2, 1, 2]}),
    ):
        for batch in (1, 2):
            yield f"ConvTranspose_{name}_{batch}", "ConvTranspose", [f(batch, channels, *shape), f(*weight), f(weight[1] * attributes.get("group", 1))], attributes


def microsoft():
    """(name, operator, inputs, outputs, attributes)"""
    x, wide = f(2, 4, 6), f(2, 4, 8)
    yield "gelu", "Gelu", [x], 1, {}
    yield "fast_gelu", "FastGelu", [x], 1, {}
    yield "fast_gelu_bias", "FastGelu", [x, f(6)], 1, {}
    yield "bias_gelu", "BiasGelu", [x, f(6)], 1, {}
    yield "quick_gelu", "QuickGelu", [x], 1, {}
    yield "quick_gelu_alpha", "QuickGelu", [x], 1, {"alpha": 1.0}
    yield "bias_split_gelu", "BiasSplitGelu", [wide, f(8)], 1, {}
    yield "fused_matmul", "FusedMatMul", [f(2, 4, 3), f(2, 5, 4)], 1, {"transA": 1, "transB": 1, "alpha": 0.25}
    yield "fused_matmul_batch", "FusedMatMul", [f(4, 2, 3), f(2, 3, 5)], 1, {"transBatchA": 1}
    yield "fused_matmul_batch_trans", "FusedMatMul", [f(3, 2, 4), f(2, 3, 5)], 1, {"transBatchA": 1, "transA": 1}
    for activation in ("Relu", "Sigmoid", "Tanh", "LeakyRelu"):
        yield f"fused_gemm_{activation}", "FusedGemm", [f(3, 4), f(4, 5), f(5)], 1, {"activation": activation, "activation_alpha": 0.2} if activation == "LeakyRelu" else {"activation": activation}
        extra = {"activation_params": [0.2]} if activation == "LeakyRelu" else {}
        yield f"fused_conv_{activation}", "FusedConv", [f(1, 3, 5, 5), f(4, 3, 3, 3), f(4)], 1, {"activation": activation, **extra}
    yield "fused_conv_sum", "FusedConv", [f(1, 3, 5, 5), f(4, 3, 3, 3), f(4), f(1, 4, 3, 3)], 1, {"activation": "Relu"}
    yield "fused_conv_clip", "FusedConv", [f(1, 3, 5, 5), f(4, 3, 3, 3)], 1, {"activation": "Clip", "activation_params": [0.0, 6.0]}
    yield "skip_norm", "SkipLayerNormalization", [x, f(2, 4, 6), f(6), f(6), f(6)], ["y", "", "", "sum"], {"epsilon": 1e-5}
    yield "skip_norm_plain", "SkipLayerNormalization", [x, f(2, 4, 6), f(6)], 1, {}
    yield "skip_rms", "SkipSimplifiedLayerNormalization", [x, f(2, 4, 6), f(6), f(6)], ["y", "", "", "sum"], {}
    for extra in ({}, {"unidirectional": 1}, {"scale": 0.3}):
        key = "_".join(extra)
        yield f"attention_{key}", "Attention", [x, f(6, 24), f(24)], 1, {"num_heads": 2, **extra}
        yield f"mha_{key}", "MultiHeadAttention", [wide, f(2, 4, 8), f(2, 4, 8)], 1, {"num_heads": 2, **extra}
    yield "attention_sizes", "Attention", [x, f(6, 20), f(20)], 1, {"num_heads": 2, "qkv_hidden_sizes": [8, 8, 4]}
    yield "attention_bias", "Attention", [x, f(6, 24), f(24), None, None, f(2, 2, 4, 4)], 1, {"num_heads": 2}
    yield "attention_mask", "Attention", [x, f(6, 24), f(24), i(3, 4, kind=np.int32)], 1, {"num_heads": 2}
    yield "mha_bias", "MultiHeadAttention", [wide, f(2, 5, 8), f(2, 5, 4), f(20)], 1, {"num_heads": 2}
    yield "mha_cross", "MultiHeadAttention", [wide, f(2, 5, 8), f(2, 5, 8)], 1, {"num_heads": 4}
    yield "mha_bias_added", "MultiHeadAttention", [wide, f(2, 5, 8), f(2, 5, 8), None, None, f(1, 1, 4, 5)], 1, {"num_heads": 4}
    yield "mha_four_axes", "MultiHeadAttention", [wide, f(2, 2, 5, 4), f(2, 2, 5, 4)], 1, {"num_heads": 2}
    yield "quantize", "QuantizeLinear", [f(4), np.float32(0.1), np.uint8(7)], 1, {}
    yield "dequantize", "DequantizeLinear", [i(3, 250, kind=np.uint8), np.float32(0.1), np.uint8(7)], 1, {}


def main(target: str) -> None:
    folder = Path(target)
    for number, (operator, opset, inputs, attributes) in enumerate(old_sets()):
        write(folder, f"{operator}_{opset}_{number}", operator, opset, inputs, outputs=2 if operator == "TopK" else 1, **attributes)
    for name, operator, inputs, attributes in convolutions():
        write(folder, name, operator, 17, inputs, **attributes)
    x = f(2, 4, 6)
    for opset in (11, 13, 18):
        write(folder, f"Split_{opset}", "Split", opset, [x], outputs=2, axis=2, **({"num_outputs": 2} if opset == 18 else {}))
    write(folder, "Split_uneven", "Split", 18, [f(7, 2)], outputs=3, num_outputs=3)
    write(folder, "Split_sizes", "Split", 11, [f(7, 2)], outputs=3, split=[2, 4, 1])
    write(folder, "Simplified", "SimplifiedLayerNormalization", 17, [x, f(6)], axis=-1, epsilon=1e-5, stash_type=1)
    for name, operator, inputs, outputs, attributes in microsoft():
        write(folder, f"microsoft_{name}", operator, 17, inputs, outputs, domain=MICROSOFT, **attributes)
    print(f"{sum(1 for _ in folder.iterdir())} cases in {target}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
