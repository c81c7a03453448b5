"""Networks of NIR by other people's neurons, timestep by timestep: the references that a deployment is compared with.

    python nir-reference.py draw NET.nir OUT.npz --timesteps 200 --rate 0.1 --seed 1
    python nir-reference.py run NET.nir IN.npz OUT.npz --dt 1e-4 --reset zero --tool equations|norse|snntorch

Files are read by the package nir. Neurons: `equations` are those of NIR by Euler's rule in NumPy, 64 bits; `norse` and `snntorch` are
the modules that those packages make of each node, 32 bits. What passes between neurons is the same for all: a node comes after those
that feed it, and what a loop feeds back is of the timestep before, as the executors of both packages have it.
"""
import argparse
import sys

import nir
import numpy as np


def draw(args):
    graph = nir.read(args.net, type_check=False)
    random = np.random.default_rng(args.seed)
    arrays = {}
    for name, node in graph.nodes.items():
        if isinstance(node, nir.Input):
            shape = [int(n) for n in node.input_type["input"]]
            arrays[name] = (random.random([1, args.timesteps, *shape]) < args.rate).astype(np.uint8)
    np.savez(args.out, **arrays)


NEURONS = (nir.LIF, nir.LI, nir.IF, nir.I, nir.CubaLIF, nir.CubaLI, nir.Threshold)


def reaches(graph):
    """For every node the nodes that it leads to."""
    after = {name: [b for a, b in graph.edges if a == name] for name in graph.nodes}
    found = {}
    for name in graph.nodes:
        seen, stack = set(), list(after[name])
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack += after[node]
        found[name] = seen
    return found


def plan(graph):
    """Nodes in order; edges into a loop's first map from its own neuron are of the timestep before."""
    leads = reaches(graph)
    late = {(a, b) for a, b in graph.edges if isinstance(graph.nodes[a], NEURONS) and a in leads[b]}
    waiting = {name: {a for a, b in graph.edges if b == name and (a, b) not in late} for name in graph.nodes}
    order = []
    while waiting:
        ready = sorted(name for name, before in waiting.items() if not before & waiting.keys())
        if not ready:
            sys.exit("a loop without a neuron")
        order += ready
        for name in ready:
            del waiting[name]
    return order, late


def linear(node, x):
    """What stands between neurons, in 64 bits."""
    import torch

    if isinstance(node, (nir.Linear, nir.Affine)):
        y = np.asarray(node.weight, dtype=np.float64) @ x.reshape(-1)
        return y + np.asarray(node.bias, dtype=np.float64) if isinstance(node, nir.Affine) else y
    if isinstance(node, nir.Scale):
        return x * node.scale
    if isinstance(node, nir.Flatten):
        return x.reshape(-1)
    tensor = torch.from_numpy(np.asarray(x, dtype=np.float64)).unsqueeze(0)
    if isinstance(node, nir.Conv2d):
        weight, bias = (torch.from_numpy(np.asarray(a, dtype=np.float64)) for a in (node.weight, node.bias))
        pair = lambda value: tuple(int(n) for n in np.ravel(value)) if np.size(value) > 1 else int(value)
        out = torch.nn.functional.conv2d(
            tensor, weight, bias, pair(node.stride), pair(node.padding), pair(node.dilation), int(node.groups)
        )
        return out[0].numpy()
    if isinstance(node, (nir.SumPool2d, nir.AvgPool2d)):
        kernel = tuple(int(n) for n in node.kernel_size)
        out = torch.nn.functional.avg_pool2d(
            tensor, kernel, tuple(int(n) for n in node.stride), tuple(int(n) for n in node.padding)
        )
        return out[0].numpy() * (np.prod(kernel) if isinstance(node, nir.SumPool2d) else 1)
    if isinstance(node, (nir.Input, nir.Output)):
        return x
    sys.exit(f"{type(node).__name__} is not run here")


class Equations:
    """Euler's rule on the equations of nir/ir/neuron.py; potentials begin at 0."""

    def __init__(self, node, dt, reset):
        self.node, self.dt, self.reset = node, dt, reset
        if isinstance(node, nir.NIRNode) and node.metadata:
            said = node.metadata.get("snnc_reset")
            self.reset = {b"soft": "subtract", "soft": "subtract"}.get(said, self.reset)
        self.v = self.i = 0.0

    def __call__(self, x):
        node, dt = self.node, self.dt
        if isinstance(node, nir.Threshold):
            return (x > node.threshold).astype(np.float64)
        if isinstance(node, (nir.IF, nir.I)):
            self.v = self.v + node.r * x
        elif isinstance(node, (nir.LIF, nir.LI)):
            self.v = self.v + dt / node.tau * (node.v_leak - self.v + node.r * x)
        else:
            self.i = self.i + dt / node.tau_syn * (-self.i + node.w_in * x)
            self.v = self.v + dt / node.tau_mem * (node.v_leak - self.v + node.r * self.i)
        if not hasattr(node, "v_threshold"):
            return self.v
        spikes = self.v > node.v_threshold
        self.v = np.where(spikes, self.v - node.v_threshold if self.reset == "subtract" else node.v_reset, self.v)
        return spikes.astype(np.float64)


