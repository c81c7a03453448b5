"""Runs the reference net R(L, N, P) in SANA-FE, its network flit by flit (timing model `cycle`), one step at a time.

Reads {layers, neurons, period, coresPerLayer, phases, steps} as JSON from standard input; prints one JSON object: what
each step fired, sent and took, in chip time and in seconds of this machine. Needs `pip install sanafe` (GPL, run as a
program of its own).
"""

import importlib.metadata
import json
import pathlib
import re
import sys
import tempfile
import time

import numpy as np
import sanafe

net_of = json.load(sys.stdin)
layers, neurons, period = (net_of[key] for key in ("layers", "neurons", "period"))
cores_per_layer, phases = net_of["coresPerLayer"], np.array(net_of["phases"])

# A thousand input units for each core take gigabytes and are not used here.
shipped = pathlib.Path(sanafe.__file__).parent / "examples" / "loihi.yaml"
text = re.sub(r"loihi_inputs\[0\.\.\d+\]", "loihi_inputs", shipped.read_text())
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    file.write(text)
    file.flush()
    arch = sanafe.load_arch(file.name)

network = sanafe.Network()
cores = arch.cores()
groups = []
for layer in range(layers):
    group = network.create_neuron_group(
        f"l{layer}",
        neurons,
        {"threshold": period - 0.5, "reset": 0.0, "leak_decay": 1.0, "bias": 1.0},
        default_synapse_hw_name="loihi_dense_synapse",
        default_dendrite_hw_name="loihi_dendrites",
        soma_hw_name="loihi_lif",
    )
    per_core = neurons // cores_per_layer
    for i in range(neurons):
        group[i].set_attributes(model_attributes={"potential": float(phases[layer * neurons + i])})
        group[i].map_to_core(cores[layer * cores_per_layer + i // per_core])
    groups.append(group)
for source, target in zip(groups, groups[1:]):
    source.connect_neurons_dense(target, {"weight": np.full(neurons * neurons, 1e-9)})
chip = sanafe.SpikingChip(arch)
chip.load(network)

steps = []
for _ in range(net_of["steps"]):
    start = time.perf_counter()
    result = chip.sim(1, timing_model="cycle", processing_threads=1, scheduler_threads=0)
    steps.append(
        {
            "seconds": time.perf_counter() - start,
            "chipSeconds": result["sim_time"],
            "fired": result["neurons_fired"],
            "packets": result["packets_sent"],
        }
    )
print(json.dumps({"version": importlib.metadata.version("sanafe"), "steps": steps}))
