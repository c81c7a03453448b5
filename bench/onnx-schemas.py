"""Writes compiler/onnx/ops/schemas.ts: what ONNX and onnxruntime let a node of each operator have.

Needs: python packages onnx and onnxruntime.
  node bin/snnc.js ops --json | python bench/onnx-schemas.py > compiler/onnx/ops/schemas.ts && npm run format
"""
import json
import sys

import onnx.defs
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

MANY = 2**31 - 1
found = {}
wanted = {(entry["domain"], entry["operator"]) for entry in json.load(sys.stdin)["operators"]}


def add(domain, schema):
    name = schema.name if domain == "" else f"{domain}.{schema.name}"
    if (domain, schema.name) not in wanted:
        return
    entry = found.setdefault(name, {"inputs": 0, "outputs": 0, "attributes": set()})
    entry["inputs"] = max(entry["inputs"], schema.max_input)
    entry["outputs"] = max(entry["outputs"], schema.max_output)
    entry["attributes"] |= set(schema.attributes)


for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "":
        add("", schema)
for schema in runtime.get_all_operator_schema():
    if schema.domain == "com.microsoft":
        add("com.microsoft", schema)


def count(number):
    return "MANY" if number >= MANY else str(number)


print(f"""/**
 * What a node of each operator may have: inputs and outputs at most, and attributes, of any version.
 *
 * Source  onnx {onnx.__version__} and onnxruntime {onnxruntime.__version__}, through bench/onnx-schemas.py
 */
export type Schema = readonly [inputs: number, outputs: number, attributes: string];

const MANY = Number.POSITIVE_INFINITY;

export const SCHEMAS: {{ readonly [operator: string]: Schema }} = {{""")
for name in sorted(found):
    e = found[name]
    key = name if name.isidentifier() else f"'{name}'"
    print(f"  {key}: [{count(e['inputs'])}, {count(e['outputs'])}, '{' '.join(sorted(e['attributes']))}'],")
print("};")
