/**
 * Promise: with certificates on both sides, a mirror takes blobs from the sync worker and from nobody else, and the release
 * service, on an address of its own, takes promotions from those who hold a certificate and from nobody else.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Agent, request } from 'undici';
import { makePair, type Pair, replacePair } from '../http/certificates.ts';
import { pushImage } from '../protocol/pushing.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { run } from '../support/process.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

requires(['nginx', 'openssl'])('mutual TLS', function () {
  this.timeout(120_000);
  let home: TempDir;
  let [authority, server, client, stranger]: Pair[] = [];
  let mirror: NginxMirror;
  let registry: TestRegistry;
  let releasePort: number;
  before(async () => {
    home = await tempDir('mutual');
    authority = await makePair(home.path, { name: 'authority' });
    server = await makePair(home.path, { name: 'server', by: authority });
    client = await makePair(home.path, { name: 'client', by: authority });
    stranger = await makePair(home.path, { name: 'stranger' });
    const port = await freePort();
    mirror = await startNginxMirror({
      ...{
        root: join(home.path, 'mirror'),
        originUrl: `http://127.0.0.1:${port}/origin`,
      },
      davTls: { ...server, clientCa: authority.certificate },
    });
    releasePort = await freePort();
    registry = await startRegistry({
      port,
      mirrors: [
        {
          ...{ name: 'one', url: mirror.url, sameoperator: true },
          write: {
            ...{ webdav: mirror.davUrl, clientcertificate: client.certificate, clientkey: client.key },
            rootcas: [authority.certificate] as unknown as string,
          },
        },
      ],
      config: (config) => ({
        ...config,
        promotion: {
          candidates: ['candidate/**'],
          http: {
            // Of all addresses of this machine: with these certificates, nobody needs to be asked for a password.
            addr: `:${releasePort}`,
            tls: { ...server, clientcas: [authority?.certificate] },
          },
        },
      }),
    });
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await mirror[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  const release = (args: readonly string[], pair?: Pair, trusts = true) =>
    run(
      process.execPath,
      [
        ...[...CLI, ...args, '--server', `https://localhost:${releasePort}`],
        ...(pair ? ['--cert', pair.certificate, '--key', pair.key] : []),
        ...(trusts ? ['--cacert', authority?.certificate ?? ''] : []),
      ],
      { allowFailure: true },
    );

  it('carries an image through promotion to a mirror that asks for a certificate', async () => {
    await pushImage(registry.url, 'candidate/hello', '1');
    const done = await release(
      ['promote', 'candidate/hello:1', 'hello:1', '--wait-mirrors', '1', '--timeout', '60'],
      client,
    );
    expect(done.code, done.stderr).to.equal(0);
    expect(done.stdout).to.include('moved the tag hello:1').and.to.include('1 of 1 mirrors');
    expect((await fetch(`${registry.url}/v2/hello/manifests/1`, { method: 'HEAD' })).status).to.equal(200);
  });

  it('lets nobody else promote: without a certificate, or with one of another authority', async () => {
    for (const pair of [undefined, stranger]) {
      const refused = await release(['promote', 'candidate/hello:1', 'hello:2'], pair);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include('no release service answers at');
    }
    expect((await fetch(`${registry.url}/v2/hello/manifests/2`)).status).to.equal(404);
    expect((await fetch(`${registry.url}/api/v1/status`)).status).to.equal(404);
  });

  it('is refused by the command where it does not know the authority of the service', async () => {
    const refused = await release(['status'], client, false);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO|CERT/);
    const half = await release(['status', '--cert', client?.certificate ?? '']);
    expect(half.stderr).to.include('--cert and --key go together');
    const missing = await release(['status', '--cert', 'nowhere.pem', '--key', client?.key ?? '']);
    expect(missing.stderr).to.include('--cert = nowhere.pem: cannot be read (ENOENT)');
  });

  it('lets nobody else write to the mirror', async () => {
    const put = async (pair?: Pair): Promise<number | string> => {
      const [ca, cert, key] = await Promise.all(
        [authority?.certificate, pair?.certificate, pair?.key].map((path) => path && readFile(path)),
      );
      const dispatcher = new Agent({ connect: { ca, ...(cert && key && { cert, key }) } as object });
      const body = { method: 'PUT', body: 'x', dispatcher } as const;
      const answer = await request(`${mirror.davUrl}/.incoming/x`, body).catch(() => undefined);
      await answer?.body.dump();
      await dispatcher.close();
      return answer?.statusCode ?? 'no answer';
    };
    expect(await put()).to.equal(400);
    expect(await put(stranger)).to.equal(400);
    expect(await put(client)).to.be.within(200, 204);
  });

  it('stops the start where a file of a mirror cannot be read, and names the key', async () => {
    const directory = join(home.path, 'broken');
    await mkdir(directory);
    const failure = await startRegistry({
      mirrors: [
        {
          ...{ name: 'broken', url: mirror.url, sameoperator: true },
          write: { webdav: mirror.davUrl, clientcertificate: 'nowhere.pem', clientkey: client?.key ?? '' },
        },
      ],
      config: (config) => ({ ...config, auth: { none: {} } }),
    }).then(
      async (started) => {
        await started[Symbol.asyncDispose]();
        return 'it started';
      },
      (error: Error) => error.message,
    );
    expect(failure).to.include('mirrors.0.write.clientcertificate = nowhere.pem: cannot be read (ENOENT)');
  });

  it('uses a certificate that was renewed, without a restart', async () => {
    const renewed = await makePair(home.path, { name: 'renewed', by: authority as Pair });
    await replacePair(client as Pair, renewed);
    await mirror.stop();
    await mirror.start();
    await pushImage(registry.url, 'candidate/hello', '3');
    const done = await release(
      ['promote', 'candidate/hello:3', 'hello:3', '--wait-mirrors', '1', '--timeout', '60'],
      renewed,
    );
    expect(done.code, done.stderr).to.equal(0);
    await eventually('the mirror is up', async () => {
      const status = JSON.parse((await release(['mirrors', '--json'], renewed)).stdout) as {
        mirrors: { healthy: boolean }[];
      };
      return status.mirrors.every(({ healthy }) => healthy);
    });
  });
});
