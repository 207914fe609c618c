/**
 * Promise: SIGHUP ends no process. It has files read again at once that are followed anyway, and the log says what it does
 * not do.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { followHtpasswd } from '../../services/accounts/htpasswd/file.ts';
import { followKeys } from '../../services/http/access/tokens/followed-files.ts';
import { onReload, reloadNow } from '../../services/registry/runtime/reload.ts';
import { PARTS } from '../../services/serve/parts.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { type Daemon, startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };
const HASH = `$2y$04$${'a'.repeat(53)}`;
/** Shorter than anything here polls by itself. */
const AT_ONCE_MS = 900;

describe('SIGHUP', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  before(async () => {
    home = held.use(await tempDir('hangup')).path;
  });
  after(() => held.disposeAsync());

  it('ends no process, and each logs what it has done', async function () {
    this.timeout(60_000);
    const token = { realm: 'https://registry.example.org/auth/token', service: 's', issuer: 'i' };
    const start = async (part: string): Promise<Daemon> => {
      const directory = join(home, part);
      await mkdir(directory);
      const path = join(directory, 'config.yml');
      const addr = '127.0.0.1:0';
      const config = {
        ...{ version: 0.1, storage: { filesystem: { rootdirectory: join(directory, 'registry') } } },
        ...{ http: { addr, secret: 's'.repeat(32) }, auth: { token }, token: { http: { addr } } },
        ...{ promotion: { candidates: ['candidate/**'], http: { addr } } },
      };
      await writeFile(path, stringify(config));
      return startDaemon(process.execPath, [...CLI, part, path], {
        ready: (output) => output.includes('"listening"'),
        timeoutMs: 40_000,
      });
    };
    const daemons = await Promise.all(['serve', ...PARTS].map(start));
    for (const daemon of daemons) held.use(daemon);
    for (const daemon of daemons) {
      daemon.kill('SIGHUP');
      await eventually(
        'it says so',
        () => daemon.output().includes('reread files; no setting has changed'),
        10_000,
      );
    }
    for (const daemon of daemons) daemon.kill('SIGTERM');
    for (const daemon of daemons) {
      // They were there to be told, and end as ever.
      await eventually('it ends', () => daemon.output().includes('"stopped"'), 20_000);
    }
  });

  it('makes processes read htpasswd files and token keys again at once', async () => {
    const [people, keys] = [join(home, 'htpasswd'), join(home, 'keys')];
    await writeFile(people, `alice:${HASH}\n`);
    await writeFile(keys, 'old');
    const names: unknown[] = [];
    using _file = await followHtpasswd(people, {
      ...QUIET,
      info: (fields) => names.push((fields as { accounts: number }).accounts),
    });
    using followed = await followKeys([{ key: 'x', path: keys }], ([text]) => text, QUIET);
    await writeFile(people, `alice:${HASH}\nbob:${HASH}\n`);
    await writeFile(keys, 'new');
    expect(reloadNow()).to.equal(2);
    await eventually('both were read', () => names.includes(2) && followed.value === 'new', AT_ONCE_MS);
  });

  it('has no listeners left after their disposal', () => {
    let calls = 0;
    const first = onReload(() => calls++);
    const second = onReload(() => calls++);
    expect(reloadNow()).to.equal(2);
    first[Symbol.dispose]();
    expect(reloadNow()).to.equal(1);
    second[Symbol.dispose]();
    expect(reloadNow()).to.equal(0);
    expect(calls).to.equal(3);
  });
});
