/** The result of a run on a device, for people and for CI. */
import type { HilResult } from './hil-result.ts';
import type { TestCase } from './junit.ts';

type Fault = HilResult['faults'][number];
type First = NonNullable<HilResult['firstDifference']>;

export const coreName = ({ chip, core }: { readonly chip: number; readonly core: number }): string =>
  `${chip}:${core}`;
const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

export function faultLine({ kind, cause, at, from, detail, seen }: Fault): string {
  const where =
    kind === 'core'
      ? `core ${coreName(at)}`
      : `link ${from === null || from === 'host' ? 'host' : coreName(from)} → ${coreName(at)}`;
  const times = seen > 1 ? `, seen ${seen} times` : '';
  return `${where}: ${cause}: ${detail}${times}`;
}

export const firstLine = ({
  image,
  step,
  timestep,
  population,
  chip,
  core,
  neuron,
  expected,
  got,
}: First): string =>
  `image ${image}, step ${step} (timestep ${timestep}), population ${population}, core ${chip}:${core}, neuron ${neuron}: expected ${expected}, got ${got ?? 'something else'}`;

const list = (items: readonly string[], most = 6): string =>
  items.length <= most
    ? items.join(', ')
    : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;

export function hilLines(result: HilResult): readonly string[] {
  const { device, images, steps, compared, different, firstDifference, spread, faults, memory, mended } =
    result;
  const row = (name: string, text: string) => `${name.padEnd(18)}${text}`;
  const lines = [
    row(
      'device',
      `${device.name}, firmware ${device.firmware}${device.url === null ? ', replayed' : ` at ${device.url}`}`,
    ),
    row(
      'run',
      `${plural(images, 'image')}, ${plural(steps, 'timestep')}, ${plural(compared, 'comparison')} of a population`,
    ),
  ];
  lines.push(row('spikes', different === 0 ? 'all equal' : `${plural(different, 'comparison')} differ`));
  if (firstDifference !== null) {
    lines.push(row('first difference', firstLine(firstDifference)));
    lines.push(
      row(
        'spread',
        `${plural(spread.neurons, 'neuron')} of ${plural(spread.populations.length, 'population')} (${list(spread.populations.map(({ name }) => name))})`,
      ),
    );
    lines.push(
      row(
        '',
        `on ${plural(spread.cores.length, 'core')} (${list(spread.cores.map(coreName))}), in ${plural(spread.images.length, 'image')} (${list(spread.images.map(String))})`,
      ),
    );
  }
  faults.forEach((fault, i) => void lines.push(row(i === 0 ? 'fault' : '', faultLine(fault))));
  if (memory !== null) {
    const where = memory.differences
      .slice(0, 3)
      .map(
        d =>
          `core ${d.core === null ? `${d.chip}:tables` : coreName({ chip: d.chip, core: d.core })} byte ${d.offset}`,
      );
    const text =
      memory.different === 0
        ? 'as in the folder'
        : `read, ${plural(memory.different, 'byte')} not as in the folder (${list(where)})`;
    lines.push(row('memory', `${memory.bytes.toLocaleString('en-US')} bytes ${text}`));
  }
  if (result.resumed + mended.corrupt > 0)
    lines.push(
      row(
        'mended',
        `${plural(mended.connections, 'connection')}, ${plural(mended.sessions, 'restart')} of the device, ${plural(mended.replayed, 'command')} replayed, ${plural(mended.unreadable + mended.corrupt, 'damaged reply', 'damaged replies')}`,
      ),
    );
  const chip = result.chipSeconds === null ? '' : `, chip ${result.chipSeconds.toPrecision(3)} s`;
  lines.push(row('time', `${result.seconds.toFixed(2)} s${chip}`));
  return lines;
}

/** One test a population, one for memory where it was read. */
export function hilCases(result: HilResult, populations: readonly string[]): readonly TestCase[] {
  const wrong = new Map(result.spread.populations.map(own => [own.name, own]));
  const about = [
    ...(result.firstDifference === null ? [] : [`first difference: ${firstLine(result.firstDifference)}`]),
    ...result.faults.map(fault => `fault: ${faultLine(fault)}`),
  ];
  return [
    ...populations.map((name): TestCase => {
      const own = wrong.get(name);
      if (own === undefined) return { name: `spikes of ${name}` };
      const head = `${plural(own.neurons, 'neuron')} in ${plural(own.turns, 'comparison')} differ`;
      return { name: `spikes of ${name}`, failure: [head, ...about].join('\n') };
    }),
    ...(result.memory === null
      ? [{ name: 'memory', skipped: 'not read back: --scrub' }]
      : [
          {
            name: 'memory',
            ...(result.memory.different > 0 && {
              failure: `${plural(result.memory.different, 'byte')} differ from the folder`,
            }),
          },
        ]),
  ];
}
