"""Writes the node tests of the installed `onnx` package as files, for `npm run bench -- onnx-node --data FOLDER`.

    python bench/onnx-node-data.py FOLDER

Each case becomes FOLDER/<case>/model.onnx and FOLDER/<case>/<set>/{input,output}_<i>.pb; only cases whose inputs and
outputs all are tensors are written, the others are counted.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def as_proto(value, name: str) -> TensorProto:
    if not isinstance(value, TensorProto):
        return numpy_helper.from_array(np.asarray(value), name)
    proto = TensorProto()
    proto.CopyFrom(value)
    proto.name = name
    return proto


def write_case(case, folder: Path) -> bool:
    values = [value for sample in case.data_sets for side in sample for value in side]
    if not all(isinstance(value, (np.ndarray, np.generic, TensorProto)) for value in values):
        return False
    graph = case.model.graph
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for number, sample in enumerate(case.data_sets):
        at = folder / f"set_{number}"
        at.mkdir(exist_ok=True)
        for side, names, tensors in zip(("input", "output"), (graph.input, graph.output), sample):
            for i, (info, tensor) in enumerate(zip(names, tensors)):
                (at / f"{side}_{i}.pb").write_bytes(as_proto(tensor, info.name).SerializeToString())
    return True


def main(target: str) -> None:
    cases = collect_testcases(None)
    written = sum(write_case(case, Path(target) / case.name) for case in cases)
    print(f"{written} cases written to {target}; {len(cases) - written} have inputs that are no tensors")


if __name__ == "__main__":
    main(*sys.argv[1:2])
