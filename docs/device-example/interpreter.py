"""An executor without a chip: runs programs of ViTs in plain integers, slowly. docs/rationale/populations.md says what they mean.

Not here: rows that pass through time (mode streaming), plain neurons (mode free), functions that multiply."""

from executor import Executor, Unable
from program import HOLE, read_program

LOG_BITS, TABLE_BITS, SUM_BITS, ENTRY_BITS = 12, 6, 16, 4
#: Ramps of functions: (kind, limit or centre, limit of the ramp, shift of the slope).
RAMPS = {
    "relu": ("clip", None), "relu6": ("clip", 6),
    "gelu": ("even",), "tanh-gelu": ("even",), "quick-gelu": ("even",), "silu": ("even",), "hard-swish": ("even",),
    "hard-sigmoid": ("odd", 0.5, 0.5, 2), "sigmoid": ("odd", 0.5, 0.5, 2), "tanh": ("odd", 0, 1, 0), "erf": ("odd", 0, 1, 0),
}  # fmt: skip


def shift_round(x, k):
    """x · 2^−k to the nearest integer, halves upward."""
    return (x + (1 << (k - 1))) >> k if k > 0 else x << -k


def clamp(x, bits):
    top = (1 << (bits - 1)) - 1
    return max(-top, min(top, x))


