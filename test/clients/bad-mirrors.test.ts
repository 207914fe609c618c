import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushBlob } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { pullClients } from '../support/clients/all.ts';
import type { PullClient } from '../support/clients/pull-client.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import type { NginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { clientLines, pathOnMirror, redirectedLayers, startMirrors, statusOf } from './mirrored.ts';
import { showTime } from './show-time.ts';

const NOTICED_MS = 10_000;
/** The sync worker tries again after 10 s at most. */
const MENDED_MS = 15_000;

/** A web server in a mirror's place that answers everything with 500. */
async function answer500(mirror: NginxMirror): Promise<Server> {
  const server = createServer((_, response) => response.writeHead(500).end());
  server.listen(Number(new URL(mirror.url).port), '127.0.0.1').unref();
  await once(server, 'listening');
  return server;
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
}

const requirePrograms = requires(['nginx', ...pullClients.flatMap((kind) => kind.programs)]);

/**
 * Holds the promise that a pull never fails because a mirror is bad: what is wrong with one is noticed within
 * seconds and told by `roadstead status`; from then on the registry sends clients elsewhere or serves them itself;
 * and a mirror that is well again gets what it lacks, and then clients.
 */
requirePrograms('A pull with a bad mirror', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  const clients: PullClient[] = [];
  let layout: ImageLayout;

  before(async () => {
    layout = await makeImageLayout(held.use(await tempDir('image')).path, { layerSizesMib: [1, 5] });
    for (const kind of pullClients) clients.push(held.use(await kind.open()));
  });
  after(() => held.disposeAsync());

  /** A registry with mirrors, and the image promoted to `hello:1` there. */
  async function setUp(names: readonly string[]) {
    const port = await freePort();
    const { mirrors, entries } = await startMirrors(held, names, port);
    const registry = held.use(await startRegistry({ port, mirrors: entries }));
    await using skopeo = await Skopeo.open();
    for (const tag of ['multi', 'sbom'])
      await skopeo.copyAll(layout.directory, tag, `${registry.host}/candidate/hello:${tag}`);
    await registry.cli(['promote', 'candidate/hello:multi', 'hello:1', `--wait-mirrors=${names.length}`]);
    return { registry, mirrors };
  }

  const pulledLayers = () => clients.length * redirectedLayers(layout).length;

  /**
   * Restarts the registry, which thereby forgets its clients: one that pulls again within two minutes is otherwise taken for
   * one that failed at its mirror, and is kept from it for some minutes.
   */
  async function forgetClients(registry: TestRegistry): Promise<void> {
    await registry.stop();
    await registry.start();
    await eventually('all is well', async () => (await statusOf(registry)).status === 'ok');
  }

  /** Has every client pull everything again: for the same reason each time, which the registry's log names. */
  async function pullByAll({ host, log }: TestRegistry, name = 'hello'): Promise<unknown> {
    const before = log().length;
    for (const client of clients) {
      await client.forget();
      await client.pull(`${host}/${name}:1`);
    }
    const ofLayers = () => {
      const decided = log()
        .slice(before)
        .filter((line) => line['decision']);
      return decided.map((line) => line['reason']).filter((reason) => reason !== 'small');
    };
    // A line is logged when its answer has been sent, which the client does not wait for.
    await eventually('all is logged', () => ofLayers().length >= pulledLayers());
    expect(ofLayers()).to.have.lengthOf(pulledLayers());
    expect(new Set(ofLayers()).size).to.equal(1);
    return ofLayers()[0];
  }

  describe('when it is the only one', () => {
    let registry: TestRegistry;
    let mirror: NginxMirror;
    let impostor: Server;

    before(async () => {
      const scene = await setUp(['north']);
      registry = scene.registry;
      [mirror] = scene.mirrors as [NginxMirror];
    });
    const fileOf = (digest: string) => join(mirror.root, pathOnMirror(digest));

    const faults = [
      {
        fault: 'is stopped',
        strike: () => mirror.stop(),
        mend: () => mirror.start(),
        problem: 'mirror north gets no clients: connection refused',
        reason: 'unhealthy',
      },
      {
        fault: 'answers everything with 500',
        strike: async () => {
          await mirror.stop();
          impostor = await answer500(mirror);
        },
        mend: async () => {
          await impostor[Symbol.asyncDispose]();
          await mirror.start();
        },
        problem: 'mirror north gets no clients: its URL answers 500',
        reason: 'unhealthy',
      },
      {
        // With a file where the folders were, so that it cannot be refilled before the clients have pulled.
        fault: 'is emptied',
        strike: async () => {
          await empty(mirror.root);
          await writeFile(join(mirror.root, 'docker'), '');
        },
        mend: () => rm(join(mirror.root, 'docker')),
        problem: 'mirror north lacks ',
        reason: 'missing',
      },
    ];
    for (const { fault, strike, mend, problem, reason } of faults)
      describe(`and it ${fault}`, () => {
        it('is preceded by a status that says so', async function () {
          await strike();
          const isTold = async () =>
            (await statusOf(registry)).problems.some((each) => each.startsWith(problem));
          showTime(this.test, await eventually('the status reports it', isTold, NOTICED_MS));
          const { code, stdout } = await registry.cli(['status'], { allowFailure: true });
          expect(code).to.equal(2);
          expect(stdout).to.include(problem);
        });

        it('comes from the registry', async () => {
          expect(await pullByAll(registry)).to.equal(reason);
        });

        it('comes from the mirror again once that is well and has all that it should', async function () {
          const name = `hello-when-it-${fault.replaceAll(' ', '-')}`;
          await registry.cli(['promote', 'candidate/hello:multi', `${name}:1`]);
          await mend();
          const isWell = async () => (await statusOf(registry)).status === 'ok';
          showTime(this.test, await eventually('all is well', isWell, MENDED_MS));
          for (const digest of redirectedLayers(layout)) expect(existsSync(fileOf(digest))).to.equal(true);
          await forgetClients(registry);
          await mirror.clearLog();
          expect(await pullByAll(registry, name)).to.equal('anywhere');
          expect(await clientLines([mirror])).to.have.lengthOf(
            clients.length * redirectedLayers(layout).length,
          );
        });
      });

    describe('and it has lost blobs', () => {
      it('needs nobody to put them there again', async function () {
        await rm(join(mirror.root, 'docker'), { recursive: true, maxRetries: 20 });
        const isFilled = async () => {
          const { status, mirrors } = await statusOf(registry);
          const isComplete = redirectedLayers(layout).every((digest) => existsSync(fileOf(digest)));
          return isComplete && status === 'ok' && mirrors[0]?.missing === 0;
        };
        showTime(this.test, await eventually('the mirror is filled', isFilled, NOTICED_MS));
        await forgetClients(registry);
        expect(await pullByAll(registry)).to.equal('anywhere');
      });

      it('is bounced to the registry for one that is not yet known to be lost', async () => {
        const [digest = ''] = redirectedLayers(layout);
        await rm(fileOf(digest));
        const response = await fetch(`${mirror.url}/${pathOnMirror(digest)}`);
        expect(response.url).to.equal(`${registry.url}/origin/${pathOnMirror(digest)}`);
        expect(response.status).to.equal(200);
        expect(sha256(await response.bytes())).to.equal(digest);
      });

      it('cannot get a blob of a candidate by that way', async () => {
        const { digest } = await pushBlob(registry.url, 'candidate/hello', newBytes());
        expect((await fetch(`${registry.url}/v2/candidate/hello/blobs/${digest}`)).status).to.equal(200);
        expect((await fetch(`${registry.url}/origin/${pathOnMirror(digest)}`)).status).to.equal(404);
        expect((await fetch(`${mirror.url}/${pathOnMirror(digest)}`)).status).to.equal(404);
      });
    });
  });

  describe('when another is well', () => {
    it('comes from the other', async function () {
      const { registry, mirrors } = await setUp(['north', 'south']);
      const [north, south] = mirrors as [NginxMirror, NginxMirror];
      await north.stop();
      const isDown = async () => (await statusOf(registry)).mirrors[0]?.healthy === false;
      showTime(this.test, await eventually('the mirror counts as down', isDown, NOTICED_MS));
      expect(await pullByAll(registry)).to.equal('anywhere');
      expect(await clientLines([south])).to.have.lengthOf(pulledLayers());
    });
  });
});
