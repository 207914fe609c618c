/**
 * Promise: no server that the registry asks (object store, Keystone, OpenID provider, release service, receiver of
 * notifications, mirror) can fill its memory with an answer that has no end.
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openAgent } from '../../services/accounts/agent.ts';
import { KeystoneClient } from '../../services/accounts/keystone/client.ts';
import { fetchBy } from '../../services/accounts/oidc/transport.ts';
import { askServer, askSize } from '../../services/mirrors/public-read.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { Bucket } from '../../services/stores/s3/bucket.ts';
import { Wire } from '../../services/stores/swift/wire.ts';
import { Poster } from '../../services/sync/notify/post.ts';
import { answerEndlessly, type OddMirror, startOddMirror } from '../faults/endless-mirror.ts';
import { CLI } from '../support/cli.ts';
import { run } from '../support/process.ts';

const MEBIBYTE = 1024 * 1024;
/** What the sockets between the two hold. */
const IN_BETWEEN_BYTES = 16 * MEBIBYTE;
const NEVER = new AbortController().signal;
const BLOB = { digest: digestOf(Buffer.from('blob')), sizeBytes: 4 };

describe('an answer without an end', function () {
  this.timeout(60_000);
  let server: OddMirror;
  let status = 200;
  let sent: Promise<number>[] = [];

  before(async () => {
    server = await startOddMirror((request, response) => {
      request.resume();
      sent.push(answerEndlessly(response, status));
    });
  });
  after(() => server?.[Symbol.asyncDispose]());
  beforeEach(() => {
    sent = [];
  });

  /** Each request has ended, after no more than this. */
  async function expectCutOff(limitBytes: number): Promise<void> {
    expect(sent).to.not.deep.equal([]);
    for (const bytes of await Promise.all(sent)) expect(bytes).to.be.below(limitBytes + IN_BETWEEN_BYTES);
  }
  const failure = (act: Promise<unknown>) =>
    act.then(
      () => 'no failure',
      (error: Error) => error.message,
    );

  for (const answered of [200, 403, 503])
    it(`of S3 is cut off: ${answered}`, async () => {
      status = answered;
      const credentials = { accessKey: 'ACCESS', secretKey: 'not-a-secret' };
      const bucket = new Bucket({ bucket: 'b', region: 'us-east-1', endpoint: server.url, credentials });
      const asked = bucket.send(new ListObjectsV2Command({ Bucket: 'b' }), NEVER, 'of the bucket');
      expect(await failure(asked)).to.include('S3 answered with more than 32 MiB');
      bucket.close();
      await expectCutOff(32 * MEBIBYTE);
    });

  for (const answered of [200, 500])
    it(`of Swift is cut off: ${answered}`, async () => {
      status = answered;
      await using wire = new Wire({ timeoutMs: 5000, insecureSkipVerify: false });
      const asked = wire
        .send(`${server.url}/v1/a/c`, { method: 'GET', expects: [200] }, 'GET of a list')
        .then(({ body }) => body.json());
      const expected = answered === 200 ? 'Response content exceeded max size' : 'was answered with 500';
      expect(await failure(asked)).to.include(expected);
      await expectCutOff(64 * MEBIBYTE);
    });

  for (const answered of [200, 401])
    it(`of Keystone and of an OpenID provider is cut off: ${answered}`, async () => {
      status = answered;
      const timeoutMs = 5000;
      const logger = { ...console, error: () => undefined } as unknown as ConstructorParameters<
        typeof KeystoneClient
      >[0]['logger'];
      await using keystone = new KeystoneClient({
        ...{ authUrl: server.url, timeoutMs, service: undefined, logger },
        agent: await openAgent({ timeoutMs, rootCas: [] }),
      });
      const user = { name: 'alice', domain: { id: 'default' } };
      const proof = { method: 'password', user, password: 'not-a-secret' } as const;
      expect(await failure(keystone.issue(proof, undefined, NEVER))).to.include('Keystone) does not answer');
      const agent = await openAgent({ timeoutMs, rootCas: [] });
      const asked = fetchBy(agent)(`${server.url}/keys`, {
        ...{ method: 'GET', headers: {}, body: null, redirect: 'manual', signal: NEVER },
      });
      expect(await failure(asked)).to.equal('Response content exceeded max size');
      await agent.destroy();
      await expectCutOff(MEBIBYTE);
    });

  it('of a receiver of notifications is cut off, and its status counts', async () => {
    status = 200;
    const endpoint = { url: server.url, headers: {}, timeout: 5000 };
    await using poster = new Poster(endpoint as unknown as ConstructorParameters<typeof Poster>[0]);
    expect(await poster.post(['{}'], NEVER)).to.deep.equal({ kind: 'accepted' });
    await expectCutOff(0);
  });

  it('of a mirror is cut off when it is probed', async () => {
    status = 200;
    expect(await askServer(server.url, { signal: NEVER })).to.deep.equal({ kind: 'good' });
    expect((await askSize(server.url, BLOB, { signal: NEVER })).kind).to.equal('lost');
    await expectCutOff(0);
  });

  for (const answered of [200, 404])
    it(`of a release service is cut off: ${answered}`, async () => {
      status = answered;
      const { code, stderr } = await run(process.execPath, [...CLI, 'status', '--server', server.url], {
        allowFailure: true,
      });
      expect(code).to.equal(1);
      expect(stderr).to.include('Response content exceeded max size');
      await expectCutOff(128 * MEBIBYTE);
    });
});
