import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { all } from './client.ts';
import { Random } from './random.ts';
import { type RawRequest, sendAndListen, sendAndVanish } from './raw-request.ts';
import { StoreView } from './store-view.ts';
import { codeOf, OCTETS, UPLOADS, UploadClient } from './upload-client.ts';

const LAYER_BYTES = 300_000;
const SENT_BYTES = 200_000;
const RACES = 30;
/** A client that tries again does so a moment after. */
const LATER_MAX_MS = 3;
const UNKNOWN_UPLOADS = ['00000000-0000-4000-8000-000000000000', 'never'];

/** Files of a directory that a process holds open. */
async function openFiles(pid: number, directory: string): Promise<string[]> {
  const descriptors = `/proc/${pid}/fd`;
  const names = await readdir(descriptors);
  const files = await Promise.all(names.map((name) => readlink(`${descriptors}/${name}`).catch(() => '')));
  return files.filter((file) => file.startsWith(directory));
}

describe('an upload whose body is not what it should be', () => {
  const random = new Random(1);
  let registry: TestRegistry;
  let client: UploadClient;
  let pid: number;

  const chunked = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${LAYER_BYTES.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  const vanish = (request: RawRequest) => sendAndVanish(registry.url, request);
  const listen = (request: RawRequest) => sendAndListen(registry.url, request);
  const closeAfter = async (ms: number, upload: string, layer: Buffer) => {
    await sleep(ms);
    return client.close(upload, sha256(layer));
  };
  const newLayer = async () => ({ layer: random.bytes(LAYER_BYTES), upload: await client.begin() });

  before(async () => {
    registry = await startRegistry();
    client = new UploadClient(registry.url);
    pid = registry.daemon.pid;
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
  });

  describe('because its client vanished', () => {
    it('keeps what came by PATCH, to be gone on with', async () => {
      const { layer, upload } = await newLayer();
      const headers = { ...OCTETS, 'Content-Length': layer.length };
      await vanish({ method: 'PATCH', path: upload, headers, body: layer.subarray(0, SENT_BYTES) });
      expect(await client.kept(upload)).to.equal(SENT_BYTES);
      await client.resume(upload, layer, SENT_BYTES);
    });

    it('keeps what came by a closing PUT, and makes no blob of it, even if it has the digest given', async () => {
      const { layer, upload } = await newLayer();
      const body = layer.subarray(0, SENT_BYTES);
      const headers = { ...OCTETS, 'Content-Length': layer.length };
      await vanish({ method: 'PUT', path: `${upload}?digest=${sha256(body)}`, headers, body });
      expect(await client.kept(upload)).to.equal(SENT_BYTES);
      for (const bytes of [layer, body]) expect(await client.shows(sha256(bytes))).to.equal(false);
      await client.resume(upload, layer, SENT_BYTES);
    });

    it('keeps what came of a chunk that is cut off', async () => {
      const { layer, upload } = await newLayer();
      const headers = { ...OCTETS, 'Transfer-Encoding': 'chunked' };
      const body = chunked(layer).subarray(0, chunked(layer).length - (LAYER_BYTES - SENT_BYTES) - 2);
      await vanish({ method: 'PATCH', path: upload, headers, body });
      expect(await client.kept(upload)).to.equal(SENT_BYTES);
      await client.resume(upload, layer, SENT_BYTES);
    });

    it('is not taken for whole without its last chunk', async () => {
      const { layer, upload } = await newLayer();
      const headers = { ...OCTETS, 'Transfer-Encoding': 'chunked' };
      const path = `${upload}?digest=${sha256(layer)}`;
      const answer = await listen({ method: 'PUT', path, headers, body: chunked(layer) });
      expect(answer).not.to.match(/^HTTP\/1\.1 2/);
      expect(await client.kept(upload)).to.be.at.most(LAYER_BYTES);
      expect(await client.shows(sha256(layer))).to.equal(false);
    });

    it('is nothing that the registry logs as a fault of its own', () => {
      expect(registry.log().filter(({ level }) => level === 'error')).to.deep.equal([]);
    });
  });

  describe('because it says two things', () => {
    it('has as many bytes as Content-Length says; what follows is no part of it', async () => {
      const { layer, upload } = await newLayer();
      const headers = { ...OCTETS, 'Content-Length': SENT_BYTES };
      await listen({ method: 'PATCH', path: upload, headers, body: layer });
      expect(await client.kept(upload)).to.equal(SENT_BYTES);
      await client.resume(upload, layer, SENT_BYTES);
    });

    it('is refused if it has both a Content-Length and chunks, which two readers may read in two ways', async () => {
      const upload = await client.begin();
      const headers = { ...OCTETS, 'Content-Length': 5, 'Transfer-Encoding': 'chunked' };
      const body = '5\r\nhello\r\n0\r\n\r\n';
      const answer = await listen({ method: 'PATCH', path: upload, headers, body });
      expect(answer).not.to.match(/^HTTP\/1\.1 2/);
      expect((await client.expect(204, 'GET', upload)).header('range')).to.equal('0-0');
    });

    it('is refused if Content-Range and Content-Length disagree, and nothing of it is kept', async () => {
      const { layer, upload } = await newLayer();
      const answer = await client.patch(upload, layer, `0-${layer.length}`);
      expect([answer.status, codeOf(answer)]).to.deep.equal([400, 'SIZE_INVALID']);
      await client.resume(upload, layer, 0);
    });

    for (const patches of [0, 1, 3])
      it(`is refused and forgotten if it has another digest, sent by ${patches} PATCHes`, async () => {
        const { layer, upload } = await newLayer();
        const claimed = sha256(random.bytes(10));
        await client.append(upload, layer, patches);
        const answer = await client.close(upload, claimed, patches === 0 ? layer : undefined);
        expect([answer.status, codeOf(answer)]).to.deep.equal([400, 'DIGEST_INVALID']);
        for (const digest of [claimed, sha256(layer)]) expect(await client.shows(digest)).to.equal(false);
        expect((await client.call('GET', upload)).status).to.equal(404);
      });

    it('has nowhere to go in an upload that is not there', async () => {
      for (const id of UNKNOWN_UPLOADS) {
        const bytes = random.bytes(1000);
        const patch = await client.patch(`${UPLOADS}${id}`, bytes);
        const close = await client.close(`${UPLOADS}${id}`, sha256(bytes), bytes);
        for (const answer of [patch, close])
          expect([answer.status, codeOf(answer)]).to.deep.equal([404, 'BLOB_UPLOAD_UNKNOWN']);
      }
    });
  });

  describe('because another one came at the same time', () => {
    it('wins whole or loses whole as a PATCH for one and the same offset', async () => {
      for (let race = 0; race < RACES; race++) {
        const upload = await client.begin();
        const bodies = [random.bytes(LAYER_BYTES), random.bytes(LAYER_BYTES)];
        const answers = await all(bodies.map((body) => client.patch(upload, body, `0-${body.length - 1}`)));
        expect(answers.map((answer) => answer.status).sort()).to.deep.equal([202, 416]);
        const winner = bodies[answers.findIndex((answer) => answer.status === 202)] ?? Buffer.alloc(0);
        expect((await client.close(upload, sha256(winner))).status).to.equal(201);
        await client.expectPullable(winner);
      }
    });

    for (const patches of [1, 3])
      it(`becomes one blob when two PUTs close it after ${patches} PATCHes, and neither hears of a fault`, async () => {
        for (let race = 0; race < RACES; race++) {
          const { layer, upload } = await newLayer();
          await client.append(upload, layer, patches);
          const answers = await all(
            [0, random.int(0, LATER_MAX_MS)].map((ms) => closeAfter(ms, upload, layer)),
          );
          const [first, second] = answers.map((answer) => answer.status).sort();
          expect(first).to.equal(201);
          expect(second).to.be.oneOf([201, 404]);
          await client.expectPullable(layer);
        }
      });
  });

  describe('once it is over', () => {
    it('has left no temporary file, and no file open', async () => {
      const left = async () => [
        ...(await new StoreView(registry.rootDirectory).leftovers()),
        ...(await openFiles(pid, registry.rootDirectory)),
      ];
      // What it has answered it tidies up a moment later.
      await eventually('nothing is left', async () => (await left()).length === 0);
    });

    it('has left the registry running', async () => {
      expect(registry.daemon.pid).to.equal(pid);
      expect((await client.call('GET', '/livez')).status).to.equal(200);
    });
  });
});
