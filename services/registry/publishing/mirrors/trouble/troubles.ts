import { LRUCache } from 'lru-cache';
import type { Digest, Sha256Digest } from '../../../oci/digest.ts';
import { ineligibility } from '../eligible.ts';
import type { MirrorState } from '../mirror-states.ts';
import { RedirectAnnouncer, type Redirected } from './announcer.ts';
import { Asks } from './asks.ts';
import { TroubledClient } from './client.ts';
import { blobKeyOf, repositoryKeyOf } from './client-key.ts';
import { Doubts } from './doubts.ts';
import { type ClientHistory, UNTROUBLED } from './history.ts';
import { type Restart, Restarts, SUSPECTS_MAX } from './restarts.ts';

/** Pairs of a client and a blob that are remembered; some 20 MB when full. */
const ASKS_MAX = 100_000;
/** Clients that are remembered, and pairs of one and a manifest; some 10 MB and 5 MB. */
const CLIENTS_MAX = 20_000;
/** The node's own answers to one client for one blob, in two minutes. */
const OWN_ANSWERS_MAX = 16;
/** A single client asks for a blob at most this often, beyond once for each mirror. */
const ASKS_OF_ONE_CLIENT = 6;
/** A node raises the same doubt of the same client at most once in this time, and any doubts at most this often. */
const DOUBT_PAUSE_MS = 1000;
const DOUBTS_PER_PAUSE = 100;

/** A client's request for the bytes of a published blob. */
export interface Ask {
  /** Of `clientKeyOf`. */
  readonly client: string;
  readonly repository: string;
  readonly digest: Sha256Digest;
  readonly publication: number;
  /** It asks for closed ranges. Clients do that several times for one blob: it is no repetition. */
  readonly isPart: boolean;
}

/** A client came back for a blob after it had been sent to a mirror. */
export interface Doubt {
  readonly mirror: string;
  readonly digest: Sha256Digest;
  /** The client's key. */
  readonly key: string;
}

export interface TroublesOptions {
  /** The mirrors as this node sees them now. */
  readonly states: () => readonly MirrorState[];
  /** Announces to other nodes where clients were sent. */
  readonly redirected: (redirects: readonly Redirected[]) => void;
  /** Announces a doubt to other nodes and to the sync worker. */
  readonly doubted: (doubt: Doubt) => void;
  /** Announces to other nodes that a client began an image a second time. */
  readonly restarted: (restart: Restart) => void;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
  /** Pairs of a client and a blob, and clients, that are remembered; of pairs of a client and a manifest, as many. */
  readonly limits?: { readonly asks: number; readonly clients: number };
}

/**
 * A node's memory of clients in trouble. A client that comes back for a blob shortly after a redirect has probably failed
 * at that mirror: it is kept from it, for all blobs, and what it met is a doubt in the mirror. In memory, so no request
 * waits; nodes inform each other, since a client's next request may go to another one. A hint: if it is lost, the client
 * is sent to the same mirror once more.
 */
export class Troubles implements Disposable {
  readonly #options: TroublesOptions;
  readonly #now: () => number;
  readonly #asks: Asks;
  readonly #clients: LRUCache<string, TroubledClient>;
  readonly #doubts: Doubts;
  readonly #raised: LRUCache<string, true>;
  readonly #restarts: Restarts;
  readonly #announcer: RedirectAnnouncer;

