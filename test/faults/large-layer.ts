import { createHash, type Hash, randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { REPOSITORY, UploadClient } from './upload-client.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Blocks of one random MiB, each with its number written into it: bytes that repeat nowhere, and cost nothing. */
function* blocks(sizeBytes: number, hash: Hash): Generator<Buffer> {
  const random = randomFillSync(Buffer.allocUnsafe(BLOCK_BYTES));
  for (let offset = 0; offset < sizeBytes; offset += BLOCK_BYTES) {
    const block = Buffer.from(random);
    block.writeDoubleLE(offset, 0);
    hash.update(block);
    yield block;
  }
}

/**
 * Pushes a layer, in one PATCH unless told how large each is, without a Content-Length, as docker and podman do; answers
 * with its digest. Through a balancer each request comes to another node.
 */
export async function pushLargeLayer(
  url: string,
  sizeBytes: number,
  { patchBytes = sizeBytes } = {},
): Promise<string> {
  await using client = new UploadClient(url);
  const upload = await client.begin();
  const hash = createHash('sha256');
  const source = blocks(sizeBytes, hash);
  for (let sent = 0; sent < sizeBytes; sent += patchBytes) {
    const patched = await request(new URL(upload, url), {
      method: 'PATCH',
      body: Readable.from(take(source, patchBytes / BLOCK_BYTES), { highWaterMark: 2 }),
    });
    await patched.body.dump();
    if (patched.statusCode !== 202) throw new Error(`a PATCH was answered with ${patched.statusCode}`);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  const closed = await client.close(upload, digest);
  if (closed.status !== 201) throw new Error(`the closing PUT was answered with ${closed.status}`);
  return digest;
}

/** The next so many, without ending the source. */
function* take<T>(source: Iterator<T>, count: number): Generator<T> {
  for (let i = 0; i < count; i++) {
    const { value, done } = source.next();
    if (done) return;
    yield value;
  }
}

/** Where a pulled layer came from. */
export interface Pulled {
  readonly redirected: boolean;
  readonly digest: string;
}

/** Pulls a layer, through a redirect if there is one, and hashes what comes. */
export async function pullLargeLayer(url: string, digest: string, repository = REPOSITORY): Promise<Pulled> {
  const dispatcher = new Agent();
  try {
    const path = new URL(`/v2/${repository}/blobs/${digest}`, url);
    let response = await request(path, { dispatcher });
    const { location } = response.headers;
    const redirected = response.statusCode === 302;
    if (redirected) {
      await response.body.dump();
      response = await request(String(location), { dispatcher });
    }
    if (response.statusCode !== 200) throw new Error(`the pull was answered with ${response.statusCode}`);
    const hash = createHash('sha256');
    for await (const chunk of response.body as AsyncIterable<Buffer>) hash.update(chunk);
    return { redirected, digest: `sha256:${hash.digest('hex')}` };
  } finally {
    await dispatcher.destroy();
  }
}
