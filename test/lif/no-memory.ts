/** Runs a random network where a process may not reserve what WebAssembly takes: prints what it counted. */
import { createLifMachine } from '../../runtime-sim/lif/engine.ts';
import { createMemory } from '../../runtime-sim/lif/memory.ts';
import { randomNet, randomPrograms } from './random-net.ts';

const net = randomNet(5);
const machine = createLifMachine(randomPrograms(net));
machine.run(10, undefined, net.host);
const { synops, fired } = machine.totals;
console.log(
  JSON.stringify({
    hasMemory: createMemory() !== undefined,
    synops: Array.from(synops),
    fired: Array.from(fired),
  }),
);
