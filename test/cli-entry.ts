/** The command line as a process of its own, for tests. */
import { main } from '../cli/main.ts';

if (process.argv.length > 2) process.exitCode = await main(process.argv.slice(2));
