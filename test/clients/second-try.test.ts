/**
 * Promise: while nobody has noticed yet that a mirror is bad, a pull that fails because of it succeeds at the second try,
 * whether the client brings a token or not, and in whatever way it repeats itself.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { expect } from 'chai';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { pullClients } from '../support/clients/all.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { type MirrorEntry, startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { redirectedLayers, statusOf } from './mirrored.ts';

/** What a bad mirror does with a blob that a client wants whole, or the rest of. Probes get what they ask for. */
type Fault = 'sends wrong bytes' | 'cuts bodies';

/** A web server over a mirror's directory that is good until a fault is chosen. */
class FaultyMirror {
  fault: Fault | undefined;
  /** Bodies that the fault has met. */
  spoilt = 0;
  readonly #root: string;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  constructor(root: string) {
    this.#root = root;
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer({ url = '/', headers, method }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = join(this.#root, new URL(url, 'http://mirror').pathname);
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isFile()) return void response.writeHead(404).end();
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
    const [start, end] = [Number(from), to === '' ? stats.size - 1 : Number(to)];
    response.writeHead(from === '' ? 200 : 206, {
      'Content-Length': end - start + 1,
      ...(from !== '' && { 'Content-Range': `bytes ${start}-${end}/${stats.size}` }),
    });
    if (method === 'HEAD') return void response.end();
    const bytes = createReadStream(path, { start, end });
    if (this.fault === undefined || to !== '') return void bytes.pipe(response);
    this.spoilt++;
    if (this.fault === 'cuts bodies') {
      const half = createReadStream(path, { start, end: start + Math.floor((end - start) / 2) });
      half.pipe(response, { end: false });
      half.once('end', () => response.destroy());
      return;
    }
    const flip = new Transform({
      transform: (chunk: Buffer, _encoding, done) =>
        done(
          null,
          chunk.map((byte) => byte ^ 1),
        ),
    });
    bytes.pipe(flip).pipe(response);
  }
}

const FAULTS: readonly Fault[] = ['sends wrong bytes', 'cuts bodies'];
const NAMES = ['alpha', 'beta'];
/** How long the sync worker may take to give the bad mirror what it was found to lack. */
const WELL_MS = 15_000;

requires(pullClients.flatMap((kind) => kind.programs))('A pull that meets a bad mirror', function () {
  this.timeout(180_000);

  for (const access of ['anonymously', 'with tokens'] as const)
    for (const fault of FAULTS)
      describe(`that ${fault}, ${access}`, () => {
        const held = new AsyncDisposableStack();
        let registry: TestRegistry;
        let bad: FaultyMirror;
        before(async () => {
          const home = held.use(await tempDir('second-try')).path;
          const layout = await makeImageLayout(join(home, 'image'), {
            layerSizesMib: [...Array(8).fill(0.2), 2],
          });
          for (const name of NAMES) await mkdir(join(home, name));
          bad = held.use(new FaultyMirror(join(home, 'alpha')));
          const urls = [await bad.start(), held.use(await startStaticMirror(join(home, 'beta'))).url];
          const mirrors: MirrorEntry[] = NAMES.map((name, i) => ({
            ...{ name, url: urls[i] ?? '', sameoperator: true },
            // That none of the layers is alpha's happens once in 200,000 images.
            weight: name === 'alpha' ? 300 : 100,
            write: { directory: join(home, name) },
          }));
          registry = held.use(await startRegistry({ mirrors, config: await configFor(access, home) }));
          await using skopeo = await Skopeo.open();
          await skopeo.copyAll(layout.directory, 'multi', `${registry.host}/candidate/app:1`);
          await registry.cli(['promote', 'candidate/app:1', 'app:1', '--wait-mirrors', '2']);
          expect(redirectedLayers(layout)).to.have.lengthOf(9);
        });
        after(() => held.disposeAsync());
        // A node that restarts knows no client in trouble, and a worker that does no mirror that is not believed.
        afterEach(async () => {
          await registry.stop();
          await registry.start();
          await eventually('all is well', async () => (await statusOf(registry)).status === 'ok', WELL_MS);
        });

        for (const kind of pullClients)
          it(`succeeds by ${kind.name}, at the second try at the latest`, async () => {
            await using client = await kind.open();
            const pull = () => client.pull(`${registry.host}/app:1`);
            bad.fault = fault;
            bad.spoilt = 0;
            try {
              await pull().catch(async () => {
                await client.forget();
                await pull();
              });
            } finally {
              bad.fault = undefined;
            }
            expect(bad.spoilt).to.be.greaterThan(0);
          });
      });
});

/** A configuration by which everyone may do everything, with tokens or without. */
async function configFor(access: 'anonymously' | 'with tokens', home: string) {
  if (access === 'anonymously') return (config: Record<string, unknown>) => config;
  const htpasswd = join(home, 'htpasswd');
  await writeFile(htpasswd, '');
  return (config: Record<string, unknown>) => ({
    ...config,
    http: { ...(config['http'] as object), secret: 'a secret that nobody guesses, of many characters' },
    auth: { token: { service: 'second-try', issuer: 'us', autoredirect: true } },
    token: {},
    accounts: [{ htpasswd: { path: htpasswd } }],
    access: { rules: [{ name: 'all', allow: ['*'], subjects: ['everyone'] }] },
  });
}
