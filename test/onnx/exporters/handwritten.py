"""Vision Transformers written by hand in the ways in which people write them. One set of weights, many spellings:
networks of one family (`own-ln…`, `own-rms…`) compute the same function up to rounding.
"""
import math
from typing import Callable

import torch
import torch.nn.functional as F
from torch import nn

DIM, HEADS, HIDDEN, TOKENS, CLASSES = 24, 3, 48, 16, 5
HEAD = DIM // HEADS
BLOCKS = 2
EPS = 1e-6


def shrink() -> None:
    global DIM, HEADS, HIDDEN, HEAD, BLOCKS
    DIM, HEADS, HIDDEN, HEAD, BLOCKS = 12, 2, 24, 6, 1


# Norms: (x, weight, bias) -> y

def ln_module(x, w, b):
    return F.layer_norm(x, (DIM,), w, b, EPS)


def ln_rsqrt(x, w, b):
    mean = x.mean(-1, keepdim=True)
    variance = (x - mean).pow(2).mean(-1, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + EPS) * w + b


def ln_moments(x, w, b):
    """Variance as E[x^2] - E[x]^2."""
    mean = x.mean(-1, keepdim=True)
    variance = (x * x).mean(-1, keepdim=True) - mean * mean
    return (x - mean) / torch.sqrt(variance + EPS) * w + b


def ln_power(x, w, b):
    mean = x.sum(-1, keepdim=True) / DIM
    centred = x - mean
    return w * (centred * ((centred * centred).sum(-1, keepdim=True) / DIM + EPS) ** -0.5) + b


def ln_var(x, w, b):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + EPS).sqrt() * w + b


def ln_upcast(x, w, b):
    y = x.float()
    mean = y.mean(-1, keepdim=True)
    y = (y - mean) * torch.rsqrt((y - mean).square().mean(-1, keepdim=True) + EPS)
    return y.to(x.dtype) * w + b


def ln_channels_first(x, w, b):
    """ConvNeXt's norm over axis 1."""
    y = x.transpose(1, 2)
    mean = y.mean(1, keepdim=True)
    variance = (y - mean).pow(2).mean(1, keepdim=True)
    y = (y - mean) / torch.sqrt(variance + EPS)
    return (w[:, None] * y + b[:, None]).transpose(1, 2)


def rms_rsqrt(x, w, b):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * w


def rms_llama(x, w, b):
    y = x.to(torch.float32)
    return w * (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + EPS)).to(x.dtype)


def rms_divide(x, w, b):
    return w * x / torch.sqrt(torch.mean(x * x, -1, keepdim=True) + EPS)


def rms_power(x, w, b):
    return w * (x * torch.pow((x * x).sum(-1, keepdim=True) / DIM + EPS, -0.5))


def rms_module(x, w, b):
    return F.rms_norm(x, (DIM,), w, EPS)


# Activations

def gelu_erf(x):
    return F.gelu(x)


def gelu_spelled(x):
    return x * 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))


def gelu_phi(x):
    return x * (torch.erf(x * 0.7071067811865475) * 0.5 + 0.5)


def gelu_erfc(x):
    return 0.5 * x - 0.5 * x * torch.erf(-x / 2**0.5)


# Attention: (scores) -> probabilities

def softmax_module(s):
    return s.softmax(-1)


def softmax_plain(s):
    e = torch.exp(s)
    return e / e.sum(-1, keepdim=True)


