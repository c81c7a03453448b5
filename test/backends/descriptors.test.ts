import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createAccounting, namedLimits } from '../../backends/accounting.ts';
import * as rules from '../../backends/descriptor/rules.ts';
import {
  findBackendsFolder,
  listShippedFiles,
  listShippedTargets,
} from '../../backends/descriptor/shipped.ts';
import { readXml, type XmlElement } from '../../backends/descriptor/xml.ts';
import { listTargets, loadCandidates, loadTarget } from '../../backends/target.ts';
import { catalogue } from '../../ir/diagnostics/catalogue.ts';
import { createDiagnostics } from '../../ir/diagnostics/diagnostic.ts';
import { createRandom } from '../../ir/random/seeded.ts';
import { codesOf, faultsOf, writeTemporary } from './kit.ts';
import { readSchema } from './xsd.ts';

const BAD = 'test/backends/bad';
const GOOD = 'test/backends/good';
/** Names that are taken or unused, two defaults, two encodings of one role: more than a grammar can say. */
const XSD_LEAVES_TO_THE_CHECKER: readonly string[] = [
  'E0556-includes-elsewhere.xml',
  'E0559-includes-itself.xml',
  'E0559-name-of-the-language.xml',
  'E0559-unused-parameter.xml',
  'E0560-two-axon-encodings.xml',
  'E0560-two-defaults.xml',
];

test('every shipped descriptor is part of a target that loads', async () => {
  const backends = findBackendsFolder();
  const used = new Set<string>();
  for (const { name } of listShippedTargets(backends)) {
    for (const target of await loadCandidates(name)) for (const file of target.files) used.add(file.origin);
  }
  const shipped = listShippedFiles(backends).map(path => `backends/${path.slice(backends.length + 1)}`);
  assert.deepEqual([...used].sort(), [...shipped].sort());
  assert.ok(shipped.length >= 8);
});

test('each bad file is refused with the code in its name, at a place in a file', async () => {
  const files = readdirSync(BAD);
  assert.ok(files.length >= 20);
  for (const file of files) {
    const faults = await faultsOf(`${BAD}/${file}`);
    const expected = file.slice(0, 5);
    assert.ok(faults.length > 0, file);
    for (const fault of faults) {
      assert.equal(fault.code, expected, `${file}: ${fault.message}`);
      assert.match(fault.at.origin, /\.xml/, file);
      assert.equal(catalogue[fault.code].exit, expected === 'E0101' ? 4 : 2, file);
    }
  }
});

test('the corpus holds every descriptor code', () => {
  const seen = new Set(readdirSync(BAD).map(file => file.slice(0, 5)));
  // E0569 and E0570 are about the command line, not about a file.
  const codes = Object.keys(catalogue).filter(
    code => (code >= 'E0550' && code <= 'E0568') || (code >= 'E0575' && code <= 'E0589') || code === 'E0750',
  );
  assert.deepEqual([...seen].filter(code => code !== 'E0101').sort(), codes.sort());
});

test('good files load: own chip and core, extensions, computed figures, CDATA, no dynamic weights', async () => {
  const board = await loadTarget(`${GOOD}/board.xml*2`);
  assert.equal(board.chips, 8);
  assert.equal(board.topology.chips.note, '2 * 2; two by two');
  assert.deepEqual(board.extensions.board?.boardHeight?.unit, 'milli metre');
  assert.equal(board.extensions.board?.boardArea?.value, 0.02);
  const chip = await loadTarget(`${GOOD}/chip.xml`);
  assert.equal(chip.board, undefined);
  assert.equal(chip.chips, 1);
  assert.equal(chip.capabilities.dynamicWeights.value, false);
  assert.equal(chip.encodings.dynamic, undefined);
  assert.deepEqual(
    chip.files.map(file => file.origin),
    [`${GOOD}/core.xml`, `${GOOD}/chip.xml`],
  );
});

test('good files load: binary spikes, a tick, axon rules, one memory, limits that are not there', async () => {
  const target = await loadTarget(`${GOOD}/clocked-chip.xml`);
  assert.equal(target.timing.tick?.value, 1e6);
  assert.equal(target.timing.barrierAllTiles, undefined);
  assert.equal(target.topology.hostCores?.value, 3);
  const accounting = createAccounting(target);
  assert.ok(accounting.isBinary);
  assert.deepEqual(namedLimits(accounting.capacity), {
    stateWords: 1024,
    synapseWords: 4096,
    memoryBytes: 40 * 1024,
  });
  const read = { rows: 3, neurons: 30, axons: 16 };
  assert.equal(accounting.inAxons({ ...read, readers: 1 }), 16);
  assert.equal(accounting.inAxons({ ...read, readers: 2 }), 30 * 16);
  assert.equal(accounting.outAxonEntries({ ...read, readers: 2 }), 3 * 16);
});