def round_half_up(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def log2_of(x, core):
    p = x.bit_length() - 1
    leading = shift_round(x, p - TABLE_BITS)
    if leading == 128:
        return (p + 1) << LOG_BITS
    return (p << LOG_BITS) + core["log2"][leading - 64]


def exp2_of(x, fraction, core):
    sixths = shift_round(x, LOG_BITS - TABLE_BITS)
    right = LOG_BITS - (sixths >> TABLE_BITS) - fraction
    return 0 if right > 40 else shift_round(core["exp2"][sixths & 63], right)


def step_weight(t, bits):
    """What a spike of step t counts for in coding differential: round(2^bits / t)."""
    return 1 if bits == 0 else round_half_up(1 << bits, t)


def weight_bits(coding, steps):
    """Fewest fraction bits with which every 1/t, t = 1 … steps, is right within a tenth."""
    bits = 0
    while coding == "differential" and any(
        10 * abs(step_weight(t, bits) * t - (1 << bits)) > 1 << bits for t in range(1, steps + 1)
    ):
        bits += 1
    return bits


class Tile:
    def __init__(self, tile, core, header):
        self.__dict__.update(tile)
        self.core, self.header = core, header
        (g0, g1), (r0, r1), (c0, c1) = self.box
        _, rows, channels = header["populations"][self.population]["shape"]
        self.channels = c1 - c0
        self.members = [
            (g * rows + r) * channels + c for g in range(g0, g1) for r in range(r0, r1) for c in range(c0, c1)
        ]
        self.size = len(self.members)
        self.links = []  # ways to other tiles, filled in by the interpreter
        self.clear()

    def clear(self):
        self.held = [[0] * self.size for _ in self.gathers]
        self.before = [[0] * self.size for _ in self.gathers]
        self.arrived = [self.operands(gather) for gather in self.gathers]
        self.sent = [0] * self.size
        self.inbox = []

    def operands(self, g):
        kind = g["kind"]
        if kind == "product":
            return [[0] * (g["groups"] * g[side] * g["inner"]) for side in ("rows", "columns")]
        if kind == "maximum":
            return [[0] * (self.size * g["taps"])]
        return [[0] * self.size for _ in range({"hadamard": 2, "bias": 0}.get(kind, 1))]

    def arrive(self, number, side, position, payload, t):
        g, sums = self.gathers[number], self.arrived[number]
        if g["kind"] in ("product", "hadamard"):
            sums[side][position] += payload * step_weight(t, g["shifts"][side])
            return
        payload *= step_weight(t, g.get("shift", 0))
        if g["kind"] in ("linear", "depthwise"):
            block = self.core["weights"][g["weights"]]
            place, line = divmod(position, block["inputs"])
            row = block["rows"][line]
            if g["kind"] == "depthwise":
                sums[0][place] += payload * row[place % block["channels"]]
                return
            first = place * block["channels"]
            for c, weight in enumerate(row):
                sums[0][first + c] += payload * weight
        elif g["kind"] != "bias":
            sums[0][position] += payload

    def settle(self, number, i, t):
        """What gather `number` has for neuron i, step t included."""
        g, sums, held = self.gathers[number], self.arrived[number], self.held[number]
        bits = self.header["accumulator_bits"]
        kind = g["kind"]
        if kind == "maximum":
            return clamp(max(sums[0][i * g["taps"] : (i + 1) * g["taps"]]), bits)
        if kind in ("product", "hadamard"):
            product = sums[0][i] * sums[1][i] if kind == "hadamard" else self.inner(g, sums, i)
            if sum(g["shifts"]) == 0:
                return clamp(product, bits)
            step = shift_round(product - self.before[number][i], sum(g["shifts"]))
            self.before[number][i] = product
        else:
            constants = g["values"] if kind == "bias" else g.get("bias")
            # A constant is there once; the sum of a rate grows by it in every step.
            is_due = constants is not None and (t == 1 or self.header["coding"] == "rate")
            step = constants[i % len(constants)] if is_due else 0
            if kind != "bias":
                step += shift_round(sums[0][i], g["shift"])
                sums[0][i] = 0
        held[i] = clamp(held[i] + step, bits)
        return held[i]

    @staticmethod
    def inner(g, sums, i):
        line, column = divmod(i, g["columns"])
        a, b = line * g["inner"], (line // g["rows"] * g["columns"] + column) * g["inner"]
        return sum(x * y for x, y in zip(sums[0][a : a + g["inner"]], sums[1][b : b + g["inner"]]))

    def to_mean(self, g, u, t):
        """Coding rate: sums have grown with t, products with t²; functions of one variable and softmax want means."""
        power = (g["kind"] in ("product", "hadamard")) + (self.function["kind"] in ("pointwise", "softmax"))
        if self.header["coding"] != "rate" or power == 0:
            return u
        bits = 16 if power == 1 else 24
        return shift_round(u * round_half_up(1 << bits, t**power), bits)

    def execute(self, t):
        """Step t. Returns (payloads, targets) of all neurons."""
        partial = self.function["kind"] == "partial"
        u = [0] * self.size
        for number, g in enumerate(self.gathers):
            for i in range(self.size):
                held = self.settle(number, i, t)
                scale = g["scale"][i % len(g["scale"])]
                u[i] += held if partial else self.to_mean(g, shift_round(held, scale - self.fraction), t)
        if partial:
            return self.fire(u, t), u
        bits = self.header["state_bits"]
        y = self.apply([clamp(x, bits) for x in u], t)
        factor = t if self.header["coding"] == "rate" and self.function["kind"] != "identity" else 1
        y = [clamp(x * factor, bits) for x in y]
        return self.fire(y, t), y

    def apply(self, u, t):
        kind = self.function["kind"]
        if kind == "identity":
            return [shift_round(x, self.fraction - self.out_fraction) for x in u]
        if kind == "pointwise":
            return [self.pointwise(x) for x in u]
        group = self.softmax if kind == "softmax" else self.norm
        out = []
        for at in range(0, self.size, self.channels):
            out += group(u[at : at + self.channels], t)
        return out

    def pointwise(self, x):
        f, out = self.function, self.out_fraction
        kind, *numbers = RAMPS[f["name"]]
        down = self.fraction - out
        if kind == "clip":
            ramp = shift_round(max(x, 0), down)
            return ramp if numbers[0] is None else min(ramp, numbers[0] << out)
        table = self.core["remainders"][f["remainder"]]
        entry = shift_round(abs(x), self.fraction - ENTRY_BITS)
        rest = shift_round(table[entry], f["table_fraction"] - out) if entry < len(table) else 0
        if kind == "even":
            return shift_round(max(x, 0), down) - rest
        centre, limit, slope = int(numbers[0] * 2**out + 0.5), int(numbers[1] * 2**out + 0.5), numbers[2]
        return centre + ((x > 0) - (x < 0)) * (min(shift_round(abs(x), down + slope), limit) - rest)

    def softmax(self, group, _):
        f, core = self.function, self.core
        scores = [x * f["scale"] for x in group]
        logs = [shift_round(s - max(scores), self.fraction + f["shift"] - LOG_BITS) for s in scores]
        total = log2_of(sum(exp2_of(x, SUM_BITS, core) for x in logs), core) - (SUM_BITS << LOG_BITS)
        return [exp2_of(x - total, self.out_fraction, core) for x in logs]

    def norm(self, group, t):
        f, core, channels = self.function, self.core, len(group)
        d = [channels * s - sum(group) for s in group] if f["kind"] == "layernorm" else group
        logs = [log2_of(abs(x), core) if x else None for x in d]
        epsilon = f["epsilon_key"] + (2 * log2_of(t, core) if self.header["coding"] == "rate" else 0)
        top = max([epsilon] + [2 * x for x in logs if x is not None])
        total = exp2_of(epsilon - top, SUM_BITS, core)
        total += sum(exp2_of(2 * x - top, SUM_BITS, core) for x in logs if x is not None)
        divisor = shift_round(top + log2_of(total, core) - (SUM_BITS << LOG_BITS) - f["channel_key"], 1)
        out = []
        for c, x in enumerate(d):
            gain, sign = (f["gain"][c], f["gain"][channels + c]) if f["gain"] else (0, 1)
            sign *= (x > 0) - (x < 0)
            size = exp2_of(logs[c] - divisor + gain, self.out_fraction, core) if sign else 0
            out.append(sign * size + (f["offset"][c] if f["offset"] else 0))
        return out

    def fire(self, y, t):
        """Payloads: what is missing of y, as up to K signed powers of two, or as it is."""
        e, header = self.emit, self.header
        if e["kind"] != "mt":
            payloads = [target - sent for target, sent in zip(y, self.sent)]
            self.sent = list(y)
            return payloads
        bits = weight_bits(header["coding"], header["steps"])
        unit = max(self.out_fraction - e["theta"], bits)
        lowest = min(e["levels"] - 1, e["coarse"] * (header["steps"] - t))
        factor = t if header["coding"] == "differential" else 1
        payloads = []
        for i, target in enumerate(y):
            rest = factor * ((target << (unit - self.out_fraction + e["theta"])) - (self.sent[i] << (unit - bits)))
            payload = terms = 0
            while terms < e["terms"] and 4 * abs(rest) >= e["band"] << (unit + lowest):
                p = max(abs(rest).bit_length() - 1, 0)
                exponent = max(lowest, min(e["levels"] - 1, p + (2 * abs(rest) >= 3 << p) - unit))
                size = -(1 << exponent) if rest < 0 else 1 << exponent
                left = rest - (size << unit)
                if terms > 0 and abs(left) >= abs(rest):
                    break
                payload, terms, rest = payload + size, terms + 1, left
            payloads.append(payload)
            self.sent[i] += payload * step_weight(t, bits)
        return payloads


class Interpreter(Executor):
    device = "snnc example device in Python"
    firmware = "1"

    def load(self, programs):
        chips = [read_program(data) for data in programs.values()]
        self.header = chips[0]["header"]
        if any(chip["header"] != self.header for chip in chips):
            raise ValueError("the programs are of several deployments")
        if self.header["mode"] not in ("pipelined", "layerwise"):
            raise Unable(f"this example does not run mode {self.header['mode']}")
        cores = {(chip["chip"], i): core for chip in chips for i, core in enumerate(chip["cores"])}
        self.tiles = []
        for core in cores.values():
            core["running"] = [Tile(tile, core, self.header) for tile in core["tiles"]]
            self.tiles += core["running"]
        for tile in self.tiles:
            self.check(tile)
            tile.links = self.links(tile.routes, cores)
        source = next((chip["input"] for chip in chips if chip["input"]), None)
        if source is None:
            raise ValueError("no chip takes the host's input")
        self.host = self.links(source["routes"], cores)
        self.input_size = source["size"]
        self.population_sizes = [a * b * c for a, b, c in (p["shape"] for p in self.header["populations"])]
        self.last = max(tile.depth for tile in self.tiles) + (self.header["steps"] - 1) * self.header["period"]
        self.restart()

    @staticmethod
    def check(tile):
        f = tile.function
        if f["multiplied"] or (f["kind"] == "pointwise" and f["remainder"] is None and RAMPS[f["name"]][0] != "clip"):
            raise Unable(f"this example has no {f['kind']} by multiplication")

    @staticmethod
    def links(routes, cores):
        """(tile, gather, side, delay, position of each neuron or HOLE), the neurons that do not send here made holes."""
        links = []
        for route in routes:
            core = cores.get((route["chip"], route["core"]))
            if core is None or route["axon"] >= len(core["axons"]):
                raise ValueError(f"a route leads to axon {route['axon']} of core {route['core']}, which is not there")
            sends = None if route["elements"] is None else set(route["elements"])
            for target in core["axons"][route["axon"]]:
                positions = [p if sends is None or i in sends else HOLE for i, p in enumerate(target["map"])]
                links.append((core["running"][target["tile"]], target["gather"], target["side"], target["delay"], positions))
        return links

    def restart(self):
        self.now, self.mail, self.begun = 0, {}, set()
        for tile in self.tiles:
            tile.clear()

    def post(self, links, events):
        for tile, gather, side, delay, positions in links:
            self.mail.setdefault(self.now + 1 + delay, []).append((tile, gather, side, positions, events))

    def turn(self, tile):
        """(image, step) that a tile executes now, or None."""
        image, offset = divmod(self.now - tile.depth, self.header["interval"])
        step, rest = divmod(offset, self.header["period"])
        return step + 1 if image in self.begun and rest == 0 and step < self.header["steps"] else None

    def advance(self, timesteps, inputs):
        return [self.timestep(inputs.get(offset)) for offset in range(timesteps)]

    def timestep(self, given):
        if given is not None:
            if self.now % self.header["interval"] == 0:
                self.begun.add(self.now // self.header["interval"])
            self.post(self.host, list(zip(*given)))
        for tile, gather, side, positions, events in self.mail.pop(self.now, []):
            tile.inbox.append((gather, side, positions, events))
        emissions, readouts = {}, {}
        for tile in self.tiles:
            t = self.turn(tile)
            if t is None:
                continue
            inbox = tile.inbox
            if t == 1:
                tile.clear()
            tile.inbox = []
            for gather, side, positions, events in inbox:
                for neuron, payload in events:
                    if positions[neuron] != HOLE:
                        tile.arrive(gather, side, positions[neuron], payload, t)
            payloads, targets = tile.execute(t)
            if tile.emit["kind"] == "readout":
                readouts.setdefault(tile.population, []).extend(zip(tile.members, targets))
                continue
            events = [(i, payload) for i, payload in enumerate(payloads) if payload]
            emissions.setdefault(tile.population, []).extend((tile.members[i], payload) for i, payload in events)
            self.post(tile.links, events)
        self.now += 1
        interval = self.header["interval"]
        self.begun = {image for image in self.begun if image * interval + self.last >= self.now}
        return {p: sorted(e) for p, e in emissions.items()}, {p: sorted(e) for p, e in readouts.items()}
