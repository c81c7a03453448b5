/** Networks of NIR that are refused, each in words of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nirGroup, nirText } from '../../ir/nir-value.ts';
import { chain, file, input, node, output, real } from './nets.ts';
import { lif, read, refusal } from './reading.ts';

const fc = (outs: number, ins: number) =>
  node('Linear', { weight: real(Array(outs * ins).fill(1), [outs, ins]) });
const REFUSED: { readonly [what: string]: readonly [string, RegExp, () => unknown] } = {
  'numbers instead of a file': ['E0130', /no group `node`/, () => read(real([1]))],
  'a node in place of a graph': ['E0130', /not NIRGraph/, () => read(nirGroup([['node', node('LIF')]]))],
  'a graph without nodes': ['E0130', /no nodes/, () => read(nirGroup([['node', node('NIRGraph')]]))],
  'a graph without edges': [
    'E0130',
    /no list of edges/,
    () => read(nirGroup([['node', node('NIRGraph', { nodes: nirGroup([]) })]])),
  ],
  'edges to nowhere': [
    'E0133',
    /an edge names b, which is no node/,
    () => read(file({ in: input(1) }, [['in', 'b']])),
  ],
  'layers that do not fit': [
    'E0132',
    /takes 3 elements, but is given \[2\]/,
    () =>
      read(
        chain([
          ['in', input(2)],
          ['fc', fc(2, 3)],
          ['n', lif(2)],
          ['out', output(2)],
        ]),
      ),
  ],
  'neurons of another number': [
    'E0133',
    /gives \[3\] to n, which has 2 neurons/,
    () =>
      read(
        chain([
          ['in', input(2)],
          ['fc', fc(3, 2)],
          ['n', lif(2)],
          ['out', output(2)],
        ]),
      ),
  ],
  'types that are not read': [
    'E0132',
    /x \(NeuronPool\): nothing says what shape it takes/,
    () =>
      read(
        chain([
          ['in', input(2)],
          ['x', node('NeuronPool')],
          ['out', output(2)],
        ]),
      ),
  ],
  'values that go on': [
    'E0132',
    /li \(LI\): its value goes to fc/,
    () =>
      read(
        chain([
          ['in', input(2)],
          ['li', node('LI', { tau: real([1, 1]), r: real([1, 1]), v_leak: real([0, 0]) })],
          ['fc', fc(2, 2)],
          ['n', lif(2)],
          ['out', output(2)],
        ]),
      ),
  ],
  'time constants without a timestep': [
    'E0134',
    /0.004000 s/,
    () =>
      read(
        chain([
          ['in', input(1)],
          ['n', lif(1)],
          ['out', output(1)],
        ]),
        { dt: undefined },
      ),
  ],
  'a timestep longer than them': [
    'E0135',
    /longer than a time constant/,
    () =>
      read(
        chain([
          ['in', input(1)],
          ['n', lif(1, 1e-4)],
          ['out', output(1)],
        ]),
      ),
  ],
  'no output': [
    'E0133',
    /no Output/,
    () =>
      read(
        chain([
          ['in', input(1)],
          ['n', lif(1)],
        ]),
      ),
  ],
  'a loop of layers': [
    'E0133',
    /feeds itself without a neuron/,
    () =>
      read(
        file({ in: input(2), a: fc(2, 2), b: fc(2, 2), n: lif(2), out: output(2) }, [
          ['in', 'a'],
          ['a', 'b'],
          ['b', 'a'],
          ['b', 'n'],
          ['n', 'out'],
        ]),
      ),
  ],
  'constants that are not numbers': [
    'E0132',
    /tau is not above 0/,
    () =>
      read(
        chain([
          ['in', input(1)],
          ['n', lif(1, -1)],
          ['out', output(1)],
        ]),
      ),
  ],
  'huge shapes': [
    'E0133',
    /has no shape of at most/,
    () =>
      read(
        chain([
          ['in', input(2 ** 20, 2 ** 20)],
          ['out', output(1)],
        ]),
      ),
  ],
  'a text for a list of edges': [
    'E0130',
    /no list of edges/,
    () =>
      read(
        nirGroup([
          ['node', node('NIRGraph', { nodes: nirGroup([['in', input(1)]]), edges: nirText('in out') })],
        ]),
      ),
  ],
};

for (const [what, [code, text, work]] of Object.entries(REFUSED)) {
  test(`${what}: refused in words`, () => {
    const found = refusal(work);
    assert.equal(found.code, code);
    assert.match([found.message, ...(found.list ?? [])].join('\n'), text);
  });
}

test('everything that stands in the way is said at once', () => {
  const found = refusal(() =>
    read(
      file({ in: input(2), x: node('Foo'), y: node('Bar'), fc: fc(2, 3), out: output(2) }, [
        ['in', 'x'],
        ['in', 'fc'],
        ['fc', 'y'],
        ['y', 'out'],
      ]),
    ),
  );
  assert.equal(found.list?.length, 4);
  assert.match(found.help ?? '', /CubaLIF.*Conv2d/);
});
