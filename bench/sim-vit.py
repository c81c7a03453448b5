#!/usr/bin/env python3
"""A converted network (stage snn, written by bench/snn-file.ts) in PyTorch, float32, batched: what people run who have no chip.
Every population adds up what arrives, applies its function, and multi-threshold neurons send signed powers of two of what is
still missing. Linears are addmm on payloads, products one bmm of the sums, views are strides where they can be.

usage: python sim-vit.py --network DIR [--batch 1,8,16] [--repeats 5] [--threads 2]
DIR: network.json, data.bin, images.bin; prints one JSON object. Logits are given in float32 and in float64: a membrane that
rounding moves across a threshold changes a whole spike, so that only the latter say whether this is the same method."""
import argparse, json, math, os, time
import numpy as np
import torch
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument('--network', required=True)
ap.add_argument('--batch', default='1,8,16')
ap.add_argument('--repeats', type=int, default=5)
ap.add_argument('--threads', type=int, default=2)
args = ap.parse_args()
torch.set_num_threads(args.threads)
torch.set_flush_denormal(True)

with open(os.path.join(args.network, 'network.json')) as file:
    net = json.load(file)
raw = np.fromfile(os.path.join(args.network, 'data.bin'), dtype=np.int32)
images = torch.from_numpy(np.fromfile(os.path.join(args.network, 'images.bin'), dtype=np.float32)).view(net['images'], -1)


def reals(ref):
    return torch.from_numpy(raw[ref['at']:ref['at'] + ref['length']].view(np.float32)).view(ref['shape']).to(dtype)


def indices(ref):
    return torch.from_numpy(raw[ref['at']:ref['at'] + ref['length']].astype(np.int64))


def viewer(ref, shape):
    """x [batch, n] -> [batch, *shape] seen through an index map: strides where the map is regular, else a gather."""
    if ref is None:
        return lambda x: x.view(x.shape[0], *shape)
    index = indices(ref)
    grid = index.view(shape)
    origin = int(index[0])
    steps = [int(grid.select(a, 1).flatten()[0]) - origin if n > 1 else 0 for a, n in enumerate(shape)]
    regular = torch.full(shape, origin)
    for a, n in enumerate(shape):
        regular += (torch.arange(n) * steps[a]).view([-1 if b == a else 1 for b in range(len(shape))])
    if origin >= 0 and min(steps) >= 0 and torch.equal(regular, grid):
        return lambda x: x.as_strided((x.shape[0], *shape), (x.stride(0), *steps), origin + x.storage_offset())
    holes = index < 0
    if not holes.any():
        return lambda x: x.index_select(1, index).view(x.shape[0], *shape)
    kept, at = index[~holes], (~holes).nonzero().flatten()

    def scattered(x):
        out = x.new_zeros(x.shape[0], len(index))
        return out.index_copy_(1, at, x.index_select(1, kept)).view(x.shape[0], *shape)
    return scattered


POINTWISE = {
    'relu': F.relu, 'gelu': F.gelu, 'tanh-gelu': lambda x: F.gelu(x, approximate='tanh'), 'silu': F.silu,
    'quick-gelu': lambda x: x * torch.sigmoid(1.702 * x), 'relu6': F.relu6, 'hard-swish': F.hardswish,
    'hard-sigmoid': F.hardsigmoid, 'sigmoid': torch.sigmoid, 'tanh': torch.tanh, 'erf': torch.erf,
}


def function(spec, channels):
    kind = spec['kind']
    if kind == 'identity':
        return lambda x: x
    if kind == 'pointwise':
        return POINTWISE[spec['name']]
    optional = lambda name: reals(spec[name]) if spec.get(name) is not None else None
    if kind == 'layernorm':
        gamma, beta, epsilon = optional('gamma'), optional('beta'), spec['epsilon']
        return lambda x: F.layer_norm(x, (channels,), gamma, beta, epsilon)
    if kind == 'rmsnorm':
        gamma, epsilon = optional('gamma'), spec['epsilon']
        return lambda x: F.rms_norm(x, (channels,), gamma, epsilon)
    scale = spec['scale'] * (math.log(2) if spec['base'] == '2' else 1)
    return lambda x: torch.softmax(x if scale == 1 else x * scale, -1)


EXPONENT = {torch.float32: (torch.int32, 0x7F800000), torch.float64: (torch.int64, 0x7FF0000000000000)}


def emitter(spec):
    """missing -> what is sent. A term is the power of two nearest to |m| (edges at 1.5 * 2^p theta), found by its exponent bits."""
    if spec['kind'] != 'mt':
        return lambda missing: missing.clone()  # what a linear adds up to goes on growing in place
    theta, levels, band, terms = spec['theta1'], spec['levels'], spec['band'], spec['terms']
    if spec['rule'] != 'nearest' or spec['theta2'] != theta or spec.get('coarse'):
        raise SystemExit('only symmetric thresholds at powers of two, the same in every step')

    word, mask = EXPONENT[dtype]

    def term(m):
        size = m.abs()
        silent = size < band * theta
        size.mul_(1 / (1.5 * theta))
        size.view(word).bitwise_and_(mask)
        size.mul_(2 * theta).clamp_(theta, theta * 2 ** (levels - 1)).masked_fill_(silent, 0)
        return size.copysign_(m)

    def emit(missing):
        sent = term(missing)
        if terms == 1:
            return sent
        rest = missing - sent
        for k in range(1, terms):
            more = term(rest)
            left = rest - more
            more.masked_fill_(left.abs() >= rest.abs(), 0)
            sent += more
            if k + 1 < terms:
                rest -= more
        return sent
    return emit


class State:
    def __init__(self):
        self.values, self.sums, self.currents, self.targets = {}, {}, {}, {}


