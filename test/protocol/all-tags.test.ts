/**
 * Promise: a list of tags without `n` has all of them, however many there are, as at docker-registry: tools that follow
 * no `Link` miss none. It is written as it is read from the store, and ends when its reader does.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pMap from 'p-map';
import { listTags } from '../../services/api/discovery/tags.ts';
import type { ApiNode } from '../../services/api/node.ts';
import { createApp } from '../../services/http/app.ts';
import type { RouteContext } from '../../services/http/context.ts';
import { listen } from '../../services/http/listen.ts';
import { Metrics } from '../../services/http/metrics.ts';
import { mountRoutes } from '../../services/http/routes.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { startDistribution } from '../support/distribution.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { pushImage } from './pushing.ts';
import { jsonOf, send } from './wire.ts';

/** More than two pages of a store's listing. */
const TAGS = 2251;

describe('all tags of a repository', () => {
  let registry: TestRegistry;
  const names = Array.from({ length: TAGS }, (_, i) => `v${i}${i % 7 === 0 ? '-rc.1' : ''}`);
  before(async function () {
    this.timeout(60_000);
    registry = await startRegistry({ promotion: false });
    const { digest } = await pushImage(registry.url, 'many', 'v0');
    // What a push of each would write.
    const tags = join(registry.rootDirectory, 'docker/registry/v2/repositories/many/_manifests/tags');
    const write = async (tag: string) => {
      await mkdir(join(tags, tag, 'current'), { recursive: true });
      await writeFile(join(tags, tag, 'current/link'), digest);
    };
    await pMap(names, write, { concurrency: 8 });
    names.push('v0');
  });
  after(() => registry[Symbol.asyncDispose]());

  const listed = async (url: string, query = ''): Promise<string[]> => {
    const answer = await send(url, `/v2/many/tags/list${query}`);
    expect(answer.status).to.equal(200);
    expect(answer.headers).not.to.have.property('link');
    const { name, tags } = jsonOf(answer) as { name: string; tags: string[] };
    expect(name).to.equal('many');
    return tags;
  };

  it('are in one answer without n, in order, and after any of them', async () => {
    const sorted = names.toSorted();
    expect(await listed(registry.url)).to.deep.equal(sorted);
    const last = sorted[100] ?? '';
    expect(await listed(registry.url, `?last=${last}`)).to.deep.equal(sorted.slice(101));
  });

  it('come in pages with n', async () => {
    const answer = await send(registry.url, '/v2/many/tags/list?n=5000');
    expect((jsonOf(answer) as { tags: string[] }).tags).to.have.length(1000);
    expect(answer.headers['link']).to.include('n=1000');
  });

  requires(['docker-registry'])('compared with docker-registry', () => {
    it('are the same', async () => {
      await using distribution = await startDistribution('docker-registry', registry.rootDirectory);
      expect((await listed(distribution.url)).toSorted()).to.deep.equal(await listed(registry.url));
    });
  });
});

describe('a list of tags that is longer than a piece', () => {
  /** A server whose store tells tags from `tags`. */
  const serve = (tags: () => AsyncGenerator<string>) => {
    const { logger } = keepingLogger();
    const app = createApp({
      ...{ process: 'api', logger, metrics: new Metrics(), accessLog: false, clientAddress: () => '' },
    });
    const node = { content: { tags: { all: tags } } } as unknown as ApiNode;
    const handle = (ctx: RouteContext) => listTags(node, ctx);
    mountRoutes(app, [{ method: 'GET', path: '/v2/*name/tags/list', name: 'tags', handle }]);
    return listen(app.callback(), { host: '127.0.0.1', port: 0 });
  };

  it('breaks off when the store fails, so that nobody takes it for the whole', async () => {
    await using listener = await serve(async function* () {
      for (let i = 0; i < 1500; i++) yield `v${i}`;
      throw new Error('the store has gone');
    });
    const failure = await send(listener.url, '/v2/a/tags/list').catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
  });

  it('is read from the store no further than the client reads', async () => {
    let [told, isOver] = [0, false];
    await using listener = await serve(async function* () {
      try {
        for (; ; told++) yield `${told}`.padEnd(128, 'x');
      } finally {
        isOver = true;
      }
    });
    const answer = await fetch(`${listener.url}/v2/a/tags/list`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await eventually('nothing more is read', async () => {
      const before = told;
      await sleep(200);
      return told === before;
    });
    expect(told).to.be.below(200_000);
    await reader.cancel();
    await eventually('the list is given up', () => isOver);
  });
});