  constructor(options: TroublesOptions) {
    const { now = () => performance.now(), limits = { asks: ASKS_MAX, clients: CLIENTS_MAX } } = options;
    this.#options = options;
    this.#now = now;
    this.#asks = new Asks(limits.asks, now);
    this.#clients = new LRUCache({ max: limits.clients });
    this.#doubts = new Doubts(now);
    this.#restarts = new Restarts(limits.clients, now);
    this.#raised = new LRUCache({
      ...{ max: DOUBTS_PER_PAUSE, ttl: DOUBT_PAUSE_MS, ttlResolution: 0, perf: { now } },
    });
    this.#announcer = new RedirectAnnouncer(options.redirected);
  }

  /**
   * What the client of a request met before. If this request shows that a mirror failed it, raises a doubt; `failedMirror`
   * is that mirror.
   */
  meet(ask: Ask): { readonly history: ClientHistory; readonly failedMirror: string | undefined } {
    const nowMs = this.#now();
    const asked = this.#asks.get(ask.client, blobKeyOf(ask.digest), nowMs);
    const failedMirror = ask.isPart ? undefined : asked?.mirror;
    const client = this.#clients.get(ask.client);
    if (failedMirror !== undefined) this.#fail({ ...ask, key: ask.client, mirror: failedMirror }, nowMs);
    const attempt = asked?.count ?? 0;
    // A trouble says more than a restart.
    const suspects = this.#restarts.suspects(ask.client, repositoryKeyOf(ask.repository));
    const tried = (attempt === 0 ? suspects : undefined) ?? UNTROUBLED.tried;
    if (client === undefined) return { history: { ...UNTROUBLED, tried, attempt }, failedMirror };
    const states = this.#options.states();
    if (attempt > ASKS_OF_ONE_CLIENT && attempt > ASKS_OF_ONE_CLIENT + ableFor(ask, states))
      client.actsLikeACrowd(nowMs);
    const avoided = client.avoided(states, nowMs);
    const isOriginSpent = (asked?.ownAnswers ?? 0) >= OWN_ANSWERS_MAX;
    return { history: { ...UNTROUBLED, tried, ...avoided, attempt, isOriginSpent }, failedMirror };
  }

  /** Notes that a client asked for a manifest: if it does so again, its pull may have failed. */
  askedForManifest(client: string, repository: string, digest: Digest): void {
    const nowMs = this.#now();
    const before = this.#restarts.asked(client, digest, nowMs);
    if (before === undefined) return;
    const mirrors = this.#clients.get(client)?.mirrorsSince(before, SUSPECTS_MAX) ?? [];
    if (mirrors.length === 0) return;
    const restart = { key: client, repository: repositoryKeyOf(repository), mirrors };
    // Many clients behind one address seem to do so all the time.
    if (this.#restarts.note(restart)) this.#options.restarted(restart);
  }

  /** Notes where the client of a request was sent: to a mirror, or to none, since all of them are excluded for it. */
  note({ client, digest, isPart }: Ask, mirror: string | undefined): void {
    if (isPart) return;
    const blob = blobKeyOf(digest);
    if (mirror === undefined) {
      const nowMs = this.#now();
      this.#asks.note(client, blob, undefined, nowMs);
      this.#clients.get(client)?.wasSpared(nowMs);
      return;
    }
    this.#sent({ key: client, blob, mirror });
    this.#announcer.add({ key: client, blob, mirror });
  }

  /** By which factor the weights of doubted mirrors count now. */
  weightFactors(): ReadonlyMap<string, number> {
    return this.#doubts.factors(this.#options.states());
  }

  /** To be called with other nodes' announcements of redirects. */
  heardRedirects(redirects: readonly Redirected[]): void {
    for (const redirect of redirects) this.#sent(redirect);
  }

  /** To be called with other nodes' doubts. */
  heardDoubt(doubt: Doubt): void {
    this.#mark(doubt, this.#now());
  }

  /** To be called with other nodes' announcements of restarts. */
  heardRestart(restart: Restart): void {
    this.#restarts.note(restart);
  }

  [Symbol.dispose](): void {
    this.#announcer[Symbol.dispose]();
  }

  #sent({ key, blob, mirror }: Redirected): void {
    const nowMs = this.#now();
    this.#asks.note(key, blob, mirror, nowMs);
    this.#clientOf(key).sentTo(mirror, nowMs);
  }

  #fail(doubt: Doubt, nowMs: number): void {
    this.#mark(doubt, nowMs);
    const id = `${doubt.key} ${doubt.mirror} ${doubt.digest}`;
    if (this.#raised.has(id)) return;
    this.#raised.purgeStale();
    if (this.#raised.size >= DOUBTS_PER_PAUSE) return;
    this.#raised.set(id, true);
    this.#options.doubted({ mirror: doubt.mirror, digest: doubt.digest, key: doubt.key });
  }

  #mark({ mirror, digest, key }: Doubt, nowMs: number): void {
    const state = this.#options.states().find((each) => each.mirror.name === mirror);
    const clearedBefore = state?.cleared.get(digest) ?? 0;
    const sentAtMs = this.#asks.get(key, blobKeyOf(digest), nowMs)?.atMs ?? Number.NEGATIVE_INFINITY;
    this.#clientOf(key).failedAt(mirror, { atMs: nowMs, digest, clearedBefore }, sentAtMs);
    this.#doubts.note(mirror, key, { digest, clearedBefore });
  }

  #clientOf(key: string): TroubledClient {
    let client = this.#clients.get(key);
    if (client === undefined) {
      client = new TroubledClient();
      this.#clients.set(key, client);
    }
    return client;
  }
}

/** How many mirrors may be chosen for a blob. */
function ableFor({ digest, publication }: Ask, states: readonly MirrorState[]): number {
  return states.filter((state) => ineligibility(state, digest, publication) === undefined).length;
}
