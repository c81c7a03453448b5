/** run_sanafe.py: what is written beside the files, to run them in SANA-FE and compare. */
export const RUNNER = `#!/usr/bin/env python3
"""Runs network.yaml on architecture.yaml in SANA-FE (pip install sanafe) and compares every timestep with
expected.json: spikes, packets, hops and synops as integers, energy and 'simple' time within 1e-9, sums as they are.
Exit code 0: equal, 1: different.

usage: python run_sanafe.py [--save FILE]    FILE: what SANA-FE counted, as JSON
"""
import argparse, importlib.metadata, json, os, sys

INTEGERS = ['fired', 'packets', 'hops', 'synops']
REALS = ['synapseEnergy', 'somaEnergy', 'networkEnergy', 'seconds']


def simulate(folder, expected):
    import sanafe
    arch = sanafe.load_arch(os.path.join(folder, 'architecture.yaml'))
    chip = sanafe.SpikingChip(arch)
    chip.load(sanafe.load_net(os.path.join(folder, 'network.yaml'), arch))
    found = {name: [] for name in INTEGERS + REALS}
    spikes, sums = [], None
    for step in range(expected['timesteps']):
        last = step == expected['timesteps'] - 1
        trace = {'potential_trace': True} if last else {}
        result = chip.sim(1, timing_model='simple', processing_threads=1, spike_trace=True, perf_trace=True, **trace)
        energy, perf = result['energy'], result['perf_trace']
        values = [result['neurons_fired'], result['packets_sent'], perf['hops'][0], result['spikes'],
                  energy['synapse'], energy['soma'], energy['network'], result['sim_time']]
        for name, value in zip(INTEGERS + REALS, values):
            found[name].append(value)
        spikes.append(sorted(str(neuron) for neuron in result['spike_trace'][0]))
        if last:
            sums = result['potential_trace'][0]
    return found, spikes, sums


def named(step):
    return sorted(f'{group}.{neuron}' for group, neurons in step.items() for neuron in neurons)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--save')
    args = parser.parse_args()
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, 'expected.json')) as file:
        expected = json.load(file)
    stdout = os.dup(1)
    os.dup2(2, 1)  # SANA-FE prints its progress
    found, spikes, sums = simulate(folder, expected)
    sys.stdout.flush()
    os.dup2(stdout, 1)
    version = importlib.metadata.version('sanafe')
    wrong = 0

    def report(name, worst, where, is_equal):
        nonlocal wrong
        wrong += not is_equal
        print(f"{name:15} {'equal' if is_equal else 'DIFFERENT'}  {worst}{'' if where is None else f' at timestep {where}'}")

    for name in INTEGERS:
        pairs = list(enumerate(zip(found[name], expected[name])))
        bad = next((t for t, (a, b) in pairs if a != b), None)
        report(name, f'{sum(found[name])} in all', bad, bad is None)
    for name in REALS:
        off = [abs(a - b) / max(abs(a), abs(b), 1e-300) for a, b in zip(found[name], expected[name])]
        worst = max(off, default=0)
        report(name, f'{sum(found[name]):.9g}, relative difference {worst:.1e}', off.index(worst) if worst > 0 else None, worst <= 1e-9)
    bad = next((t for t, step in enumerate(spikes) if step != named(expected['spikes'][t])), None)
    report('spikes', f'{sum(map(len, spikes))} neurons, by name', bad, bad is None)
    # SANA-FE logs potentials by the names of groups, in the order of their bytes.
    wanted = [value for group in sorted(expected['sums']) for value in expected['sums'][group]]
    report('sums', f'{len(sums)} neurons', None, sums == wanted)
    print(f"SANA-FE {version}: {'all equal' if wrong == 0 else f'{wrong} of them differ'} over {expected['timesteps']} timesteps")
    if args.save:
        with open(args.save, 'w') as file:
            found |= {'spikes': spikes, 'sums': sums}
            json.dump({'sanafe': version, 'command': 'python run_sanafe.py --save FILE', **found}, file)
    return 1 if wrong else 0


sys.exit(main())
`;
