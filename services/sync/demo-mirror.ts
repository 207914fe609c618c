import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { BoundedCalls } from '../files/bounded-calls.ts';
import { FileHandle } from '../files/guarded-fs.ts';
import { THREAD_SHARES } from '../files/thread-shares.ts';
import { createApp } from '../http/app.ts';
import type { App } from '../http/context.ts';
import { answerEmpty } from '../http/empty.ts';
import type { Metrics } from '../http/metrics.ts';
import { param } from '../http/parameters.ts';
import { mountNotFound, mountRoutes, type Route } from '../http/routes.ts';
import { sendBlob } from '../http/send-blob.ts';
import { READER_USER_AGENT } from '../mirrors/public-read.ts';
import { parseSha256 } from '../registry/oci/digest.ts';
import { blobDataKey } from '../registry/storage/layout.ts';
import { StoreUnavailableError } from '../registry/storage/object-store.ts';
import { Folders } from './targets/folders.ts';

const READ_BYTES = 256 * 1024;
/** A FIFO in a blob's place does not hang. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A directory that hangs does not block the registry, and clients only briefly: they are asked to retry. */
const CALLS = new BoundedCalls({
  ...{ atOnce: THREAD_SHARES.demoMirror, perPath: 2, deadlineMs: 10_000 },
  error: (message) => new StoreUnavailableError(message),
});

export interface DemoMirrorOptions {
  readonly directory: string;
  /** The registry's URL, for blobs that this mirror lacks. */
  readonly originUrl: string;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * A mirror for the first minute and for demonstrations: `infra/mirror/nginx.conf` in this process. Serves only blobs, and
 * redirects what it lacks to the origin path of an API node.
 */
export function createDemoMirror({ directory, originUrl, metrics, logger }: DemoMirrorOptions): App {
  const app = createApp({
    process: 'mirror',
    logger,
    metrics,
    clientAddress: (request) => request.socket.remoteAddress ?? '',
    accessLog: true,
  });
  app.use((ctx, next) => {
    ctx.state.isRoutine = ctx.get('user-agent') === READER_USER_AGENT;
    return next();
  });
  const handle: Route['handle'] = async (ctx) => {
    const digest = parseSha256(`sha256:${param(ctx, 'hex')}`);
    ctx.state.logFields['digest'] = digest;
    const key = blobDataKey(digest);
    const sizeBytes = await sizeOf(directory, key);
    if (sizeBytes === undefined) {
      ctx.set('Location', `${originUrl}/origin/${key}`);
      answerEmpty(ctx, 307);
      return;
    }
    await sendBlob(ctx, {
      digest,
      sizeBytes,
      ...{ isPublic: true, bytes: undefined },
      send: async (range, sink) => {
        const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
        const handle = await openFile(directory, key);
        await pipeline(handle.stream(first, last, READ_BYTES), sink, { end: false });
      },
    });
  };
  const path = '/docker/registry/v2/blobs/sha256/:prefix/:hex/data';
  mountRoutes(app, [{ method: 'GET', path, name: 'mirror', handle }]);
  mountNotFound(app);
  return app;
}

/** The size of a file; undefined if it does not exist, or is not a regular file. */
async function sizeOf(directory: string, key: string): Promise<number | undefined> {
  const handle = await openFile(directory, key).catch((error: Error) => {
    if (error instanceof StoreUnavailableError) throw error;
    return undefined;
  });
  try {
    const stats = await handle?.stat();
    return stats?.isFile() ? stats.size : undefined;
  } finally {
    await handle?.close();
  }
}

/** Opens a file below the directory; follows no symbolic link there, which could lead to anything of this machine. */
function openFile(directory: string, key: string): Promise<FileHandle> {
  const path = join(directory, key);
  return CALLS.run({
    ...{ name: 'open', path },
    act: async () => {
      const names = key.split('/');
      const name = names.pop() ?? '';
      await using folders = await Folders.open(directory, names);
      if (folders === undefined) throw new Error(`${path} does not exist`);
      return new FileHandle(await open(folders.file(name), FLAGS), path, CALLS);
    },
    late: (handle) => void handle.close().catch(() => undefined),
  });
}
