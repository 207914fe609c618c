/** Promise: a file system that hangs under a settings file is named as a problem, in bounded time. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { readFile } from '../../services/files/settings-files.ts';
import { problemsOfFiles } from '../../services/serve/files.ts';
import { makeFifo } from '../faults/fifo.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { MINIMAL, parse } from './configs.ts';

describe('a settings file that hangs', function () {
  this.timeout(30_000);

  for (const command of [['config', 'check'], ['serve']])
    it(`that is the configuration itself is named by \`${command.join(' ')}\`, which ends`, async () => {
      await using home = await tempDir('hanging');
      const config = join(home.path, 'config');
      execFileSync('mkfifo', [config]);
      const result = await run(process.execPath, [...CLI, ...command, config], { allowFailure: true });
      expect(result.stdout + result.stderr).to.include(`the file system does not answer: readFile ${config}`);
      expect(result.code).not.to.equal(0);
    });

  it('is a problem after five seconds, not a start that waits for ever', async () => {
    await using home = await tempDir('hanging');
    const certificate = join(home.path, 'certificate.pem');
    const tls = `"127.0.0.1:5000", tls: {certificate: "${certificate}", key: "${join(home.path, 'none')}"}`;
    const config = parse(MINIMAL.replace('"127.0.0.1:5000"', tls));
    using fifo = makeFifo(certificate);
    try {
      const problems = await problemsOfFiles(config, ['api'], () => undefined);
      expect(problems.find((problem) => problem.includes(certificate))).to.match(/does not answer/);
    } finally {
      fifo.release();
      // Until the call has returned, it holds the one thread with which later tests here read their settings.
      const isRead = () => readFile(import.meta.filename).then(Boolean, () => false);
      await eventually('settings files are read again', isRead);
    }
  });
});
