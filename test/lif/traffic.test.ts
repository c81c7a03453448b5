/** Traffic of plain neurons holds exactly what was counted of the same timestep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import type { LifMachine } from '../../runtime-sim/lif/machine.ts';
import { createLifReference } from '../../runtime-sim/lif/reference.ts';
import { createLifTraffic } from '../../runtime-sim/lif/traffic.ts';
import type { Fanouts, StepTraffic } from '../../runtime-sim/noc/traffic.ts';
import { randomNet, randomPrograms } from './random-net.ts';

const TICKS = { neuron: 7, update: 31, fire: 1009, axonIn: 100_003, synop: 13 } as const;

/** Per core: ticks of sending, messages out and in, ticks of receiving. */
function sumsOf(cores: number, { starts, target, service }: Fanouts, traffic: StepTraffic) {
  const sums = Array.from({ length: cores }, () => ({ sending: 0, out: 0, in: 0, receiving: 0 }));
  const receive = (list: number) => {
    for (let m = starts[list]!; m < starts[list + 1]!; m++) {
      sums[target[m]!]!.in += 1;
      sums[target[m]!]!.receiving += service[m]!;
    }
  };
  for (let core = 0; core < cores; core++) {
    const own = sums[core]!;
    own.sending += traffic.tail[core]!;
    for (let send = traffic.starts[core]!; send < traffic.starts[core + 1]!; send++) {
      const list = traffic.fanout[send]!;
      own.sending += traffic.gap[send]!;
      own.out += starts[list + 1]! - starts[list]!;
      receive(list);
    }
  }
  traffic.host.forEach(receive);
  return sums;
}

function check(machine: LifMachine, host: (step: number) => Int32Array) {
  const { network } = machine;
  const traffic = createLifTraffic(network, TICKS);
  const made: unknown[] = [];
  machine.run(
    12,
    step => {
      const { events } = step;
      const found = sumsOf(network.cores.length, traffic.fanouts, traffic.make(step));
      const counted = network.cores.map((_, core) => ({
        sending:
          network.neurons[core]! * TICKS.neuron +
          events.updated[core]! * TICKS.update +
          events.fired[core]! * TICKS.fire,
        out: events.messagesOut[core]!,
        in: events.messagesIn[core]!,
        receiving: events.messagesIn[core]! * TICKS.axonIn + events.synops[core]! * TICKS.synop,
      }));
      assert.deepEqual(found, counted);
      const { starts, gap, fanout } = traffic.make(step);
      made.push([Array.from(starts), Array.from(gap), Array.from(fanout)]);
    },
    host,
  );
  return made;
}

test('what cores compute, send and take in adds up to the counts, for engine and reference alike', () => {
  for (let seed = 100; seed < 120; seed++) {
    const net = randomNet(seed);
    const programs = randomPrograms(net);
    assert.deepEqual(
      check(createLifMachine(programs), net.host),
      check(createLifReference(programs), net.host),
    );
  }
});
