/** Promise: commands say what to do in words, and exit as the others do. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { keysListCommand } from '../../services/cli/commands/keys.ts';
import { publicationsCommand } from '../../services/cli/commands/show.ts';
import { ReleaseClient } from '../../services/cli/release-client.ts';
import { ReleaseError } from '../../services/cli/release-error.ts';
import { unreached } from '../../services/cli/unreached.ts';
import type { Config } from '../../services/config/schema.ts';
import { OperatorError } from '../../services/registry/runtime/operator-error.ts';
import { withStore } from '../../services/serve/serve.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { makePair, pem } from '../http/certificates.ts';
import { startRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

/** What a command prints that exits with 0. */
async function printedBy(command: () => Promise<unknown>): Promise<string> {
  const { write } = process.stdout;
  const [code, lines] = [process.exitCode, [] as string[]];
  process.exitCode = 0;
  process.stdout.write = (text) => lines.push(String(text)) > 0;
  try {
    await command();
    expect(process.exitCode).to.equal(0);
  } finally {
    process.stdout.write = write;
    process.exitCode = code;
  }
  return lines.join('');
}

describe('commands', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  before(async () => {
    home = held.use(await tempDir('commands')).path;
  });
  after(() => held.disposeAsync());

  it('suggest --cacert if this machine does not know the authority of a certificate', async () => {
    const { certificate, key } = await makePair(home, { name: 'private' });
    const server = createServer({ cert: await pem(certificate), key: await pem(key) });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await new ReleaseClient(url).status().then(
      () => expect.fail('it was trusted'),
      (thrown: unknown) => thrown,
    );
    server.close();
    expect(error).to.be.instanceOf(ReleaseError);
    expect((error as Error).message).to.match(
      /^release service at https:.* shows a certificate that this machine does not trust \(\w+\): give .* with --cacert$/,
    );
    const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    expect(unreached('token service', url, refused)).to.equal(
      `no token service answers at ${url} (ECONNREFUSED)`,
    );
  });

  for (const mode of ['write', 'only-read'] as const)
    it(`report a missing store, and do not make it (${mode})`, async () => {
      const rootdirectory = join(home, 'mistyped');
      const configPath = join(home, 'mistyped.yml');
      await writeFile(
        configPath,
        stringify({
          version: 0.1,
          storage: { filesystem: { rootdirectory } },
          http: { addr: '127.0.0.1:5000' },
        }),
      );
      const error: unknown = await withStore(configPath, mode, async () =>
        expect.fail('a store was made'),
      ).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(OperatorError);
      expect((error as Error).message).to.equal(
        `storage.filesystem.rootdirectory = ${rootdirectory}: there is no store here, since there is no such directory: ` +
          'correct the setting, or start the registry once with writes enabled, which makes it',
      );
      expect(existsSync(rootdirectory)).to.equal(false);
    });

  it('that list keys exit with 0 if there are none', async () => {
    await using objects = await FilesystemStore.open({ rootDirectory: join(home, 'store'), sync: false });
    const printed = await printedBy(() => keysListCommand(objects, {} as Config, { json: false }));
    expect(printed).to.include('no keys yet');
  });

  it('that list publications distinguish an empty log from one of which the login may see nothing', async () => {
    for (const [head, expected] of [
      [0, /^nothing has been published yet$/m],
      [3, /^nothing of 3 publications is visible with this login/m],
    ] as const) {
      const client = { publications: async () => ({ head, publications: [] }) } as unknown as ReleaseClient;
      expect(await printedBy(() => publicationsCommand(client, 20, false))).to.match(expected);
    }
  });

  it('that are refused print a sentence, and no JSON after it', async function () {
    this.timeout(30_000);
    await using registry = await startRegistry();
    const { code, stderr } = await registry.cli(['promote', 'candidate/Hello:1', 'Hello:1'], {
      allowFailure: true,
    });
    expect(code).to.equal(1);
    expect(stderr).to.include('Hello').and.not.match(/[{}]/);
  });
});
