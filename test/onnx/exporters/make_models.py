"""Exports small networks through every exporter that can be had and stores onnxruntime's answers beside them.

    python make_models.py --out DIR [--only REGEX]

Writes ARCHITECTURE--EXPORTER.onnx (+ .npz with images `x` and results `y`, graph optimisation switched off) and
index.tsv. Files whose architecture agrees up to `-math` and `_spelling` hold one network.
"""
import argparse
import copy
import gc
import io
import re
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from architectures import Architecture, all_architectures, randomise, shrink

IMAGES = 8


def images_for(shape, is_small):
    if is_small:  # few different numbers: they pack well
        return (np.random.default_rng(7).integers(-8, 9, (2, *shape)) / 4).astype(np.float32)
    return np.random.default_rng(7).standard_normal((IMAGES, *shape)).astype(np.float16).astype(np.float32)


# Exporters: (module, example image, path) -> None

def torchscript(opset: int, is_dynamic=True, **options):
    def export(module, example, path):
        dynamic = dict(dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}}) if is_dynamic else {}
        torch.onnx.export(module, (example,), path, dynamo=False, opset_version=opset, input_names=["image"],
                          output_names=["logits"], **dynamic, **options)

    return export


def dynamo(opset: int, is_dynamic=True, **options):
    def export(module, example, path):
        batch = example if not is_dynamic else torch.cat([example, example])
        dynamic = dict(dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},)) if is_dynamic else {}
        torch.onnx.export(module, (batch,), path, dynamo=True, opset_version=opset, input_names=["image"],
                          output_names=["logits"], external_data=options.pop("external_data", False), verbose=False,
                          **dynamic, **options)

    return export


def after(first, *steps):
    def export(module, example, path):
        first(module, example, path)
        for step in steps:
            step(path)

    return export


def onnxsim_step(path):
    import onnxsim

    model, is_equal = onnxsim.simplify(onnx.load(path))
    assert is_equal
    onnx.save(model, path)


def onnxslim_step(path):
    import onnxslim

    onnx.save(onnxslim.slim(onnx.load(path)), path)


def runtime_step(level):
    def step(path):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(onnx.load(path).SerializeToString(), options)

    return step


def transformers_step(path):
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    optimizer.optimize_model(str(path), model_type="vit", num_heads=0, hidden_size=0,
                             optimization_options=FusionOptions("vit")).save_model_to_file(str(path))


def half_step(path):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=True), path)


def external_step(path):
    onnx.save(onnx.load(path), path, save_as_external_data=True, location=path.with_suffix(".data").name,
              size_threshold=64)


def functions_step(path):
    """onnxscript functions kept: the dynamo exporter's graph before inlining has none, so one is made by hand."""
    model = onnx.load(path)
    body = onnx.helper.make_function("local", "Twice", ["x"], ["y"], [onnx.helper.make_node("Identity", ["x"], ["y"])],
                                     [onnx.helper.make_opsetid("", model.opset_import[0].version)])
    model.functions.append(body)
    model.opset_import.append(onnx.helper.make_opsetid("local", 1))
    model.ir_version = max(model.ir_version, 8)
    first = next(node for node in model.graph.node if node.op_type in ("MatMul", "Gemm"))
    name = first.input[0]
    first.input[0] = "local_value"
    at = list(model.graph.node).index(first)
    model.graph.node.insert(at, onnx.helper.make_node("Twice", [name], ["local_value"], domain="local"))
    onnx.save(model, path)


def version_step(opset):
    def step(path):
        onnx.save(onnx.version_converter.convert_version(onnx.load(path), opset), path)

    return step


LEVEL = onnxruntime.GraphOptimizationLevel
EXPORTERS = {
    **{f"ts{opset}": torchscript(opset) for opset in (9, 11, 12, 13, 14, 16, 17, 20)},
    "ts17-fixed": torchscript(17, is_dynamic=False),
    "ts17-nofold": torchscript(17, do_constant_folding=False),
    "ts14-preserve": torchscript(14, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False),
    **{f"dynamo{opset}": dynamo(opset) for opset in (18, 20, 21, 23)},
    "dynamo20-noopt": dynamo(20, optimize=False),
    "dynamo20-fixed": dynamo(20, is_dynamic=False),
    "sim-ts14": after(torchscript(14), onnxsim_step),
    "sim-ts17-fixed": after(torchscript(17, is_dynamic=False), onnxsim_step),
    "sim-dynamo18": after(dynamo(18), onnxsim_step),
    "slim-ts17": after(torchscript(17), onnxslim_step),
    "slim-dynamo20": after(dynamo(20), onnxslim_step),
    "ort-basic": after(torchscript(17), runtime_step(LEVEL.ORT_ENABLE_BASIC)),
    "ort-extended": after(torchscript(17), runtime_step(LEVEL.ORT_ENABLE_EXTENDED)),
    "ort-dynamo-basic": after(dynamo(20), runtime_step(LEVEL.ORT_ENABLE_BASIC)),
    "ort-vit": after(torchscript(14), transformers_step),
    "external": after(dynamo(20), external_step),
    "functions": after(torchscript(17), functions_step),
    "down12": after(torchscript(13), version_step(12)),
    "up21": after(torchscript(17), version_step(21)),
    "mixed-half": after(torchscript(17), half_step),
}
HALF = {"f16-ts17": torchscript(17), "f16-ts14": torchscript(14), "f16-dynamo20": dynamo(20)}
BRAIN = {"bf16-ts17": torchscript(17), "bf16-dynamo22": dynamo(22)}
DOUBLE = {"f64-ts17": torchscript(17)}
TYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}
QUICK = ["ts11", "ts14", "ts17", "dynamo18", "dynamo20", "dynamo23", "sim-ts14", "ort-basic", "ort-extended"]
#: All exporters for these, the quick list for the rest.
THOROUGH = {"vit", "vit-math", "vit-reg4", "hf-vit", "hf-vit-math", "swin", "eva02-math", "hf-dinov2-math",
            "own-rms_base", "own-ln_base", "resnet", "tv-vit"}
