/** The command line in this process, with all that it prints. */
import { main } from '../../cli/main.ts';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function snnc(...args: readonly string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const [out, err] = [process.stdout.write, process.stderr.write];
  // The test runner writes bytes of its own in between.
  const take = (name: 'out' | 'err') =>
    ((text: string | Uint8Array) => {
      if (typeof text !== 'string')
        return name === 'out' ? out.call(process.stdout, text) : err.call(process.stderr, text);
      said[name] += text;
      return true;
    }) as typeof out;
  process.stdout.write = take('out');
  process.stderr.write = take('err');
  try {
    return { code: await main(args), ...said };
  } finally {
    process.stdout.write = out;
    process.stderr.write = err;
  }
}
