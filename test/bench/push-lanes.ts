import { createHash, randomFillSync, randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { cpuSeconds } from '../support/cpu.ts';
import { run } from '../support/process.ts';
import type { Field } from './field.ts';
import { CANDIDATE } from './image.ts';
import { askFor } from './load/http.ts';
import { type Upload, uploadBlob } from './load/upload.ts';
import type { Lane, Sample } from './measure.ts';
import type { Bare } from './servers/bare.ts';
import { blobFile, type Contender, type RegistryServer, type Server } from './servers/server.ts';

/** The blob's size, in MB. */
export const PUSH_MB = 500;
const WARM_UP_MB = 50;

/** Sends a blob, and removes it again. */
interface Uploader {
  upload(upload: Upload): Promise<void>;
  remove(upload: Upload): Promise<void>;
}

/** The servers that a push is measured on; the bare one takes a single PUT. */
export function pushLanes({ bare, roadstead, lean, dockerRegistry }: Field): Lane[] {
  const make = blobMaker();
  return [
    lane('bare', 'bare node:http', bare, toBare(bare), make),
    lane('roadstead', 'Roadstead', roadstead, toRegistry(roadstead), make),
    lane('lean', 'Roadstead, sync: false', lean, toRegistry(lean), make),
    ...(dockerRegistry
      ? [lane('docker-registry', 'docker-registry', dockerRegistry, toRegistry(dockerRegistry), make)]
      : []),
  ];
}

function lane(
  contender: Contender,
  label: string,
  server: Server,
  uploader: Uploader,
  make: (megabytes: number) => Upload,
): Lane {
  const push = async (megabytes: number): Promise<Sample> => {
    const upload = make(megabytes);
    // What the one before left for the kernel to write must not be waited for here.
    await run('sync', []);
    const [cpuBefore, startedAt] = [cpuSeconds(server.daemon.pid), performance.now()];
    await uploader.upload(upload);
    const seconds = (performance.now() - startedAt) / 1000;
    const used = cpuSeconds(server.daemon.pid) - cpuBefore;
    await uploader.remove(upload);
    return { rate: 1 / seconds, cpuSeconds: used };
  };
  const warmUp = async () => void (await push(WARM_UP_MB));
  return { contender, label, warmUp, measure: () => push(PUSH_MB) };
}

function toRegistry({ url, rootDirectory }: RegistryServer): Uploader {
  return {
    upload: (upload) => uploadBlob(url, CANDIDATE, upload),
    remove: ({ digest }) => rm(blobFile(rootDirectory, digest)),
  };
}

function toBare({ url, uploads }: Bare): Uploader {
  return {
    async upload({ digest, sizeBytes, open }) {
      const headers = { 'Content-Length': sizeBytes };
      const answer = await askFor(201, `${url}/upload`, { method: 'PUT', headers, body: open() });
      if (answer.headers['docker-content-digest'] !== digest) throw new Error('the bare server lost bytes');
    },
    async remove() {
      for (const name of await readdir(uploads)) await rm(join(uploads, name));
    },
  };
}

/**
 * Makes blobs that no server has yet without hashing each: they differ in their last bytes only, and the digest of
 * what they share is gone on from.
 */
function blobMaker(): (megabytes: number) => Upload {
  const megabyte = randomFillSync(Buffer.alloc(1_000_000));
  const shared = new Map<number, ReturnType<typeof createHash>>();
  const hashOf = (megabytes: number) => {
    const hash = createHash('sha256');
    for (let i = 0; i < megabytes; i++) hash.update(megabyte);
    shared.set(megabytes, hash);
    return hash;
  };
  return (megabytes) => {
    const end = Buffer.from(randomUUID());
    const hash = (shared.get(megabytes) ?? hashOf(megabytes)).copy().update(end);
    function* chunks() {
      for (let i = 0; i < megabytes; i++) yield megabyte;
      yield end;
    }
    return {
      digest: `sha256:${hash.digest('hex')}`,
      sizeBytes: megabytes * megabyte.length + end.length,
      open: () => Readable.from(chunks(), { objectMode: false, highWaterMark: megabyte.length }),
    };
  };
}
