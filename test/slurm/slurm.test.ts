/** A real Slurm, where it is installed: run.sh says what happens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const SKIPPED = 77;

test('an array of Slurm, one task killed and queued again, says what one run says', t => {
  const { status, stdout, stderr } = spawnSync('test/slurm/run.sh', { encoding: 'utf8' });
  if (status === SKIPPED) {
    process.stderr.write(`${stdout}\n`);
    t.skip(stdout.trim());
    return;
  }
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /merged result equal byte for byte/);
});
