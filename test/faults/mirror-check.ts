import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../support/digest.ts';
import { type Client, UnexpectedAnswer } from './client.ts';
import type { BlobFacts } from './world.ts';

const BLOBS = 'docker/registry/v2/blobs/sha256';

/** Pulls blobs as a client that trusts nobody, and counts where they came from. */
export class MirrorCheck {
  redirected = 0;
  served = 0;
  readonly #checked = new Set<string>();
  /** The directory that the mirror serves. */
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Whoever serves it, the blob must be there, whole and right: a redirect that names nothing fails a real client. */
  async pull(client: Client, repository: string, blob: BlobFacts): Promise<void> {
    const path = `/v2/${repository}/blobs/${blob.digest}`;
    const answer = await client.expect([200, 302], 'GET', path);
    const location = answer.header('location');
    if (answer.status === 302) this.redirected++;
    else this.served++;
    const bytes = answer.status === 200 ? answer.body : await this.#read(location ?? '');
    const where = answer.status === 200 ? 'the registry' : location;
    if (bytes === undefined)
      throw new UnexpectedAnswer(`${path} was redirected to ${where}: nothing is there`);
    if (bytes.length !== blob.sizeBytes || sha256(bytes) !== blob.digest)
      throw new UnexpectedAnswer(`${path} has ${bytes.length} wrong bytes at ${where}`);
  }

  /** Every file that has appeared under a blob's name must be that blob: a half-written one must not have the name. */
  async checkNewFiles(): Promise<void> {
    for (const digest of await this.held()) {
      if (this.#checked.has(digest)) continue;
      const hex = digest.slice('sha256:'.length);
      const bytes = await readFile(join(this.root, BLOBS, hex.slice(0, 2), hex, 'data'));
      if (sha256(bytes) !== digest)
        throw new Error(`the mirror shows ${bytes.length} wrong bytes as ${digest}`);
      this.#checked.add(digest);
    }
  }

  /** The digests under which the mirror shows a file. */
  async held(): Promise<string[]> {
    const names = await readdir(join(this.root, BLOBS), { recursive: true }).catch(() => []);
    return names.filter((name) => name.endsWith('/data')).map((name) => `sha256:${name.split('/')[1]}`);
  }

  #read(location: string): Promise<Buffer | undefined> {
    return readFile(join(this.root, new URL(location).pathname)).catch(() => undefined);
  }
}
