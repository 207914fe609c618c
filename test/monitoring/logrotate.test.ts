/**
 * Promise: with the shipped configuration, logrotate rotates the log of a process that runs on: what it writes later is in the
 * new file, and no line is broken.
 */

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const SHIPPED = fileURLToPath(new URL('../../infra/logs/logrotate.conf', import.meta.url));
const READY_MS = 60_000;
const PLACE = '/var/log/roadstead/*.log';

requires(['logrotate'])('logrotate', function () {
  this.timeout(READY_MS * 2);

  it('rotates the log of a node that is at work', async () => {
    await using home = await tempDir('logrotate');
    const log = join(home.path, 'api.log');
    const port = await freePort();
    const config = join(home.path, 'config.yml');
    await writeFile(
      config,
      stringify({
        version: 0.1,
        storage: { filesystem: { rootdirectory: join(home.path, 'store') } },
        http: { addr: `127.0.0.1:${port}` },
      }),
    );
    const text = await readFile(SHIPPED, 'utf8');
    expect(text).to.include(PLACE);
    const rotation = join(home.path, 'logrotate.conf');
    await writeFile(rotation, text.replace(PLACE, log));
    // logrotate refuses files that others may write, and works in no directory that others may write to.
    for (const [path, mode] of [[home.path, 0o700] as const, [rotation, 0o644] as const])
      await chmod(path, mode);

    // As systemd's append: and a shell's >> open it.
    const file = openSync(log, 'a');
    const daemon = spawn(process.execPath, [...CLI, 'serve', config], { stdio: ['ignore', file, file] });
    closeSync(file);
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    try {
      const request = (name: string) =>
        fetch(`http://127.0.0.1:${port}/v2/${name}/tags/list`).then((answer) => answer.text());
      const isUp = () =>
        request('before').then(
          () => true,
          () => false,
        );
      await eventually('it answers', isUp, READY_MS);
      const has = async (name: string) => (await readFile(log, 'utf8')).includes(`/v2/${name}/`);
      await eventually('the log has the request', () => has('before'));

      await run('logrotate', ['--force', '--state', join(home.path, 'state'), rotation]);
      expect(await has('before')).to.equal(false);
      await request('after');
      await eventually('the new log has what came later', () => has('after'));

      const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
      for (const line of lines) expect(() => JSON.parse(line) as unknown, line).to.not.throw();
      const old = (await readdir(home.path)).filter((name) => name.startsWith('api.log-'));
      expect(old).to.have.lengthOf(1);
      const before = gunzipSync(await readFile(join(home.path, old[0] ?? ''))).toString();
      expect(before).to.include('/v2/before/');
      for (const line of before.trimEnd().split('\n'))
        expect(() => JSON.parse(line) as unknown, line).to.not.throw();
    } finally {
      daemon.kill('SIGTERM');
      await ended;
    }
  });
});
