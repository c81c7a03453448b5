"""The MLP of a deployed ViT block on Lava's CPU simulation: a second arithmetic, written by others, for the same bytes.

    python mlp_block.py DEPLOYMENT [--population blocks.0.fc1 blocks.0.res2] [--expected EXPORT] [--without-lava]

Reads manifest.json, the chip programs and golden.npz of a folder that `snnc compile` wrote, nothing else. An image goes through the
whole network by the interpreter of docs/device-example, which notes what arrives at the populations that are asked for; those payloads
then go through Lava: a ring buffer sends them as graded spikes, a Dense process holds the tile's 8-bit weights as the chip's memory has
them, and what it accumulates must be the sums of the chip, integer by integer. --expected: the folder of `snnc export --to sanafe` for
the same image (golden images are the first ones of calibration), whose sums our simulator computed.

Needs Python 3.10 and lava-nc 0.10 (BSD-3). `--without-lava` has NumPy multiply instead, so that the rest can be tried without it.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "docs" / "device-example"))
import interpreter  # noqa: E402


def noting(wanted):
    """Has the interpreter's tiles of these populations keep what arrives at their linear gathers, and what it adds up to."""
    arrive, execute = interpreter.Tile.arrive, interpreter.Tile.execute

    def note(tile, number, side, position, payload, t):
        if tile.population in wanted and tile.gathers[number]["kind"] == "linear":
            kept = tile.__dict__.setdefault("payloads", {}).setdefault(number, {})
            kept[position] = kept.get(position, 0) + payload
        arrive(tile, number, side, position, payload, t)

    def run(tile, t):
        if tile.population in wanted:
            tile.__dict__["added"] = [list(sums[0]) if sums else [] for sums in tile.arrived]
        return execute(tile, t)

    interpreter.Tile.arrive, interpreter.Tile.execute = note, run


def by_numpy(weights, payloads):
    return weights.T @ payloads


def by_lava(weights, payloads):
    """weights [inputs, channels], payloads [inputs, tokens], a token each timestep → sums [channels, tokens]."""
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg
    from lava.proc.dense.process import Dense
    from lava.proc.io.sink import RingBuffer as Sink
    from lava.proc.io.source import RingBuffer as Source

    tokens = payloads.shape[1]
    source = Source(data=payloads.astype(np.int32))
    # Lava keeps weights of either sign to even numbers of nine bits: ours, doubled, are what it keeps.
    dense = Dense(weights=2 * weights.T.astype(np.int32), num_message_bits=24, num_weight_bits=8)
    sink = Sink(shape=(weights.shape[1],), buffer=tokens + 1)
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(sink.a_in)
    try:
        dense.run(condition=RunSteps(num_steps=tokens + 1), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        doubled = sink.data.get().astype(np.int64)
    finally:
        dense.stop()
    # What a Dense process accumulates leaves it a timestep later.
    return doubled[:, 1:] // 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--population", nargs="+", default=["blocks.0.fc1", "blocks.0.res2"])
    parser.add_argument("--expected", type=pathlib.Path)
    parser.add_argument("--image", type=int, default=0, help="number of a golden image")
    parser.add_argument("--without-lava", action="store_true")
    args = parser.parse_args()
    manifest = json.loads((args.folder / "manifest.json").read_text())
    files = [f["path"] for f in manifest["files"] if f["path"].startswith("program/")]
    machine = interpreter.Interpreter()
    names = [population["name"] for population in manifest["populations"]]
    unknown = set(args.population) - set(names)
    if unknown:
        sys.exit(f"no population {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    machine.load({i: (args.folder / path).read_bytes() for i, path in enumerate(files)})
    header = [p["name"] for p in machine.header["populations"]]
    wanted = {header.index(name) for name in args.population}
    noting(wanted)
    golden = np.load(args.folder / "golden.npz")
    fraction = manifest["input"]["fraction"]
    image = np.floor(golden["inputs"][args.image] * 2.0**fraction + 0.5).astype(int)
    sent = [(i, int(x)) for i, x in enumerate(image) if x]
    machine.advance(machine.header["depth"] + 1, {0: ([i for i, _ in sent], [x for _, x in sent])})
    expected = json.loads((args.expected / "expected.json").read_text())["sums"] if args.expected else {}
    multiply = by_numpy if args.without_lava else by_lava
    compared = wrong = beside = 0
    for number, tile in enumerate(machine.tiles):
        for gather, payloads in getattr(tile, "payloads", {}).items():
            block = tile.core["weights"][tile.gathers[gather]["weights"]]
            rows = tile.gathers[gather]["rows"]
            matrix = np.zeros((block["inputs"], rows), dtype=np.int64)
            for position, payload in payloads.items():
                matrix[position % block["inputs"], position // block["inputs"]] = payload
            sums = multiply(np.array(block["rows"], dtype=np.int64), matrix)
            ours = np.array(tile.added[gather]).reshape(rows, block["channels"]).T
            compared += sums.size
            wrong += int((sums != ours).sum())
            if len(tile.gathers) == 1:
                for row in range(rows):
                    other = expected.get(f"s{number}_{row}")
                    if other is not None:
                        beside += len(other)
                        wrong += int((sums[:, row] != np.array(other)).sum())
            name = header[tile.population]
            print(f"{name:24} tile {number:4}  {block['inputs']} x {block['channels']} weights, {rows} tokens: "
                  f"{int((sums == ours).sum())} of {sums.size} sums equal")
    by = "NumPy" if args.without_lava else "Lava"
    print(f"{compared} sums by {by}, {beside} of them also beside our simulator's; {wrong} differ")
    sys.exit(0 if compared > 0 and wrong == 0 else 1)


if __name__ == "__main__":
    main()
