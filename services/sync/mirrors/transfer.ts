import { tmpdir } from 'node:os';
import type { Config, MirrorConfig } from '../../config/schema.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { Blobs } from '../../registry/content/blobs.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { syncMetrics } from '../metrics.ts';
import type { MirrorTarget, WantedBlob } from '../targets/target.ts';
import { Lines } from '../transfer/lines.ts';
import { type PublishResult, publishBlob } from '../transfer/publish-blob.ts';
import { SizeRefusals } from '../transfer/size-refusals.ts';
import { Spool } from '../transfer/spool.ts';
import { pacedWriter } from './paced-writer.ts';
import type { PublicSide } from './public-side.ts';

export interface TransferOptions {
  readonly settings: Config['sync'];
  readonly blobs: Blobs;
  readonly objects: ObjectStore;
  readonly metrics: Metrics;
}

/** A mirror, and the ways to it, for as long as a worker looks after it. */
export interface Recipient {
  readonly parts: { readonly mirror: MirrorConfig; readonly target: MirrorTarget };
  readonly publicSide: PublicSide;
}

/** How blobs get onto mirrors: what all uploads of this process share. */
export class Transfer implements AsyncDisposable {
  readonly #spool: Spool;
  readonly #lines: Lines;
  readonly #metrics: ReturnType<typeof syncMetrics>;
  /** By mirror: what a mirror cannot take outlasts a worker's session with it. */
  readonly #refusals = new Map<string, SizeRefusals>();

  constructor({ settings, blobs, objects, metrics }: TransferOptions) {
    const { spool, uploads, bandwidth } = settings;
    this.#spool = new Spool({
      directory: spool.directory ?? tmpdir(),
      // A store on this machine is read as fast as a copy of it would be.
      maxBytes: objects.writesEndWithProcess ? 0 : spool.maxsize,
      open: (digest, signal, range) => blobs.open(digest, signal, range),
    });
    this.#lines = new Lines({ uploads, bandwidthBytesPerS: bandwidth });
    this.#metrics = syncMetrics(metrics);
  }

  /** Sees that clients get a blob from a mirror. Throws when the signal aborts, and what the store throws. */
  publish(recipient: Recipient, blob: WantedBlob, signal: AbortSignal): Promise<PublishResult> {
    const { publicSide } = recipient;
    const { mirror, target } = recipient.parts;
    const refusals = this.#refusals.get(mirror.name) ?? new SizeRefusals();
    this.#refusals.set(mirror.name, refusals);
    const parts = {
      ...{ mirror: mirror.name, publicSide, verify: mirror.verify },
      target: pacedWriter(target, publicSide.pace),
      ...{ spool: this.#spool, lines: this.#lines, refusals },
      onWritten: ({ sizeBytes }: WantedBlob) => {
        this.#metrics.syncedBytes.inc({ mirror: mirror.name }, sizeBytes);
        this.#metrics.syncedBlobs.inc({ mirror: mirror.name });
      },
    };
    return publishBlob(parts, blob, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#spool[Symbol.asyncDispose]();
  }
}
