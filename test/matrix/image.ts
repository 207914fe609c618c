import { constants, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, Image } from '../support/image.ts';
import { configOf } from '../support/platforms.ts';
import { makeTar } from '../support/tar.ts';

/** Both are worth a redirect; the second arrives in several pieces. */
const LAYER_SIZES_BYTES = [100 * 1024, 1536 * 1024];

/** Makes an image for this machine that no client or registry has seen. */
export function newImage(): Image<Content> {
  const tars = LAYER_SIZES_BYTES.map((sizeBytes, i) =>
    makeTar([{ name: `data/random-${i}`, content: newBytes(sizeBytes) }]),
  );
  const config = configOf(
    process.arch === 'arm64' ? 'arm64' : 'amd64',
    tars.map((tar) => sha256(tar)),
    { config: { Cmd: ['/bin/sh'] } },
  );
  const layers = tars.map((tar) => new Content(gzipSync(tar, { level: constants.Z_NO_COMPRESSION })));
  return new Image({ config, layers });
}

/** Pushes an image as tag `1`. */
export async function pushAs(
  authorization: Readonly<Record<string, string>>,
  url: string,
  repository: string,
  image: Image<Content>,
): Promise<void> {
  for (const { bytes, digest } of image.blobs) {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
    const headers = { ...authorization, 'content-type': 'application/octet-stream' };
    const answer = await send(url, path, { method: 'POST', headers, body: bytes });
    expect(answer.status, answer.body.toString()).to.equal(201);
  }
  const headers = { ...authorization, 'content-type': image.mediaType };
  const path = `/v2/${repository}/manifests/1`;
  const answer = await send(url, path, { method: 'PUT', headers, body: image.bytes });
  expect(answer.status, answer.body.toString()).to.equal(201);
}
