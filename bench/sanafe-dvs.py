#!/usr/bin/env python3
"""Writes the weights, thresholds and inputs of SANA-FE's DVS tutorial (pip install sanafe) as JSON, for bench/dvs-net.ts.

  sanafe-dvs.py OUT.json
"""
import json, sys
import numpy as np, sanafe.tutorial

with sanafe.tutorial.get_dvs_data() as file:
    data = np.load(file)
    arrays = {name: {'shape': list(data[name].shape), 'values': data[name].ravel().tolist()} for name in data.files}
with open(sys.argv[1], 'w') as out:
    json.dump(arrays, out)