def add(state, node, batch, what):
    """What a step brings joins the current of a projection."""
    held = state.currents.get(node)
    state.currents[node] = what if held is None else held.add_(what)


def prepare(node):
    kind, name = node['kind'], node['id']
    if kind == 'input':
        def show(state, image, t):
            if t == 1:
                state.values[name] = state.sums[name] = image
            else:
                state.values[name] = None
        return show
    if kind == 'population':
        return prepare_population(node)
    if kind == 'linear':
        weight, rows = reals(node['weight']), node['rows']
        inner, channels = weight.shape
        view = viewer(node['map'], (rows, inner))
        bias = None if node['bias'] is None else reals(node['bias'])
        source = node['operands'][0]

        def linear(state, image, t):
            x = state.values[source]
            if x is None:
                return
            batch = x.shape[0]
            flat = view(x).reshape(batch * rows, inner)
            held = state.currents.get(name)
            if held is not None:
                held.view(batch * rows, channels).addmm_(flat, weight)
            elif bias is None:
                state.currents[name] = torch.mm(flat, weight).view(batch, -1)
            elif bias.dim() == 1:
                state.currents[name] = torch.addmm(bias, flat, weight).view(batch, -1)
            else:
                out = torch.mm(flat, weight).view(batch, rows, channels)
                state.currents[name] = out.add_(bias).view(batch, -1)
        return linear
    if kind == 'product':
        groups, rows, columns = node['shape']
        inner = node['inner']
        view_a, view_b = viewer(node['mapA'], (groups, rows, inner)), viewer(node['mapB'], (groups, columns, inner))
        a, b = node['operands']

        def product(state, image, t):
            left, right = view_a(state.sums[a]), view_b(state.sums[b])
            state.currents[name] = torch.matmul(left, right.transpose(2, 3)).view(left.shape[0], -1)
        return product
    if kind == 'hadamard':
        size = math.prod(node['shape'])
        view_a, view_b = viewer(node['mapA'], (size,)), viewer(node['mapB'], (size,))
        a, b = node['operands']

        def hadamard(state, image, t):
            state.currents[name] = view_a(state.sums[a]) * view_b(state.sums[b])
        return hadamard
    if kind == 'depthwise':
        weight, size = reals(node['weight']), math.prod(node['shape'])
        taps, period = weight.shape
        view, source = viewer(node['map'], (size, taps)), node['operands'][0]
        spread = weight.t().repeat(size // period, 1)

        def depthwise(state, image, t):
            x = state.values[source]
            if x is not None:
                add(state, name, x.shape[0], (view(x) * spread).sum(-1))
        return depthwise
    if kind == 'maximum':
        size, taps = math.prod(node['shape']), node['taps']
        view, source = viewer(node['map'], (size, taps)), node['operands'][0]

        def maximum(state, image, t):
            state.currents[name] = view(state.sums[source]).amax(-1)
        return maximum
    if kind == 'relay':
        size = math.prod(node['shape'])
        view = viewer(node['map'], (size,))

        def relay(state, image, t):
            for source in node['operands']:
                x = state.values[source]
                if x is not None:
                    add(state, name, x.shape[0], view(x).clone() if name not in state.currents else view(x))
        return relay
    if kind == 'bias':
        value, size = reals(node['value']).flatten(), math.prod(node['shape'])
        spread = value.repeat(size // len(value))

        def bias_only(state, image, t):
            if t == 1:
                state.currents[name] = spread.expand(image.shape[0], -1).clone()
        return bias_only
    raise SystemExit(f'unknown node {kind}')


def prepare_population(node):
    name, operands, axes = node['id'], node['operands'], node['axes']
    apply, emit = function(node['function'], axes[-1]), emitter(node['emit'])

    def population(state, image, t):
        u = state.currents[operands[0]]
        for operand in operands[1:]:
            u = u + state.currents[operand]
        target = apply(u.view(u.shape[0], -1, axes[-1])).reshape(u.shape[0], -1)
        state.targets[name] = target
        held = state.sums.get(name)
        sent = emit(target if held is None else target - held)
        state.values[name] = sent
        state.sums[name] = sent if held is None else held + sent
        if watched is not None and node['emit']['kind'] == 'mt':
            fired, all_ = watched.get(name, (0, 0))
            watched[name] = (fired + int(torch.count_nonzero(sent)), all_ + sent.numel())
    return population


def build(kind):
    """The network with weights of one precision."""
    global dtype
    dtype = kind
    return [prepare(node) for node in net['nodes']]


@torch.no_grad()
def run(nodes, image):
    state, readouts = State(), []
    for t in range(1, net['steps'] + 1):
        for step in nodes:
            step(state, image, t)
        readouts.append(state.targets[net['output']].clone())
    return readouts


def last(nodes, batch):
    return [run(nodes, batch[i:i + 1])[-1][0].tolist() for i in range(len(batch))]


watched, dtype = None, torch.float64
exact = last(build(torch.float64), images.double())
watched, nodes = {}, build(torch.float32)
logits = last(nodes, images)
density = {name: fired / all_ for name, (fired, all_) in watched.items()}
watched = None
best = None
for batch in map(int, args.batch.split(',')):
    block = images.repeat(-(-batch // len(images)), 1)[:batch].contiguous()
    run(nodes, block)
    seconds = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        run(nodes, block)
        seconds.append(time.perf_counter() - start)
    rate = batch / min(seconds)
    if best is None or rate > best['imagesPerSecond']:
        best = {'imagesPerSecond': rate, 'batch': batch}
print(json.dumps({'torch': torch.__version__, 'threads': torch.get_num_threads(), **best, 'logits': logits, 'exact': exact, 'density': density}))
