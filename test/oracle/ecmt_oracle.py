#!/usr/bin/env python3
"""Independent oracle of ECMT's Algorithm 1 (ACM MM 2024, coding `rate`) on the digits model, in float64.

It shares nothing with the TypeScript sources. README.md beside this file is the contract: every convention
that the numbers depend on is stated there. Equation numbers are the paper's.
"""
import argparse
from functools import partial
from pathlib import Path

import numpy as np

from digits_vit import (affine, embed, forward, gelu, layer_norm, load_network, merge_heads, softmax,
                        split_heads, transposed)

ROOT = Path(__file__).resolve().parents[2]
SITES = ("fc_qkv", "q", "k", "v", "s", "fc_out", "fc1", "fc2")
LEVELS = 8
STEPS = 8
GOLDEN_IMAGES = 40
CALIBRATION_BATCH = 64
NEAR_TIE = 1e-9  # in units of theta
AC_PJ, MAC_PJ = 0.9, 4.6  # Eq. 30


# ---- Calibration ------------------------------------------------------------------------------------------

def kth_smallest(values, k):
    """k counts from 1 and is at least 1."""
    index = max(k, 1) - 1
    return np.partition(values, index)[index]


def calibrate(net, pixels):
    """theta1, theta2 as [blocks, sites, 2]: means over batches of signed order statistics, p = 0.99."""
    total = np.zeros((len(net["blocks"]), len(SITES), 2))

    def probe(block, name, a):
        flat, n = a.ravel(), a.size
        total[block, SITES.index(name)] += kth_smallest(flat, n * 99 // 100), -kth_smallest(flat, n // 100)
        return a

    starts = range(0, len(pixels), CALIBRATION_BATCH)
    for start in starts:
        forward(net, embed(net, pixels[start:start + CALIBRATION_BATCH]), probe)
    return total / len(starts)


# ---- Neurons and compensation, unfused --------------------------------------------------------------------

def fire(m, theta):
    """Eqs. 22-25 with symmetric ties: first hit from the top; a side whose theta is <= 0 never fires."""
    x = np.zeros_like(m)
    silent = np.ones(m.shape, bool)
    for k in reversed(range(LEVELS)):
        for sign, base in zip((1.0, -1.0), theta):
            if base > 0:
                hit = silent & (sign * m >= 2.0 ** k * base - base / 2)
                x[hit] = sign * 2.0 ** k * base
                silent &= ~hit
    return x


def edge_distance(m, theta):
    """Distance of each membrane potential to the nearest firing edge, in units of that edge's theta."""
    nearest = np.full(m.shape, np.inf)
    for sign, base in zip((1.0, -1.0), theta):
        for k in range(LEVELS if base > 0 else 0):
            np.minimum(nearest, np.abs(sign * m / base - (2.0 ** k - 0.5)), out=nearest)
    return nearest


class Mt:
    """Multi-threshold neuron (Eqs. 19-25), v(0) = 0, soft reset; theta None lets the current through."""

    def __init__(self, theta):
        self.theta, self.v, self.m, self.x = theta, 0.0, None, None

    def __call__(self, current):
        if self.theta is None:
            return current
        self.m = self.v + current
        self.x = fire(self.m, self.theta)
        self.v = self.m - self.x
        return self.x


class Ec:
    """Expectation compensation of a function (Eq. 15): t F(S/t) - (t - 1) F(S'/(t - 1))."""

    def __init__(self, function):
        self.function, self.t, self.sum = function, 0, 0.0

    def __call__(self, x):
        before = self.t * self.function(self.sum / self.t) if self.t else 0.0
        self.sum, self.t = self.sum + x, self.t + 1
        return self.t * self.function(self.sum / self.t) - before


class EcMatmul:
    """Expectation compensation of a product of two spiking operands (Eqs. 16-18)."""

    def __init__(self):
        self.t, self.a, self.b, self.k = 0, 0.0, 0.0, 0.0

    def __call__(self, x, y):
        self.t, self.a, self.b = self.t + 1, self.a + x, self.b + y
        change = x @ self.b + self.a @ y - x @ y
        self.k = self.k + change
        return change if self.t == 1 else change / (self.t - 1) - self.k / (self.t * (self.t - 1))


class Snn:
    """The spiking network's state for one batch of images; thresholds None switches all MT neurons off."""

    def __init__(self, net, thresholds):
        def norm(parameters):
            return Ec(partial(layer_norm, parameters=parameters))

        def mt(block):
            return {s: Mt(None if thresholds is None else thresholds[block, j]) for j, s in enumerate(SITES)}

        self.net, self.norm = net, norm(net["norm"])
        self.blocks = [
            {"norm1": norm(w["norm1"]), "qk": EcMatmul(), "softmax": Ec(softmax), "sv": EcMatmul(),
             "norm2": norm(w["norm2"]), "gelu": Ec(gelu), "mt": mt(b)}
            for b, w in enumerate(net["blocks"])
        ]

    def step(self, tokens):
        """Logits of one timestep; image, class token, positions and every bias enter in full each time."""
        x = tokens
        for w, u in zip(self.net["blocks"], self.blocks):
            mt = u["mt"]
            q, k, v = split_heads(affine(mt["fc_qkv"](u["norm1"](x)), w["qkv"]))
            q, k, v = mt["q"](q), mt["k"](k), mt["v"](v)
            s = mt["s"](u["softmax"](u["qk"](q, transposed(k)) * q.shape[-1] ** -0.5))
            x = x + affine(mt["fc_out"](merge_heads(u["sv"](s, v))), w["proj"])
            h = affine(mt["fc1"](u["norm2"](x)), w["fc1"])
            x = x + affine(mt["fc2"](u["gelu"](h)), w["fc2"])
        return affine(self.norm(x[:, 0]), self.net["head"])

    def neurons(self):
        """All MT populations, block by block, in the order of SITES."""
        return [u["mt"][s] for u in self.blocks for s in SITES]

    def spikes(self):
        """Nonzero x of the last step, [blocks, sites]."""
        return np.reshape([np.count_nonzero(n.x) for n in self.neurons()], (len(self.blocks), len(SITES)))

    def accumulations(self):
        """ACs of the last step in the paper's count, head left out, [blocks, (linear, qk, sv)]."""
        return np.array([block_acs(w, u) for w, u in zip(self.net["blocks"], self.blocks)])


# ---- Counting (Eq. 30) ------------------------------------------------------------------------------------

def block_acs(w, u):
    x = {s: u["mt"][s].x for s in SITES}
    targets = {"fc_qkv": "qkv", "fc_out": "proj", "fc1": "fc1", "fc2": "fc2"}
    linear = sum(np.count_nonzero(x[s]) * w[name][0].shape[1] for s, name in targets.items())
    return linear, pair_count(x["q"], transposed(x["k"]), u["qk"]), pair_count(x["s"], x["v"], u["sv"])


def pair_count(x, y, product):
    """Sum of a b + a B + A b over the contracted index; A, B count nonzero sums after the step."""
    a, sum_a = (np.count_nonzero(z, axis=-2) for z in (x, product.a))
    b, sum_b = (np.count_nonzero(z, axis=-1) for z in (y, product.b))
    return int((a * b + a * sum_b + sum_a * b).sum())


def ann_macs(net):
    """MACs of one image and of its head; the patch embedding is not counted."""
    tokens, width = net["pos"].shape[1:]
    linear = sum(tokens * w[name][0].size for w in net["blocks"] for name in ("qkv", "proj", "fc1", "fc2"))
    head = net["head"][0].size
    return linear + len(net["blocks"]) * 2 * tokens ** 2 * width + head, head


# ---- Runs and checks --------------------------------------------------------------------------------------

def run(net, thresholds, pixels):
    """All timesteps of one batch: mean logits, spikes, ACs, smallest distance to an edge, near ties."""
    snn, tokens, total = Snn(net, thresholds), embed(net, pixels), 0.0
    logits, spikes, acs, nearest, near_ties = [], [], [], np.inf, 0
    for t in range(1, STEPS + 1):
        total = total + snn.step(tokens)
        logits.append(total / t)
        spikes.append(snn.spikes())
        acs.append(snn.accumulations())
        for neuron in snn.neurons():
            distance = edge_distance(neuron.m, neuron.theta)
            nearest = min(nearest, distance.min())
            near_ties += np.count_nonzero(distance < NEAR_TIE)
    return np.stack(logits, 1), np.stack(spikes, -1), np.stack(acs, -1), nearest, near_ties


def check_lossless(net, tokens, steps=16):
    """MT off: the readout at every t is the plain network of the mean input, though each step's differs."""
    noise = np.random.default_rng(0).normal(size=(steps, *tokens.shape))
    snn, given, total, worst = Snn(net, None), 0.0, 0.0, 0.0
    for t in range(1, steps + 1):
        given, total = given + tokens + noise[t - 1], total + snn.step(tokens + noise[t - 1])
        worst = max(worst, np.abs(total / t - forward(net, given / t)).max())
    assert worst < 1e-12, f"expectation compensation is not lossless: {worst}"
    return worst


def check_fused(net, thresholds, tokens):
    """The fused neuron m = t F(S/t) - E, walked on running means, spikes as the unfused one does.

    Returns the spikes compared, the mismatches, and the largest differences of m (in theta) and of logits.
    """
    snn, emitted, seen, total = Snn(net, thresholds), {}, [], 0.0
    spikes, mismatches, gap, logit_gap = 0, 0, 0.0, 0.0
    for t in range(1, STEPS + 1):

        def neuron(block, name, mean, t=t):
            sent = emitted.get((block, name), 0.0)
            m = t * mean - sent
            x = fire(m, thresholds[block, SITES.index(name)])
            emitted[block, name] = sent + x
            seen.append((m, x))
            return (sent + x) / t

        seen.clear()
        total = total + snn.step(tokens)
        logit_gap = max(logit_gap, np.abs(forward(net, tokens, neuron) - total / t).max())
        for unfused, (m, x) in zip(snn.neurons(), seen, strict=True):
            spikes += np.count_nonzero(unfused.x)
            mismatches += np.count_nonzero(unfused.x != x)
            gap = max(gap, np.abs(unfused.m - m).max() / min(t for t in unfused.theta if t > 0))
    assert mismatches == 0, f"{mismatches} of {spikes} spikes differ between fused and unfused"
    return spikes, gap, logit_gap


def print_report(golden, thetas):
    for name in ("correct", "energy_ratio"):
        print(f"{name:14}", *(f"{v:.4g}" for v in golden[name]))
    for j, site in enumerate(SITES):
        print(f"theta {site:8}", "  ".join(f"{a:.6f} {b:.6f}" for a, b in thetas[:, j]))


def parse_arguments():
    digits = ROOT / "examples" / "digits"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=digits / "vit-digits.onnx")
    parser.add_argument("--test", type=Path, default=digits / "digits-test.npz",
                        help="the file digits-logits.npz is looked for beside it")
    parser.add_argument("--calib", type=Path, default=digits / "digits-calib.npz")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("ecmt-digits.npz"))
    return parser.parse_args()


