"""Chip programs (program/chip-NNN.bin) as Python dictionaries; the format is docs/deployment-folder.md."""

VERSION = 5
HOLE = -1
CODINGS = ("rate", "sum", "differential")
MODES = ("pipelined", "layerwise", "streaming", "free")
POINTWISE = ("relu", "gelu", "tanh-gelu", "quick-gelu", "silu", "relu6", "hard-swish", "hard-sigmoid", "sigmoid", "tanh", "erf")


class NoProgram(ValueError):
    """The bytes are no program of this version."""


class Reader:
    def __init__(self, data, start, end):
        self.data, self.start, self.at, self.end = data, start, start, end

    def raw(self, count):
        if count > self.end - self.at:
            raise NoProgram(f"it ends {count - (self.end - self.at)} byte(s) too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def fixed(self, width, signed=False):
        return int.from_bytes(self.raw(width), "little", signed=signed)

    def varint(self):
        value = shift = 0
        while True:
            byte = self.fixed(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 56:
                raise NoProgram("a number of more than eight bytes")

    def zigzag(self):
        value = self.varint()
        return -(value + 1) // 2 if value % 2 else value // 2

    def text(self):
        return self.raw(self.varint()).decode("utf-8")

    def flag(self):
        return self.fixed(1) == 1

    def optional(self, read):
        return read() if self.flag() else None

    def list(self, read):
        count = self.varint()
        if count > self.end - self.at:
            raise NoProgram(f"{count} entries are more than its bytes can hold")
        return [read() for _ in range(count)]

    def integers(self, width, count=None):
        raw = self.raw((self.varint() if count is None else count) * width)
        return [int.from_bytes(raw[i : i + width], "little", signed=True) for i in range(0, len(raw), width)]

    def one_of(self, choices):
        number = self.fixed(1)
        if number >= len(choices):
            raise NoProgram(f"{number} is none of {choices}")
        return choices[number]

    def align(self, size):
        self.raw(-(self.at - self.start) % size)


def read_map(r):
    """Nested loops, outermost first, as the list of numbers that they stand for."""
    out = []
    for _ in range(r.varint()):
        numbers = [r.zigzag()]
        hole = numbers[0] == HOLE
        loops = [(r.varint(), r.zigzag()) for _ in range(r.varint())]
        for count, stride in reversed(loops):
            if count * len(numbers) > 2**24:
                raise NoProgram("a map of more than 2^24 elements")
            numbers = [n + (0 if hole else i * stride) for i in range(count) for n in numbers]
        out += numbers
    return out


def read_weights(r):
    """Rows of 64-bit words: ten bits of channel count, then the weights, lowest bit first."""
    inputs, channels, bits = r.varint(), r.varint(), r.varint()
    r.align(8)
    words = -(-(channels * bits + 10) // 64)
    rows = []
    for _ in range(inputs):
        row = int.from_bytes(r.raw(8 * words), "little") >> 10
        fields = [(row >> (c * bits)) & ((1 << bits) - 1) for c in range(channels)]
        rows.append([f - (1 << bits) if f >> (bits - 1) else f for f in fields])
    return {"inputs": inputs, "channels": channels, "rows": rows}


def read_gather(r):
    kind = r.one_of(("linear", "product", "hadamard", "depthwise", "maximum", "bias", "relay", "sparse"))
    g = {"kind": kind}
    if kind == "linear":
        g |= {"rows": r.varint(), "weights": r.varint(), "scale": r.integers(1)}
        g |= {"bias": r.optional(lambda: r.integers(4)), "graded": r.flag(), "shift": r.varint()}
    elif kind == "product":
        g |= {"groups": r.varint(), "rows": r.varint(), "columns": r.varint(), "inner": r.varint()}
        g |= {"scale": [r.zigzag()], "shifts": (r.varint(), r.varint())}
    elif kind == "hadamard":
        g |= {"size": r.varint(), "scale": [r.zigzag()], "shifts": (r.varint(), r.varint())}
    elif kind == "depthwise":
        g |= {"size": r.varint(), "weights": r.varint(), "scale": r.integers(1), "graded": r.flag(), "shift": r.varint()}
    elif kind == "maximum":
        g |= {"size": r.varint(), "taps": r.varint(), "scale": [r.zigzag()]}
    elif kind == "bias":
        g |= {"values": r.integers(4), "scale": [r.zigzag()]}
    elif kind == "relay":
        g |= {"size": r.varint(), "scale": r.integers(1), "shift": r.varint()}
    else:
        g |= {"starts": r.integers(4), "targets": r.integers(4), "synapses": r.integers(2), "bits": r.varint()}
    return g


def read_function(r):
    kind = r.one_of(("identity", "pointwise", "layernorm", "rmsnorm", "softmax", "partial"))
    f = {"kind": kind, "multiplied": False}
    if kind == "pointwise":
        f |= {"name": r.one_of(POINTWISE), "remainder": r.optional(r.varint), "table_fraction": r.varint()}
    elif kind in ("layernorm", "rmsnorm"):
        f |= {"epsilon_key": r.zigzag(), "channel_key": r.zigzag()}
        f |= {"gain": r.optional(lambda: r.integers(4)), "offset": r.optional(lambda: r.integers(4))}
        f |= {"multiplied": r.flag()}
    elif kind == "softmax":
        f |= {"scale": r.zigzag(), "shift": r.zigzag(), "multiplied": r.flag()}
    return f


def read_emit(r):
    kind = r.one_of(("mt", "relay", "readout", "lif", "cuba"))
    e = {"kind": kind}
    if kind == "mt":
        e |= {"theta": r.zigzag(), "levels": r.varint(), "terms": r.varint(), "band": r.varint(), "coarse": r.varint()}
    elif kind in ("lif", "cuba"):
        e |= {name: r.integers(4) for name in ("bias", "threshold", "leak", "initial")}
        e |= {"reset": r.one_of(("hard", "soft", "none")), "reset_to": r.integers(4)}
        if kind == "cuba":
            e |= {name: r.integers(4) for name in ("current_leak", "current_bias", "gain")}
    return e


def read_route(r):
    route = {"chip": r.varint(), "core": r.varint(), "axon": r.varint()}
    route["elements"] = r.optional(lambda: read_map(r))
    r.varint()  # entries of the out-axon map: what the target charges
    return route


def read_target(r):
    target = {"tile": r.varint(), "gather": r.varint(), "side": r.fixed(1), "delay": r.varint()}
    return target | {"map": read_map(r)}


def read_tile(r):
    tile = {"population": r.varint()}
    # Half-open ranges of groups, rows and channels.
    tile["box"] = [(start, start + r.varint()) for start in (r.varint() for _ in range(3))]
    tile["depth"] = r.varint()
    tile["gathers"] = r.list(lambda: read_gather(r))
    r.list(lambda: r.list(r.varint))  # rings: only where rows pass through time
    tile |= {"fraction": r.zigzag(), "out_fraction": r.zigzag()}
    tile |= {"function": read_function(r), "emit": read_emit(r), "routes": r.list(lambda: read_route(r))}
    return tile


def read_core(r):
    core = {"weights": r.list(lambda: read_weights(r))}
    core["log2"] = r.optional(lambda: r.integers(4, 64))
    core["exp2"] = r.optional(lambda: r.integers(4, 64))
    core["remainders"] = r.list(lambda: r.integers(4))
    core["axons"] = r.list(lambda: r.list(lambda: read_target(r)))
    core["tiles"] = r.list(lambda: read_tile(r))
    return core


def read_header(r):
    h = {"coding": r.one_of(CODINGS), "steps": r.varint(), "accumulator_bits": r.varint(), "state_bits": r.varint()}
    h |= {"binary": r.flag(), "reset_neurons": r.varint(), "depth": r.varint(), "period": r.varint()}
    h |= {"mode": r.one_of(MODES), "interval": r.varint()}
    h["populations"] = r.list(lambda: {"name": r.text(), "shape": r.list(r.varint)})
    return h


def read_input(r):
    source = {"name": r.text(), "size": r.varint(), "fraction": r.zigzag()}
    return source | {"steps": r.optional(lambda: read_map(r)), "routes": r.list(lambda: read_route(r))}


def read_program(data):
    """Bytes of one chip → {chip, header, input, cores}. Raises NoProgram."""
    try:
        return _read_program(data)
    except (UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise NoProgram(str(error)) from error


def _read_program(data):
    r = Reader(data, 0, len(data))
    if r.raw(4) != b"SNNC":
        raise NoProgram("it does not begin with SNNC")
    version, _, size, chip, header_bytes, count = r.fixed(2), r.fixed(2), r.fixed(4), r.fixed(4), r.fixed(4), r.fixed(4)
    if version != VERSION:
        raise NoProgram(f"format version {version}, not {VERSION}")
    if size != len(data):
        raise NoProgram(f"it has {len(data)} bytes and says {size}")
    r.raw(16 * count)
    h = Reader(data, r.at, r.at + header_bytes)
    program = {"chip": chip, "header": read_header(h), "input": h.optional(lambda: read_input(h)), "cores": []}
    for i in range(count):
        entry = Reader(data, 24 + 16 * i, 24 + 16 * i + 16)
        x, y, _, _, offset, length = (entry.fixed(w) for w in (2, 2, 2, 2, 4, 4))
        if offset + length > len(data):
            raise NoProgram(f"core {i} goes beyond the file")
        program["cores"].append(read_core(Reader(data, offset, offset + length)))
    return program