def softmax_max(s):
    e = torch.exp(s - s.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def softmax_max_keep(s):
    e = (s - s.max(-1, keepdim=True)[0]).exp()
    return e * (1.0 / torch.sum(e, dim=-1, keepdim=True))


def softmax_log(s):
    return torch.exp(F.log_softmax(s, -1))


def softmax_lse(s):
    return torch.exp(s - torch.logsumexp(s, -1, keepdim=True))


def softmax_upcast(s):
    return F.softmax(s, dim=-1, dtype=torch.float32).to(s.dtype)


# Products: (q, k, v [B, H, N, d], softmax) -> [B, H, N, d]

def product_scores(q, k, v, softmax):
    return softmax(q @ k.transpose(-2, -1) / math.sqrt(HEAD)) @ v


def product_query(q, k, v, softmax):
    return softmax((q * HEAD**-0.5) @ k.transpose(-2, -1)) @ v


def product_key(q, k, v, softmax):
    return softmax(q @ (k * HEAD**-0.5).transpose(-2, -1)) @ v


def product_both(q, k, v, softmax):
    s = HEAD**-0.25
    return softmax((q * s) @ (k * s).transpose(-2, -1)) @ v


def product_einsum(q, k, v, softmax):
    scores = torch.einsum("bhid,bhjd->bhij", q, k) * HEAD**-0.5
    return torch.einsum("bhij,bhjd->bhid", softmax(scores), v)


def product_swapped(q, k, v, softmax):
    """Keys times queries: scores stand on their side."""
    scores = (k @ q.transpose(-2, -1)) * HEAD**-0.5
    return (v.transpose(-2, -1) @ softmax(scores.transpose(-2, -1)).transpose(-2, -1)).transpose(-2, -1)


def product_bmm(q, k, v, softmax):
    b = q.shape[0]
    flat = [t.reshape(-1, TOKENS, HEAD) for t in (q, k, v)]
    scores = torch.baddbmm(torch.zeros(1, 1, 1), flat[0], flat[1].transpose(1, 2), beta=0, alpha=HEAD**-0.5)
    return torch.bmm(softmax(scores), flat[2]).reshape(b, HEADS, TOKENS, HEAD)


def product_sdpa(q, k, v, softmax):
    return F.scaled_dot_product_attention(q, k, v)


# Projections: (block, x) -> q, k, v [B, H, N, d]

def heads(x):
    return x.reshape(-1, TOKENS, HEADS, HEAD).transpose(1, 2)


def qkv_permute(block, x):
    qkv = F.linear(x, block.qkv_weight, block.qkv_bias)
    return qkv.reshape(-1, TOKENS, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4).unbind(0)


def qkv_chunk(block, x):
    return [heads(t) for t in F.linear(x, block.qkv_weight, block.qkv_bias).chunk(3, -1)]


def qkv_split_heads(block, x):
    qkv = heads_of_three(F.linear(x, *interleaved(block)))
    return qkv[..., :HEAD], qkv[..., HEAD:2 * HEAD], qkv[..., 2 * HEAD:]


def heads_of_three(x):
    return x.reshape(-1, TOKENS, HEADS, 3 * HEAD).transpose(1, 2)


def interleaved(block):
    """The same weights, rows in the order head, q/k/v, channel."""
    order = torch.arange(3 * DIM).reshape(3, HEADS, HEAD).permute(1, 0, 2).reshape(-1)
    return block.qkv_weight[order], block.qkv_bias[order]


def qkv_separate(block, x):
    weights = zip(block.qkv_weight.chunk(3, 0), block.qkv_bias.chunk(3, 0))
    return [heads(F.linear(x, w, b)) for w, b in weights]


def qkv_gemm(block, x):
    flat = x.reshape(-1, DIM)
    weights = zip(block.qkv_weight.chunk(3, 0), block.qkv_bias.chunk(3, 0))
    return [heads(torch.addmm(b, flat, w.t())) for w, b in weights]


def qkv_einsum(block, x):
    w = block.qkv_weight.reshape(3, HEADS, HEAD, DIM)
    qkv = torch.einsum("bnc,thdc->tbhnd", x, w) + block.qkv_bias.reshape(3, 1, HEADS, 1, HEAD)
    return qkv[0], qkv[1], qkv[2]


def qkv_conv(block, x):
    """1x1 convolution over tokens."""
    y = F.conv1d(x.transpose(1, 2), block.qkv_weight[:, :, None], block.qkv_bias)
    return y.reshape(-1, 3, HEADS, HEAD, TOKENS).permute(1, 0, 2, 4, 3).unbind(0)


class Block(nn.Module):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts
        shapes = dict(n1_weight=(DIM,), n1_bias=(DIM,), qkv_weight=(3 * DIM, DIM), qkv_bias=(3 * DIM,),
                      out_weight=(DIM, DIM), out_bias=(DIM,), ls1_gamma=(DIM,), n2_weight=(DIM,), n2_bias=(DIM,),
                      up_weight=(HIDDEN, DIM), up_bias=(HIDDEN,), down_weight=(DIM, HIDDEN), down_bias=(DIM,),
                      ls2_gamma=(DIM,))
        for name, shape in shapes.items():
            fill = torch.randn(shape, generator=torch.Generator().manual_seed(len(name) + sum(map(ord, name))))
            self.register_parameter(name, nn.Parameter(fill / (DIM**0.5 if len(shape) > 1 else 2)))

    def forward(self, x):
        p = self.parts
        q, k, v = p["qkv"](self, p["norm"](x, self.n1_weight, self.n1_bias))
        y = p["product"](q, k, v, p["softmax"]).transpose(1, 2).reshape(-1, TOKENS, DIM)
        x = x + self.ls1_gamma * F.linear(y, self.out_weight, self.out_bias)
        y = F.linear(p["norm"](x, self.n2_weight, self.n2_bias), self.up_weight, self.up_bias)
        y = F.linear(p["act"](y), self.down_weight, self.down_bias)
        return y * self.ls2_gamma + x


class Vit(nn.Module):
    def __init__(self, **parts):
        super().__init__()
        defaults = dict(norm=ln_module, act=gelu_erf, softmax=softmax_module, product=product_scores,
                        qkv=qkv_permute, stem="conv", pool="mean")
        self.parts = {**defaults, **parts}
        self.patch = nn.Conv2d(3, DIM, 4, 4)
        self.pos_embed = nn.Parameter(torch.zeros(1, TOKENS, DIM))
        self.blocks = nn.ModuleList([Block(self.parts) for _ in range(BLOCKS)])
        self.last_weight = nn.Parameter(torch.ones(DIM))
        self.last_bias = nn.Parameter(torch.zeros(DIM))
        self.head = nn.Linear(DIM, CLASSES)

    def embed(self, x):
        if self.parts["stem"] == "conv":
            return self.patch(x).flatten(2).transpose(1, 2)
        patches = x.reshape(-1, 3, 4, 4, 4, 4).permute(0, 2, 4, 1, 3, 5)
        if self.parts["stem"] == "unfold":
            return F.unfold(x, 4, stride=4).transpose(1, 2) @ self.patch.weight.flatten(1).t() + self.patch.bias
        return F.linear(patches.reshape(-1, TOKENS, 48), self.patch.weight.flatten(1), self.patch.bias)

    def forward(self, x):
        x = self.embed(x) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        if self.parts["pool"] == "mean":
            x = x.mean(1)
        elif self.parts["pool"] == "sum":
            x = x.sum(1) / TOKENS
        else:
            x = F.adaptive_avg_pool1d(x.transpose(1, 2), 1).flatten(1)
        return self.head(self.parts["norm"](x[:, None], self.last_weight, self.last_bias)[:, 0])


def network(**parts) -> Callable[[], nn.Module]:
    return lambda: Vit(**parts)


LN = {
    "base": {},
    "norm-rsqrt": dict(norm=ln_rsqrt),
    "norm-moments": dict(norm=ln_moments),
    "norm-power": dict(norm=ln_power),
    "norm-var": dict(norm=ln_var),
    "norm-upcast": dict(norm=ln_upcast),
    "norm-first": dict(norm=ln_channels_first),
    "gelu-spelled": dict(act=gelu_spelled),
    "gelu-phi": dict(act=gelu_phi),
    "gelu-erfc": dict(act=gelu_erfc),
    "softmax-plain": dict(softmax=softmax_plain),
    "softmax-max": dict(softmax=softmax_max),
    "softmax-keep": dict(softmax=softmax_max_keep),
    "softmax-log": dict(softmax=softmax_log),
    "softmax-lse": dict(softmax=softmax_lse),
    "softmax-upcast": dict(softmax=softmax_upcast),
    "scale-query": dict(product=product_query),
    "scale-key": dict(product=product_key),
    "scale-both": dict(product=product_both),
    "einsum": dict(product=product_einsum, qkv=qkv_einsum),
    "swapped": dict(product=product_swapped),
    "bmm": dict(product=product_bmm),
    "sdpa": dict(product=product_sdpa),
    "qkv-chunk": dict(qkv=qkv_chunk),
    "qkv-heads": dict(qkv=qkv_split_heads),
    "qkv-separate": dict(qkv=qkv_separate, product=product_query),
    "qkv-gemm": dict(qkv=qkv_gemm),
    "qkv-conv": dict(qkv=qkv_conv),
    "stem-linear": dict(stem="linear"),
    "stem-unfold": dict(stem="unfold"),
    "pool-sum": dict(pool="sum"),
    "pool-adaptive": dict(pool="adaptive"),
}
RMS = {
    "base": dict(norm=rms_rsqrt),
    "llama": dict(norm=rms_llama),
    "divide": dict(norm=rms_divide),
    "power": dict(norm=rms_power),
    "module": dict(norm=rms_module),
}
NETWORKS = {
    **{f"own-ln_{name}": network(**parts) for name, parts in LN.items()},
    **{f"own-rms_{name}": network(**parts) for name, parts in RMS.items()},
}