class Norse:
    """The module that Norse makes of the node."""

    def __init__(self, node, dt, reset):
        import norse.torch.functional.reset as resets
        from norse.torch.utils.import_nir import _import_norse_module

        method = resets.reset_subtract if reset == "subtract" else resets.reset_value
        self.module = _import_norse_module(node, ignore_warnings=True, reset_method=method, dt=dt)
        self.state = None
        # Norse leaves the resistance of an LIF to the weights.
        self.gain = node.r if isinstance(node, (nir.LIF, nir.IF)) else 1.0
        if isinstance(node, (nir.LIF,)) and np.any(node.v_leak):
            from norse.torch.functional.lif_box import LIFBoxFeedForwardState
            import torch

            self.state = LIFBoxFeedForwardState(v=torch.zeros(np.shape(node.v_leak)))

    def __call__(self, x):
        import torch

        z, self.state = self.module(torch.from_numpy(np.asarray(x * self.gain, dtype=np.float32)), self.state)
        return z.detach().numpy().astype(np.float64)


class SnnTorch:
    """The module that snnTorch makes of the node, with its reset."""

    def __init__(self, node, dt, reset):
        import contextlib
        import io

        from snntorch.import_nir import _nir_to_snntorch_module

        if isinstance(node, nir.IF) or dt != 1e-4:
            sys.exit("snnTorch reads an IF as a neuron that leaks, and has a timestep of 1e-4 alone")
        with contextlib.redirect_stdout(io.StringIO()):
            self.module = _nir_to_snntorch_module(node)
        self.module.reset_mechanism = reset
        self.state = None

    def __call__(self, x):
        import torch

        tensor = torch.from_numpy(np.asarray(x, dtype=np.float32)).reshape(1, -1)
        if self.state is None:
            names = ("syn", "mem") if hasattr(self.module, "alpha") else ("mem",)
            self.state = [torch.zeros_like(tensor) for _ in names]
        z, *self.state = self.module(tensor, *self.state)
        return z.detach().numpy().reshape(np.shape(x)).astype(np.float64)


TOOLS = {"equations": Equations, "norse": Norse, "snntorch": SnnTorch}


def run(args):
    graph = nir.read(args.net, type_check=False)
    arrays = np.load(args.inputs)
    order, late = plan(graph)
    before = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
    make = TOOLS[args.tool]
    cells = {n: make(node, args.dt, args.reset) for n, node in graph.nodes.items() if isinstance(node, NEURONS)}
    delays = {n: [] for n, node in graph.nodes.items() if isinstance(node, nir.Delay)}
    inputs = [n for n, node in graph.nodes.items() if isinstance(node, nir.Input)]
    given = {n: arrays[n][0] if n in arrays else arrays[arrays.files[0]][0] for n in inputs}
    timesteps = len(next(iter(given.values())))
    seen = {name: [] for name in cells}
    last = {}
    for t in range(timesteps):
        now = {}
        for name in order:
            node = graph.nodes[name]
            if name in given:
                now[name] = given[name][t].astype(np.float64)
                continue
            parts = [last.get(a) if (a, name) in late else now[a] for a in before[name]]
            parts = [part for part in parts if part is not None]
            if not parts and not isinstance(node, nir.Affine):
                size = node.weight.shape[1] if isinstance(node, nir.Linear) else None
                parts = [np.zeros(size)] if size else [np.zeros(np.shape(node.v_threshold))]
            if not parts:
                parts = [np.zeros(node.weight.shape[1])]
            x = parts[0] if len(parts) == 1 else sum(np.reshape(part, np.shape(parts[0])) for part in parts)
            if name in delays:
                delays[name].append(x)
                steps = int(round(float(np.ravel(node.delay)[0]) / args.dt))
                now[name] = delays[name][t - steps] if t >= steps else np.zeros_like(x)
            elif name in cells:
                if hasattr(node, "v_threshold") and np.size(x) == np.size(node.v_threshold):
                    x = np.reshape(x, np.shape(node.v_threshold))
                now[name] = cells[name](x)
                seen[name].append(np.ravel(now[name]))
            else:
                now[name] = linear(node, x)
        last = now
    np.savez(args.out, **{name: np.stack(values) for name, values in seen.items()})


parser = argparse.ArgumentParser(description=__doc__)
commands = parser.add_subparsers(required=True)
one = commands.add_parser("draw")
one.add_argument("net")
one.add_argument("out")
one.add_argument("--timesteps", type=int, default=200)
one.add_argument("--rate", type=float, default=0.1)
one.add_argument("--seed", type=int, default=1)
one.set_defaults(work=draw)
two = commands.add_parser("run")
two.add_argument("net")
two.add_argument("inputs")
two.add_argument("out")
two.add_argument("--dt", type=float, required=True)
two.add_argument("--reset", choices=["zero", "subtract"], default="zero")
two.add_argument("--tool", choices=sorted(TOOLS), required=True)
two.set_defaults(work=run)
arguments = parser.parse_args()
arguments.work(arguments)
