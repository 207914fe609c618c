/**
 * Promise: nobody comes by what is somebody else's by asking for it in another way: by the id of their upload, by
 * mounting, by a name that is spelled otherwise, or by asking the token service twice.
 */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { expect } from 'chai';
import { digestBy } from '../../services/registry/oci/digest.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import type { TestRegistry } from '../support/registry.ts';
import {
  askToken,
  basic,
  claimsOf,
  PASSWORD,
  SERVICE,
  scopesOf,
  startTokenRegistry,
  type TokenRegistry,
} from '../token/registry.ts';

/** Bytes that nobody else has, so that a digest of them is a secret as well. */
const PRIVATE = randomBytes(100_000);
const DIGEST = digestBy('sha256', PRIVATE);

describe('what is somebody else’s', () => {
  let running: TokenRegistry;
  let registry: TestRegistry;
  let url: string;
  before(async () => {
    running = await startTokenRegistry();
    registry = running.registry;
    url = registry.url;
    const location = await begin('user1', 'user1/private');
    const put = await as('user1', 'user1/private', 'PUT', `${location}?digest=${DIGEST}`, PRIVATE);
    expect(put.status).to.equal(201);
  });
  after(() => running[Symbol.asyncDispose]());

  /** A request with a token for a repository, as its owner or somebody else asks for it. */
  async function as(
    name: string | undefined,
    repository: string,
    method: string,
    path: string,
    body?: Buffer,
  ) {
    const { token } = await askToken(url, [`repository:${repository}:pull,push,delete`], name);
    return withToken(token, method, path, body);
  }
  function withToken(token: string, method: string, path: string, body?: Buffer) {
    const headers = { authorization: `Bearer ${token}` };
    return fetch(`${url}${path}`, { method, headers, ...(body && { body: new Uint8Array(body) }) });
  }
  /** The path of a new upload. */
  async function begin(name: string, repository: string): Promise<string> {
    const answer = await as(name, repository, 'POST', `/v2/${repository}/blobs/uploads/`);
    expect(answer.status).to.equal(202);
    return new URL(answer.headers.get('location') ?? '', url).pathname;
  }

  describe('by the id of an upload', () => {
    const bytes = randomBytes(1000);
    const digest = digestBy('sha256', bytes);
    let location: string;
    let id: string;
    before(async () => {
      location = await begin('user1', 'user1/private');
      id = location.split('/').at(-1) ?? '';
      expect((await as('user1', 'user1/private', 'PATCH', location, bytes)).status).to.equal(202);
    });

    for (const [method, query, body] of [
      ['GET', '', undefined],
      ['PATCH', '', Buffer.from('more')],
      ['PUT', `?digest=${digest}`, Buffer.alloc(0)],
      ['DELETE', '', undefined],
    ] as const) {
      it(`${method} is refused to others, as that of an upload that is not there`, async () => {
        for (const name of ['user2', undefined]) {
          const answers = [];
          for (const each of [id, crypto.randomUUID()]) {
            const path = `/v2/user1/private/blobs/uploads/${each}`;
            const answer = await as(name, 'user1/private', method, `${path}${query}`, body);
            answers.push([answer.status, await answer.text(), answer.headers.get('www-authenticate')]);
          }
          expect(answers[0]?.[0]).to.equal(401);
          expect(answers[0]).to.deep.equal(answers[1]);
        }
      });

      it(`${method} finds nothing below a repository of their own`, async () => {
        const answers = [];
        for (const each of [id, crypto.randomUUID()]) {
          const path = `/v2/user2/own/blobs/uploads/${each}${query}`;
          const answer = await as('user2', 'user2/own', method, path, body);
          answers.push([answer.status, (await answer.text()).replaceAll(each, 'ID')]);
        }
        expect(answers[0]?.[0]).to.equal(404);
        expect(answers[0]).to.deep.equal(answers[1]);
      });
    }

    it('and in the end it is where it was, for whom it is', async () => {
      const answer = await as('user1', 'user1/private', 'PUT', `${location}?digest=${digest}`);
      expect(answer.status).to.equal(201);
    });
  });

  describe('by mounting', () => {
    const mount = async (from: string, digest: string, scopes: readonly string[]) => {
      const { token } = await askToken(url, scopes, 'user2');
      const source = from === '' ? '' : `&from=${from}`;
      const answer = await withToken(token, 'POST', `/v2/user2/own/blobs/uploads/?mount=${digest}${source}`);
      const id = answer.headers.get('docker-upload-uuid') ?? 'none';
      const location = (answer.headers.get('location') ?? '').replaceAll(id, 'ID');
      return [answer.status, location, await answer.text()];
    };
    const own = 'repository:user2/own:pull,push';
    const nothing = `sha256:${'0'.repeat(64)}`;

    for (const [what, from, scopes] of [
      ['with a token for its own repository alone', 'user1/private', [own]],
      ['having asked for the other one, too', 'user1/private', [own, 'repository:user1/private:pull']],
      ['having asked for everything there', 'user1/private', [`${own} repository:user1/private:*`]],
      ['without saying from where', '', [own]],
    ] as const)
      it(`${what} is an upload like any other, as of what is not there`, async () => {
        const answer = await mount(from, DIGEST, scopes);
        expect(answer[0]).to.equal(202);
        expect(answer).to.deep.equal(await mount(from, nothing, scopes));
        if (from !== '') expect(answer).to.deep.equal(await mount('user1/nothing', DIGEST, scopes));
        expect((await as('user2', 'user2/own', 'HEAD', `/v2/user2/own/blobs/${DIGEST}`)).status).to.equal(
          404,
        );
      });

    it('a manifest that names it is refused as one that names nothing', async () => {
      const push = async (digest: string) => {
        const config = { mediaType: MEDIA_TYPES.config, digest, size: PRIVATE.length };
        const manifest = new Image({ config, layers: [] });
        const { token } = await askToken(url, [own], 'user2');
        const answer = await fetch(`${url}/v2/user2/own/manifests/1`, {
          ...{ method: 'PUT', body: manifest.bytes },
          headers: { authorization: `Bearer ${token}`, 'content-type': manifest.mediaType },
        });
        return [answer.status, (await answer.text()).replaceAll(digest, 'DIGEST')];
      };
      const answer = await push(DIGEST);
      expect(answer[0]).to.equal(400);
      expect(answer[1]).to.include('MANIFEST_BLOB_UNKNOWN');
      expect(answer).to.deep.equal(await push(nothing));
    });

    it('is done where both are theirs, so that the others were refused for a reason', async () => {
      const { token } = await askToken(
        url,
        ['repository:user1/other:pull,push', 'repository:user1/private:pull'],
        'user1',
      );
      const path = `/v2/user1/other/blobs/uploads/?mount=${DIGEST}&from=user1/private`;
      expect((await withToken(token, 'POST', path)).status).to.equal(201);
    });
  });

  describe('by asking for a token in another way', () => {
    /** As it is written: nothing of it is made right on the way. */
    const ask = async (query: string, authorization = basic('user2')) => {
      const answer = await fetch(`${url}/auth/token?${query}`, { headers: { authorization } });
      const body = (await answer.json()) as { token?: string };
      return { status: answer.status, token: body.token ?? '' };
    };
    const service = `service=${SERVICE}`;

    for (const [what, query] of [
      ['the scope twice', 'scope=repository:user2/x:pull&scope=repository:user1/private:pull'],
      ['both in one', 'scope=repository:user2/x:pull%20repository:user1/private:pull'],
      ['one in two', 'scope=repository:user2/x:pull&scope=repository:user2/x:pull,push,delete,*,promote'],
      ['a name of the other account', 'account=user1&scope=repository:user1/private:pull'],
      ['a client of another name', 'client_id=user1&scope=repository:user1/private:pull'],
      [
        'other fields of the form',
        'username=user1&grant_type=password&sub=user1&scope=repository:user1/private:pull',
      ],
      ['stars', 'scope=repository:*:pull&scope=repository:**:*&scope=repository:user1/*:pull&scope=*:*:*'],
      ['what is for no user', 'scope=registry:catalog:*&scope=registry:access:administer&scope=registry:*:*'],
      [
        'a class of content',
        'scope=repository(plugin):user1/private:pull&scope=repository(user1):user1/private:pull',
      ],
      ['a name with a port', 'scope=repository:127.0.0.1:5000/user1/private:pull'],
      [
        'names that lead elsewhere',
        'scope=repository:user2/../user1/private:pull&scope=repository:user2/%252e%252e/user1/private:pull',
      ],
      ['letters of another case', 'scope=repository:User1/private:pull&scope=REPOSITORY:user1/private:PULL'],
      [
        'what ends early',
        'scope=repository:user1/private:pull%00&scope=repository:user1/private%00:pull&scope=repository:user1/private%0a:pull',
      ],
      ['more in a list', 'scope=repository:user2/x,user1/private:pull&scope[]=repository:user1/private:pull'],
    ] as const)
      it(`${what}: a token for no more than is theirs`, async () => {
        const { status, token } = await ask(`${service}&${query}`);
        expect(status).to.equal(200);
        const beyond = scopesOf(token).filter(
          (scope) => !/^repository:user2\/x:(?:pull|push|delete|,)+$/.test(scope),
        );
        expect(beyond).to.deep.equal([]);
        expect(claimsOf(token)).to.include({ sub: 'user2', aud: SERVICE });
        expect((await withToken(token, 'HEAD', `/v2/user1/private/blobs/${DIGEST}`)).status).to.equal(401);
      });

    for (const [what, query] of [
      ['the service twice', `${service}&service=another&scope=repository:user2/x:pull`],
      ['the same service twice', `${service}&${service}`],
      ['another service', 'service=another.registry&scope=repository:user2/x:pull'],
      ['two that are one', `service=${SERVICE}%20another`],
    ] as const)
      it(`${what}: no token`, async () => {
        const { status, token } = await ask(query);
        expect([status, token]).to.deep.equal([400, '']);
      });

    it('a form with a field twice, or with fields in its query: no token but its own', async () => {
      const post = async (form: string, query = '') => {
        const answer = await fetch(`${url}/auth/token${query}`, {
          ...{ method: 'POST', body: form },
          headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic('user1') },
        });
        return [
          answer.status,
          ((await answer.json()) as { access_token?: string }).access_token ?? '',
        ] as const;
      };
      const good = `grant_type=password&username=user2&password=${encodeURIComponent(`user2${PASSWORD}`)}&service=${SERVICE}`;
      for (const form of [
        `${good}&username=user1`,
        `username=user1&${good}`,
        `${good}&password=x`,
        `${good}&grant_type=refresh_token`,
        `${good}&service=another`,
      ])
        expect(await post(form)).to.deep.equal([400, '']);
      // Neither its query nor a header says who it is, or what it is for.
      const [status, token] = await post(good, '?username=user1&scope=repository:user1/private:pull');
      expect(status).to.equal(200);
      expect(claimsOf(token)).to.deep.include({ sub: 'user2', access: [] });
    });

    it('two headers Authorization, or two tokens in one: not what the second one allows', async () => {
      const { token: own } = await askToken(url, ['repository:user2/x:pull'], 'user2');
      const { token: others } = await askToken(url, ['repository:user1/private:pull'], 'user1');
      const statusOf = async (...tokens: string[]) => {
        const headers = ['Host', registry.host];
        for (const token of tokens) headers.push('Authorization', `Bearer ${token}`);
        const { promise, resolve, reject } = Promise.withResolvers<number>();
        request(`${url}/v2/user1/private/tags/list`, { headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
        return promise;
      };
      expect(await statusOf(others)).to.equal(200);
      expect(await statusOf(own)).to.equal(401);
      // Which of two is read differs from program to program: neither is.
      expect(await statusOf(own, others)).to.equal(400);
      expect(await statusOf(`${own}, Bearer ${others}`)).to.equal(401);
      expect(await statusOf(`${own} ${others}`)).to.equal(401);
    });
  });

  describe('by a name that is spelled otherwise', () => {
    /** As it is written: `fetch` would resolve dots. */
    const get = async (path: string, token: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
      request({
        ...{ host: '127.0.0.1', port: new URL(url).port, path },
        headers: { authorization: `Bearer ${token}` },
      })
        .on('response', async (answer) => {
          const body = Buffer.concat(await answer.toArray());
          resolve({ status: answer.statusCode ?? 0, body });
        })
        .on('error', reject)
        .end();
      return promise;
    };
    const blob = (name: string) => `/v2/${name}/blobs/${DIGEST}`;

    for (const path of [
      'user2/own/../../user1/private',
      'user2/own/%2e%2e/%2e%2e/user1/private',
      'user2/own/%2E%2e/%2e%2E/user1/private',
      'user2/own/..%2f..%2fuser1/private',
      'user2%2fown%2f..%2f..%2fuser1%2fprivate',
      'user2/own/%252e%252e/%252e%252e/user1/private',
      'user2/own/..%252f..%252fuser1/private',
      'user2/own/%c0%ae%c0%ae/%c0%ae%c0%ae/user1/private',
      'user2/own/..;/..;/user1/private',
      'user2/own\\..\\..\\user1/private',
      'user2/own/%5c..%5c..%5cuser1/private',
      './user1/private',
      '/user1/private',
      'user1//private',
      'user1/./private',
      'user1/private/.',
      'User1/private',
      'user1/Private',
      'USER1/PRIVATE',
      'us%65r1/privat%65',
      'user1%2fprivate',
      'user1%2Fprivate',
      'user1%252fprivate',
      'user1/private%00',
      'user2/own%00/../user1/private',
      'user1/private%20',
      'user1/private;x',
      'user1/private%3fx',
      'user1/private%23',
      'user１/private',
      'user1/priva%EF%BD%94e',
      'user2/own/blobs/uploads/../../../../user1/private',
      'user2/own@user1/private',
      'user2/own:user1/private',
    ])
      it(`${path} is nothing for a token of their own, and no second name of anything`, async () => {
        const { token: own } = await askToken(
          url,
          ['repository:user2/own:pull,push', 'repository:user2/x:pull'],
          'user2',
        );
        const asked = await get(encodeURI(blob(path)).replaceAll('%25', '%'), own);
        expect(asked.status).to.be.oneOf([400, 401, 404]);
        expect(asked.body.includes(PRIVATE.subarray(0, 32))).to.equal(false);
      });

    it('finds what is there by its own name, so that the others were refused for a reason', async () => {
      const { token } = await askToken(url, ['repository:user1/private:pull'], 'user1');
      const answer = await get(blob('user1/private'), token);
      expect(answer.status).to.equal(200);
      expect(answer.body.equals(PRIVATE)).to.equal(true);
      // Escaped, it is the same name (RFC 3986, section 6.2.2.2), and the right to it is the same.
      for (const same of ['us%65r1/private', 'user1%2fprivate']) {
        expect((await get(blob(same), token)).status, same).to.equal(200);
      }
    });

    for (const prefix of [
      '/V2/',
      '//v2/',
      '/v2//',
      '/./v2/',
      '/%76%32/',
      '/auth/../v2/',
      '/auth/%2e%2e/v2/',
      '/api/../v2/',
    ])
      it(`${prefix} leads nowhere without a right`, async () => {
        const answer = await get(`${prefix}user1/private/blobs/${DIGEST}`, 'none');
        expect(answer.status).to.be.oneOf([400, 401, 404]);
        expect(answer.body.includes(PRIVATE.subarray(0, 32))).to.equal(false);
      });

    it('nor does the path by which mirrors ask, which is for what is published', async () => {
      const hex = DIGEST.slice('sha256:'.length);
      for (const path of [
        `/origin/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`,
        `/origin/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data?x=/v2/`,
        `/origin/docker/registry/v2/blobs/SHA256/${hex.slice(0, 2)}/${hex.toUpperCase()}/data`,
        `/origin/docker/registry/v2/repositories/user1/private/_layers/sha256/${hex}/link`,
        '/origin/roadstead/keys/0000000001.json',
        '/origin/docker/registry/v2/blobs/..%2f..%2f..%2f..%2froadstead/keys/0000000001.json/data',
      ])
        expect((await get(path, 'none')).status, path).to.be.oneOf([400, 404]);
    });
  });
});