def main():
    args = parse_arguments()
    net, test = load_network(args.model), np.load(args.test)
    images, labels, tokens = test["images"], test["labels"], embed(net, test["images"])
    ann = forward(net, tokens)
    error = np.abs(ann - np.load(args.test.with_name("digits-logits.npz"))["logits"]).max()
    assert error < 1e-4, f"the plain network is not ONNX Runtime's: {error}"
    thetas = calibrate(net, np.load(args.calib)["images"])
    first = tokens[:GOLDEN_IMAGES]
    print(f"plain network against ONNX Runtime: {error:.2e}; lossless: {check_lossless(net, first):.2e}")
    print("fused against unfused: {} equal spikes, m {:.2e} theta, logits {:.2e}".format(
        *check_fused(net, thetas, first)))

    runs = [run(net, thetas, images[i:i + GOLDEN_IMAGES]) for i in range(0, len(images), GOLDEN_IMAGES)]
    logits, spikes, acs, nearest, near_ties = runs[0]
    print(f"smallest distance to an edge, in theta: {nearest:.2e} in the golden images, "
          f"{min(r[3] for r in runs):.2e} in all; below {NEAR_TIE:g}: {near_ties}, {sum(r[4] for r in runs)}")
    answers = np.concatenate([r[0] for r in runs]).argmax(-1)
    macs, head = ann_macs(net)
    steps_acs = acs.sum((0, 1)) / len(first) + head
    golden = {
        "thresholds": thetas,
        "ann_logits": ann[:GOLDEN_IMAGES],
        "logits": logits,
        "spikes": spikes.astype(np.int32),
        "acs": acs.astype(np.int32),
        "correct": (answers == labels[:, None]).sum(0).astype(np.int32),
        "energy_ratio": AC_PJ / MAC_PJ * np.cumsum(steps_acs) / macs,
    }
    print_report(golden, thetas)
    np.savez_compressed(args.out, **golden)


if __name__ == "__main__":
    main()
