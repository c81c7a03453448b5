"""The digits model by hand: a pre-LN ViT with class token in float64; the ONNX file gives the weights only.

Part of the oracle; the conventions stand in README.md.
"""
import math

import numpy as np
import onnx
from onnx import numpy_helper

HEADS = 4  # from the model card; the comparison with ONNX Runtime's logits would notice a wrong one


def load_network(path):
    """Weights of the file, float32 widened to float64; a linear is (W [in, out], b [out])."""
    graph = onnx.load(str(path)).graph
    value = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in graph.initializer}
    nodes = {n.name: n for n in graph.node}

    def linear(folder):
        weight = nodes[f"/{folder}/MatMul"].input[1]  # the exporter gave transposed weights new names
        return value[weight], value[folder.replace("/", ".") + ".bias"]

    def norm(folder):
        attributes = {a.name: a.f for a in nodes[f"/{folder}/LayerNormalization"].attribute}
        name = folder.replace("/", ".")
        return value[name + ".weight"], value[name + ".bias"], attributes["epsilon"]

    def block(b):
        linears = ("attn/qkv", "attn/proj", "mlp/fc1", "mlp/fc2")
        norms = {name: norm(f"blocks.{b}/{name}") for name in ("norm1", "norm2")}
        return norms | {f.split("/")[1]: linear(f"blocks.{b}/{f}") for f in linears}

    depth = sum(name.endswith("/norm1/LayerNormalization") for name in nodes)
    return {
        "patch": (value["patch.weight"], value["patch.bias"]),
        "cls": value["cls"],
        "pos": value["pos"],
        "blocks": [block(b) for b in range(depth)],
        "norm": norm("norm"),
        "head": (value["head.weight"].T, value["head.bias"]),
    }


def affine(x, linear):
    weight, bias = linear
    return x @ weight + bias


def layer_norm(x, parameters):
    gamma, beta, epsilon = parameters
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + epsilon) * gamma + beta


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x):
    """The exact form, with the square root of 2 in float64, not as the file's float32 constant."""
    erf = np.fromiter(map(math.erf, (x / math.sqrt(2.0)).ravel().tolist()), np.float64, x.size)
    return 0.5 * x * (1.0 + erf.reshape(x.shape))


def embed(net, pixels):
    """uint8 [images, 8, 8] to tokens [images, 1 + patches, C]: class token first, patches row by row."""
    weight, bias = net["patch"]
    x = (pixels.astype(np.float64) / 16 - 0.5) / 0.5
    images, side = len(x), weight.shape[-1]
    rows = x.shape[1] // side
    patches = x.reshape(images, rows, side, rows, side).transpose(0, 1, 3, 2, 4)
    tokens = patches.reshape(images, rows * rows, -1) @ weight.reshape(len(weight), -1).T + bias
    return np.concatenate([np.repeat(net["cls"], images, 0), tokens], 1) + net["pos"]


def split_heads(qkv):
    """[images, N, 3C] to q, k, v, each [images, heads, N, C / heads]."""
    images, tokens, width = qkv.shape
    return qkv.reshape(images, tokens, 3, HEADS, width // 3 // HEADS).transpose(2, 0, 3, 1, 4)


def merge_heads(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


def transposed(k):
    return k.transpose(0, 1, 3, 2)


def forward(net, tokens, site=lambda block, name, a: a):
    """Logits; site() sees, and may replace, the activation before each linear and each product."""
    x = tokens
    for b, w in enumerate(net["blocks"]):
        q, k, v = split_heads(affine(site(b, "fc_qkv", layer_norm(x, w["norm1"])), w["qkv"]))
        q, k, v = site(b, "q", q), site(b, "k", k), site(b, "v", v)
        s = site(b, "s", softmax(q @ transposed(k) * q.shape[-1] ** -0.5))
        x = x + affine(site(b, "fc_out", merge_heads(s @ v)), w["proj"])
        h = affine(site(b, "fc1", layer_norm(x, w["norm2"])), w["fc1"])
        x = x + affine(site(b, "fc2", gelu(h)), w["fc2"])
    return affine(layer_norm(x[:, 0], net["norm"]), net["head"])