#: The files of the repository.
COMMITTED = '''
vit-math--ts9 vit--ts17 vit--dynamo18 vit--dynamo23 vit--dynamo20-noopt vit--sim-ts14
vit--ort-basic vit--ort-extended vit--ort-vit vit--f16-ts17 vit-math--f16-dynamo20
hf-vit--ts17 hf-vit--dynamo20 hf-vit-math--sim-ts17-fixed
hf-dinov2--dynamo18 hf-dinov2-math--dynamo20 hf-clip--dynamo20
eva02-math--ts17 eva02-math--dynamo20 deit-distilled--dynamo20 vit-qknorm--dynamo20 vit-qknorm-math--ts11
tv-vit--dynamo20 swin-math--dynamo20 convnext--dynamo20 resnet--ts13
own-ln_base--ts17 own-ln_norm-first--ts13 own-ln_softmax-lse--dynamo20 own-ln_swapped--ts17 own-ln_norm-moments--dynamo23
own-rms_llama--dynamo23 own-rms_power--ts13
'''.split()


def is_wanted(architecture: str, exporter: str) -> bool:
    if architecture.startswith(("own-ln_", "own-rms_")) and not architecture.endswith("_base"):
        return exporter in ("ts13", "ts17", "dynamo18", "dynamo20", "dynamo23", "f16-ts17")
    return architecture in THOROUGH or exporter in QUICK


def clean(path: Path) -> None:
    """No path and no trace of the machine stays in the file."""
    model = onnx.load(path, load_external_data=False)

    def visit(graph):
        del graph.metadata_props[:]
        graph.doc_string = ""
        for node in graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    visit(attribute.g)
        for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
            del value.metadata_props[:]
        del graph.value_info[:]

    visit(model.graph)
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]
    path.write_bytes(model.SerializeToString(deterministic=True))


def answers(path: Path, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVEL.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options)
    info = session.get_inputs()[0]
    kind = {"tensor(float16)": np.float16, "tensor(double)": np.float64}.get(info.type, np.float32)
    outputs = [session.run(None, {info.name: x[i:i + 1].astype(kind)})[0] for i in range(len(x))]
    return np.concatenate(outputs).astype(np.float32)


def make(name: str, architecture: Architecture, exporter: str, export, out: Path, index, is_small: bool) -> None:
    path = out / f"{name}--{exporter}.onnx"
    dtype = exporter.split("-")[0]
    module = randomise(architecture.make())
    if dtype in TYPES:
        module = module.to(TYPES[dtype])
    x = images_for(architecture.shape, is_small)
    example = torch.from_numpy(x[:1]).to(TYPES.get(dtype, torch.float32))
    with torch.no_grad():
        wanted = np.concatenate([module(torch.from_numpy(x[i:i + 1]).to(example.dtype)).float().numpy() for i in range(len(x))])
    export(module, example, path)
    clean(path)
    try:
        y, note = answers(path, x), ""
    except Exception as error:  # onnxruntime has no bfloat16 on the CPU
        y, note = wanted, f"torch's answers; onnxruntime: {str(error).splitlines()[0][:90]}"
    error = np.abs(y - wanted).max() / np.abs(wanted).max()
    note = note or f"onnxruntime against torch {error:.1e}"
    np.savez_compressed(path.with_suffix(".npz"), x=x, y=y)
    opset = next(entry.version for entry in onnx.load(path, load_external_data=False).opset_import if entry.domain in ("", "ai.onnx"))
    index.write("\t".join([path.stem, architecture.source, exporter, str(opset), dtype if dtype in TYPES else "f32", note]) + "\n")
    index.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="regular expression over ARCHITECTURE--EXPORTER")
    parser.add_argument("--committed", action="store_true", help="only the files that the repository holds")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    failures = []
    if arguments.committed:
        shrink()
    with open(arguments.out / "index.tsv", "a", encoding="utf8") as index:
        for name, architecture in all_architectures().items():
            for exporter, export in {**EXPORTERS, **HALF, **BRAIN, **DOUBLE}.items():
                stem = f"{name}--{exporter}"
                is_chosen = stem in COMMITTED if arguments.committed else is_wanted(name, exporter)
                if not is_chosen or not re.search(arguments.only, stem):
                    continue
                if (arguments.out / f"{stem}.npz").exists():
                    continue
                log = io.StringIO()
                try:
                    with redirect_stdout(log), redirect_stderr(log):
                        make(name, architecture, exporter, export, arguments.out, index, arguments.committed)
                    print("made", stem, flush=True)
                except Exception as error:
                    (arguments.out / f"{stem}.onnx").unlink(missing_ok=True)
                    reason = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")[:300]
                    failures.append(f"{stem}\t{reason}")
                    print("failed", stem, reason[:160], flush=True)
                gc.collect()
    with open(arguments.out / "not-exported.tsv", "a", encoding="utf8") as file:
        file.writelines(f"{line}\n" for line in failures)


if __name__ == "__main__":
    main()
