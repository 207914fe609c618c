/**
 * Promise: what concludes from a Swift's listing that something is not there goes on to the page that is surely the last.
 * The server is a fake that sends less than it was asked for, as the protocol lets it; the real one seldom does.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { MemoryLocks } from '../../services/memory/locks.ts';
import type { ListRequest } from '../../services/registry/storage/object-store.ts';
import { SwiftClient } from '../../services/stores/swift/client.ts';
import { listKeys, walk } from '../../services/stores/swift/list.ts';
import { rejection } from '../contract/area.ts';
import { listByHand } from '../contract/memory-twin.ts';
import { gather } from '../support/gather.ts';

const KEYS = ['a/1', 'a/2', 'b', 'c/1', 'c/2', 'd', 'e', 'f/1', 'f/2', 'g'];

describe('a listing that a Swift answers short', () => {
  let server: Server;
  let client: SwiftClient;
  let pageMax: number;
  let heedsMarker: boolean;
  before(async () => {
    server = createServer((request, response) => {
      const {
        pathname,
        searchParams: query,
        origin,
      } = new URL(request.url ?? '', `http://${request.headers.host}`);
      if (pathname === '/auth/v1.0') {
        response.writeHead(200, { 'x-storage-url': `${origin}/v1/AUTH_x`, 'x-auth-token': 't' }).end();
        return;
      }
      const delimiter = query.get('delimiter');
      const { keys, prefixes } = listByHand(
        KEYS.map((key) => `files/${key}`),
        {
          prefix: query.get('prefix') ?? '',
          ...(heedsMarker && { startAfter: query.get('marker') ?? '' }),
          ...(delimiter === '/' && { delimiter }),
          limit: 1000,
        },
      );
      const names = [...keys, ...prefixes].sort().slice(0, Math.min(pageMax, Number(query.get('limit'))));
      const entries = names.map((name) =>
        name.endsWith('/')
          ? { subdir: name }
          : { name, bytes: 1, last_modified: '2024-05-05T05:05:05.000000' },
      );
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(entries));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const credentials = { authUrl: `http://127.0.0.1:${port}/auth/v1.0`, username: 'u', password: 'p' };
    const locks = new MemoryLocks();
    client = new SwiftClient({ credentials, container: 'c', locks });
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    [pageMax, heedsMarker] = [3, true];
  });
  const list = (request: Partial<ListRequest>) =>
    listKeys(client, { prefix: '', limit: 1000, onUnlisted: () => undefined, ...request });

  it('is whole for who asks what it cannot show', async () => {
    expect((await list({})).keys).to.deep.equal(KEYS);
    const folded = await list({ delimiter: '/' });
    expect(folded).to.deep.equal(listByHand(KEYS, { prefix: '', delimiter: '/', limit: 1000 }));
    for (const limit of [1, 2, 4, 9, 10, 11]) {
      const page = await list({ limit });
      expect(page, String(limit)).to.deep.equal(listByHand(KEYS, { prefix: '', limit }));
    }
  });

  it('is whole for what looks for segments without a manifest', async () => {
    const names = (await gather(walk(client, ''))).map(({ name }) => name);
    expect(names).to.deep.equal(KEYS.map((key) => `files/${key}`));
  });

  it('fails where the server sends the same again and again', async () => {
    heedsMarker = false;
    expect(String(await rejection(list({})))).to.include('ignores the marker');
    expect(String(await rejection(gather(walk(client, ''))))).to.include('ignores the marker');
  });
});
