/** Promise: what the comments of the shipped configurations describe works as they say. */
import { once } from 'node:events';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { examine } from '../../services/mirrors/doctor/doctor.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';
import { makePair, type Pair, pem } from '../http/certificates.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { requiresMounts } from '../support/mounts.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { BLOB_PATH, BYTES, DIGEST, startOrigin } from './broken-mirror.ts';
import { expectFaults } from './findings.ts';
import {
  CADDY,
  HTTPD,
  httpdWithTls,
  nginx,
  type ShippedMirror,
  startShipped,
  varnish,
} from './shipped-mirror.ts';

const EXAMPLE = { digest: DIGEST as Sha256Digest, sizeBytes: BYTES.length, isHeld: true };

/** Puts the blob of these tests on a mirror's disk. */
async function putBlob(mirror: ShippedMirror): Promise<void> {
  await mkdir(join(mirror.root, BLOB_PATH, '..'), { recursive: true });
  await writeFile(join(mirror.root, BLOB_PATH), BYTES);
}

function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { redirect: 'manual', headers });
}

describe('a shipped configuration', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let originUrl: string;
  before(async () => {
    originUrl = `http://127.0.0.1:${held.use(await startOrigin()).port}`;
  });
  after(() => held.disposeAsync());

  requires(['nginx', 'apache2', 'openssl'])('with TLS', () => {
    for (const [name, server] of [
      ['nginx.conf', (tls: Pair) => nginx({ tls })],
      ['httpd.conf', httpdWithTls],
    ] as const)
      it(`keeps the contract (${name})`, async () => {
        const home = held.use(await tempDir('tls')).path;
        const authority = await makePair(home, { name: 'authority' });
        const pair = await makePair(home, { name: 'mirror', by: authority, isAuthority: false });
        const mirror = held.use(await startShipped(server(pair), originUrl));
        await putBlob(mirror);
        const rootCas = [await pem(authority.certificate)];
        const findings = await examine({ url: new URL(mirror.url), example: EXAMPLE, rootCas });
        expectFaults(findings, []);
        expect(findings.find(({ check }) => check === 'tls')?.text).to.match(
          /the certificate ends in [01] days/,
        );
      });
  });

  requires(['nginx'])('of nginx with a limit of requests', () => {
    it('answers 429 with Retry-After above it, and still keeps the contract', async () => {
      const mirror = held.use(await startShipped(nginx({ isLimited: true }), originUrl));
      await putBlob(mirror);
      const findings = await examine({ url: new URL(mirror.url), example: EXAMPLE });
      expectFaults(findings, []);
      const answers = await Promise.all(
        Array.from({ length: 400 }, async () => {
          const answer = await get(`${mirror.url}${BLOB_PATH}`, { range: 'bytes=0-0' });
          await answer.arrayBuffer();
          return `${answer.status} ${answer.headers.get('retry-after')}`;
        }),
      );
      expect([...new Set(answers)].toSorted()).to.deep.equal(['206 null', '429 1']);
    });
  });

  for (const [name, program, server] of [
    ['nginx.conf', 'nginx', nginx()],
    ['httpd.conf', 'apache2', HTTPD],
  ] as const)
    requiresMounts([program])(`whose disk is full (${name})`, () => {
      it('refuses an upload, and leaves nothing of it behind', async () => {
        const disk = held.use(await mountTmpfs(16));
        const mirror = held.use(await startShipped(server, originUrl, disk.path));
        await mkdir(join(mirror.root, '.incoming'), { mode: 0o777 });
        await chmod(join(mirror.root, '.incoming'), 0o777);
        const freeBytes = await disk.freeBytes();
        const put = await fetch(`${mirror.davUrl}/.incoming/${'0'.repeat(64)}`, {
          method: 'PUT',
          body: newBytes(24 * 1024 * 1024),
        });
        expect(put.status).to.be.within(500, 507);
        // nginx removes its temporary file once the answer has left.
        await eventually('the disk is as free as before', async () => {
          const left = await readdir(join(mirror.root, '.incoming'));
          return left.length === 0 && (await disk.freeBytes()) > freeBytes - 1_000_000;
        });
      });
    });

  const linked = async (path: string) => {
    await writeFile(`${path}.elsewhere`, BYTES);
    await symlink(`${path}.elsewhere`, path);
  };
  for (const [name, program, server, makeUnservable] of [
    ['nginx.conf', 'nginx', nginx(), linked],
    ['httpd.conf', 'apache2', HTTPD, linked],
    // Caddy follows links.
    ['Caddyfile', 'caddy', CADDY, (path: string) => mkdir(path)],
  ] as const)
    requires([program])(`where a blob exists and cannot be served (${name})`, () => {
      it('bounces it', async () => {
        const mirror = held.use(await startShipped(server, originUrl));
        await mkdir(join(mirror.root, BLOB_PATH, '..'), { recursive: true });
        await makeUnservable(join(mirror.root, BLOB_PATH));
        const answer = await get(`${mirror.url}${BLOB_PATH}`);
        expect(answer.status).to.be.oneOf([302, 307]);
        expect(answer.headers.get('location')).to.equal(`${originUrl}/origin${BLOB_PATH}`);
        expect(answer.headers.get('cache-control')).to.equal('no-store');
        expect(answer.headers.get('docker-content-digest')).to.equal(null);
      });
    });

  requires(['nginx', 'varnishd'])('of Varnish', () => {
    it('keeps blobs, and neither bounces nor errors', async () => {
      const mirror = held.use(await startShipped(nginx(), originUrl));
      const edge = held.use(await startShipped(varnish(new URL(mirror.url)), originUrl));
      const url = `${edge.url}${BLOB_PATH}`;
      const bounced = await get(url);
      expect([bounced.status, bounced.headers.get('location')]).to.deep.equal([
        307,
        `${originUrl}/origin${BLOB_PATH}`,
      ]);
      await putBlob(mirror);
      // At once: the bounce is nowhere kept.
      const first = await get(url, { range: 'bytes=5-9' });
      expect(first.status).to.equal(206);
      expect(Buffer.from(await first.arrayBuffer())).to.deep.equal(BYTES.subarray(5, 10));
      await mirror[Symbol.asyncDispose]();
      const kept = await get(url);
      expect(sha256(Buffer.from(await kept.arrayBuffer()))).to.equal(DIGEST);
      const lost = `${edge.url}${BLOB_PATH.replaceAll(/[0-9a-f]{64}/g, (hex) => `${hex.slice(0, 2)}${'0'.repeat(62)}`)}`;
      expect((await get(lost)).status).to.equal(307);
    });

    it('sends no credential of a client any further', async () => {
      const seen: (string | undefined)[] = [];
      const backend = createServer((request, response) => {
        seen.push(request.headers.authorization, request.headers.cookie);
        response.writeHead(200, { 'content-length': '2' }).end('ok');
      });
      backend.listen(0, '127.0.0.1');
      await once(backend, 'listening');
      held.defer(() => {
        backend.close();
        backend.closeAllConnections();
      });
      const { port } = backend.address() as AddressInfo;
      const edge = held.use(await startShipped(varnish(new URL(`http://127.0.0.1:${port}`)), originUrl));
      const headers = { authorization: 'Basic bm9ib2R5Om5vdGhpbmc=', cookie: 'a=b' };
      expect(await (await get(`${edge.url}${BLOB_PATH}`, headers)).text()).to.equal('ok');
      expect(seen).to.deep.equal([undefined, undefined]);
    });
  });
});
