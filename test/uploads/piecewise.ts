import { createHash, type Hash, randomFillSync } from 'node:crypto';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import type { UploadBody } from '../../services/registry/content/uploads.ts';
import type { Digest } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, type UploadId } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { closeUpload } from '../support/library-pushes.ts';

export const NAME = parseRepositoryName('hello');

/** An upload that comes in pieces of random bytes, each at the next one of some nodes over one store. */
export class PiecewiseUpload {
  readonly #nodes: readonly Content[];
  readonly id: UploadId;
  readonly #hash: Hash = createHash('sha256');
  #pieces = 0;
  sizeBytes = 0;

  private constructor(nodes: readonly Content[], id: UploadId) {
    this.#nodes = nodes;
    this.id = id;
  }

  static async begin(store: ObjectStore, { nodes = 2 } = {}): Promise<PiecewiseUpload> {
    const contents = Array.from({ length: nodes }, () => contentOf(store));
    return new PiecewiseUpload(contents, await (contents[0] as Content).uploads.begin(NAME));
  }

  /** Sends a piece; `saysWhere` unless the client leaves Content-Range out. */
  async append(pieceBytes: number, { saysWhere = true } = {}): Promise<void> {
    const bytes = randomFillSync(Buffer.alloc(pieceBytes));
    this.#hash.update(bytes);
    const first = this.sizeBytes;
    const range = saysWhere ? { first, last: first + pieceBytes - 1 } : undefined;
    this.sizeBytes = await this.node.uploads.append({ name: NAME, id: this.id }, bodyOf(bytes, range));
  }

  /** Closes the upload; answers with the blob's bytes. */
  async close(): Promise<{ digest: Digest; sizeBytes: number }> {
    const digest = `sha256:${this.#hash.copy().digest('hex')}` as Digest;
    const nothing = bodyOf(Buffer.alloc(0), undefined);
    return closeUpload(this.node, { name: NAME, id: this.id }, digest, nothing);
  }

  /** The next node in turn. */
  get node(): Content {
    return this.#nodes[this.#pieces++ % this.#nodes.length] as Content;
  }
}

function bodyOf(bytes: Buffer, range: UploadBody['range']): UploadBody {
  async function* stream(): AsyncGenerator<Buffer> {
    if (bytes.length > 0) yield bytes;
  }
  return { stream: stream(), sizeBytes: bytes.length, range };
}
