import { hexOf } from '../../registry/oci/digest.ts';
import { blobDataKey } from '../../registry/storage/layout.ts';
import type { MirrorTarget, WantedBlob } from './target.ts';
import { WebdavClient, type WebdavOptions } from './webdav-client.ts';
import { WebdavIncoming } from './webdav-incoming.ts';
import { WriteRefused } from './write-refused.ts';

/** Where blobs are on their way in. */
const INCOMING = '.incoming/';

/**
 * A mirror that accepts WebDAV writes, such as nginx with its dav module (`infra/mirror/nginx.conf`) or Apache httpd
 * (`infra/mirror/httpd.conf`): PUT to a temporary name, then MOVE, which is rename(2) there, so that a blob becomes visible
 * atomically. Makes missing folders if the server does not (RFC 4918, sections 9.7.1 and 9.9.4: it answers 409).
 */
export class WebdavTarget implements MirrorTarget {
  readonly #client: WebdavClient;
  readonly #url: string;
  /** It took a blob since it last forbade one. */
  #takesBlobs = false;
  readonly #incoming: WebdavIncoming;

  constructor(options: WebdavOptions) {
    this.#client = new WebdavClient(options);
    this.#url = options.url;
    this.#incoming = new WebdavIncoming((signal) => this.#client.delete(INCOMING, signal));
  }

  async write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    try {
      await this.#incoming.use(() => this.#write(blob, body, signal), signal);
      this.#takesBlobs = true;
    } catch (error) {
      if (!(error instanceof WriteRefused)) throw error;
      if (error.status === 403) this.#takesBlobs = false;
      // A copy that found the disk full stays under a name that only nginx knows, and takes the room of smaller blobs.
      if (error.isBySize && error.status !== 413) await this.#incoming.sweepSoon(signal);
      throw error;
    }
  }

  async #write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    // The same name for each attempt: what a failed one left behind is replaced, not added to.
    const temporary = `${INCOMING}${hexOf(blob.digest)}`;
    const takesBlobs = this.#takesBlobs;
    try {
      await this.#client.put(temporary, blob, body, signal, takesBlobs).catch(async (error: unknown) => {
        if (statusOf(error) !== 409) throw error;
        // The body is spent: the next attempt finds the folder.
        await this.#makeFolder('.incoming', signal);
        throw new WriteRefused('PUT was answered with 409: the folder .incoming did not exist; it does now', {
          ...{ kind: 'mirror', status: 409, retryAfterMs: 0 },
        });
      });
      const key = blobDataKey(blob.digest);
      const headers = { destination: new URL(`${this.#url}/${key}`).pathname, overwrite: 'T' };
      const limitMs = this.#client.answerMs(blob);
      const move = () =>
        this.#client.order('MOVE', temporary, { headers, limitMs, blob, takesBlobs }, signal);
      await move().catch(async (error: unknown) => {
        // Apache answers 500 if it cannot rename, also for want of the folder.
        if (statusOf(error) !== 409 && statusOf(error) !== 500) throw error;
        await this.#makeFolder(parentOf(key), signal);
        await move();
      });
    } catch (error) {
      // A stop waits for nothing.
      if (!signal.aborted) await this.#client.delete(temporary, signal).catch(() => undefined);
      throw error;
    }
  }

  /** Makes a folder and those above it, unless they exist. */
  async #makeFolder(path: string, signal: AbortSignal): Promise<void> {
    const make = () =>
      // A slash, or Apache redirects to it if the folder exists.
      this.#client.order('MKCOL', `${path}/`, {}, signal).catch((error: unknown) => {
        // It exists; another upload may have made it in between.
        if (statusOf(error) !== 405) throw error;
      });
    await make().catch(async (error: unknown) => {
      if (statusOf(error) !== 409 || !path.includes('/')) throw error;
      await this.#makeFolder(parentOf(path), signal);
      await make();
    });
  }

  /** Removes everything that writes left behind, of whatever age, which cannot be asked for. Does nothing during a write. */
  async sweep(_olderThanMs: number, signal: AbortSignal): Promise<void> {
    await this.#incoming.sweep(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The status that a write was refused with. */
function statusOf(error: unknown): number | undefined {
  return error instanceof WriteRefused ? error.status : undefined;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