test('all faults of a file are listed at once, each with line and path', async () => {
  const good = readFileSync(`${GOOD}/core.xml`, 'utf8');
  const path = writeTemporary(
    good
      .replace('name="inAxons" value="512"', 'name="inAxons" value="-1"')
      .replace('name="payloadBits"', 'name="payloadBit"')
      .replace('name="stateWords" value="1024" unit="word"', 'name="stateWords" value="1024" unit="byte"')
      .replace(
        /name="delayMax" value="15" unit="step" status="assumed"/,
        'name="delayMax" value="15" unit="step"',
      ),
  );
  const faults = await faultsOf(path);
  assert.deepEqual([...codesOf(faults)].sort(), ['E0555', 'E0557', 'E0559', 'E0561', 'E0562']);
  const line = good.split('\n').findIndex(text => text.includes('inAxons')) + 1;
  const negative = faults.find(fault => fault.code === 'E0561');
  assert.equal(negative?.at.origin, `${path}:${line} core[core]/limits/parameter[inAxons]`);
});

test('faults of what a file refers to are reported at the file that has them', async () => {
  const read = (name: string): string => readFileSync(`${GOOD}/${name}.xml`, 'utf8');
  const lost = await faultsOf(writeTemporary(read('chip').replace('file="core.xml"', 'file="lost.xml"')));
  assert.deepEqual(codesOf(lost), ['E0101']);
  const chip = writeTemporary(read('chip'), 'chip.xml');
  const core = read('core').replace('value="15"', 'value="-15"').replace('role="state"', 'role="states"');
  writeFileSync(join(dirname(chip), 'core.xml'), core);
  const faults = await faultsOf(chip);
  assert.deepEqual([...codesOf(faults)].sort(), ['E0555', 'E0556', 'E0561']);
  for (const fault of faults) assert.match(fault.at.origin, /core\.xml:\d+ core\[core\]/);
});

test('a file beyond the size bound is not read', async () => {
  const path = writeTemporary(`<board>${' '.repeat(1_000_001)}</board>`);
  assert.deepEqual(codesOf(await faultsOf(path)), ['E0551']);
});

