/** Promise: the commands run no code that another user of the machine may have put into a directory for all. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

describe('compiled code', function () {
  this.timeout(60_000);
  for (const [where, own, expected] of [
    ['below the home', '', '.cache/roadstead'],
    ['in XDG_CACHE_HOME', 'own', 'own/roadstead'],
  ] as const)
    it(`is kept ${where}, and not in the directory for temporary files`, async () => {
      await using home = await tempDir('home');
      const temporary = join(home.path, 'tmp');
      await run('env', [
        ...['-u', 'NODE_COMPILE_CACHE', `HOME=${home.path}`, `TMPDIR=${temporary}`],
        `XDG_CACHE_HOME=${own && join(home.path, own)}`,
        ...[process.execPath, ...CLI, '--version'],
      ]);
      expect(readdirSync(join(home.path, expected))).to.have.length(1);
      expect(existsSync(temporary)).to.equal(false);
    });

  it('is not kept without a home, and the command runs', async () => {
    const args = ['-u', 'NODE_COMPILE_CACHE', '-u', 'XDG_CACHE_HOME', 'HOME=/dev/null'];
    const { stdout } = await run('env', [...args, process.execPath, ...CLI, '--version']);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\b.*\n$/);
  });
});
