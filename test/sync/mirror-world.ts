import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '../../services/http/metrics.ts';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { boardLeases, boardOf } from '../../services/registry/publishing/mirrors/board.ts';
import { firstLedger, type Ledger } from '../../services/registry/publishing/mirrors/ledger.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { blobDataKey, publicationKey } from '../../services/registry/storage/layout.ts';
import { Lease } from '../../services/sync/lease.ts';
import { BoardKeeper } from '../../services/sync/mirrors/board-keeper.ts';
import { LogView } from '../../services/sync/mirrors/log-view.ts';
import {
  type MirrorParts,
  MirrorSession,
  type SharedParts,
} from '../../services/sync/mirrors/mirror-session.ts';
import { Stalls } from '../../services/sync/mirrors/stalls.ts';
import { MemoryStore } from '../support/memory-store.ts';

export const NEAR = 'near' as MirrorName;
export const BLOBS_PER_ENTRY = 3;
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined } as never;
const STALLS = new Stalls();

/** The bytes of a blob that an entry published. */
export const bytesAt = (seq: number, i: number) => Buffer.from(`${seq}.${i}`);
/** The digests of what an entry published. */
export const blobsAt = (seq: number) =>
  Array.from({ length: BLOBS_PER_ENTRY }, (_, i) => digestOf(bytesAt(seq, i)));

/** A store whose log has so many entries. */
export function storeWith(entries: number): MemoryStore {
  const objects = new MemoryStore();
  for (let seq = 1; seq <= entries; seq++) {
    const blobs = Array.from({ length: BLOBS_PER_ENTRY }, (_, i) => ({
      digest: digestOf(bytesAt(seq, i)),
      sizeBytes: bytesAt(seq, i).length,
    }));
    const place = { source: { repository: 'a', reference: 'b' }, target: { repository: 'c', tag: 'd' } };
    const entry = { version: 1, seq, time: '2001-01-01T00:00:00Z', actor: 'x', kind: 'promotion', ...place };
    const all = { ...entry, manifestDigest: blobs[0]?.digest, collections: { default: blobs } };
    objects.hold(publicationKey(seq), JSON.stringify(all));
  }
  return objects;
}

/** A mirror of everything up to an entry, whose faults are set. */
export interface HeldMirror {
  readonly url: string;
  /** Paths that are answered with 404. */
  readonly lost: Set<string>;
  /** Paths whose bytes are wrong. */
  readonly wrong: Set<string>;
  /** Answers everything with this status while it is set. */
  status: number | undefined;
  asked: number;
  /** So many of these asked for the whole. */
  wholes: number;
}

export const pathOf = (digest: string) => `/${blobDataKey(digest as ReturnType<typeof digestOf>)}`;

export async function startHeldMirror(held: AsyncDisposableStack, entries: number): Promise<HeldMirror> {
  const files = new Map<string, Buffer>();
  for (let seq = 1; seq <= entries; seq++)
    for (let i = 0; i < BLOBS_PER_ENTRY; i++) files.set(pathOf(digestOf(bytesAt(seq, i))), bytesAt(seq, i));
  const mirror = { url: '', lost: new Set<string>(), wrong: new Set<string>(), asked: 0, wholes: 0 };
  const all: HeldMirror = Object.assign(mirror, { status: undefined });
  const server = createServer(({ url = '', headers }, response) => {
    all.asked++;
    const bytes = files.get(url);
    if (all.status !== undefined) return response.writeHead(all.status).end();
    if (bytes === undefined || all.lost.has(url)) return response.writeHead(404).end();
    const sent = all.wrong.has(url) ? Buffer.alloc(bytes.length, 'x') : bytes;
    if (headers.range === 'bytes=0-0')
      return response
        .writeHead(206, { 'content-range': `bytes 0-0/${sent.length}` })
        .end(sent.subarray(0, 1));
    all.wholes++;
    return response.writeHead(200, { 'content-length': sent.length }).end(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  mirror.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  held.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return all;
}

export interface SessionOptions {
  readonly objects: MemoryStore;
  readonly url: string;
  readonly ledger?: Partial<Ledger>;
  readonly signal: AbortSignal;
  readonly now?: () => number;
  /** When the worker before was last seen, by `now`. @default now */
  readonly seenAt?: number;
  readonly reverifyMs?: number;
  /** What the session has besides. */
  readonly parts?: Partial<MirrorParts & SharedParts>;
}

/** A worker's session with a mirror, and the keeper of its board; nothing runs yet. */
export async function openSession(options: SessionOptions) {
  const { objects, url, signal, now = () => performance.now() } = options;
  const lease = await Lease.acquire(boardLeases(objects, boardOf(NEAR)), () => ({ mirrors: {} }), signal);
  const place = { url, target: '/srv/mirror' };
  const ledgers = new Map([[NEAR, { ...firstLedger(undefined, place), ...options.ledger }]]);
  const changes = new MemoryChanges();
  const keeper = new BoardKeeper({ lease, objects, changes, logger: QUIET, ledgers, now });
  const content = withPublications(contentOf(objects));
  const log = new LogView(content, changes, QUIET);
  signal.addEventListener('abort', () => void log[Symbol.asyncDispose]());
  const parts = {
    mirror: { name: NEAR, url, reverify: options.reverifyMs ?? 3_600_000, verify: 'full' },
    ...{ content, log, logger: QUIET, dispatcher: undefined, stalls: STALLS, notify: () => undefined },
    metrics: new Metrics(),
    ...options.parts,
  };
  const predecessor = { seenAt: options.seenAt ?? now(), heartbeatAt: new Date().toISOString() };
  const session = new MirrorSession(parts as never, keeper, predecessor, signal, now);
  return { session, keeper, stored: async () => (await boardLeases(objects, boardOf(NEAR)).read())?.value };
}