test('hostile documents end in a diagnostic', async () => {
  const board = readFileSync(`${GOOD}/board.xml`, 'utf8');
  const hostile: readonly (readonly [text: string, code: string])[] = [
    ['<a>'.repeat(300_000), 'E0550'],
    [`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`, 'E0551'],
    ['<__proto__ polluted="yes"/>', 'E0550'],
    ['<board constructor="1" __proto__="2"/>', 'E0550'],
    ['', 'E0550'],
    ['\0', 'E0550'],
    [`<!-- <!DOCTYPE a> -->\n<!doctype board>\n${board}`, 'E0552'],
    [board.replace('A board', '&#0;'), 'E0552'],
    [board.replace('A board', '&#x110000;'), 'E0552'],
    [board.replace('A board', '&bomb;'), 'E0552'],
    [board.replace('A board', 'fish & chips'), 'E0550'],
  ];
  for (const [text, code] of hostile) {
    const codes = codesOf(await faultsOf(writeTemporary(text)));
    assert.ok(codes.length > 0 && codes.every(found => found === code), `${text.slice(0, 40)}: ${codes}`);
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('comments, references of XML and Windows line ends do no harm', async () => {
  const board = readFileSync(`${GOOD}/board.xml`, 'utf8');
  const text = board
    .replace('A board', '<!-- <!DOCTYPE a> --> R&amp;D &#x3c;1&#62;')
    .replaceAll('\n', '\r\n');
  assert.equal((await loadTarget(writeTemporary(text))).title, 'R&D <1>');
});

const TABLES = [
  ['coreLimitsName', rules.CORE_LIMITS],
  ['coreMemoriesName', rules.CORE_MEMORIES],
  ['coreArithmeticName', rules.CORE_ARITHMETIC],
  ['coreCostsName', rules.CORE_COSTS],
  ['coreTimingName', rules.CORE_TIMING],
  ['chipCostsName', rules.CHIP_COSTS],
  ['chipTimingName', rules.CHIP_TIMING],
  ['chipTopologyName', rules.CHIP_TOPOLOGY],
  ['boardTimingName', rules.BOARD_TIMING],
  ['boardTopologyName', rules.BOARD_TOPOLOGY],
  ['capabilityName', { ...rules.CAPABILITIES, ...rules.OPTIONAL_CAPABILITIES }],
  [
    'encodingFormulaName',
    {
      ...rules.WEIGHT_FORMULAS,
      ...rules.DYNAMIC_FORMULAS,
      ...rules.STATE_FORMULAS,
      ...rules.AXON_FORMULAS,
    },
  ],
] as const;

test('the XSD knows the names that the checker knows', () => {
  const diagnostics = createDiagnostics();
  const schema = readXml('descriptor.xsd', readFileSync('backends/descriptor.xsd'), diagnostics.report);
  assert.deepEqual(diagnostics.list, []);
  const collect = (element: XmlElement): readonly XmlElement[] => [
    element,
    ...element.children.flatMap(collect),
  ];
  const types =
    schema === undefined ? [] : collect(schema).filter(element => element.name === 'xs:simpleType');
  for (const [name, table] of TABLES) {
    const type = types.find(element => element.attributes.get('name') === name);
    const values = (type?.children[0]?.children ?? []).map(child => child.attributes.get('value'));
    assert.deepEqual([...values].sort(), Object.keys(table).sort(), name);
  }
});

/** Documents that can be read at all. */
function parsed(path: string): XmlElement | undefined {
  return readXml(path, readFileSync(path), () => undefined);
}

test('XSD and checker: what the checker takes the XSD takes, what the XSD refuses the checker refuses', () => {
  const validate = readSchema('backends/descriptor.xsd');
  const sound = [
    ...readdirSync(GOOD).map(name => `${GOOD}/${name}`),
    ...listShippedFiles(findBackendsFolder()),
  ];
  for (const path of sound) assert.deepEqual(validate(parsed(path)!), [], path);
  // Every bad file is refused by the checker (above); by the XSD those whose fault a grammar can say.
  const refused = readdirSync(BAD).filter(name => {
    const root = parsed(`${BAD}/${name}`);
    return root !== undefined && validate(root).length > 0;
  });
  const ofGrammar = ['E0553', 'E0554', 'E0556', 'E0557', 'E0558', 'E0559', 'E0560'];
  const missed = readdirSync(BAD).filter(
    name => ofGrammar.includes(name.slice(0, 5)) && !refused.includes(name),
  );
  assert.deepEqual(missed, XSD_LEAVES_TO_THE_CHECKER);
  assert.ok(refused.length >= 25, `${refused}`);
});

test('XSD and checker agree on damage at random places of the shipped files', async () => {
  const validate = readSchema('backends/descriptor.xsd');
  const random = createRandom(11);
  let refusals = 0;
  for (const path of listShippedFiles(findBackendsFolder())) {
    const text = readFileSync(path, 'utf8');
    for (let k = 0; k < 6; k++) {
      const damaged = damage(text, random);
      const copy = writeTemporary(damaged.replace(/<(core|chip)Ref /g, '<$1Ref '));
      const root = parsed(copy);
      if (root === undefined || validate(root).length === 0) continue;
      refusals += 1;
      assert.ok((await faultsOf(copy)).length > 0, `${path}: ${damaged}`);
    }
  }
  assert.ok(refusals > 20, `${refusals}`);
});

/** An attribute that is gone, renamed or of another value; an element that stands twice. */
function damage(text: string, random: ReturnType<typeof createRandom>): string {
  const attributes = [...text.matchAll(/ (name|value|unit|status|sourceRef|role|kind|id|version)="[^"]*"/g)];
  const { 0: whole, 1: name, index } = random.pick(attributes);
  const change = random.pick([
    () => '',
    () => whole.replace(name!, `${name}s`),
    () => ` ${name}="wrong"`,
    () => `${whole} other="1"`,
  ]);
  return `${text.slice(0, index)}${change()}${text.slice(index + whole.length)}`;
}

test('docs/descriptors.md explains every parameter, capability and formula', () => {
  const page = readFileSync('docs/descriptors.md', 'utf8');
  for (const [section, table] of TABLES) {
    for (const [name, rule] of Object.entries(table)) {
      const means = typeof rule === 'string' ? rule : rule.means;
      assert.ok(page.includes(`| \`${name}\` |`), `${section}: ${name}`);
      assert.ok(page.includes(means), `${section}: ${name}: ${means}`);
    }
  }
});

test('snnc targets lists what ships', async () => {
  const targets = await listTargets();
  const loihi2 = targets.find(target => target.name === 'loihi2');
  assert.deepEqual(
    loihi2?.boards.map(board => [board.spec, board.chips, board.cores]),
    [
      ['loihi2:oheo-gulch', 1, 120],
      ['loihi2:kapoho-point', 8, 960],
      ['loihi2:hala-point', 1152, 140_544],
    ],
  );
  assert.ok(targets.some(target => target.name === 'generic'));
});
