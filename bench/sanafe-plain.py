#!/usr/bin/env python3
"""Runs a network of plain neurons, as bench/plain-file.ts writes it, in SANA-FE (pip install sanafe pyyaml), a program of its
own, on the model of Loihi 1 that it ships (one input unit a core instead of 1,024, which nothing here uses).

  sanafe-plain.py NET.json OUT.json [--trace N] [--warm N] [--steps N] [--repeats N] [--timing detailed]

OUT.json: the costs of the model; of N traced timesteps who fired and what was counted; the wall times of repeated runs.
"""
import argparse, base64, json, os, resource, tempfile, time
import numpy as np, sanafe, yaml

parser = argparse.ArgumentParser()
parser.add_argument('net'); parser.add_argument('out')
parser.add_argument('--trace', type=int, default=0)
parser.add_argument('--warm', type=int, default=0)
parser.add_argument('--steps', type=int, default=0)
parser.add_argument('--repeats', type=int, default=5)
parser.add_argument('--timing', default='detailed')
args = parser.parse_args()

TYPES = {'i8': np.int8, 'i16': np.int16, 'i32': np.int32}


def numbers(stored):
    return np.frombuffer(base64.b64decode(stored['data']), dtype=TYPES[stored['type']]).astype(np.float64)


def model_file():
    shipped = os.path.join(os.path.dirname(sanafe.__file__), 'examples', 'loihi.yaml')
    with open(shipped) as file:
        text = file.read().replace('loihi_inputs[0..1023]', 'loihi_inputs')
    path = os.path.join(tempfile.mkdtemp(prefix='sanafe-'), 'loihi.yaml')
    with open(path, 'w') as file:
        file.write(text)
    return path, yaml.safe_load(text)


def costs_of(model):
    """Energies in J and times in s of the units that are used here."""
    attributes = model['architecture']['attributes']
    tile = model['architecture']['tile'][0]
    core = tile['core'][0]
    unit = lambda kind, name: next(u['attributes'] for u in core[kind] if u['name'] == name)
    soma, synapse = unit('soma', 'loihi_lif'), unit('synapse', 'loihi_dense_synapse')
    axon_in, axon_out = unit('axon_in', 'loihi_in'), unit('axon_out', 'loihi_out')
    hop = tile['attributes']
    of = lambda kind: {
        'neuron': float(soma[f'{kind}_access_neuron']), 'update': float(soma[f'{kind}_update_neuron']),
        'fire': float(soma[f'{kind}_spike_out']), 'axonOut': float(axon_out[f'{kind}_message_out']),
        'axonIn': float(axon_in[f'{kind}_message_in']), 'synop': float(synapse[f'{kind}_process_spike']),
        'hopEastWest': float(hop[f'{kind}_east_hop']), 'hopNorthSouth': float(hop[f'{kind}_north_hop']),
    }
    barrier = [[int(tiles), float(seconds)] for tiles, seconds in attributes['latency_sync'].items()]
    return {'energy': of('energy'), 'latency': of('latency'), 'barrier': barrier}


def build(net, arch, height, slots):
    network = sanafe.Network()
    groups = []
    for stored in net['groups']:
        each = {key: numbers(stored[key]) for key in ('bias', 'threshold', 'leak', 'initial', 'resetTo')}
        # A leaking potential is cut to 1/64: the network in 64ths has the same integers.
        unit = 64.0 if net['scaled'] else 1.0
        spread = lambda key: np.broadcast_to(each[key], stored['size'])
        group = network.create_neuron_group(
            stored['name'], stored['size'], {'reset_mode': stored['reset']}, log_spikes=args.trace > 0,
            default_synapse_hw_name='loihi_dense_synapse', default_dendrite_hw_name='loihi_dendrites',
            soma_hw_name='loihi_lif')
        rows = zip(*(spread(key) for key in each))
        for i, (bias, threshold, leak, initial, reset_to) in enumerate(rows):
            group[i].set_attributes(model_attributes={
                'bias': bias / unit, 'threshold': threshold / unit, 'leak_decay': (4096 - leak) / 4096,
                'potential': initial / unit, 'reset': reset_to / unit})
        groups.append(group)
    cores = arch.cores()
    for g, core, start, end in net['slices']:
        x, y, slot = net['cores'][core]
        for i in range(start, end):
            groups[g][i].map_to_core(cores[(x * height + y) * slots + slot])
    for edge in net['edges']:
        source, target = groups[edge['from']], groups[edge['to']]
        weights = numbers(edge['weights']) / (64.0 if net['scaled'] else 1.0)
        if 'starts' not in edge:
            source.connect_neurons_dense(target, {'weight': weights})
            continue
        starts, targets = numbers(edge['starts']).astype(int), numbers(edge['targets']).astype(int)
        sources = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        pairs = list(zip(sources.tolist(), targets.tolist()))
        source.connect_neurons_sparse(target, {'weight': weights}, pairs)
    return network


def traced(chip, steps):
    """One timestep at a time: totals of a call have packets, and all figures in full."""
    kept = ('fired', 'updated', 'hops', 'spikes', 'sim_time', 'total_energy')
    perf, fired = [], []
    for _ in range(steps):
        result = chip.sim(1, timing_model='simple', processing_threads=1, spike_trace=True, perf_trace=True)
        row = {key: result['perf_trace'][key][0] for key in kept}
        perf.append({**row, 'packets': result['packets_sent']})
        fired.append([str(neuron) for neuron in result['spike_trace'][0]])
    return {'perf': perf, 'fired': fired}


def timed(chip):
    if args.warm:
        chip.sim(args.warm, timing_model='simple', processing_threads=1)
    wall, cpu = [], []
    for _ in range(args.repeats):
        w, c = time.perf_counter(), time.process_time()
        result = chip.sim(args.steps, timing_model=args.timing, processing_threads=1)
        wall.append(time.perf_counter() - w)
        cpu.append(time.process_time() - c)
    keys = ('neurons_fired', 'spikes', 'packets_sent', 'sim_time', 'energy')
    return {'timing': args.timing, 'steps': args.steps, 'wall': wall, 'cpu': cpu, **{k: result[k] for k in keys}}


with open(args.net) as file:
    net = json.load(file)
start, cpu = time.perf_counter(), time.process_time()
path, model = model_file()
arch = sanafe.load_arch(path)
network = build(net, arch, model['architecture']['attributes']['height'], 4)
chip = sanafe.SpikingChip(arch)
chip.load(network)
loaded = {'wall': time.perf_counter() - start, 'cpu': time.process_time() - cpu,
          'rssMb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
version = __import__('importlib.metadata').metadata.version('sanafe')
out = {'sanafe': version, 'costs': costs_of(model), 'load': loaded}
if args.trace:
    out['trace'] = traced(chip, args.trace)
if args.steps:
    out['run'] = timed(chip)
with open(args.out, 'w') as file:
    json.dump(out, file)
